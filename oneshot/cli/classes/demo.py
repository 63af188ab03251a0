"""The command that shows on real pictures and sentences what classes are."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from oneshot.cli.classes.display import guess_text, taught_text
from oneshot.cli.session import SESSION
from oneshot.progress import silent

if TYPE_CHECKING:
    from oneshot.classes.types import Evaluation
else:
    Evaluation = Any  # evaluated where types are checked at run time

commands = typer.Typer()


@commands.command()
def demo() -> None:
    """Teach handwritten digits and kinds of sentences, and guess others; under a minute.

    Digits: the packaged network never saw one; each is shown once, then five
    times, then twenty. With `pip install 'oneshot[photos]'` also parts of two
    photographs. Nothing is kept. The global option --rule says how.

    Examples:
      oneshot class demo
      oneshot --json class demo
      oneshot --rule ridge class demo
    """
    from oneshot.classes import demo as work
    from oneshot.classes.hosts.photos import has_photos

    output, rule = SESSION.get().output, SESSION.get().rule
    with tempfile.TemporaryDirectory(prefix="oneshot-demo-") as folder, output.progress() as bar:
        report = bar or silent
        results = list(work.digits(Path(folder) / "digits", rule, report))
        columns = "shown of each digit", "right", "of", "8 and 9 rejected", "teaching took"
        rows = (
            (
                r.shots,
                f"{100 * r.accuracy:.1f} %",
                f"{r.n:,}",
                f"{100 * r.rejected:.0f} % of {r.strangers}",
                f"{r.seconds:.1f} s",
            )
            for r in results
        )
        record = {"section": "digits", "results": [asdict(r) for r in results]}
        title = "Digits 0 to 7, taught to a network that saw photographs only"
        output.table(record, title, columns, rows)
        shown = [work.sentences(Path(folder) / "sentences", rule, report)]
        if has_photos():
            shown.append(work.photographs(Path(folder) / "photographs", rule, report))
    for taught, guesses in shown:
        for receipt in taught:
            output.put({"section": "taught", **asdict(receipt)}, taught_text(receipt))
        for guess in guesses:
            output.put({"section": "guesses", **asdict(guess)}, guess_text(guess, titled=True))
