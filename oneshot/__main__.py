"""`python -m oneshot` is the command `oneshot`."""

from oneshot.cli.main import main

main()
