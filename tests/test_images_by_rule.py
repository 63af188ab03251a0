import pytest
from pictures import CLASSES, pixels

from oneshot.errors import BadInputError
from oneshot.images.by_rule import train_by_rule
from oneshot.images.data import ImageSet
from oneshot.images.kinds import Rule
from oneshot.images.model import silent


def images() -> ImageSet:
    return ImageSet("toy", CLASSES, *pixels(24), *pixels(8))


@pytest.mark.parametrize("rule", [rule for rule in Rule if rule is not Rule.GRADIENT])
def test_every_rule_is_found_and_knows_its_settings(rule: Rule) -> None:
    with pytest.raises(BadInputError, match=f"rule {rule} has no setting 'charm'"):
        train_by_rule(rule, images(), {"seed": 0, "charm": 3}, silent)


def test_the_gradient_has_methods() -> None:
    with pytest.raises(BadInputError, match="--method"):
        train_by_rule(Rule.GRADIENT, images(), {}, silent)
