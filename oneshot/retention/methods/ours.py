"""This project's writer as a method: a brain that lives as long as the method does."""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from adapters.attach import Attachment, attach
from adapters.query.denoise import ASKED, PosteriorDenoiser
from adapters.query.fitted import FittedDenoiser
from adapters.query.weighing import NEVER
from oneshot.errors import BadInputError
from oneshot.facts.answering import Question, answer, short
from oneshot.facts.brain.opening import open_brain
from oneshot.facts.following import followed
from oneshot.facts.learner import Learner
from oneshot.facts.rules import POSTERIOR
from oneshot.facts.types import Statement
from oneshot.hosts.load import Host
from oneshot.progress import Report, silent
from oneshot.retention.methods.interface import Method, Request

LEAST = -1e4  # nats: whatever is known of a name that is heard


class Ours(Method):
    """A local rule; the default rule adds a row a fact, others fit blocks."""

    def __init__(
        self,
        host: Host,
        rule: str = POSTERIOR,
        progress: Report = silent,
    ) -> None:
        super().__init__(host)
        self.name = rule
        self._attachment: Attachment | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="oneshot-retention-")
        self.learner = Learner(host, *open_brain(Path(self._folder.name), host, rule, progress))

    def close(self) -> None:
        """Close the brain and delete its folder."""
        self.learner.close()
        self._folder.cleanup()

    def write(self, requests: Sequence[Request]) -> None:
        """Encode and store facts; a different answer to the same question replaces the older.

        One that cannot be written stays unwritten, and is counted.
        """
        statements = [Statement(r.prompt, r.answer, r.subject, aliases=r.aliases) for r in requests]
        try:
            self.learner.write(statements)
        except BadInputError:  # nothing was written: find out which ones can be
            for statement in statements:
                self._write_one(statement)

    def _write_one(self, statement: Statement) -> None:
        try:
            self.learner.write([statement])
        except BadInputError:
            self.refused += 1

    @contextmanager
    def taught(self) -> Iterator[Any]:
        """The host with the adapter attached."""
        denoiser, self._attachment = self.learner.denoiser(), None
        if denoiser is None:
            yield self.host.model
            return
        with attach(self.host.model, denoiser) as self._attachment:
            yield self.host.model

    def given(self, ends: Sequence[int]) -> None:
        """Facts speak where a question ends, though an answer was given along."""
        if self._attachment:
            self._attachment.ends = list(ends)

    def stored_bytes(self) -> int:
        """The rows of the facts, or the blocks that were fitted on them."""
        denoiser = self.learner.denoiser()
        if not isinstance(denoiser, FittedDenoiser):
            return self.learner.stats().weight_bytes
        weights = [w for block in denoiser.blocks for w in block.weights.values()]
        return sum(w.numel() * w.element_size() for w in weights)

    def answers(self, questions: Sequence[Question]) -> list[str]:
        """Free greedy answers; a fact that is speaking is not cut short at a sentence's end."""
        denoiser = self.learner.denoiser()
        ends = followed(self.host, questions, denoiser, self.manner)
        said = answer(self.host, [end.question for end in ends], denoiser, self.manner)
        return [short(s.text) for s in said]

    def sureness(self, questions: Sequence[Question]) -> list[tuple[float, str]]:
        """Evidence in nats, for or against the likeliest fact."""
        denoiser = self.learner.denoiser()
        if not isinstance(denoiser, PosteriorDenoiser):
            return [(NEVER, "")] * len(questions)
        denoiser.least = LEAST
        try:
            said = answer(self.host, questions, denoiser, replace(self.manner, max_new_tokens=1))
        finally:
            denoiser.least = ASKED
        first = [s.changes[0] if s.changes else None for s in said]
        return [(c.evidence, denoiser.voice.answer(c.fact)) if c else (NEVER, "") for c in first]

    def forget(self, requests: Sequence[Request]) -> None:
        """Take these facts out of the weights; those that are not in them are passed over."""
        gone = {(r.prompt, r.answer, r.subject) for r in requests}
        facts = self.learner.facts()
        self.learner.forget([f.id for f in facts if (f.prompt, f.answer, f.subject) in gone])

    def undo(self) -> None:
        """Take back the last call of `write` or `forget`."""
        self.learner.undo()

    def fingerprint(self) -> str:
        """A hash of every bit of the weights that answer."""
        rows = self.learner.ledger.live.canonical().tensors()
        digest = hashlib.blake2b(digest_size=16)
        for name, tensor in sorted(rows.items()):
            digest.update(f"{name}{tuple(tensor.shape)}".encode())
            digest.update(tensor.contiguous().view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()

    def fires(self) -> list[tuple[int, int]]:
        """Where a fact began to speak in the taught model's last forward pass: row, position."""
        changes = self._attachment.changes if self._attachment else []
        return sorted({(change.row, change.position) for change in changes if change.step == 0})
