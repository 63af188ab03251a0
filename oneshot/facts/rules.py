"""Which local rule answers for a brain's facts: rows and their posterior, or fitted weights."""

from adapters.query.denoise import Denoiser, PosteriorDenoiser
from adapters.query.fitted import FittedDenoiser
from adapters.query.lexicon import Lexicon
from adapters.write.rows import Rows
from oneshot.core.rules.base import Rule
from oneshot.core.rules.delta import DeltaRule
from oneshot.core.rules.gradient import GradientRule
from oneshot.core.rules.hebbian import HebbianRule
from oneshot.core.rules.ridge import RidgeRule
from oneshot.errors import BadInputError

POSTERIOR = "posterior"
FITTED: dict[str, Rule] = {
    "ridge": RidgeRule(),
    "hebbian": HebbianRule(),
    "delta": DeltaRule(),
    "gradient": GradientRule(),
}


def check_rule(name: str) -> str:
    """The rule's name; raises BadInputError for an unknown one."""
    if name != POSTERIOR and name not in FITTED:
        raise BadInputError(f"--rule {name!r} is unknown; give {POSTERIOR}, {', '.join(FITTED)}")
    return name


def build_denoiser(rule: str, lexicon: Lexicon, rows: Rows) -> Denoiser:
    """The denoiser that the rule makes of the rows."""
    if rule == POSTERIOR:
        return PosteriorDenoiser(lexicon, rows)
    return FittedDenoiser(lexicon, rows.whole(), FITTED[rule])
