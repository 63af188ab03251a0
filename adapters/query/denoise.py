"""The chain of sites: from recognised names and relation states to a label embedding.

At each site the block's optimum for a finite set of facts is the posterior mean over them; the
chain carries what one site found to the next through z (arXiv 2503.24322, eq. 3, noise-free). The
null fact has a hard threshold: where no fact passes it, the host's own state stays untouched.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.address.calibration import Calibration
from adapters.address.entity import EntityTable
from adapters.address.windows import windows_from
from adapters.query.running import Candidate
from adapters.write.rows import NO_TOKEN, FactRows
from oneshot.core.chain import run_chain
from oneshot.core.rules.posterior import posterior_weights
from oneshot.core.schedule import Schedule

AGREEMENT = 0.07  # least geometric mean, over the sites, of the relations' agreement
CHUNK = 2**20  # evidence values held at a time; they stay in the processor's cache


@dataclass(frozen=True)
class Firing:
    """A fact speaks: its row (or -1), label embedding of the first token, answer, evidence."""

    fact: int
    vector: Float[Tensor, " width"]
    tokens: tuple[int, ...]
    entity: float
    relation: tuple[float, ...]


@runtime_checkable
class Denoiser(Protocol):
    """Decides at a position which fact speaks, if any; `vector`s have norm 1 at most."""

    calibration: Calibration

    def recognise(
        self, states: Float[Tensor, "batch history_and_seq width"], start: int, seen: int
    ) -> list[tuple[int, int, Candidate]]:
        """(row, position, candidate) for every name that may be known, at the new positions.

        `states` has `start` positions of history; the sequences have `seen` in all before.
        """

    def denoise(
        self,
        candidates: Sequence[Sequence[Candidate]],
        relation: list[Float[Tensor, "points width"]],
    ) -> list[Firing | None]:
        """What speaks at each point, given the names before it and its state at each site."""

    def label(self, token: int) -> Float[Tensor, " width"]:
        """The label embedding of a token, of norm 1."""


class PosteriorDenoiser:
    """The default: one row per fact, the exact posterior at every site."""

    def __init__(
        self,
        calibration: Calibration,
        rows: FactRows,
        head: Float[Tensor, "vocab width"],
        agreement: float = AGREEMENT,
    ) -> None:
        device = head.device
        self.calibration, self.head = calibration, head
        self.agreement = agreement
        self.relation, self.novel = rows.relation.to(device), rows.novel.to(device)
        self.answers = [tuple(a for a in row if a != NO_TOKEN) for row in rows.answer.tolist()]
        self.subjects, self.ends_here = rows.subject.tolist(), rows.ends_here.tolist()
        self.tables = self._tables(rows, device)
        self.schedule = Schedule.linear(len(calibration.banks))

    @staticmethod
    def _tables(rows: FactRows, device: torch.device) -> dict[int, EntityTable]:
        tables = {}
        for size in sorted(set(rows.size.tolist())):
            chosen = (rows.size == size).nonzero().flatten()
            codes = rows.entity[chosen]
            owner = chosen.repeat_interleave(codes.shape[1])
            tables[size] = EntityTable.build(codes.flatten(0, 1).to(device), owner)
        return tables

    def label(self, token: int) -> Float[Tensor, " width"]:
        """The label embedding of a token, of norm 1."""
        return self._labels([token])[0]

    def _labels(self, tokens: list[int]) -> Float[Tensor, "tokens width"]:
        return self.calibration.labels(self.head[torch.tensor(tokens, device=self.head.device)])

    def recognise(
        self, states: Float[Tensor, "batch history_and_seq width"], start: int, seen: int
    ) -> list[tuple[int, int, Candidate]]:
        """Names whose evidence is above 0, the best one of each fact's enrolments."""
        best: dict[tuple[int, int, int], float] = {}
        windows = windows_from(states, start)
        length = windows.shape[1]
        for size, table in self.tables.items():
            metric = self.calibration.metrics[size - 1]
            codes = metric.code(windows).flatten(0, 1)
            for point, row, value in self._above_zero(codes, table, metric.offset):
                place = (point // length, point % length, int(table.owner[row]))
                best[place] = max(value, best.get(place, value))
        return [
            (b, p, Candidate(fact, value, ends_here=self.ends_here[fact]))
            for (b, p, fact), value in best.items()
        ]

    @staticmethod
    def _above_zero(
        codes: Float[Tensor, "points rank"], table: EntityTable, offset: Tensor
    ) -> list[tuple[int, int, float]]:
        step = max(1, CHUNK // len(table.owner))
        found = []
        for first in range(0, len(codes), step):
            evidence = table.evidence(codes[first : first + step], offset)
            if bool(evidence.max() > 0):
                points, rows = (evidence > 0).nonzero(as_tuple=True)
                values = evidence[points, rows].tolist()
                found += list(zip((points + first).tolist(), rows.tolist(), values, strict=True))
        return found

    def denoise(
        self,
        candidates: Sequence[Sequence[Candidate]],
        relation: list[Float[Tensor, "points width"]],
    ) -> list[Firing | None]:
        """The chain over the sites, on the facts whose names were recognised."""
        facts = sorted({c.slot for point in candidates for c in point})
        index = torch.tensor(facts, device=self.relation.device)
        entity = self._pooled(candidates, facts)
        agreements = torch.stack(
            [
                bank.agreement(bank.code(state), self.relation[index, t], self.novel[index, t])
                for t, (bank, state) in enumerate(
                    zip(self.calibration.banks, relation, strict=True)
                )
            ]
        )
        allowed = (entity > 0) & (agreements.log().mean(0).exp() > self.agreement)
        if not bool(allowed.any()):
            return [None] * len(candidates)
        targets = self._labels([self.answers[f][0] for f in facts])
        vectors, weights = self._chain(entity, agreements, allowed, targets)
        chosen = weights.argmax(1)
        return [
            Firing(
                facts[best], vectors[i], self.answers[facts[best]], float(entity[i, best]),
                tuple(agreements[:, i, best].tolist()),
            )
            if bool(allowed[i].any())
            else None
            for i, best in enumerate(chosen.tolist())
        ]  # fmt: skip

    def _pooled(
        self, candidates: Sequence[Sequence[Candidate]], facts: list[int]
    ) -> Float[Tensor, "points facts"]:
        """Entity evidence; the facts on one subject share the best evidence for its name."""
        column = {fact: i for i, fact in enumerate(facts)}
        entity = torch.full((len(candidates), len(facts)), -torch.inf)
        for i, point in enumerate(candidates):
            shared: dict[int, float] = {}
            for c in point:
                subject = self.subjects[c.slot]
                shared[subject] = max(c.evidence, shared.get(subject, c.evidence))
            for c in point:
                entity[i, column[c.slot]] = shared[self.subjects[c.slot]]
        return entity.to(self.relation.device)

    def _chain(
        self, entity: Tensor, agreements: Tensor, allowed: Tensor, targets: Tensor
    ) -> tuple[Float[Tensor, "points width"], Float[Tensor, "points facts"]]:
        """z_T and the last site's posterior; the first site also hears the name's evidence."""
        weights = torch.zeros_like(entity)

        def site(z: Tensor, t: int) -> Tensor:
            nonlocal weights
            evidence = agreements[t - 1].log() + (entity if t == 1 else 0)
            barred = evidence.masked_fill(~allowed, -torch.inf)
            share = float(self.schedule.alpha_bar[t - 1])
            weights = posterior_weights(barred, z, targets, share)
            return weights @ targets

        z = run_chain(
            [site] * self.schedule.T,
            self.schedule,
            torch.zeros(len(entity), targets.shape[1]).to(targets),
        )
        return z, weights
