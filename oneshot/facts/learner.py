"""Teach, ask, forget: a brain on a host."""

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import torch

from adapters.host.sites import find_sites
from adapters.query.denoise import Denoiser
from adapters.query.labels import Head, SayableLabels
from adapters.write.encode import Encoder
from adapters.write.rows import NO_TOKEN, FactRows
from adapters.write.state import load_calibration
from oneshot.errors import BadInputError, BrainError, OneshotError
from oneshot.facts.answering import Hear, answer, short
from oneshot.facts.brain import doctor
from oneshot.facts.brain.export import check_host, check_rows, export_folder, read_folder
from oneshot.facts.brain.files import Brain, Config, read_calibration, read_config
from oneshot.facts.brain.ledger import Entered, Ledger
from oneshot.facts.brain.opening import open_brain, open_host
from oneshot.facts.brain.records import Records
from oneshot.facts.calibrated import host_calibration
from oneshot.facts.language.checking import check_question
from oneshot.facts.language.statement import with_subject
from oneshot.facts.language.text import check_text
from oneshot.facts.manner import CHAT, RAW, Manner, Turn
from oneshot.facts.replies import make_receipt, make_reply, uncontradicted
from oneshot.facts.rules import build_denoiser
from oneshot.facts.told import question_of, told_of
from oneshot.facts.types import Fact, Finding, Receipt, Reply, Statement
from oneshot.facts.wordings import templates
from oneshot.hosts.corpus import corpus_wordings
from oneshot.hosts.load import Host, load_host
from oneshot.hosts.relations import relations, spoken
from oneshot.progress import Report, silent

CHUNK = 32  # facts of a list that are taught together
LONGEST_NAME = 300  # characters

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
        self.templates = templates()
        labels = {relation: w.label for relation, w in corpus_wordings().items()}
        many = [several for r in relations() if r.many for several in [spoken(r.name)]]
        self.ledger = Ledger(brain, self.calibration, labels, many)
        self._built: tuple[int, Denoiser | None, list[int]] = (-1, None, [])

    @classmethod
    def open(
        cls: type[Opened],
        folder: Path | str,
        *,
        model: str | None = None,
        device: str = "cpu",
        dtype: str = "float32",
        rule: str | None = None,
        trust_remote_code: bool = False,
        progress: Report = silent,
    ) -> Opened:
        """Open a brain, or found one; raises BrainError where it belongs to another host."""
        folder = Path(folder)
        host = open_host(folder, model, device, dtype, trust_remote_code, progress)
        brain, config = open_brain(folder, host, rule, progress)
        try:
            return cls(host, brain, config)
        except BaseException:
            brain.close()
            raise

    def teach(self, statements: Iterable[Statement], *, before: bool = True) -> Iterator[Receipt]:
        """Write facts; each receipt is given once its fact is durable.

        A sequence is taught in chunks, anything else one by one as it comes; without `before` the
        bare host is not asked for what it says by itself. Raises BadInputError for a fact that
        cannot be written; those before it stay taught.
        """
        if not isinstance(statements, Sequence):
            for statement in statements:
                yield from self._teach([statement], before=before)
            return
        for start in range(0, len(statements), CHUNK):
            chunk = list(statements[start : start + CHUNK])
            try:
                yield from self._teach(chunk, before=before)
            except BadInputError:  # nothing of the chunk was taught: find out which one it is
                for statement in chunk:
                    yield from self._teach([statement], before=before)

    def complete(self, given: Statement) -> Statement:
        """The statement clean and with its subject; BadInputError where it cannot be used."""
        return with_subject(given, self.templates)

    def write(
        self, statements: Sequence[Statement], kind: str = "teach", over: int | None = None
    ) -> list[Entered]:
        """Encode facts and store them durably, without asking the host for any answer.

        `over` is the id of a fact that they replace in any case.
        """
        return self._enter([self.complete(s) for s in statements], kind, over)

    def take_in(
        self, statements: Sequence[Statement], progress: Report = silent
    ) -> list[Entered | OneshotError]:
        """Store facts durably as one import, which one undo takes back.

        In the place of a fact that cannot be written stands the error that says why.
        """
        found: list[tuple[Statement, FactRows | OneshotError]] = []
        for start in range(0, len(statements), CHUNK):
            found += self._encoded(statements[start : start + CHUNK])
            progress("writing", len(found), len(statements))
        rows = [(s, row) for s, row in found if isinstance(row, FactRows)]
        entered = iter(self.ledger.enter(rows, "import"))
        return [row if isinstance(row, OneshotError) else next(entered) for _, row in found]

    def ask(
        self,
        questions: Sequence[str | Sequence[Turn]],
        *,
        manner: Manner = CHAT,
        base: bool = False,
        explain: bool = False,
        adapter: bool = True,
        streamer: Hear | None = None,
    ) -> list[Reply]:
        """Answers in the order asked; `base` adds the bare host's, `explain` the evidence.

        A question is a text, or the turns of a conversation. Hosts with a chat template are asked
        through it unless the manner is raw. `streamer` hears the answer to a single question piece
        by piece, each with the id of the fact that says it.
        """
        asked = [check_question(q) for q in questions]
        denoiser = self.denoiser() if adapter else None
        ids = self._built[2]
        said = answer(self.host, asked, denoiser, manner, streamer and _by_id(streamer, ids))
        bare = answer(self.host, asked, None, manner) if base else [None] * len(asked)
        whole = manner.chats(self.host)
        return [
            make_reply(_last(question), s, b, ids, explain=explain, whole=whole)
            for question, s, b in zip(asked, said, bare, strict=True)
        ]

    def denoiser(self) -> Denoiser | None:
        """What the brain's rule makes of the live facts; None where there is none."""
        self.ledger.refresh()
        if self._built[0] != self.ledger.version:
            rows = self.ledger.live.canonical()
            rule, head = self.config.rule, self._head()
            tokenizer = self.host.tokenizer
            made = None
            if len(rows):
                made = build_denoiser(rule, self.calibration, rows, head, tokenizer)
            ids = [self.ledger.ids[key] for key in rows.hex_keys()]
            self._built = self.ledger.version, made, ids
        return self._built[1]

    @property
    def spoken_by(self) -> Sequence[int]:
        """The facts' ids, by the rows of what `denoiser` gave last."""
        return self._built[2]

    def forget(self, ids: Sequence[int]) -> list[Fact]:
        """Take facts out of the weights; gives those that were live."""
        facts = [fact for fact in map(self.show, dict.fromkeys(ids)) if fact.state == "live"]
        if facts:
            self.ledger.leave([fact.key for fact in facts], "forgotten", "forget")
        return [self.show(fact.id) for fact in facts]

    def update(self, id: int, answer: str) -> Receipt:
        """Give a fact a new answer; the old version stays in the journal."""
        return self._teach([self.renewed(id, answer=answer)], over=id)[0]

    def alias(self, id: int, name: str) -> Receipt:
        """Let a fact answer to one more name of its subject."""
        return uncontradicted(self._teach([self.renewed(id, alias=name)], over=id)[0], id)

    def renewed(self, id: int, *, answer: str | None = None, alias: str | None = None) -> Statement:
        """A live fact with another answer or one more name; raises BadInputError for others."""
        old = self.show(id)
        if old.state != "live":
            raise BadInputError(f"fact #{id} is {old.state}; give a live one")
        names = [] if alias is None else [check_text(alias, "alias", LONGEST_NAME)]
        aliases = tuple(dict.fromkeys([*old.aliases, *names]))
        said = old.answer if answer is None else answer
        return Statement(old.prompt, said, old.subject, old.source, old.asks, aliases)

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
        if same:
            check_rows(folder, carried.rows, self.calibration, len(self._head().weight))
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
        with Learner.open(target, model=config.host, rule=config.rule) as learner:
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
        model: str | None, *, device: str, dtype: str, force: bool, progress: Report = silent
    ) -> Path:
        """Make and keep a host's calibration; where it lies."""
        host = load_host(model, device=device, dtype=dtype, progress=progress)
        return host_calibration(host, progress, force)[1]

    def _teach(
        self, statements: Sequence[Statement], over: int | None = None, *, before: bool = True
    ) -> list[Receipt]:
        complete = [self.complete(s) for s in statements]
        prompts = [s.prompt for s in complete]
        olds = self._bare(prompts) if before else [None] * len(prompts)
        began = time.perf_counter()
        entered = self._enter(complete, "teach" if over is None else "update", over)
        seconds = (time.perf_counter() - began) / len(complete)
        after = [reply.answer for reply in self.ask(prompts, manner=RAW)]
        asked = [question_of(s) for s in complete]
        replies = iter(self.ask([q for q in asked if q]))
        return [
            make_receipt(e, s, old, new, (q, next(replies).answer if q else ""), seconds)
            for e, s, old, new, q in zip(entered, complete, olds, after, asked, strict=True)
        ]

    def _bare(self, prompts: Sequence[str]) -> list[str]:
        """What the host says by itself."""
        return [short(said.text) for said in answer(self.host, prompts)]

    def _enter(
        self, statements: Sequence[Statement], kind: str, over: int | None = None
    ) -> list[Entered]:
        rows = self._rows(statements)
        return self.ledger.enter(list(zip(statements, rows, strict=True)), kind, over)

    def _rows(self, statements: Sequence[Statement]) -> list[FactRows]:
        rows = self.encoder.encode_all([told_of(s, made=True) for s in statements])
        self._check_sayable(rows)
        return rows

    def _encoded(
        self, given: Sequence[Statement]
    ) -> list[tuple[Statement, FactRows | OneshotError]]:
        """Facts with their rows; where one of them has none, each is encoded by itself."""
        try:
            complete = [self.complete(s) for s in given]
            return list(zip(complete, self._rows(complete), strict=True))
        except OneshotError as error:
            if len(given) == 1:
                return [(given[0], error)]
            return [pair for s in given for pair in self._encoded([s])]

    def _check_sayable(self, rows: Sequence[FactRows]) -> None:
        """Raise HostError for a fact with a token that the host's head cannot be made to say."""
        said = {t for r in rows for part in (r.answer, r.sentence) for t in part.flatten().tolist()}
        self._labels.check(sorted(said - {NO_TOKEN}))

    @cached_property
    def _labels(self) -> SayableLabels:
        return SayableLabels(self.calibration.labels, self._head(), self.calibration.scale)

    def _head(self) -> Head:
        sites = find_sites(self.host.model)
        bias = None if sites.bias is None else sites.bias.detach()
        return Head(sites.head.get_parameter("weight").detach(), bias)

    def _encode(self, statement: Statement) -> FactRows:
        return self.encoder.encode(told_of(statement, made=True))


def _statement(fact: Fact) -> Statement:
    return Statement(fact.prompt, fact.answer, fact.subject, fact.source, fact.asks, fact.aliases)


def _by_id(streamer: Hear, ids: Sequence[int]) -> Hear:
    """Tells the listener the facts' ids instead of the denoiser's rows."""

    def hear(text: str, row: int | None) -> None:
        streamer(text, None if row is None else ids[row])

    return hear


def _last(question: str | Sequence[Turn]) -> str:
    return question if isinstance(question, str) else question[-1]["content"]
