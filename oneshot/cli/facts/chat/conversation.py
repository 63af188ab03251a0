"""A conversation: each line is asked, teaches, or is a word for the chat itself."""

import difflib
import math
import shlex
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from oneshot.cli.facts.chat.speaking import Speaker
from oneshot.cli.facts.display import evidence_text, show_facts, show_receipt, show_reply
from oneshot.cli.facts.teach import statement_of
from oneshot.cli.output import Output, printable
from oneshot.cli.session import Learner
from oneshot.errors import BadInputError
from oneshot.facts.types import Reply, Statement

if TYPE_CHECKING:
    from oneshot.facts.manner import Manner
else:
    Manner = Any  # annotations are evaluated where types are checked at run time

HELP = (
    ("/teach SENTENCE", "teach a fact"),
    ('/teach "PROMPT" "ANSWER" ["SUBJECT"]', "teach what no sentence tells, each part in quotes"),
    ("/forget ID ...", "forget facts"),
    ("/facts", "list what is taught"),
    ("/why", "which facts spoke in the last answer, and their evidence in nats"),
    ("/undo", "take back the last change"),
    ("/new", "begin a new conversation; the facts stay"),
    ("/help", "this list"),
    ("/quit", "leave"),
)
TEACH = "teach:"
QUOTES = '"', "'"


class Conversation:
    """The turns so far, kept for the model; `live` answers are shown while they are given."""

    def __init__(self, learner: Learner, output: Output, manner: Manner, *, live: bool) -> None:
        self.learner, self.output, self.manner, self.live = learner, output, manner, live
        self.turns: list[dict[str, str]] = []
        self.last: Reply | None = None
        self.words: dict[str, Callable[[str], None]] = {
            "/teach": self._teach,
            "/forget": self._forget,
            "/facts": self._facts,
            "/why": self._why,
            "/undo": self._undo,
            "/new": self._new,
            "/help": self._help,
        }

    def take(self, line: str) -> None:
        """Do what a typed line says; raises OneshotError where that fails."""
        from oneshot.facts.language.splitting.openings import corrects, wants_keeping

        if line.startswith("/"):
            self._word(line)
        elif line.startswith(TEACH):
            self._teach(line.removeprefix(TEACH))
        elif wants_keeping(line) and self._kept(line):
            return
        elif not (corrects(line) and self._put_right(line)):
            self._ask(line)

    def _word(self, line: str) -> None:
        typed, _, rest = line.partition(" ")
        word = typed.lower()
        if word not in self.words:
            near = difflib.get_close_matches(word, self.words, 1)
            meant = f"; perhaps {near[0]}" if near else ""
            raise BadInputError(f"the chat knows no {typed[:40]!r}{meant}; /help lists all words")
        if rest.strip() and word not in ("/teach", "/forget"):
            raise BadInputError(f"{word} takes nothing behind it, and {rest.strip()[:40]!r} came")
        self.words[word](rest.strip())

    def _ask(self, line: str) -> None:
        turns = [*self.turns, {"role": "user", "content": line}]
        speaker = Speaker(self.output) if self.live else None
        (reply,) = self.learner.ask([turns], manner=self.manner, explain=True, streamer=speaker)
        if speaker:
            speaker.close(reply)
        else:
            show_reply(self.output, reply)
        self.turns = [*turns, {"role": "assistant", "content": reply.answer}]
        self.last = reply

    def _kept(self, line: str) -> bool:
        """Teach what is to be remembered, where it is a fact and nobody objects."""
        try:
            fact = statement_of(self.learner, line)
        except BadInputError as error:
            self.output.remark(f"not taught: {error}")
            return False
        return self._agreed(fact, "it is to be remembered")

    def _put_right(self, line: str) -> bool:
        """Teach what a sentence puts right, where a fact says otherwise and nobody objects."""
        try:
            fact = statement_of(self.learner, line)
        except BadInputError:
            return False
        told = [f for f in self.learner.search(fact.prompt) if f.prompt == fact.prompt]
        if not told or fact.answer in [f.answer for f in told]:
            return False
        return self._agreed(fact, f"it puts #{told[0].id} right")

    def _agreed(self, fact: Statement, why: str) -> bool:
        what = f"{fact.prompt} | {fact.answer}"
        if self.live and sys.stdin.isatty():
            if not _agrees(f"teach {printable(what)}? [y/n] "):
                return False
        else:
            self.output.remark(f"taught, since {why}: {what}")
        self._teach_fact(fact)
        return True

    def _teach(self, sentence: str) -> None:
        text = sentence.strip()
        if parts := _quoted(text):
            prompt, answer, *subject = parts
            fact = statement_of(self.learner, prompt, answer, *subject)
        else:
            fact = statement_of(self.learner, text)
        self._teach_fact(fact)

    def _teach_fact(self, fact: Statement) -> None:
        for receipt in self.learner.teach([fact]):
            show_receipt(self.output, receipt)

    def _forget(self, typed: str) -> None:
        ids = [id.removeprefix("#") for id in typed.replace(",", " ").split()]
        if not ids or not all(id.isdecimal() for id in ids):
            raise BadInputError(f"/forget takes numbers of facts, not {typed[:40]!r}; see /facts")
        show_facts(self.output, self.learner.forget([int(id) for id in ids]))
        self._remark_on_talk()

    def _facts(self, _rest: str) -> None:
        show_facts(self.output, self.learner.facts(), self.learner.implied())

    def _why(self, _rest: str) -> None:
        if self.last is None:
            raise BadInputError("nothing was asked yet; ask, and /why tells which facts spoke")
        found = [(self.learner.show(id), _evidence(self.last, id)) for id in self.last.facts]
        if not found:
            text = "no fact spoke: the model said that by itself"
            self.output.outcome({"why": []}, text)
            return
        if self.last.chain:
            self.output.remark(f"because: {'; '.join(self.last.chain)}")
        if self.last.asked:
            self.output.remark(f"asked in the end: {self.last.asked}")
        record = [
            {"id": f.id, "prompt": f.prompt, "answer": f.answer, "evidence": e} for f, e in found
        ]
        rows = [(f"#{f.id}", f.prompt, f.answer, evidence_text(e)) for f, e in found]
        columns = "fact", "prompt", "answer", "evidence in nats"
        self.output.table({"why": record}, "What spoke", columns, rows)

    def _undo(self, _rest: str) -> None:
        done = self.learner.undo()
        self.output.outcome({"undone": done}, done)
        self._remark_on_talk()

    def _remark_on_talk(self) -> None:
        """The model reads the conversation, which may still tell what the weights do not."""
        if self.turns:
            self.output.remark("what was said stays in the conversation; /new begins another")

    def _new(self, _rest: str) -> None:
        self.turns, self.last = [], None
        self.output.remark("a new conversation")

    def _help(self, _rest: str) -> None:
        self.output.table({"words": dict(HELP)}, "In the chat", ("word", "what it does"), HELP)


def _quoted(text: str) -> list[str]:
    """The two or three parts of a text in quotes; none where it is a sentence that has some."""
    if not text.startswith(QUOTES):
        return []
    try:
        parts = shlex.split(text)
    except ValueError:
        return []
    return parts if len(parts) in (2, 3) else []


def _agrees(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _evidence(reply: Reply, fact: int) -> float:
    """The most evidence with which a fact spoke, or a chain that it is in."""
    spoken = [step for step in reply.steps if fact in (*step.via, step.fact)]
    return max((s.evidence for s in spoken if not math.isnan(s.evidence)), default=math.nan)
