"""Plots of what the journal tells of all rounds; one that would show a single point is left out."""

from collections.abc import Sequence
from datetime import UTC, datetime

from oneshot.facts.examination.charts import Caption, Values, lines, matrix, share_axis, time_axis
from oneshot.facts.examination.history import History, Share
from oneshot.facts.examination.page import figure
from oneshot.facts.examination.titles import TITLES

AGES = "group by age, the facts taught first on the left"


def plots_of(history: History) -> list[str]:
    """Sections of kept facts by age and round, of what should not change, and of time."""
    drawn = []
    if len(history.cohorts) > 1 and history.rounds:
        drawn += [_retention(history), _matrix(history)]
    if len(history.rounds) > 1:
        drawn += [_locality(history), _latency(history)]
    return drawn


def _retention(history: History) -> str:
    series = {TITLES[k]: s for k, s in history.retention.items() if any(c.n for c in s)}
    caption = Caption(
        "retention",
        "Kept by age",
        "Share of right answers in each fact's last examination, by when it was taught.",
    )
    places = [str(i + 1) for i in range(len(history.cohorts))]
    plot = _share_lines(caption, places, AGES, series)
    rows = (
        [str(i + 1), str(len(c.facts)), when(c.first)]
        + [_of(shares[i]) for shares in series.values()]
        for i, c in enumerate(history.cohorts)
    )
    columns = ["group", "facts", "taught from", *series]
    return figure(caption.title, caption.description, plot, columns, rows)


def _matrix(history: History) -> str:
    caption = Caption(
        "matrix",
        "Round by round",
        "Per cent of right answers to taught prompts, other words and questions, by round of "
        "examination and group by age; a cell is empty where nothing was asked.",
    )
    names = [f"#{round.id}" for round in history.rounds]
    columns = [str(i + 1) for i in range(len(history.cohorts))]
    values = [[share.value for share in row] for row in history.matrix]
    plot = matrix(caption, names, columns, AGES, values)
    rows = (
        [f"#{round.id}", when(round.at), *map(_of, row)]
        for round, row in zip(history.rounds, history.matrix, strict=True)
    )
    return figure(caption.title, caption.description, plot, ["round", "held", *columns], rows)


def _locality(history: History) -> str:
    series = {TITLES[k]: s for k, s in history.locality.items() if any(c.n for c in s)}
    if not series:
        return ""
    caption = Caption(
        "locality",
        "What should not change",
        "Share of answers equal to the bare model's, by round: about the nearest other subjects, "
        "about other relations of the taught subjects, and about forgotten facts.",
    )
    plot = _share_lines(caption, [f"#{r.id}" for r in history.rounds], "round", series)
    rows = (
        [f"#{round.id}", when(round.at), *(_of(shares[i]) for shares in series.values())]
        for i, round in enumerate(history.rounds)
    )
    return figure(caption.title, caption.description, plot, ["round", "held", *series], rows)


def _latency(history: History) -> str:
    series: dict[str, Values] = {
        "bare model": [round.bare_ms for round in history.rounds],
        "with the facts": [round.taught_ms for round in history.rounds],
    }
    known = [v for values in series.values() for v in values if v is not None]
    if len(known) < 2 * len(series):
        return ""
    caption = Caption(
        "latency",
        "Time of a question",
        "Milliseconds a question, of the bare model and with the facts attached, on the same "
        "questions by round.",
    )
    plot = lines(caption, [f"#{r.id}" for r in history.rounds], "round", time_axis(known), series)
    rows = (
        [f"#{r.id}", when(r.at), _ms(r.bare_ms), _ms(r.taught_ms), _ratio(r.bare_ms, r.taught_ms)]
        for r in history.rounds
    )
    columns = ["round", "held", *series, "ratio"]
    return figure(caption.title, caption.description, plot, columns, rows)


def _share_lines(
    caption: Caption, places: Sequence[str], across: str, series: dict[str, list[Share]]
) -> str:
    values: dict[str, Values] = {n: [s.value for s in shares] for n, shares in series.items()}
    axis = share_axis([v for line in values.values() for v in line if v is not None])
    return lines(caption, places, across, axis, values)


def when(text: str) -> str:
    """A time of the journal to the minute, UTC."""
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M}"


def _of(share: Share) -> str:
    return f"{share.right} of {share.n}" if share.n else ""


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} ms"


def _ratio(bare: float | None, taught: float | None) -> str:
    return f"{taught / bare:.2f}" if bare and taught else ""
