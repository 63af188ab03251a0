"""One self-contained page on how the taught facts are kept: plots, a table beside each, and risks.

Nothing is loaded from elsewhere and nothing runs: the page's own policy forbids it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from oneshot.facts.examination.charts import Caption, Values, lines, matrix, share_axis, time_axis
from oneshot.facts.examination.examine import Sitting, make_examiner
from oneshot.facts.examination.history import History, Share, read_history
from oneshot.facts.examination.titles import TITLES
from oneshot.facts.learner import Learner
from oneshot.facts.types import Stats
from oneshot.files.durable import write_atomically

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --faint: #d5d9de;
  --soft: #57606a; --s0: #0a5ca8; --s1: #a8480a; --s2: #2d7a35; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --paper: #15181c; --faint: #3a4048;
  --soft: #a3abb5; --s0: #6cb2f5; --s1: #f5a56c; --s2: #7ed488; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin: 2.5rem 0 .5rem; } .soft { color: var(--soft); }
figure { margin: 0; display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: start; }
figure > div { flex: 1 1 28rem; min-width: 0; }
.scroll { overflow-x: auto; }
svg[role=img] { width: 100%; height: auto; } svg text { font-size: 12px; fill: var(--ink); }
.grid { stroke: var(--faint); } .line { fill: none; stroke-width: 2; }
.s0 { fill: var(--s0); stroke: var(--s0); } .s1 { fill: var(--s1); stroke: var(--s1); }
.s2 { fill: var(--s2); stroke: var(--s2); } .whole { fill: var(--s0); } .broken { fill: var(--s1); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0 1.2rem; padding: 0; margin: 0; }
.legend svg { vertical-align: -3px; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); } th, td { text-align: left; padding: .2rem .7rem
  .2rem 0; border-bottom: 1px solid var(--faint); vertical-align: top; }
figure td, figure th[scope=row] { white-space: nowrap; }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def make_page(stats: Stats, sitting: Sitting, history: History) -> str:
    """The page as HTML; `sitting` is the round just held, `history` all of them."""
    name = escape(stats.host)
    body = [
        "<h1>How the taught facts are kept</h1>",
        f'<p class="soft">Model {name}, rule {escape(stats.rule)}, {stats.live} live facts. '
        f"Printed {_date(sitting.at)}; all times are UTC.</p>",
        _scores(sitting),
        *(_plots(history) if history.rounds else ["<p>No fact has been examined yet.</p>"]),
        _risks(sitting),
        _collisions(sitting),
    ]
    content = "\n".join(filter(None, body))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>How the taught facts are kept: {name}</title><style>{STYLE}</style></head>"
        f"<body><main>\n{content}\n</main></body></html>\n"
    )


def write_page(path: Path, learner: Learner, sitting: Sitting) -> None:
    """Write the page of an open brain, in one step; BrainError where that fails."""
    history = read_history(make_examiner(learner))
    write_atomically(path, make_page(learner.stats(), sitting, history).encode("utf-8"))


def _plots(history: History) -> list[str]:
    return [_retention(history), _matrix(history), _locality(history), _latency(history)]


def _retention(history: History) -> str:
    series = {TITLES[kind]: shares for kind, shares in history.retention.items()}
    caption = Caption(
        "retention",
        "Retention by age",
        "Share of right answers, each fact's last examination, from the facts taught first to "
        "those taught last.",
    )
    places = [str(i + 1) for i in range(len(history.cohorts))]
    plot = _share_lines(caption, places, "age cohort, the oldest first", series)
    rows = (
        [str(i + 1), str(len(c.facts)), _date(c.first)]
        + [_of(shares[i]) for shares in series.values()]
        for i, c in enumerate(history.cohorts)
    )
    return _figure(caption, plot, ["cohort", "facts", "taught from", *series], rows)


def _matrix(history: History) -> str:
    caption = Caption(
        "matrix",
        "Accuracy matrix",
        "Per cent of right answers to taught prompts, other words and questions, by round of "
        "examination and age cohort; a cell is empty where nothing was asked.",
    )
    names = [f"#{round.id}" for round in history.rounds]
    columns = [str(i + 1) for i in range(len(history.cohorts))]
    values = [[share.value for share in row] for row in history.matrix]
    plot = matrix(caption, names, columns, "age cohort, the oldest first", values)
    rows = (
        [f"#{round.id}", _date(round.at), *map(_of, row)]
        for round, row in zip(history.rounds, history.matrix, strict=True)
    )
    return _figure(caption, plot, ["round", "held", *columns], rows)


def _locality(history: History) -> str:
    series = {TITLES[kind]: shares for kind, shares in history.locality.items()}
    caption = Caption(
        "locality",
        "Locality",
        "Share of answers equal to the bare model's, by round: about the nearest other subjects, "
        "about other relations of the taught subjects, and about forgotten facts.",
    )
    plot = _share_lines(caption, [f"#{r.id}" for r in history.rounds], "round", series)
    rows = (
        [f"#{round.id}", _date(round.at), *(_of(shares[i]) for shares in series.values())]
        for i, round in enumerate(history.rounds)
    )
    return _figure(caption, plot, ["round", "held", *series], rows)


def _latency(history: History) -> str:
    series: dict[str, Values] = {
        "bare model": [round.bare_ms for round in history.rounds],
        "with the facts": [round.taught_ms for round in history.rounds],
    }
    caption = Caption(
        "latency",
        "Time of a question",
        "Milliseconds a question, of the bare model and with the facts attached, on the same "
        "questions by round.",
    )
    axis = time_axis([v for values in series.values() for v in values if v is not None])
    plot = lines(caption, [f"#{r.id}" for r in history.rounds], "round", axis, series)
    rows = (
        [f"#{r.id}", _date(r.at), _ms(r.bare_ms), _ms(r.taught_ms), _ratio(r.bare_ms, r.taught_ms)]
        for r in history.rounds
    )
    return _figure(caption, plot, ["round", "held", *series, "ratio"], rows)


def _share_lines(
    caption: Caption, places: Sequence[str], across: str, series: dict[str, list[Share]]
) -> str:
    values: dict[str, Values] = {n: [s.value for s in shares] for n, shares in series.items()}
    axis = share_axis([v for line in values.values() for v in line if v is not None])
    return lines(caption, places, across, axis, values)


def _scores(sitting: Sitting) -> str:
    rows = (
        [TITLES[s.kind], str(s.right), str(s.n), f"{100 * s.right / s.n:.1f} %", _own(s.own)]
        for s in sitting.scores
    )
    if not sitting.scores:
        return ""
    columns = ["asked", "right", "of", "share", "the model's own facts"]
    title = f"Round {sitting.round}: {sitting.examined} of {sitting.live} facts"
    return _section(title, _table("Free answers, counted where they are exact.", columns, rows))


def _risks(sitting: Sitting) -> str:
    rows = (
        [f"#{r.fact}", r.why, r.question, r.said, r.wanted, _number(r.margin), r.advice]
        for r in sitting.risks
    )
    if not sitting.risks:
        return ""
    columns = ["fact", "why", "asked", "said", "wanted", "margin, nats", "what to do"]
    return _section("Facts at risk", _table("The worst answer of each.", columns, rows))


def _collisions(sitting: Sitting) -> str:
    if not sitting.collisions:
        return ""
    rows = (
        [c.kind, *(f"#{e.id} {e.prompt} {e.answer}" for e in (c.older, c.newer))]
        for c in sitting.collisions
    )
    caption = "One subject and, as far as can be seen, one relation."
    table = _table(caption, ["", "older", "newer"], rows)
    return _section("Facts that seem to answer one question", table)


def _figure(
    caption: Caption, plot: str, columns: Sequence[str], rows: Iterable[Sequence[str]]
) -> str:
    table = _table(caption.description, columns, rows)
    return _section(caption.title, f"<figure><div>{plot}</div>{table}</figure>")


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    lines = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _date(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M}"


def _of(share: Share) -> str:
    return f"{share.right}/{share.n}" if share.n else ""


def _own(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} ms"


def _ratio(bare: float | None, taught: float | None) -> str:
    return f"{taught / bare:.2f}" if bare and taught else ""
