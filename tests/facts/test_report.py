"""The page with plots: whole, readable without colours, and nothing loaded from elsewhere."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from oneshot.facts.examination.charts import Caption, lines, matrix, share_axis, time_axis
from oneshot.facts.examination.examine import Score, Sitting
from oneshot.facts.examination.history import History, Share, read_history
from oneshot.facts.examination.report import make_page
from oneshot.facts.examination.risks import Risk
from oneshot.facts.types import Stats
from oneshot.memory.examiner.nearest import NearestFacts
from oneshot.memory.examiner.turns import Collision, Examiner
from oneshot.memory.journal.facts import Journal
from oneshot.memory.journal.rows import Draft, Examination

STATS = Stats("factual-lm", "posterior", 23, 0, 1, 1, 100)
AT = "2030-01-{:02}T10:30:00+00:00"
CAPTION = Caption("key", "A <title>", "What & why")
VOID = {"meta"}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
EVIL = "<script>alert('x')</script>"


class Page(HTMLParser):
    """The elements of a page with their text; every opened one has to be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


@pytest.fixture
def examiner(tmp_path: Path) -> Iterator[Examiner]:
    """23 facts of which the later are kept better, in three rounds; one is forgotten."""
    with Journal(tmp_path / "journal.sqlite") as journal:
        words = "The capital of Zog is", "Xor", "Zog", "capital", None
        drafts = [Draft(f"{n:032x}", *words, AT.format(1 + n % 20)) for n in range(24)]
        ids = journal.add(drafts)
        journal.set_state([ids[5]], "forgotten")
        found = Examiner(journal, NearestFacts(4), ("taught",))
        for number, asked in enumerate((ids[:10], ids, ids[12:]), start=21):
            round = found.examinations.open_round(AT.format(number), number)
            noted = [
                Examination(i, kind, "p", "a", i > 8 or kind != "question")
                for i in asked
                for kind in ("taught", "question", "neighbour")
            ]
            found.examinations.note(round, noted, AT.format(number))
            found.examinations.time_round(round, 2.0, 2.0 + number / 100)
        yield found


@pytest.fixture
def history(examiner: Examiner) -> History:
    return read_history(examiner)


@pytest.fixture
def sitting(examiner: Examiner) -> Sitting:
    risks = (
        Risk(3, "failed", "question", EVIL, "Nix", "Xor", None, "teach it again"),
        Risk(4, "thin margin", "taught", "The capital of Zog is", "Xor", "Xor", 0.5, "say more"),
    )
    right = Examination(5, "taught", "Zog's capital is", "Xorville", True, 9.0)
    one, other = list(examiner.journal.entries())[:2]
    return Sitting(
        AT.format(24),
        3,
        23,
        3,
        12,
        (Score("taught", 12, 12), Score("in front", 8, 12, 0.75)),
        risks,
        (right,),
        (Collision("contradiction", one, other, 0.97),),
    )


def test_history_is_told_by_cohort_and_round(history: History, examiner: Examiner) -> None:
    assert [len(c.facts) for c in history.cohorts] == [5, 6, 6, 6]
    assert [c.first for c in history.cohorts] == sorted(c.first for c in history.cohorts)
    facts = frozenset().union(*(c.facts for c in history.cohorts))
    assert facts == {entry.id for entry in examiner.journal.entries()}
    assert all(share.value == 1 for share in history.retention["taught"])
    assert all(share.n == 0 for share in history.retention["paraphrase"])
    assert sum(share.right for share in history.retention["question"]) == 23 - 7
    assert [sum(s.n for s in row) for row in history.matrix] == [2 * 9, 2 * 23, 2 * 12]
    assert history.locality["neighbour"] == [Share(10, 10), Share(24, 24), Share(12, 12)]


def test_later_outcomes_take_the_place_of_earlier_ones(examiner: Examiner) -> None:
    exams = examiner.examinations
    round = exams.open_round(AT.format(25), 0)
    exams.note(round, [Examination(1, "question", "p", "a", True)], AT.format(25))
    renewed = read_history(examiner)
    assert sum(share.right for share in renewed.retention["question"]) == 23 - 6


def test_an_empty_brain_has_an_empty_history(tmp_path: Path) -> None:
    with Journal(tmp_path / "empty.sqlite") as journal:
        history = read_history(Examiner(journal, NearestFacts(4), ("taught",)))
    assert history.cohorts == history.rounds == ()
    page = Page(make_page(replace(STATS, live=0), Sitting(AT.format(1), 0, 0), history))
    assert "No fact has been examined in this round." in page.texts["p"]
    assert "h2" not in page.texts


def test_what_is_wrong_comes_first_then_what_is_right_then_plots(
    history: History, sitting: Sitting
) -> None:
    page = Page(make_page(STATS, sitting, history))
    assert page.texts["h2"] == [
        "What is wrong",
        "Right, but only just",
        "Facts that seem to answer one question",
        "What is right",
        "Round 3: 12 of 23 facts",
        "Kept by age",
        "Round by round",
        "What should not change",
        "Time of a question",
    ]
    assert page.texts["p"][1] == "1 fact has a wrong answer, of 12 examined."
    assert {"Nix", "Xor", "teach it again", "Xorville", "#5, taught prompt"} <= {*page.texts["dd"]}
    assert any("nats" in p and "2.7 to 1" in p for p in page.texts["p"] + page.texts["caption"])


def test_the_page_has_plots_with_texts_and_tables(history: History, sitting: Sitting) -> None:
    text = make_page(STATS, sitting, history)
    page = Page(text)
    plots = [attrs for tag, attrs in page.tags if tag == "svg" and attrs.get("role") == "img"]
    ids = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    assert len(plots) == 4
    for plot in plots:
        assert set((plot["aria-labelledby"] or "").split()) <= ids
    assert len(ids) == 8
    assert all(len(text) > 40 for text in page.texts["desc"])
    assert sum(tag == "figure" for tag, _ in page.tags) == 4
    assert sum(tag == "table" for tag, _ in page.tags) == 4 + 3
    assert sum(tag == "caption" for tag, _ in page.tags) == 4 + 3
    assert dict(page.tags)["html"] == {"lang": "en"}
    assert {"2.0 ms", "2.2 ms", "1.10", "75.8 to 100.0 %", "contradiction", "12 of 12"} <= {
        *page.texts["td"],
        *page.texts["th"],
    }
    assert text == make_page(STATS, sitting, history)


def test_one_round_of_one_group_has_no_plot(examiner: Examiner, sitting: Sitting) -> None:
    history = read_history(examiner)
    alone = replace(history, rounds=history.rounds[:1], cohorts=history.cohorts[:1])
    page = Page(make_page(STATS, sitting, alone))
    assert "figure" not in {tag for tag, _ in page.tags}
    series = {kind: shares[-1:] for kind, shares in history.locality.items()}
    assert any(share.n == 0 for shares in series.values() for share in shares)
    drawn = [name for name in page.texts["h2"] if name == "What should not change"]
    assert not drawn


@given(st.integers(0, 400), st.integers(1, 400))
def test_intervals_hold_their_share(right: int, n: int) -> None:
    share = Share(min(right, n), n)
    low, high = share.interval
    known = binomtest(share.right, n).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((known.low, known.high), abs=1e-9)
    assert 0 <= low <= share.right / n <= high <= 1
    assert Share(0, 0).interval == (0.0, 1.0)


def test_nothing_comes_from_elsewhere_and_nothing_runs(history: History, sitting: Sitting) -> None:
    text = make_page(replace(STATS, host=EVIL), sitting, history)
    page = Page(text)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object"}
    assert not any({"src", "href", "onload"} & set(attrs) for _, attrs in page.tags)
    assert not re.search(r"url\(|@import|https?:", text)
    assert "default-src 'none'" in text
    assert EVIL in "".join(page.texts["dd"])


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
@pytest.mark.slow
def test_a_browser_shows_it(history: History, sitting: Sitting, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(make_page(STATS, sitting, history), "utf-8")
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'user'}",
    ]
    done = subprocess.run(
        [str(CHROMIUM), *options, "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert Page(done.stdout).texts["h2"].count("Round by round") == 1
    for width in (1280, 390):
        shot = tmp_path / f"page-{width}.png"
        sized = [f"--window-size={width},1400", f"--screenshot={shot}", path.as_uri()]
        subprocess.run(
            [str(CHROMIUM), *options, *sized], capture_output=True, check=True, timeout=120
        )
        assert shot.read_bytes().startswith(b"\x89PNG")
        assert shot.stat().st_size > 20_000, "it is not blank"


shares = st.none() | st.floats(0, 1)


@given(values=st.lists(st.lists(shares, min_size=3, max_size=3), min_size=1, max_size=4))
@settings(deadline=None, max_examples=60)
def test_plots_show_every_value_once(values: list[list[float | None]]) -> None:
    rows = [f"row {i}" for i in range(len(values))]
    known = [v for row in values for v in row if v is not None]
    axis = share_axis(known)
    drawn = lines(CAPTION, "abc", "places", axis, dict(zip(rows, values, strict=True)))
    parsed = ElementTree.fromstring(f"<div>{drawn}</div>")
    groups = parsed.findall("./svg/g")
    assert [len(g) - 1 for g in groups] == [sum(v is not None for v in row) for row in values]
    assert [li.findtext("svg/..", "") + (li[0].tail or "") for li in parsed.iter("li")]
    cells = ElementTree.fromstring(matrix(CAPTION, rows, "abc", "places", values)).findall("rect")
    assert len(cells) == len(known)
    assert [c.get("class") for c in cells] == ["whole" if v == 1 else "broken" for v in known]
    places = [set(re.findall(r"[\d.]+,[\d.]+", g[0].get("d", ""))) for g in groups]
    assert not set.intersection(*places) or len(places) == 1, "equal values do not hide each other"
    assert parsed.findtext("svg/title") == "A <title>"
    assert parsed.findtext("svg/desc") == "What & why"


@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=9))
@settings(deadline=None, max_examples=100)
def test_axes_hold_all_values(values: list[float]) -> None:
    for axis in (share_axis(values), time_axis([1000 * v for v in values])):
        scale = 1 if axis.unit == "%" else 1000
        assert axis.low <= scale * min(values) + 1e-9
        assert scale * max(values) <= axis.high + 1e-9
        assert 2 <= len(axis.ticks) <= 12
        heights = [axis.height(tick) for tick in axis.ticks]
        assert heights == sorted(heights, reverse=True)


def test_a_matrix_never_rounds_a_failure_away() -> None:
    drawn = matrix(CAPTION, ["#1"], ["1"], "places", [[0.99999]])
    assert ">99.9<" in drawn
    assert 'class="broken"' in drawn


def test_a_share_of_nothing_is_none() -> None:
    assert Share(0, 0).value is None


def test_the_record_of_examinations_is_a_table(tmp_path: Path) -> None:
    from experiments.facts.tables import examination_table

    assert examination_table(tmp_path) == "No record yet."
    scores = [{"kind": "in front", "right": 3, "n": 4, "own": 0.5}]
    held = {"examined": 4, "live": 6, "seconds": 9.6, "bare_ms": 10.0, "taught_ms": 11.0}
    rounds = {"first": held | {"scores": scores}, "second": held | {"scores": []}}
    (tmp_path / "facts-examination.json").write_text(json.dumps({"metrics": rounds}))
    lines = examination_table(tmp_path).splitlines()
    assert {line.count("|") for line in lines} == {4}
    assert "| behind other text | 75.0 % of 4 (the model's own facts: 50.0 %) |  |" in lines
    assert lines[-1] == "| the round | 10 s | 10 s |"
