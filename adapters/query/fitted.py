"""Fixed-size weights: blocks fitted by a local rule answer, whatever the number of facts.

The rows serve to fit the block and are not looked at afterwards. A block's input are random binary
features of name x relation x step; its output estimates the step's label embedding. Any words may
be a name here, since no list of names is kept.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.query.denoise import Firing
from adapters.query.lexicon import Lexicon
from adapters.query.listening.asked import Named
from adapters.query.listening.hearing import Listener
from adapters.query.running import Alone, Speech
from adapters.query.running import Sequence as Transcript
from adapters.text.names import (
    DETERMINERS,
    FIRST_PERSON,
    OPENERS,
    SPEAKER,
    Mention,
    joined_key,
    key_number,
)
from adapters.text.words import words_of
from adapters.write.rows import NO_TOKEN, FactRows
from oneshot.core.chain import run_chain
from oneshot.core.features import STEPS as FEATURE_STEPS
from oneshot.core.features import BinaryFeatures
from oneshot.core.rules.base import Block, Examples, Rule
from oneshot.core.schedule import Schedule

FEATURES = 2048
NAME_CODE = 64  # random numbers that stand for a name
WIDTH = 1.0
LONGEST = 4  # words of a name
SHARPNESS = 0.8  # of the likelihood ratios that say which known relation is asked
SEED = 20250324
OWN, OTHER = 0.05, 0.99  # quantiles of right and wrong addresses' responses; halfway is the gate


@dataclass(frozen=True)
class AnyName:
    """Takes every run of a few words for a name."""

    def mentions(self, text: str) -> list[Named]:
        """Every run of words that is not only function words, with its key's number."""
        words = words_of(text)
        found: list[Named] = []
        for first in range(len(words)):
            for last in range(first, min(first + LONGEST, len(words))):
                key = joined_key(words[first : last + 1])
                if last == first and key in FIRST_PERSON:
                    key = SPEAKER
                elif words[first].key in OPENERS | DETERMINERS or words[last].key in OPENERS:
                    continue
                mention = Mention(key, first, last, words[first].start, words[last].end)
                found.append((mention, (key_number(key),)))
        return found

    def owners(self, _text: str) -> list[Named]:
        """Nobody: chains of facts need the facts' answers, which are not kept."""
        return []


class FittedDenoiser:
    """A block of fixed size; where no estimate passes the gate, no fact speaks."""

    def __init__(self, lexicon: Lexicon, rows: FactRows, rule: Rule) -> None:
        self.calibration, self.tokenizer = lexicon.calibration, lexicon.tokenizer
        self.label = lexicon.label
        self.vocabulary = lexicon.calibration.labels(lexicon.head.weight)
        self.schedule = Schedule.linear(1)
        self.listener = Listener(AnyName(), lexicon.pieces, compete=False)
        relations = len(self.calibration.centres)
        self.features = BinaryFeatures(NAME_CODE, relations, FEATURES, SEED, WIDTH)
        examples = self._examples(rows, 0)
        self.blocks: list[Block] = [rule.fit(examples, self.schedule)]
        # The same readings under other names, which are nobody's.
        self.gate = self._fit_gate(examples, self._examples(rows, 1))

    def listen(
        self, said: Transcript, at: int, alone: Alone | None = None, *, asked: bool
    ) -> Firing | None:
        """What speaks behind token `at`; `asked` says that the host is to answer there."""
        heard = self.listener.asked(said, at, alone)[0] if asked else self.listener.told(said, at)
        if not heard:
            return None
        names = torch.stack([_name_code(h.facts[0]) for h in heard])
        relation = self._posterior(torch.stack([h.readings[0] for h in heard]))
        responses = self._respond(names, relation, 0)
        best = int(responses.max(1).values.argmax())
        if not float(responses[best].max()) > self.gate:
            return None
        tokens = self._tokens(names[best : best + 1], relation[best : best + 1])
        speech = Speech(tokens, (-1,) * len(tokens))
        return Firing(speech, {-1: float(responses[best].max())}) if tokens else None

    def _tokens(self, name: Tensor, relation: Tensor) -> tuple[int, ...]:
        """The whole answer, step by step, until a step's response falls below the gate."""
        tokens: list[int] = []
        for step in range(FEATURE_STEPS):
            response, token = self._respond(name, relation, step).max(1)
            if not float(response) > self.gate:
                break
            tokens.append(int(token))
        return tuple(tokens)

    def _respond(
        self, names: Float[Tensor, "n code"], relation: Float[Tensor, "n relations"], step: int
    ) -> Float[Tensor, "n vocab"]:
        steps = torch.full((len(names),), step)
        return self._chain(self.features(names, relation, steps)) @ self.vocabulary.T

    def _chain(self, features: Float[Tensor, "n features"]) -> Float[Tensor, "n width"]:
        """u_hat_T: the chain of one block from z_0 = 0."""
        features = features.to(self.vocabulary.device)
        zero = features.new_zeros(len(features), self.vocabulary.shape[1])
        block = self.blocks[0]
        return run_chain([lambda z, t: block.denoise(features, z, t)], self.schedule, zero)

    def _posterior(self, codes: Float[Tensor, "n rank"]) -> Float[Tensor, "n relations"]:
        calibration = self.calibration
        ratio = calibration.metric.ratio(codes.to(calibration.centres), calibration.centres)
        return (SHARPNESS * ratio).softmax(1).cpu()

    def _examples(self, rows: FactRows, turn: int) -> Examples:
        """Every reading of every fact at every step of its answer; names turned to others'."""
        known = torch.arange(rows.readings.shape[1]) < rows.count[:, None]
        fact, reading = known.nonzero(as_tuple=True)
        steps = rows.answer[:, :FEATURE_STEPS] != NO_TOKEN
        counts = steps[fact].sum(1)
        fact, reading = fact.repeat_interleave(counts), reading.repeat_interleave(counts)
        step = torch.cat([torch.arange(int(n)) for n in counts]) if len(counts) else counts
        names = torch.stack([_name_code(int(rows.names[f, 0]) + turn) for f in fact.tolist()])
        posterior = self._posterior(self.calibration.plain_of(rows.readings[fact, reading].float()))
        targets = self.vocabulary[rows.answer[fact, step].long()]
        inputs = self.features(names, posterior, step).to(self.vocabulary.device)
        return Examples(inputs, targets)

    def _fit_gate(self, examples: Examples, strangers: Examples) -> float:
        """Halfway between the weaker of the right addresses and the stronger of wrong ones."""
        own = (self._chain(examples.features) * examples.targets).sum(1)
        wrong = (self._chain(strangers.features) @ self.vocabulary.T).max(1).values
        return float(own.quantile(OWN) + wrong.quantile(OTHER)) / 2


@lru_cache(maxsize=1 << 16)
def _name_code(key: int) -> Float[Tensor, " code"]:
    """Random numbers of a name, the same everywhere."""
    generator = torch.Generator().manual_seed(key & (2**63 - 1))
    return torch.randn(NAME_CODE, generator=generator)
