"""Fixed-size weights: blocks fitted by a local rule answer, whatever the number of facts.

The rows serve to fit the blocks and are not looked at afterwards. A block's input are random
binary features of entity code x relation code x step; its output estimates the step's label
embedding; the chain has one block a site.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.address.calibration import Calibration
from adapters.address.windows import windows_from
from adapters.denoiser import Firing
from adapters.rows import NO_TOKEN, STEPS, FactRows
from adapters.running import Candidate
from oneshot.core.chain import run_chain
from oneshot.core.features import BinaryFeatures
from oneshot.core.rules.base import Block, Examples, Rule
from oneshot.core.schedule import Schedule

FEATURES = 2048
REACH = 40  # positions back at which a name may stand
SHORTLIST = 8  # names whose estimates are compared with the vocabulary
SEED = 20250324
OWN, OTHER = 0.05, 0.99  # quantiles of right and wrong addresses' responses; halfway is the gate


class FittedDenoiser:
    """Blocks of fixed size; where no estimate passes the gate, no fact speaks."""

    def __init__(
        self,
        calibration: Calibration,
        rows: FactRows,
        head: Float[Tensor, "vocab width"],
        rule: Rule,
    ) -> None:
        self.calibration, self.head = calibration, head
        self.vocabulary = calibration.labels(head)
        self.schedule = Schedule.linear(len(calibration.banks))
        rank = calibration.metrics[0].metric.shape[2]
        width = float(torch.stack([m.offset for m in calibration.metrics]).mean().sqrt())
        sizes, relations = len(calibration.metrics), len(calibration.relations)
        self.features = BinaryFeatures(rank * sizes, relations, FEATURES, SEED, width)
        examples = self._examples(rows)
        self.blocks = [rule.fit(e, self.schedule) for e in examples]
        # Codes with their directions reversed: names of the same kind, and nobody's.
        strangers = self._examples(replace(rows, entity=rows.entity.flip(2)))
        self.gate = self._fit_gate(examples, strangers)

    def label(self, token: int) -> Float[Tensor, " width"]:
        """The label embedding of a token, of norm 1."""
        return self.vocabulary[token]

    def recognise(
        self, states: Float[Tensor, "batch history_and_seq width"], start: int, seen: int
    ) -> list[tuple[int, int, Candidate]]:
        """Every position may end a name; its slot is the place, its code that of each size."""
        windows = windows_from(states, start)
        whole = torch.stack([metric.code(windows) for metric in self.calibration.metrics], 2)
        places = [(b, p) for b in range(whole.shape[0]) for p in range(whole.shape[1])]
        return [(b, p, Candidate(seen + p, 0.0, whole[b, p])) for b, p in places]

    def denoise(
        self,
        candidates: Sequence[Sequence[Candidate]],
        relation: list[Float[Tensor, "points width"]],
    ) -> list[Firing | None]:
        """The best name's estimate at each point, where it passes the gate."""
        banks = self.calibration.banks
        posteriors = [b.posterior(b.code(s)) for b, s in zip(banks, relation, strict=True)]
        return [
            self._best(point[-REACH:], [p[i] for p in posteriors])
            for i, point in enumerate(candidates)
        ]

    def _best(self, point: Sequence[Candidate], relation: list[Tensor]) -> Firing | None:
        codes = torch.cat([_spread(c.code) for c in point if c.code is not None])
        estimates = self._estimate(codes, relation, 0)
        short = estimates.norm(dim=1).topk(min(SHORTLIST, len(codes))).indices
        responses = (estimates[short] @ self.vocabulary.T).max(1).values
        best = int(responses.argmax())
        if not float(responses[best]) > self.gate:
            return None
        tokens = self._tokens(codes[short[best]][None], relation)
        if not tokens:
            return None
        return Firing(-1, self.label(tokens[0]), tokens, float(responses[best]), ())

    def _tokens(self, code: Tensor, relation: list[Tensor]) -> tuple[int, ...]:
        """The whole answer, step by step, until a step's response falls below the gate."""
        tokens: list[int] = []
        for step in range(STEPS):
            response, token = (self._estimate(code, relation, step) @ self.vocabulary.T).max(1)
            if not float(response) > self.gate:
                break
            tokens.append(int(token))
        return tuple(tokens)

    def _estimate(
        self, codes: Float[Tensor, "n code"], relation: list[Tensor], step: int
    ) -> Float[Tensor, "n width"]:
        """u_hat_T: the chain of the sites' blocks from z_0 = 0."""
        steps = torch.full((len(codes),), step)
        inputs = [self.features(codes, r.expand(len(codes), -1), steps) for r in relation]
        return self._chain(inputs)

    def _chain(self, inputs: list[Tensor]) -> Tensor:
        zero = torch.zeros(len(inputs[0]), self.head.shape[1], device=self.head.device)

        def site(block: Block, feature: Tensor) -> object:
            return lambda z, t: block.denoise(feature, z, t)

        sites = [site(b, f) for b, f in zip(self.blocks, inputs, strict=True)]
        return run_chain(sites, self.schedule, zero)  # type: ignore[arg-type]

    def _examples(self, rows: FactRows) -> list[Examples]:
        """Every enrolment of every fact at every step of its answer, per site."""
        fact, step = (rows.answer != NO_TOKEN).nonzero(as_tuple=True)
        each = rows.entity.shape[1]
        fact, step = fact.repeat_interleave(each), step.repeat_interleave(each)
        enrolment = torch.arange(each).repeat(len(fact) // max(each, 1))
        sizes = len(self.calibration.metrics)
        codes = torch.zeros(len(fact), sizes, rows.entity.shape[2])
        codes[torch.arange(len(fact)), rows.size[fact] - 1] = rows.entity[fact, enrolment]
        targets = self.vocabulary[rows.answer[fact, step]]
        device = self.head.device
        found = []
        for t, bank in enumerate(self.calibration.banks):
            posterior = bank.posterior(rows.relation[fact, t].to(device))
            inputs = self.features(codes.flatten(1).to(device), posterior, step)
            found.append(Examples(inputs, targets))
        return found

    def _fit_gate(self, examples: list[Examples], strangers: list[Examples]) -> float:
        """Halfway between the weaker of the right addresses and the stronger of wrong ones."""
        if not len(examples[0].targets):
            return float("inf")
        own = (self._chain([e.features for e in examples]) * examples[0].targets).sum(1)
        estimates = self._chain([e.features for e in strangers])
        wrong = (estimates @ self.vocabulary.T).max(1).values
        return float(own.quantile(OWN) + wrong.quantile(OTHER)) / 2


def _spread(code: Float[Tensor, "sizes rank"]) -> Float[Tensor, "sizes code"]:
    """One candidate per window size, each code in its size's own part of the vector."""
    sizes, rank = code.shape
    spread = code.new_zeros(sizes, sizes, rank)
    spread[torch.arange(sizes), torch.arange(sizes)] = code
    return spread.flatten(1)
