"""Teach, ask, forget: a brain on a host."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from adapters.query.denoise import Denoiser, PosteriorDenoiser
from oneshot.errors import BadInputError
from oneshot.facts.answering import Hear, answer, short, text_of
from oneshot.facts.brain import doctor
from oneshot.facts.calibrated import host_calibration
from oneshot.facts.changing.carrying import Carrier
from oneshot.facts.changing.writing import CHUNK, statement_of
from oneshot.facts.following import followed
from oneshot.facts.implied.times import timed
from oneshot.facts.language.checking import check_question
from oneshot.facts.language.dates import asked_of
from oneshot.facts.language.text import check_text
from oneshot.facts.manner import CHAT, RAW, Manner, Turn
from oneshot.facts.replies import leads, make_receipt, make_reply, uncontradicted
from oneshot.facts.told import question_of
from oneshot.facts.types import Finding, Receipt, Reply, Statement
from oneshot.hosts.load import load_host
from oneshot.progress import Report, silent

LONGEST_NAME = 300  # characters
SPARE = 8  # tokens that are heard beyond what is wanted


class Learner(Carrier):
    """A frozen host and a brain folder; use it as a context manager."""

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

    def ask(
        self,
        questions: Sequence[str | Sequence[Turn]],
        *,
        manner: Manner = CHAT,
        base: bool = False,
        explain: bool = False,
        adapter: bool = True,
        as_of: str | None = None,
        streamer: Hear | None = None,
    ) -> list[Reply]:
        """Answers in the order asked; `base` adds the bare host's, `explain` the evidence.

        A question is a text, or the turns of a conversation. Hosts with a chat template are asked
        through it unless the manner is raw. `streamer` hears the answer to a single question piece
        by piece, each with the id of the fact that says it. Facts with a time answer as they held
        `as_of` a date ("2019", "2019-05-03"), or on the one that a question names, or today.
        """
        asked = [check_question(q) for q in questions]
        days = [as_of or self._day_of(text_of(q)) for q in asked]
        found: dict[int, Reply] = {}
        for day in dict.fromkeys(days):
            chosen = [i for i in range(len(asked)) if days[i] == day]
            denoiser = self.denoiser(day) if adapter else None
            some = [asked[i] for i in chosen]
            replies = self._replies(some, denoiser, manner, base, explain, streamer)
            found |= dict(zip(chosen, replies, strict=True))
        return [found[i] for i in range(len(asked))]

    def _day_of(self, question: str) -> str | None:
        """The day that a question names, where the brain has facts that hold for a time."""
        self.ledger.refresh()
        day = asked_of(question)
        return day if day and any(map(timed, self.ledger.texts.changing().values())) else None

    def _replies(
        self,
        asked: Sequence[str | Sequence[Turn]],
        denoiser: Denoiser | None,
        manner: Manner,
        base: bool,
        explain: bool,
        streamer: Hear | None,
    ) -> list[Reply]:
        ids = self._built.sources
        ends = followed(self.host, asked, denoiser, manner)
        hear = streamer and _by_id(streamer, ids)
        said = answer(self.host, [end.question for end in ends], denoiser, manner, hear)
        bare = answer(self.host, asked, None, manner) if base else [None] * len(asked)
        whole = manner.chats(self.host)
        words = denoiser.voice.step if isinstance(denoiser, PosteriorDenoiser) else str
        return [
            make_reply(
                text_of(q), s, b, ids, explain=words if explain else None, whole=whole, followed=end
            )
            for q, s, b, end in zip(asked, said, bare, ends, strict=True)
        ]

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
            now = next((f for f in reversed(self.history(id)) if f.state == "live"), None)
            other = f"#{now.id}, which took its place" if now else "a live one"
            raise BadInputError(f"fact #{id} is {old.state}; give {other}")
        names = [] if alias is None else [check_text(alias, "alias", LONGEST_NAME)]
        aliases = tuple(dict.fromkeys([*old.aliases, *names]))
        said = old.answer if answer is None else answer
        return replace(statement_of(old), answer=said, aliases=aliases)

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
        values = [s.answer for s in complete]
        olds = self._said(prompts, values, RAW) if before else [None] * len(prompts)
        began = time.perf_counter()
        entered = self._enter(complete, "teach" if over is None else "update", over)
        seconds = (time.perf_counter() - began) / len(complete)
        asked = [question_of(s) for s in complete]
        answers = self._answers(complete, asked)
        return [
            make_receipt(e, s, old, new, (q, said), seconds, leads(self.ledger.texts, s))
            for e, s, old, q, (new, said) in zip(
                entered, complete, olds, asked, answers, strict=True
            )
        ]

    def _answers(
        self, taught: Sequence[Statement], asked: Sequence[str | None]
    ) -> list[tuple[str, str]]:
        """The answers to prompts and questions, each as of when its fact holds."""
        found: dict[int, tuple[str, str]] = {}
        for day in dict.fromkeys(s.since or s.until for s in taught):
            chosen = [i for i, s in enumerate(taught) if (s.since or s.until) == day]
            denoiser = self.denoiser(day)
            values = [taught[i].answer for i in chosen]
            prompts = self._said([taught[i].prompt for i in chosen], values, RAW, denoiser)
            made = [i for i in chosen if asked[i]]
            whole = [f"{taught[i].prompt} {taught[i].answer}" for i in made]
            questions = iter(self._said([asked[i] or "" for i in made], whole, CHAT, denoiser))
            for i, reply in zip(chosen, prompts, strict=True):
                found[i] = reply, next(questions) if asked[i] else ""
        return [found[i] for i in range(len(taught))]

    def _said(
        self,
        questions: Sequence[str],
        wanted: Sequence[str],
        manner: Manner,
        denoiser: Denoiser | None = None,
    ) -> list[str]:
        """What is said, as far as it takes to hear the texts that are wanted."""
        if not questions:
            return []
        longest = max(map(len, self.host.tokenizer(list(wanted))["input_ids"]))
        manner = replace(manner, max_new_tokens=longest + SPARE)
        tidy = str if manner.chats(self.host) else short
        return [tidy(said.text) for said in answer(self.host, questions, denoiser, manner)]


def _by_id(streamer: Hear, ids: Sequence[tuple[int, ...]]) -> Hear:
    """Tells the listener the facts' ids instead of the denoiser's rows."""

    def hear(text: str, row: int | None) -> None:
        streamer(text, None if row is None else ids[row][0])

    return hear
