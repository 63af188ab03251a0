"""Whether a reply is sure, and whether what a fact tells has a name."""

import math
from unittest import mock

import pytest
import torch
from conftest import tiny_host
from tiny import encoded

from adapters.query.decide import Change
from oneshot.facts.answering import Said
from oneshot.facts.brain.understanding import NAMED, Understanding
from oneshot.facts.replies import WEAK, make_reply
from oneshot.facts.types import Statement
from oneshot.memory.journal.rows import NEW_RELATION


@pytest.mark.parametrize(
    ("evidence", "sure"), [((WEAK + 1, math.nan), True), ((WEAK - 1,), False), ((), True)]
)
def test_a_reply_is_sure_where_its_facts_have_evidence(
    evidence: tuple[float, ...], sure: bool
) -> None:
    changes = [Change(0, i, torch.zeros(1), 0, i, nats) for i, nats in enumerate(evidence)]
    said = Said("Lutz", ("Lutz",) * len(changes), tuple(changes))
    assert make_reply("Where?", said, None, [(1,)], explain=None).sure is sure


@pytest.mark.parametrize(
    ("ahead", "prompt", "wanted"),
    [
        (NAMED + 1, "My doctor is", "family doctor"),
        (NAMED - 1, "My doctor is", NEW_RELATION),
        (NAMED - 1, "Our Family doctor is", "family doctor"),
    ],
)
def test_a_relation_has_a_name_where_it_is_surely_that(
    ahead: float, prompt: str, wanted: str
) -> None:
    host, row = tiny_host("gpt2"), encoded("gpt2")[0]
    understanding = Understanding(host.calibration, {}, ())
    with (
        mock.patch.object(Understanding, "_nearest", return_value="family doctor"),
        mock.patch.object(Understanding, "_ahead", return_value=ahead),
    ):
        assert understanding.relation((Statement(prompt, "Dr Lee"), row)) == wanted
