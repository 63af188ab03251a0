"""How results about classes look to people."""

from typing import TYPE_CHECKING, Any

from rich.text import Text

from oneshot.cli.output import printable

if TYPE_CHECKING:
    from oneshot.classes.types import Evaluation, Guess, Taught
else:
    Evaluation = Guess = Taught = Any  # evaluated where types are checked at run time

SHOWN_WARNINGS = 5
_BAR = 20


def taught_text(taught: Taught) -> Text:
    """A receipt: the class, what was added, its nearest neighbour, and warnings."""
    text = Text.assemble((printable(taught.name), "bold cyan"))
    known = f", {taught.known} known before" if taught.known else ""
    text.append(f"  {taught.added} added{known}, {taught.examples} in all")
    text.append(f"  {taught.seconds * 1000:.0f} ms", "dim")
    if taught.nearest is not None:
        text.append(f"  nearest {printable(taught.nearest)}", "dim")
    for warning in taught.warnings[:SHOWN_WARNINGS]:
        text.append(f"\n    warning: {printable(warning)}", "yellow")
    if len(taught.warnings) > SHOWN_WARNINGS:
        text.append(f"\n    and {len(taught.warnings) - SHOWN_WARNINGS} more warnings", "yellow")
    return text


def guess_text(guess: Guess, *, titled: bool, none: bool = True) -> Text:
    """What an example is, and the other possibilities."""
    text = Text(f"{printable(_short(guess.source))}\n    " if titled else "", "dim")
    said = "none of these" if guess.name is None else printable(guess.name)
    text.append(said, "not dim bold").append(f"  {guess.probability:.0%}", "not dim")
    others = [f"{printable(n)} {p:.0%}" for n, p in guess.ranking if n != guess.name]
    if guess.name is not None and none:
        others.append(f"none of these {guess.none:.0%}")
    text.append(f"  ({', '.join(others)})", "dim")
    return text.append(f"\n    {', '.join(guess.prepared)}" if guess.prepared else "", "dim")


def evaluation_rows(found: Evaluation) -> list[tuple[str, str, str, str, str]]:
    """A row for each class, and one for strangers."""
    return [
        (
            s.name if s.name is not None else "(none of the classes)",
            str(s.n),
            f"{100 * s.right / s.n:.0f} %" if s.n else "",
            str(s.none),
            s.taken_for or "",
        )
        for s in found.classes
    ]


def evaluation_title(found: Evaluation) -> str:
    """The result in a line."""
    forced = f"{100 * found.accuracy_forced:.1f} % if it must be a class"
    return f"{100 * found.accuracy:.1f} % of {found.n:,} right, {forced}"


def reliability_rows(found: Evaluation) -> list[tuple[str, str, str, str]]:
    """What was said, how often it was right, and a bar of that; a row of ten per cent each."""
    return [
        (
            f"{b.low:.0%} to {b.high:.0%}",
            f"{b.n:,}",
            f"{b.right:.0%}",
            "█" * round(_BAR * b.right) + "·" * (_BAR - round(_BAR * b.right)),
        )
        for b in found.reliability
    ]


def honesty_text(found: Evaluation) -> Text:
    """What was called none of these, and how far what is said is from how often it is right."""
    lines = [f"none of these: {100 * found.false_rejects:.1f} % of the examples"]
    if found.strangers_rejected is not None:
        lines[0] += f", {100 * found.strangers_rejected:.1f} % of {found.strangers:,} strangers"
    lines.append(
        f"said and right are {100 * found.calibration_error:.1f} points apart on average, of which "
        f"so few answers explain about {100 * found.error_by_chance:.1f}"
    )
    if found.strangers:
        lines[1] += f"; {found.strangers_expected:.0%} of what is asked counted as strangers"
    return Text("\n".join(lines))


def _short(source: str, longest: int = 100) -> str:
    return source if len(source) <= longest else source[: longest - 1] + "…"
