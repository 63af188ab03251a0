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
from adapters.query.denoise import Firing
from adapters.query.running import Candidate
from adapters.write.rows import NO_TOKEN, STEPS, FactRows
from oneshot.core.chain import run_chain
from oneshot.core.features import BinaryFeatures
from oneshot.core.rules.base import Block, Examples, Rule
from oneshot.core.schedule import Schedule

FEATURES = 2048
REACH = 40  # positions back at which a name may stand
SHORTLIST = 8  # names whose estimates are compared with the vocabulary
POINTS = 64  # points whose names are compared with the vocabulary at a time
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
        """Every position may end a name; its slot is the place, its code each size's features."""
        windows = windows_from(states, start)
        whole = torch.stack([metric.code(windows) for metric in self.calibration.metrics], 2)
        signs = self.features.of_entity(_spread(whole.flatten(0, 1)).flatten(0, 1)).to(torch.int8)
        signs = signs.view(*whole.shape[:3], FEATURES)
        places = [(b, p) for b in range(whole.shape[0]) for p in range(whole.shape[1])]
        return [(b, p, Candidate(seen + p, 0.0, signs[b, p])) for b, p in places]

    def denoise(
        self,
        candidates: Sequence[Sequence[Candidate]],
        relation: list[Float[Tensor, "points width"]],
    ) -> list[Firing | None]:
        """The best name's estimate at each point, where it passes the gate."""
        banks = self.calibration.banks
        posteriors = [b.posterior(b.code(s)) for b, s in zip(banks, relation, strict=True)]
        read = [self.features.of_relation(posterior) for posterior in posteriors]
        at = [[site[i] for site in read] for i in range(len(candidates))]
        short = [self._shortlist(c[-REACH:], r) for c, r in zip(candidates, at, strict=True)]
        best = self._strongest([estimates for _, estimates in short])
        return [
            self._firing(names[which], r, response) if response > self.gate else None
            for (names, _), r, (which, response) in zip(short, at, best, strict=True)
        ]

    def _shortlist(
        self, point: Sequence[Candidate], relation: list[Tensor]
    ) -> tuple[Float[Tensor, "n features"], Float[Tensor, "n width"]]:
        """The names whose estimates are largest, and the estimates."""
        names = torch.cat([c.code for c in point if c.code is not None]).float()
        estimates = self._estimate(names, relation, 0)
        short = estimates.norm(dim=1).topk(min(SHORTLIST, len(names))).indices
        return names[short.to(names.device)], estimates[short]

    def _strongest(self, points: list[Float[Tensor, "_ width"]]) -> list[tuple[int, float]]:
        """Of each point, the name with the largest response of any token, and the response."""
        found: list[tuple[int, float]] = []
        for first in range(0, len(points), POINTS):
            some = points[first : first + POINTS]
            pooled = torch.cat(some)
            responses = (pooled @ self.vocabulary.T).max(1).values
            for each in responses.split([len(estimates) for estimates in some]):
                response, which = each.max(0)
                found.append((int(which), float(response)))
        return found

    def _firing(self, name: Tensor, relation: list[Tensor], response: float) -> Firing | None:
        tokens = self._tokens(name[None], relation)
        return Firing(-1, self.label(tokens[0]), tokens, response, ()) if tokens else None

    def _tokens(self, name: Tensor, relation: list[Tensor]) -> tuple[int, ...]:
        """The whole answer, step by step, until a step's response falls below the gate."""
        tokens: list[int] = []
        for step in range(STEPS):
            response, token = (self._estimate(name, relation, step) @ self.vocabulary.T).max(1)
            if not float(response) > self.gate:
                break
            tokens.append(int(token))
        return tuple(tokens)

    def _estimate(
        self, names: Float[Tensor, "n features"], relation: list[Tensor], step: int
    ) -> Float[Tensor, "n width"]:
        """u_hat_T: the chain of the sites' blocks from z_0 = 0."""
        of_step = self.features.of_step(step)
        return self._chain([(names * (r * of_step)).to(self.head.device) for r in relation])

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


def _spread(codes: Float[Tensor, "n sizes rank"]) -> Float[Tensor, "n sizes code"]:
    """One name per window size, each code in its size's own part of the vector."""
    n, sizes, rank = codes.shape
    spread = codes.new_zeros(n, sizes, sizes, rank)
    spread[:, torch.arange(sizes), torch.arange(sizes)] = codes
    return spread.flatten(2)
