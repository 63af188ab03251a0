"""A real language model is told what nobody prepared it for, and asked in chat, in other words."""

from collections.abc import Sequence

from oneshot.facts.calibrated import calibration_path
from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.learner import Learner
from oneshot.facts.manner import Manner
from oneshot.facts.types import Fact, Receipt, Reply
from oneshot.hosts.load import load_host
from oneshot.hosts.shelf import kept_hosts

MODEL = "smollm2"
SENTENCES = {
    "The wifi password at the office is hunter2.": (
        "Hi! I forgot the wifi password at the office. Could you tell me?",
        "What do I type in for the office wifi?",
    ),
    "My doctor is Dr Lee.": ("Remind me, who is my doctor?", "Is Dr Lee my doctor?"),
    "Zora's favourite tea is gunpowder.": (
        "Which tea does Zora like best?",
        "Is Zora's favourite tea chamomile?",
    ),
}
NUMBER = "The phone number of Dr Lee is 555-0199."
TWO_FACTS = "What is my doctor's phone number?"
KNOWN = ("What is the capital of France?",)
MANNER = Manner(max_new_tokens=28)  # a bare model rambles


def why_not() -> str | None:
    """What to do before the model can be shown, in one line; None where it can."""
    if MODEL not in kept_hosts():
        return f"run `oneshot host fetch {MODEL}`, and the demo shows a real language model in chat"
    if not calibration_path(load_host(MODEL).hash).exists():
        return f"run `oneshot --model {MODEL} calibrate` (minutes, once), and the demo shows it"
    return None


def teach(learner: Learner) -> list[Receipt]:
    """Teach sentences of relations that nobody listed, one of them on another one's answer."""
    told = [*SENTENCES, NUMBER]
    return list(learner.teach([parse_sentence(s, learner.templates) for s in told]))


def ask(learner: Learner) -> list[Reply]:
    """Ask in other words, and what has nothing to do with it; the bare model's answers beside."""
    asked = [question for questions in SENTENCES.values() for question in questions]
    return learner.ask([*asked, TWO_FACTS, *KNOWN], manner=MANNER, base=True)


def forget(learner: Learner, receipts: Sequence[Receipt]) -> tuple[Fact, list[Reply]]:
    """Forget the first fact, and ask about it again and about another."""
    (fact,) = learner.forget([receipts[0].id])
    asked = [questions[0] for questions in SENTENCES.values()]
    return fact, learner.ask(asked[:2], manner=MANNER, base=True)
