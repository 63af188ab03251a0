"""How a host is asked: plainly or through its chat template, and how it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from oneshot.errors import BadInputError
from oneshot.hosts.load import Host

PLAIN_TOKENS, CHAT_TOKENS = 32, 256  # of an answer, at most, where nothing else is said

Turn = dict[str, str]


@dataclass(frozen=True)
class Manner:
    """`raw` asks the text as it stands, of any host; temperature 0 is greedy."""

    raw: bool = False
    system: str | None = None
    max_new_tokens: int | None = None
    temperature: float = 0.0
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.max_new_tokens is not None and not 1 <= self.max_new_tokens <= 1_000_000:
            raise BadInputError(f"{self.max_new_tokens} new tokens were asked for; give 1 or more")
        if not 0 <= self.temperature <= 100:
            raise BadInputError(f"temperature {self.temperature} came; give one from 0 to 100")

    def chats(self, host: Host) -> bool:
        """Whether the host is asked through its chat template."""
        return not self.raw and bool(getattr(host.tokenizer, "chat_template", None))

    def longest(self, host: Host) -> int:
        """The most tokens of an answer."""
        return self.max_new_tokens or (CHAT_TOKENS if self.chats(host) else PLAIN_TOKENS)

    def ids(self, host: Host, question: str | Sequence[Turn]) -> list[int]:
        """The tokens that the host is given for a text or the turns of a conversation."""
        if not self.chats(host):
            self._check_plain()
            text = question if isinstance(question, str) else question[-1]["content"]
            return list(host.tokenizer(text)["input_ids"])
        turns = [{"role": "user", "content": question}] if isinstance(question, str) else question
        system = [{"role": "system", "content": self.system}] if self.system else []
        text = _rendered(host.tokenizer, [*system, *turns])
        return list(host.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _check_plain(self) -> None:
        if self.system is not None:
            raise BadInputError(
                "a system prompt goes into a chat template, which this model lacks or --raw leaves "
                "out; leave out --system"
            )


RAW, CHAT = Manner(raw=True), Manner()


def _rendered(tokenizer: Any, turns: list[Turn]) -> str:
    """The conversation in the template's form; raises BadInputError where it refuses the turns."""
    try:
        text: str = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    except Exception as error:  # templates raise what they like
        reason = " ".join(str(error).split())[:150]
        roles = ", ".join(dict.fromkeys(turn["role"] for turn in turns))
        raise BadInputError(
            f"the model's chat template refuses turns of {roles} ({reason}); "
            "leave out the system prompt, or ask with --raw"
        ) from error
    return text
