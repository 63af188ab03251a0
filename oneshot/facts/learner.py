"""Teach, ask, forget: a brain on a host."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import torch

from adapters.denoiser import Denoiser
from adapters.encode import Encoder
from adapters.rows import FactRows
from adapters.state import load_calibration
from oneshot.errors import BadInputError, BrainError
from oneshot.facts import doctor
from oneshot.facts.answering import Said, answer, short
from oneshot.facts.brain import Brain, Config, read_config
from oneshot.facts.calibrated import host_calibration
from oneshot.facts.folders import Carried, export_folder, read_folder
from oneshot.facts.ledger import Entered, Ledger
from oneshot.facts.rules import build_denoiser, check_rule
from oneshot.facts.statement import check_statement, check_text, find_subject
from oneshot.facts.types import Fact, Finding, Receipt, Reply, Statement, Stats, Step
from oneshot.hosts.corpus import corpus_wordings
from oneshot.hosts.load import PACKAGED, Host, load_host

Progress = Callable[[str, int, int], None]
CHUNK = 32  # facts of a list that are taught together
LONGEST_QUESTION = 100_000  # characters; the host's own limit is in tokens


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


class Learner:
    """A frozen host and a brain folder; use it as a context manager."""

    def __init__(self, host: Host, brain: Brain, config: Config) -> None:
        self.host, self.brain, self.config = host, brain, config
        device = next(host.model.parameters()).device
        self.calibration = load_calibration(brain.calibration, torch.device(device))
        self.encoder = Encoder(host.model, host.tokenizer, self.calibration)
        wordings = corpus_wordings()
        self.templates = tuple(
            dict.fromkeys(t for w in wordings.values() for t in (*w.main, *w.held_out))
        )
        labels = {relation: w.label for relation, w in wordings.items()}
        self.ledger = Ledger(brain, self.calibration, labels)
        self._denoiser: Denoiser | None = None
        self._rows: list[str] = []

    @classmethod
    def open(
        cls,
        folder: Path | str,
        *,
        model: str | None = None,
        device: str = "cpu",
        dtype: str = "float32",
        rule: str | None = None,
        sites: int | None = None,
        trust_remote_code: bool = False,
        progress: Progress | None = None,
    ) -> Self:
        """Open a brain, or found one; raises BrainError where it belongs to another host."""
        folder = Path(folder)
        config = read_config(folder)
        name = model or (config.host if config else PACKAGED)
        host = load_host(
            None if name == PACKAGED else name,
            device=device,
            dtype=dtype,
            trust_remote_code=trust_remote_code,
        )
        if config is None:
            config = Config(host.name, host.hash, check_rule(rule or "posterior"), sites or 1)
            _, path = host_calibration(host, config.sites, progress or silent)
            brain = Brain(folder)
            brain.found(config, path)
        else:
            _check_fits(folder, config, host, rule, sites)
            brain = Brain(folder)
        return cls(host, brain, config)

    def __enter__(self) -> Self:
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
                receipts = self._teach(chunk)
            except BadInputError:
                receipts = (r for statement in chunk for r in self._teach([statement]))
            yield from receipts

    def write(self, statements: Sequence[Statement]) -> list[Entered]:
        """Encode facts and store them durably, without asking the host for any answer."""
        complete = [self._complete(s) for s in statements]
        return self._enter(complete, "teach")

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
        return [
            Reply(
                question,
                short(s.text),
                self._speakers(s),
                short(b.text) if b else None,
                self._steps(s) if explain else (),
            )
            for question, s, b in zip(questions, said, bare, strict=True)
        ]

    def denoiser(self) -> Denoiser | None:
        """What the brain's rule makes of the live facts; None where there is none."""
        if self.ledger.refresh() or self._denoiser is None:
            rows = self.ledger.live.canonical()
            self._rows = rows.hex_keys()
            head = self.host.model.get_output_embeddings().weight.detach()
            self._denoiser = (
                build_denoiser(self.config.rule, self.calibration, rows, head) if len(rows) else None
            )
        return self._denoiser

    def facts(self, state: str | None = "live") -> list[Fact]:
        """The facts in one state, or all."""
        return [Fact(**asdict(e)) for e in self.brain.journal.entries(state)]

    def show(self, id: int) -> Fact:
        """One fact; raises BadInputError for an unknown id."""
        entry = self.brain.journal.get(id)
        if entry is None:
            raise BadInputError(f"there is no fact #{id}; see `oneshot list`")
        return Fact(**asdict(entry))

    def by_subject(self, subject: str) -> list[Fact]:
        """The live facts about exactly this subject."""
        return [Fact(**asdict(e)) for e in self.brain.journal.by_subject(subject)]

    def search(self, text: str, limit: int = 10) -> list[Fact]:
        """Live facts that contain the text."""
        return [Fact(**asdict(e)) for e in self.brain.journal.search(text, limit)]

    def history(self, id: int) -> list[Fact]:
        """All versions of a fact, oldest first."""
        return [Fact(**asdict(e)) for e in self.brain.journal.history(self.show(id).id)]

    def forget(self, ids: Sequence[int]) -> list[Fact]:
        """Take facts out of the weights; gives those that were live."""
        facts = [fact for fact in map(self.show, dict.fromkeys(ids)) if fact.state == "live"]
        if facts:
            self._leave([fact.id for fact in facts], "forgotten")
            self.brain.journal.log("forget", {"ids": [fact.id for fact in facts]})
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
        operation = self.brain.journal.last_operation()
        if operation is None:
            raise BadInputError("there is nothing to undo")
        payload = operation.payload
        self._leave(payload.get("added", []), "forgotten")
        back = [*payload.get("ids", []), *(old for old, _ in payload.get("replaced", []))]
        self._restore([self.show(id) for id in back])
        self.brain.journal.drop_operation(operation.id)
        changed = len(payload.get("added", [])) or len(back)
        return f"{operation.kind} of {changed} fact{'s' if changed != 1 else ''} undone"

    def stats(self) -> Stats:
        """Counts and sizes."""
        counts, store = self.brain.journal.counts(), self.brain.store
        config = self.config
        return Stats(
            config.host,
            config.rule,
            config.sites,
            counts["live"],
            counts["superseded"],
            counts["forgotten"],
            len(store.names()),
            store.count_bytes(),
        )

    def export(self, folder: Path) -> int:
        """Write the live facts as an adapter folder in canonical form; how many."""
        self.ledger.refresh()
        rows = self.ledger.live.canonical()
        entries = self.brain.journal.by_keys(rows.hex_keys())
        texts = [entries[key] for key in rows.hex_keys()]
        statements = [Statement(e.prompt, e.answer, e.subject) for e in texts]
        export_folder(folder, self.config, self.brain.calibration, rows, statements)
        return len(rows)

    def import_(self, folder: Path) -> int:
        """Take in the facts of an exported adapter or another brain; how many were new."""
        carried = read_folder(folder)
        if carried.config.host_hash != self.config.host_hash:
            raise BrainError(
                f"{folder} belongs to the model {carried.config.host!r} "
                f"({carried.config.host_hash[:8]}), this brain to {self.config.host!r} "
                f"({self.config.host_hash[:8]}); teach its facts from a file instead"
            )
        return sum(not e.known for e in self._take_in(carried))

    @staticmethod
    def merge(sources: Sequence[Path], target: Path) -> int:
        """Join brains or exported adapters into the brain `target`; how many facts it has then."""
        folders = [*sources, target]
        config = next((c for c in map(read_config, folders) if c), None)
        if config is None:
            raise BrainError(f"none of {', '.join(map(str, sources))} is a brain; give brain folders")
        missing = [str(s) for s in sources if read_config(s) is None]
        if missing:
            raise BrainError(f"{missing[0]} is no brain and no exported adapter; nothing was merged")
        with Learner.open(target, model=config.host) as learner:
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
        return host_calibration(host, 1, progress or silent, force)[1]

    def _teach(self, statements: Sequence[Statement], over: int | None = None) -> list[Receipt]:
        complete = [self._complete(s) for s in statements]
        prompts = [s.prompt for s in complete]
        before = [short(s.text) for s in answer(self.host, prompts)]
        began = time.perf_counter()
        entered = self._enter(complete, "teach" if over is None else "update", over)
        seconds = (time.perf_counter() - began) / len(complete)
        after = self.ask(prompts)
        return [
            Receipt(
                e.id, s.prompt, s.answer, s.subject or "", e.relation, old, new.answer, seconds,
                e.nearest, _warnings(e, s.answer, old, new.answer),
            )
            for e, s, old, new in zip(entered, complete, before, after, strict=True)
        ]  # fmt: skip

    def _complete(self, statement: Statement) -> Statement:
        statement = check_statement(statement)
        if statement.subject:
            return statement
        subject = find_subject(statement.prompt, self.templates)
        if subject is None:
            raise BadInputError(
                f"no subject was found in {statement.prompt[:60]!r}; say whom it is about "
                "with --subject"
            )
        return replace(statement, subject=subject)

    def _enter(
        self, statements: Sequence[Statement], kind: str, over: int | None = None
    ) -> list[Entered]:
        pairs = [(s, self._encode(s.prompt, s.answer, s.subject or "")) for s in statements]
        self._denoiser = None
        return self.ledger.enter(pairs, kind, over)

    def _encode(self, prompt: str, answer: str, subject: str) -> FactRows:
        return self.encoder.encode(prompt, answer, subject)

    def _leave(self, ids: Sequence[int], state: str) -> None:
        self._denoiser = None
        self.ledger.leave([self.show(id).key for id in ids], state)

    def _restore(self, facts: Sequence[Fact]) -> None:
        """Put facts back into the weights; they are functions of host and fact, so to the bit."""
        statements = [Statement(f.prompt, f.answer, f.subject, f.source) for f in facts]
        if statements:
            self._enter(statements, "restore")
            operation = self.brain.journal.last_operation()
            assert operation is not None, "entering facts was just logged"
            self.brain.journal.drop_operation(operation.id)

    def _take_in(self, carried: Carried) -> list[Entered]:
        same = carried.calibration == self.brain.calibration.read_bytes()
        if carried.rows is None or not carried.statements:
            return []
        self._denoiser = None
        if not same or carried.config.sites != self.config.sites:
            return self._enter([self._complete(s) for s in carried.statements], "import")
        rows = [carried.rows.take(torch.tensor([i])) for i in range(len(carried.rows))]
        return self.ledger.enter(list(zip(carried.statements, rows, strict=True)), "import")

    def _speakers(self, said: Said) -> tuple[int, ...]:
        spoke = [c.fact for c in said.changes if c is not None and c.fact >= 0]
        return tuple(dict.fromkeys(self.ledger.ids[self._rows[fact]] for fact in spoke))

    def _steps(self, said: Said) -> tuple[Step, ...]:
        def fact(row: int) -> int | None:
            return self.ledger.ids[self._rows[row]] if row >= 0 else None

        return tuple(
            Step(token, fact(c.fact), c.entity, c.relation)
            if c
            else Step(token, None, float("nan"), ())
            for token, c in zip(said.tokens, said.changes, strict=True)
        )


def _warnings(entered: Entered, answer: str, before: str, after: str) -> tuple[str, ...]:
    found = []
    if entered.known:
        found.append(f"already taught as #{entered.id}")
    found += [f"contradicts #{old}, which it replaces" for old in entered.replaced]
    if before == answer and not entered.known:
        found.append("the model already said so")
    if after != answer:
        found.append(f"the taught prompt is answered {after!r}: another fact may be in the way")
    return tuple(found)


def _check_fits(
    folder: Path, config: Config, host: Host, rule: str | None, sites: int | None
) -> None:
    if config.host_hash != host.hash:
        raise BrainError(
            f"{folder} belongs to the model {config.host!r} ({config.host_hash[:8]}), not to "
            f"{host.name!r} ({host.hash[:8]}); give --model {config.host} or another --brain"
        )
    for name, wanted, has in (("rule", rule, config.rule), ("sites", sites, config.sites)):
        if wanted is not None and wanted != has:
            raise BrainError(f"{folder} has {name} {has}, not {wanted}; give another --brain")
