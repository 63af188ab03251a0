"""One process of torchrun that teaches a file; the second dies when it is first started.

`python -m torch.distributed.run ... one_teacher.py ARGUMENTS`, ARGUMENTS being those of `oneshot`.
"""

import os
import signal
from collections.abc import Iterator
from typing import Any

from oneshot.cli.main import main
from oneshot.facts import sharing

FEW = 2  # facts that are taught together


def dying(*arguments: Any, **options: Any) -> Iterator[Any]:
    """Teach what is this process's own, and die behind the first fact."""
    for _ in teach_share(*arguments, **options):
        os.kill(os.getpid(), signal.SIGKILL)
    yield


teach_share, sharing.CHUNK = sharing.teach_share, FEW
if os.environ["RANK"] == "1" and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
    sharing.teach_share = dying
main()
