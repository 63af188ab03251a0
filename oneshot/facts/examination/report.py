"""One page on how the taught facts are kept: what is wrong, what is right, then plots.

A plot is left out where it would show a single point.
"""

from pathlib import Path

from oneshot.facts.examination.examine import Score, Sitting, make_examiner
from oneshot.facts.examination.history import History, Share, read_history
from oneshot.facts.examination.page import cards, page, paragraph, section, table
from oneshot.facts.examination.plots import plots_of, when
from oneshot.facts.examination.risks import Risk
from oneshot.facts.examination.titles import TITLES
from oneshot.facts.learner import Learner
from oneshot.facts.types import Stats
from oneshot.files.durable import write_atomically

SHOWN = 60  # failures in full; the rest are counted


def make_page(stats: Stats, sitting: Sitting, history: History) -> str:
    """The page as HTML; `sitting` is the round just held, `history` all of them."""
    facts = f"{stats.live} live fact{'' if stats.live == 1 else 's'}"
    return page(
        f"How the taught facts are kept: {stats.host}",
        [
            "<h1>How the taught facts are kept</h1>",
            paragraph(
                f"Model {stats.host}, rule {stats.rule}, {facts}. Printed {when(sitting.at)}; "
                "all times are UTC.",
                "soft",
            ),
            _verdict(sitting),
            _wrong(sitting),
            _close(sitting),
            _collisions(sitting),
            _right(sitting),
            _scores(sitting),
            *plots_of(history),
        ],
    )


def write_page(path: Path, learner: Learner, sitting: Sitting) -> None:
    """Write the page of an open brain, in one step; BrainError where that fails."""
    history = read_history(make_examiner(learner))
    write_atomically(path, make_page(learner.stats(), sitting, history).encode("utf-8"))


def _verdict(sitting: Sitting) -> str:
    if not sitting.scores:
        return paragraph("No fact has been examined in this round.", "verdict")
    wrong = len(_failures(sitting))
    if wrong:
        said = "1 fact has" if wrong == 1 else f"{wrong} facts have"
        return paragraph(f"{said} a wrong answer, of {sitting.examined} examined.", "verdict bad")
    count = "The one examined fact" if sitting.examined == 1 else f"All {sitting.examined} examined"
    held = "held" if sitting.examined == 1 else "facts held"
    return paragraph(f"{count} {held}, and nothing else changed.", "verdict good")


def _failures(sitting: Sitting) -> list[Risk]:
    return [risk for risk in sitting.risks if risk.failed]


def _wrong(sitting: Sitting) -> str:
    failures = _failures(sitting)
    if not failures:
        return ""
    items = (
        [
            ("fact", f"#{r.fact}, {TITLES.get(r.kind, r.kind)}"),
            ("asked", r.question),
            ("wanted", r.wanted),
            ("said", r.said or "nothing"),
            ("what to do", r.advice),
        ]
        for r in failures[:SHOWN]
    )
    more = len(failures) - SHOWN
    rest = paragraph(f"{more} more: oneshot --json eval names them.", "soft") if more > 0 else ""
    about = "The worst answer of each fact. Where it spoke elsewhere, the bare model's is wanted."
    return section("What is wrong", paragraph(about, "soft"), cards(items), rest)


def _close(sitting: Sitting) -> str:
    thin = [risk for risk in sitting.risks if not risk.failed]
    if not thin:
        return ""
    about = (
        "The answer was right, but a little less evidence and the fact would have kept silent. "
        "Evidence is counted in nats, natural logarithms of odds: one nat is odds of 2.7 to 1."
    )
    rows = ([f"#{r.fact}", r.question, r.said, _nats(r.margin), r.advice] for r in thin[:SHOWN])
    columns = ["fact", "asked", "said", "nats to spare", "what to do"]
    return section("Right, but only just", table(about, columns, rows))


def _collisions(sitting: Sitting) -> str:
    if not sitting.collisions:
        return ""
    rows = (
        [c.kind, *(f"#{e.id} {e.prompt} {e.answer}" for e in (c.older, c.newer))]
        for c in sitting.collisions
    )
    caption = "One subject and, as far as can be seen, one relation."
    found = table(caption, ["", "older", "newer"], rows)
    return section("Facts that seem to answer one question", found)


def _right(sitting: Sitting) -> str:
    if not sitting.sample:
        return ""
    items = (
        [("asked", e.question), ("said", e.answer), ("", f"#{e.fact}, {TITLES[e.kind]}")]
        for e in sitting.sample
    )
    about = "A sample to check by eye, of each kind of question that had a right answer."
    return section("What is right", paragraph(about, "soft"), cards(items))


def _scores(sitting: Sitting) -> str:
    if not sitting.scores:
        return ""
    rows = (
        [TITLES[s.kind], f"{s.right} of {s.n}", *_percent(Share(s.right, s.n)), _own(s)]
        for s in sitting.scores
    )
    columns = ["asked", "right", "share", "95 % interval", ""]
    title = f"Round {sitting.round}: {sitting.examined} of {sitting.live} facts"
    caption = "Free answers, counted where they are exact; Wilson's interval."
    return section(title, table(caption, columns, rows))


def _own(score: Score) -> str:
    return "" if score.own is None else f"the model's own facts: {100 * score.own:.1f} %"


def _percent(share: Share) -> tuple[str, str]:
    low, high = share.interval
    return f"{100 * share.right / share.n:.1f} %", f"{100 * low:.1f} to {100 * high:.1f} %"


def _nats(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
