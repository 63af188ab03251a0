"""Write facts into a brain and take them out: what every change of the weights goes through."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar, overload

from adapters.host.sites import find_sites
from adapters.query.denoise import Denoiser
from adapters.query.labels import Head
from adapters.query.lexicon import Lexicon
from adapters.write.encode import Encoder
from adapters.write.rows import NO_TOKEN, FactRows
from adapters.write.state import load_calibration
from oneshot.errors import OneshotError
from oneshot.facts.brain.files import Brain, Config, read_calibration
from oneshot.facts.brain.held.live import Speaking
from oneshot.facts.brain.ledger import Ledger
from oneshot.facts.brain.opening import open_brain, open_host
from oneshot.facts.brain.planned import Entered
from oneshot.facts.brain.records import Records
from oneshot.facts.brain.speaking import quiet_on, today
from oneshot.facts.implied.lists import one_of_several
from oneshot.facts.language.checking import check_statement
from oneshot.facts.language.dates import last_day
from oneshot.facts.language.statement import with_subject
from oneshot.facts.rules import build_denoiser
from oneshot.facts.told import told_of
from oneshot.facts.types import Fact, Statement
from oneshot.facts.wordings import templates
from oneshot.hosts.corpus import corpus_wordings
from oneshot.hosts.load import Host
from oneshot.hosts.relations import relations, spoken
from oneshot.progress import Report, silent

CHUNK = 32  # facts of a list that are taught together

Opened = TypeVar("Opened", bound="Writer")


class Writer(Records):
    """A frozen host and a brain folder, as far as facts enter and leave."""

    def __init__(self, host: Host, brain: Brain, config: Config) -> None:
        super().__init__(brain, config)
        self.host = host
        read_calibration(brain.folder, config)
        self.calibration = load_calibration(brain.calibration)
        self.encoder = Encoder(host.model, host.tokenizer, self.calibration)
        self.templates = templates()
        labels = {relation: w.label for relation, w in corpus_wordings().items()}
        many = [several for r in relations() if r.many for several in [spoken(r.name)]]
        self.ledger = Ledger(brain, self.calibration, labels, many, self._rows)
        self._built = _Built(-1, "", None, ())

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

    def complete(self, given: Statement) -> Statement:
        """The statement clean and with its subject, and whether it is one answer among several;
        BadInputError where it cannot be used.
        """
        told = with_subject(given, self.templates)
        return check_statement(replace(told, also=one_of_several(told)))

    def was_taught(self, told: Statement) -> bool:
        """Whether a complete statement was taught once, whatever became of it."""
        return self.brain.journal.by_key(told_of(told).key.hex()) is not None

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

    def denoiser(self, as_of: str | None = None) -> Denoiser | None:
        """What the brain's rule makes of the live facts; None where there is none.

        Of facts with a time those speak that hold `as_of` a date, or today.
        """
        self.ledger.refresh()
        day = last_day(as_of) if as_of else today()
        if (self._built.version, self._built.day) != (self.ledger.version, day):
            self._built = self._build(day)
        return self._built.denoiser

    @property
    def spoken_by(self) -> Sequence[tuple[int, ...]]:
        """The ids of the taught facts behind each row of what `denoiser` gave last."""
        return self._built.sources

    def _build(self, day: str) -> "_Built":
        ledger = self.ledger
        rows = ledger.live.speaking(quiet_on(ledger.texts.changing(), day))
        made = None
        if len(rows):
            made = build_denoiser(self.config.rule, self.lexicon, rows)
        return _Built(ledger.version, day, made, _Sources(ledger, rows))

    def forget(self, ids: Sequence[int]) -> list[Fact]:
        """Take facts out of the weights; gives those that were live."""
        facts = [fact for fact in map(self.show, dict.fromkeys(ids)) if fact.state == "live"]
        if facts:
            self.ledger.leave([fact.key for fact in facts], "forgotten", "forget")
        return [self.show(fact.id) for fact in facts]

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
        self.lexicon.label.check(sorted(said - {NO_TOKEN}))

    @cached_property
    def lexicon(self) -> Lexicon:
        """The host's tokens, for all denoisers of this brain."""
        sites = find_sites(self.host.model)
        bias = None if sites.bias is None else sites.bias.detach()
        head = Head(sites.head.get_parameter("weight").detach(), bias)
        return Lexicon(self.calibration, head, self.host.tokenizer)


@dataclass(frozen=True)
class _Built:
    """A denoiser, what it was made of, and the taught facts behind each of its rows."""

    version: int
    day: str
    denoiser: Denoiser | None
    sources: Sequence[tuple[int, ...]]


@dataclass(frozen=True)
class _Sources(Sequence[tuple[int, ...]]):
    """The numbers of the taught facts behind each row, looked up when they are asked for."""

    ledger: Ledger
    rows: Speaking

    def __len__(self) -> int:
        return self.rows.count

    @overload
    def __getitem__(self, row: int) -> tuple[int, ...]: ...

    @overload
    def __getitem__(self, row: slice) -> list[tuple[int, ...]]: ...

    def __getitem__(self, row: int | slice) -> tuple[int, ...] | list[tuple[int, ...]]:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        return self.ledger.sources(self.rows.key(row))


def statement_of(fact: Fact) -> Statement:
    """A fact of the journal as it was given."""
    return Statement(
        fact.prompt,
        fact.answer,
        fact.subject,
        fact.source,
        fact.asks,
        fact.aliases,
        fact.also,
        fact.since,
        fact.until,
    )
