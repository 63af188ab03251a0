"""Questions that take several taught facts, one inside the other: records.

    python -m experiments.facts.chains experiments/configs/facts-chains-smollm2.toml

Own chains are made of relations that no calibration saw (`relations.toml` beside), taught all at
once; MQuAKE's are taught one case at a time, every hop of it, or with `together` at once those
cases that agree, or with `edits` what the set changes and nothing else, so that the other steps
are the host's. Asked by free generation, in chat where the host has a template; an answer is right
where the value is in it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.facts.chains.material import RELATIONS, Chain, Config, mquake_chains, own_chains
from experiments.facts.chains.tally import Tally
from experiments.facts.data import data_file
from experiments.facts.runs import new_brain, run_all
from oneshot.errors import OneshotError
from oneshot.facts.learner import Learner
from oneshot.facts.types import Statement

MQUAKE = "open/mquake_cf_dev.jsonl.gz"


def measure(
    learner: Learner, chains: Sequence[Chain], compared: int, *, together: bool
) -> dict[str, Any]:
    """Teach the chains all at once or one at a time, and ask them."""
    tally, refused = Tally(), 0
    for group in [list(chains)] if together else [[chain] for chain in chains]:
        refused += _teach(learner, [fact for chain in group for fact in chain.facts])
        tally.ask(learner, group)
        if not together:
            learner.forget([fact.id for fact in learner.facts()])
    tally.compare(learner, chains, compared)
    return {"chains": len(chains), "refused facts": refused} | tally.counted()


def _teach(learner: Learner, facts: Sequence[Statement]) -> int:
    """Teach facts; how many cannot be written."""
    try:
        learner.write(facts)
    except OneshotError:
        return sum(_teach(learner, [fact]) for fact in facts) if len(facts) > 1 else 1
    return 0


def experiment(config: Config, device: str) -> dict[str, Any]:
    """Everything on a new brain, which goes at the end."""
    source = _source(config)
    chains = mquake_chains(config, source) if config.mquake else own_chains(config)
    with new_brain(config.host, device) as learner:
        together = config.together or not config.mquake
        return measure(learner, chains, config.compared, together=together)


def _source(config: Config) -> Path:
    return data_file(MQUAKE) if config.mquake else RELATIONS


if __name__ == "__main__":
    run_all(__doc__, Config, lambda config: [_source(config)], experiment)
