"""What clients send."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from oneshot.errors import BadInputError
from oneshot.facts.manner import Turn
from oneshot.serve.answering.asked import Drawing
from oneshot.serve.limits import Limits

MOST_STOPS, LONGEST_STOP, MOST_TURNS = 8, 200, 2000
LONGEST_LINE = 3000  # characters; statements have bounds of their own below it

# What would change an answer, and at which values it does not: refused at any other.
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "tools": (None, []),
    "functions": (None, []),
    "response_format": (None, {"type": "text"}),
    "frequency_penalty": (None, 0),
    "presence_penalty": (None, 0),
    "logit_bias": (None, {}),
    "modalities": (None, ["text"]),
    "audio": (None,),
    "echo": (None, False),
    "suffix": (None, ""),
}

Line = Annotated[str, Field(min_length=1, max_length=LONGEST_LINE)]


class StreamOptions(BaseModel):
    """Whether a stream ends with the counts of tokens."""

    include_usage: bool = False


class Part(BaseModel):
    """A part of a message."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """A turn of a conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Part]

    def turn(self) -> Turn:
        """As chat templates take it."""
        content = self.content
        text = content if isinstance(content, str) else "".join(part.text for part in content)
        return {"role": "system" if self.role == "developer" else self.role, "content": text}


class Answering(BaseModel):
    """What chats and completions have in common."""

    model_config = ConfigDict(extra="allow", strict=False)

    model: str
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    stop: str | list[str] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    def check(self, limits: Limits) -> None:
        """Raise BadInputError for what is not offered, or too much of it."""
        for name, values in NEUTRAL.items():
            if (self.model_extra or {}).get(name) not in values:
                raise BadInputError(f"{name} is not offered here; leave it out")
        if self.wanted and self.wanted > limits.tokens:
            raise BadInputError(
                f"{self.wanted} tokens were asked for; at most {limits.tokens} are given"
            )
        if len(self.stops) > MOST_STOPS or any(
            not 1 <= len(stop) <= LONGEST_STOP for stop in self.stops
        ):
            raise BadInputError(
                f"give at most {MOST_STOPS} stop texts of 1 to {LONGEST_STOP} characters"
            )

    @property
    def wanted(self) -> int | None:
        """How many tokens at most were asked for."""
        return self.max_tokens

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts before which an answer ends."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    def drawing(self, number: int) -> Drawing:
        """How the tokens of an answer are chosen; each of several draws by itself."""
        seed = None if self.seed is None else self.seed + number
        temperature = 0.0 if self.temperature is None else self.temperature
        return Drawing(temperature, 1.0 if self.top_p is None else self.top_p, seed)


class Chat(Answering):
    """A conversation to be gone on with."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=MOST_TURNS)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None

    @property
    def wanted(self) -> int | None:
        """How many tokens at most were asked for."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def top(self) -> int | None:
        """How many alternatives of each token are to be told."""
        return (self.top_logprobs or 0) if self.logprobs else None


class Completion(Answering):
    """Texts, or tokens, to be gone on with."""

    prompt: str | list[str] | list[int] | list[list[int]]
    logprobs: Annotated[int, Field(ge=0, le=20)] | None = None

    @property
    def prompts(self) -> list[str | list[int]]:
        """The prompts one by one."""
        prompt = self.prompt
        if isinstance(prompt, str):
            return [prompt]
        if prompt and isinstance(prompt[0], int):
            return [[token for token in prompt if isinstance(token, int)]]
        return [one for one in prompt if not isinstance(one, int)]


class Strict(BaseModel):
    """A request with nothing else in it."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = None


class NewFact(Strict):
    """A sentence that tells a fact, or a prompt and the answer that completes it."""

    text: Line | None = None
    prompt: Line | None = None
    answer: Line | None = None
    subject: Line | None = None
    source: Line | None = None
    asks: Annotated[list[Line], Field(max_length=32)] = []
    aliases: Annotated[list[Line], Field(max_length=32)] = []
    also: bool = False
    before: bool = True


class Changed(Strict):
    """Another answer of a fact, or one more name of its subject."""

    answer: Line | None = None
    alias: Line | None = None


class Undo(Strict):
    """Which brain's last change is to be taken back."""
