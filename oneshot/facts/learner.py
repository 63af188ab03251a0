"""Teach, ask, forget: a brain on a host."""

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.query.denoise import Denoiser
from adapters.write.encode import Encoder
from adapters.write.rows import FactRows
from adapters.write.state import load_calibration
from oneshot.errors import BadInputError, BrainError
from oneshot.facts.answering import answer, short
from oneshot.facts.brain import doctor
from oneshot.facts.brain.export import check_host, check_rows, export_folder, read_folder
from oneshot.facts.brain.files import Brain, Config, read_calibration, read_config
from oneshot.facts.brain.ledger import Entered, Ledger
from oneshot.facts.brain.opening import Progress, open_brain, open_host, silent
from oneshot.facts.brain.records import Records
from oneshot.facts.calibrated import DEFAULT_SITES, host_calibration
from oneshot.facts.language.statement import with_subject
from oneshot.facts.language.text import check_text
from oneshot.facts.replies import make_receipt, make_reply
from oneshot.facts.rules import build_denoiser
from oneshot.facts.types import Fact, Finding, Receipt, Reply, Statement
from oneshot.hosts.corpus import corpus_wordings
from oneshot.hosts.load import Host, load_host
from oneshot.memory.journal.rows import Fact as Entry

CHUNK = 32  # facts of a list that are taught together
LONGEST_QUESTION = 100_000  # characters; the host's own limit is in tokens

Opened = TypeVar("Opened", bound="Learner")


class Learner(Records):
    """A frozen host and a brain folder; use it as a context manager."""

    def __init__(self, host: Host, brain: Brain, config: Config) -> None:
        super().__init__(brain, config)
        self.host = host
        read_calibration(brain.folder, config)
        device = next(host.model.parameters()).device
        self.calibration = load_calibration(brain.calibration, torch.device(device))
        self.encoder = Encoder(host.model, host.tokenizer, self.calibration)
        wordings = corpus_wordings()
        self.templates = tuple(
            dict.fromkeys(t for w in wordings.values() for t in (*w.main, *w.held_out))
        )
        labels = {relation: w.label for relation, w in wordings.items()}
        self.ledger = Ledger(brain, self.calibration, labels)
        self._built: tuple[int, Denoiser | None, list[int]] = (-1, None, [])

    @classmethod
    def open(  # noqa: PLR0913  one argument an option
        cls: type[Opened],
        folder: Path | str,
        *,
        model: str | None = None,
        device: str = "cpu",
        dtype: str = "float32",
        rule: str | None = None,
        sites: int | None = None,
        trust_remote_code: bool = False,
        progress: Progress | None = None,
    ) -> Opened:
        """Open a brain, or found one; raises BrainError where it belongs to another host."""
        folder = Path(folder)
        host = open_host(folder, model, device, dtype, trust_remote_code)
        brain, config = open_brain(folder, host, rule, sites, progress or silent)
        try:
            return cls(host, brain, config)
        except BaseException:
            brain.close()
            raise

    def __enter__(self: Opened) -> Opened:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the brain."""
        self.brain.close()

    def teach(self, statements: Iterable[Statement]) -> Iterator[Receipt]:
        """Write facts; each receipt is given once its fact is durable.

        A sequence is taught in chunks, anything else one by one as it comes. Raises BadInputError
        for a fact that cannot be written; those before it stay taught.
        """
        if not isinstance(statements, Sequence):
            for statement in statements:
                yield from self._teach([statement])
            return
        for start in range(0, len(statements), CHUNK):
            chunk = list(statements[start : start + CHUNK])
            try:
                yield from self._teach(chunk)
            except BadInputError:  # nothing of the chunk was taught: find out which one it is
                for statement in chunk:
                    yield from self._teach([statement])

    def write(self, statements: Sequence[Statement], kind: str = "teach") -> list[Entered]:
        """Encode facts and store them durably, without asking the host for any answer."""
        return self._enter([self._complete(s) for s in statements], kind)

    def ask(
        self,
        questions: Sequence[str],
        *,
        base: bool = False,
        explain: bool = False,
        adapter: bool = True,
    ) -> list[Reply]:
        """Answers in the order asked; `base` adds the bare host's, `explain` the evidence."""
        questions = [check_text(q, "question", LONGEST_QUESTION) for q in questions]
        said = answer(self.host, questions, self.denoiser() if adapter else None)
        bare = answer(self.host, questions) if base else [None] * len(questions)
        ids = self._built[2]
        return [
            make_reply(question, s, b, ids, explain=explain)
            for question, s, b in zip(questions, said, bare, strict=True)
        ]

    def denoiser(self) -> Denoiser | None:
        """What the brain's rule makes of the live facts; None where there is none."""
        self.ledger.refresh()
        if self._built[0] != self.ledger.version:
            rows = self.ledger.live.canonical()
            rule, head = self.config.rule, self._head()
            made = build_denoiser(rule, self.calibration, rows, head) if len(rows) else None
            ids = [self.ledger.ids[key] for key in rows.hex_keys()]
            self._built = self.ledger.version, made, ids
        return self._built[1]

    def forget(self, ids: Sequence[int]) -> list[Fact]:
        """Take facts out of the weights; gives those that were live."""
        facts = [fact for fact in map(self.show, dict.fromkeys(ids)) if fact.state == "live"]
        if facts:
            self.ledger.leave([fact.key for fact in facts], "forgotten", "forget")
        return [self.show(fact.id) for fact in facts]

    def update(self, id: int, answer: str) -> Receipt:
        """Give a fact a new answer; the old version stays in the journal."""
        old = self.show(id)
        if old.state != "live":
            raise BadInputError(f"fact #{id} is {old.state}; update a live one")
        new = Statement(old.prompt, answer, old.subject, old.source)
        return self._teach([new], over=id)[0]

    def undo(self) -> str:
        """Take back the last change; raises BadInputError where there is none."""
        with self.brain.writing():
            operation = self.brain.journal.last_operation()
            if operation is None:
                raise BadInputError("there is nothing to undo")
            added, removed = operation.payload["added"], operation.payload["removed"]
            # They are functions of host and fact, so they come back to the bit.
            back = [(s, self._encode(s)) for s in map(_statement, map(self.show, removed))]
            self.ledger.leave([self.show(id).key for id in added], "forgotten")
            self.ledger.enter(back, None)
            self.brain.journal.drop_operation(operation.id)
        changed = len(added) or len(removed)
        return f"{operation.kind} of {changed} fact{'s' if changed != 1 else ''} undone"

    def export(self, folder: Path) -> int:
        """Write the live facts as an adapter folder in canonical form; how many."""
        self.ledger.refresh()
        rows = self.ledger.live.canonical()
        entries = self.brain.journal.by_keys(rows.hex_keys())
        statements = [_statement(entries[key]) for key in rows.hex_keys()]
        calibration = read_calibration(self.brain.folder, self.config)
        export_folder(folder, self.config, calibration, rows, statements)
        return len(rows)

    def import_(self, folder: Path) -> int:
        """Take in the facts of an exported adapter or another brain; how many were new."""
        carried = read_folder(folder)
        check_host(folder, carried.config, self.config)
        if carried.rows is None:
            return 0
        same = carried.config.calibration_hash == self.config.calibration_hash
        if same and carried.config.sites == self.config.sites:
            check_rows(folder, carried.rows, self.calibration, self._head().shape[0])
            rows = [carried.rows.take(torch.tensor([i])) for i in range(len(carried.rows))]
            entered = self.ledger.enter(list(zip(carried.statements, rows, strict=True)), "import")
        else:
            entered = self.write(carried.statements, "import")
        return sum(not e.known for e in entered)

    @staticmethod
    def merge(sources: Sequence[Path], target: Path) -> int:
        """Join brains or exported adapters into the brain `target`; how many facts it has then."""
        missing = [source for source in sources if read_config(source) is None]
        if missing or not sources:
            what = missing[0] if missing else "nothing"
            raise BrainError(f"{what} is no brain and no exported adapter; nothing was merged")
        config = next(c for c in map(read_config, [target, *sources]) if c)
        with Learner.open(
            target, model=config.host, rule=config.rule, sites=config.sites
        ) as learner:
            for source in sources:
                check_host(source, read_folder(source).config, learner.config)
            for source in sources:
                learner.import_(source)
            return len(learner.ledger.live)

    @staticmethod
    def doctor(folder: Path, *, repair: bool = False) -> list[Finding]:
        """Check a brain folder, and mend what can be mended."""
        return doctor.examine(folder, repair=repair)

    @staticmethod
    def calibrate(
        model: str | None, *, device: str, dtype: str, force: bool, progress: Progress | None
    ) -> Path:
        """Make and keep a host's calibration; where it lies."""
        host = load_host(model, device=device, dtype=dtype)
        return host_calibration(host, DEFAULT_SITES, progress or silent, force)[1]

    def _teach(self, statements: Sequence[Statement], over: int | None = None) -> list[Receipt]:
        complete = [self._complete(s) for s in statements]
        prompts = [s.prompt for s in complete]
        before = [short(s.text) for s in answer(self.host, prompts)]
        began = time.perf_counter()
        entered = self._enter(complete, "teach" if over is None else "update", over)
        seconds = (time.perf_counter() - began) / len(complete)
        after = [reply.answer for reply in self.ask(prompts)]
        return [
            make_receipt(e, s, old, new, seconds)
            for e, s, old, new in zip(entered, complete, before, after, strict=True)
        ]

    def _complete(self, given: Statement) -> Statement:
        return with_subject(given, self.templates)

    def _enter(
        self, statements: Sequence[Statement], kind: str, over: int | None = None
    ) -> list[Entered]:
        rows = self.encoder.encode_all([(s.prompt, s.answer, s.subject or "") for s in statements])
        return self.ledger.enter(list(zip(statements, rows, strict=True)), kind, over)

    def _head(self) -> Float[Tensor, "vocab width"]:
        weight: Tensor = self.host.model.get_output_embeddings().weight
        return weight.detach()

    def _encode(self, statement: Statement) -> FactRows:
        return self.encoder.encode(statement.prompt, statement.answer, statement.subject or "")


def _statement(fact: Fact | Entry) -> Statement:
    return Statement(fact.prompt, fact.answer, fact.subject, fact.source)
