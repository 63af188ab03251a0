"""The chains that are asked about: whole, of left-out relations, and told by phrases alone."""

import gzip
import json
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from experiments.facts.chains import tally
from experiments.facts.chains.material import (
    RELATIONS,
    Chain,
    Config,
    mquake_chains,
    own_chains,
)
from experiments.facts.chains.tally import hop_by_hop, told
from experiments.facts.data import data_file
from experiments.facts.open_tables import chains_table
from oneshot.errors import BadInputError
from oneshot.facts.types import Statement
from oneshot.files.data_folder import ENVIRONMENT
from oneshot.hosts.load import Host
from oneshot.hosts.relations import relations


def test_own_chains_lead_from_name_to_name_and_are_asked_without_them() -> None:
    chains = own_chains(Config("none", two=40, three=20))
    assert [len(chain.facts) for chain in chains] == [2] * 40 + [3] * 20
    prompts = [fact.prompt for chain in chains for fact in chain.facts]
    assert len(set(prompts)) == len(prompts), "every name is used once"
    for chain in chains:
        first, *later = chain.facts
        for before, after in zip(chain.facts, later, strict=False):
            assert before.answer == after.subject
        assert len(chain.singles) == len(chain.single_answers) == len(chain.facts)
        for question in (*chain.questions, *chain.others):
            assert (first.subject or "").lower() in question.lower()
            assert all(fact.subject not in question for fact in later)
    assert own_chains(Config("none")) == own_chains(Config("none"))
    assert own_chains(Config("none")) != own_chains(Config("none", seed=1))


def test_no_calibration_has_seen_the_relations() -> None:
    unseen = {cloze for r in relations() if r.held_out for cloze in r.clozes}
    found = tomllib.loads(RELATIONS.read_text("utf-8"))
    told = {relation["cloze"] for relation in (*found["inner"], *found["outer"])}
    assert len(told) > 35
    assert told <= unseen


def test_the_table_has_a_row_for_what_was_measured(tmp_path: Path) -> None:
    assert chains_table(tmp_path) == "No record yet."
    share = {"mean": 0.95, "low": 0.9, "high": 1.0, "n": 60}
    metrics = {"composed, 2 facts": share, "any of a chain's, 4 facts": share}
    record = json.dumps({"metrics": metrics})
    (tmp_path / "facts-chains-mquake.json").write_text(record)
    rows = chains_table(tmp_path).splitlines()[2:]
    assert rows == [
        "| MQuAKE, case by case | composed question | 95.0 % (90-100, n = 60) |  |  |",
        "| MQuAKE, case by case | any of a case's |  |  | 95.0 % (90-100, n = 60); aim >= 55 % |",
    ]


def test_of_mquake_every_hop_is_taught(tmp_path: Path) -> None:
    hops = [
        {"cloze": "The author of Misery is", "answer": "Ann", "question": "Who?", "aliases": []},
        {"cloze": "Ann was born in", "answer": "Oslo", "question": "Where?", "aliases": ["Kra"]},
    ]
    case = {
        "single_hops_after": hops,
        "edits": [{"prompt": hops[0]["cloze"], "subject": "Misery"}],
        "questions": ["Where was the author of Misery born?"],
        "answer_after": "Oslo",
        "answer_after_aliases": ["Kra"],
    }
    path = tmp_path / "cases.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join([json.dumps(case)] * 3).encode()))
    chains = mquake_chains(Config("none", two=2, three=0, mquake=True), path)
    assert len(chains) == 2
    assert [(f.subject, f.answer) for f in chains[0].facts] == [("Misery", "Ann"), ("Ann", "Oslo")]
    assert chains[0].answers == ("Oslo", "Kra")


def test_of_mquake_the_edits_alone_leave_the_other_steps_to_the_host(tmp_path: Path) -> None:
    edit = {"prompt": "The author of Misery is", "after": "Ann", "subject": "Misery"}
    case = {
        "consistent_all_edits": True,
        "single_hops_after": [{}, {}],
        "edits": [edit | {"question": "Who wrote Misery?"}],
        "questions": ["Where was the author of Misery born?"],
        "answer_after": "Oslo",
        "answer_after_aliases": [],
    }
    path = tmp_path / "cases.jsonl.gz"
    path.write_bytes(
        gzip.compress(
            "".join(
                f"{json.dumps(case | kind)}\n" for kind in ({}, {"consistent_all_edits": False})
            ).encode()
        )
    )
    config = Config("none", mquake=True, edits=True, together=True, two=5)
    (chain,) = mquake_chains(config, path)
    assert [fact.answer for fact in chain.facts] == ["Ann"]
    assert (chain.hops, chain.answers, chain.singles) == (2, ("Oslo",), ("Who wrote Misery?",))


@pytest.mark.parametrize(
    ("first", "asked", "last"),
    [
        ("It is Ann Bell, I think.", "Where was Ann Bell born?", "In Oslo."),
        ("Nobody knows.", "Where was Nobody knows born?", "In the north."),
    ],
)
def test_hop_by_hop_the_next_question_has_what_was_said(
    first: str, asked: str, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = (
        Statement("The author of Misery is", "Ann Bell", "Misery"),
        Statement("Ann Bell was born in", "Oslo", "Ann Bell"),
    )
    singles = ("Who wrote Misery?", "Where was Ann Bell born?")
    chain = Chain(facts, (), singles, ("Oslo",), (("Ann Bell",), ("Oslo",)), 2)
    assert chain.whole
    given = [f"{told(chain)} {question}" for question in (singles[0], asked)]
    said = dict(zip(given, (first, last), strict=True))
    monkeypatch.setattr(
        tally, "answer", lambda host, texts, *_: [SimpleNamespace(text=said[t]) for t in texts]
    )
    host = cast(Host, None)
    assert hop_by_hop(host, chain) == last


def test_a_file_lies_in_the_data_folder_by_its_kind_or_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    with pytest.raises(BadInputError, match="is needed: give ONESHOT_DATA"):
        data_file("open/a.gz")
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    with pytest.raises(BadInputError, match="is not in"):
        data_file("open/a.gz")
    plain, kind = tmp_path / "a.gz", tmp_path / "open" / "a.gz"
    plain.touch()
    assert data_file("open/a.gz") == plain
    kind.parent.mkdir()
    kind.touch()
    assert data_file("open/a.gz") == kind
