"""Two names in one text: does a fact answer for the name that is asked about, and only for it?

python -m experiments.facts.binding experiments/configs/facts-binding-smollm2.toml
"""

import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.facts.runs import new_brain, run_all
from oneshot.facts.learner import Learner
from oneshot.facts.manner import CHAT, RAW, Manner
from oneshot.facts.types import Reply, Statement
from oneshot.retention.measures.scores import interval

TEXTS = Path(__file__).parent / "texts" / "binding.toml"
TOKENS = 16  # of an answer
SAMPLES = 8  # misses that the record keeps
PAIRS = 2  # other names beside each one that is asked about


@dataclass(frozen=True)
class Config:
    """Which host, and which part of the wordings."""

    host: str
    part: str


@dataclass(frozen=True)
class Text:
    """A text, the answer that it wants and the one that it must not get (None for none taught)."""

    text: str
    wording: str
    wanted: str | None
    barred: str | None
    other: str


def statements() -> list[Statement]:
    """All facts that are taught."""
    return [
        Statement(_filled(prompt, name), answer, name)
        for kind in _read()["kinds"].values()
        for prompt, name, answer in kind["facts"]
    ]


def texts(part: str) -> Iterator[Text]:
    """Every wording with a taught name asked about beside others, and the other way round."""
    data = _read()
    for kind, wordings in data[part].items():
        facts, others = data["kinds"][kind]["facts"], data["kinds"][kind]["others"]
        for i, wording in enumerate(wordings):
            for j, (_, name, answer) in enumerate(facts):
                beside = [others[(i + j + k) % len(others)] for k in range(PAIRS)]
                _, rival, barred = facts[(j + 1) % len(facts)]
                for other in (*beside, rival):
                    text = _text(wording, name, other)
                    yield Text(text, wording, answer, barred if other == rival else None, other)
                for other in beside:
                    yield Text(_text(wording, other, name), wording, None, answer, name)


def _text(wording: str, asked: str, other: str) -> str:
    text = wording.replace("{A}", asked).replace("{B}", other)
    return text[0].upper() + text[1:]


def _filled(prompt: str, name: str) -> str:
    return prompt.format(name) if not prompt.startswith("{}") else name + prompt[2:]


def _read() -> dict[str, Any]:
    return tomllib.loads(TEXTS.read_text("utf-8"))


def measure(learner: Learner, asked: Sequence[Text]) -> dict[str, Any]:
    """Teach all facts and ask every text, plainly and in chat."""
    learner.write(statements())
    result: dict[str, Any] = {"wordings": len({t.wording for t in asked}), "texts": len(asked)}
    for name, manner in (("raw", RAW), ("chat", CHAT)):
        if manner is RAW or CHAT.chats(learner.host):
            result[name] = _scored(learner, asked, manner)
    return result


def _scored(learner: Learner, asked: Sequence[Text], manner: Manner) -> dict[str, Any]:
    brief = Manner(raw=manner.raw, max_new_tokens=TOKENS)
    replies = learner.ask([t.text for t in asked], manner=brief, explain=True)
    right = [(t, r.answer, t.wanted in r.answer) for t, r in _pairs(asked, replies) if t.wanted]
    wrong = [(t, r.answer, _misbound(t, r)) for t, r in _pairs(asked, replies) if t.barred]
    return {
        "right binding kept": _told(right, missed=False),
        "wrong binding": _told(wrong, missed=True),
    }


def _pairs(asked: Sequence[Text], replies: Sequence[Reply]) -> Iterator[tuple[Text, Reply]]:
    return zip(asked, replies, strict=True)


def _misbound(text: Text, reply: Reply) -> bool:
    """Whether the other's fact answers; what the host itself says of the other may hold it."""
    if not text.barred or text.barred not in reply.answer:
        return False
    by_itself = reply.answer.partition(text.barred)[0]
    return reply.steps[0].fact is not None or text.other not in by_itself


def _told(found: Sequence[tuple[Text, str, bool]], *, missed: bool) -> dict[str, Any]:
    """The share of hits, and the texts where the outcome is `missed`."""
    bad = [(t, s) for t, s, hit in found if hit is missed]
    return interval([hit for *_, hit in found]) | {
        "by wording": dict(Counter(t.wording for t, _ in bad).most_common()),
        "missed": [[t.text, t.wanted, s] for t, s in bad[:SAMPLES]],
    }


def experiment(config: Config, device: str) -> dict[str, Any]:
    """Everything on a new brain, which goes at the end."""
    with new_brain(config.host, device) as learner:
        return measure(learner, list(texts(config.part)))


if __name__ == "__main__":
    run_all(__doc__, Config, lambda config: [TEXTS], experiment)
