"""The suites by name: which facts are written, and what is asked afterwards."""

from collections.abc import Callable
from pathlib import Path

from oneshot.errors import BadInputError
from oneshot.retention.suites.made.hard import hard
from oneshot.retention.suites.made.own import own
from oneshot.retention.suites.made.trex import smoke, trex
from oneshot.retention.suites.published.counterfact import counterfact
from oneshot.retention.suites.published.hallueditbench import hallueditbench
from oneshot.retention.suites.published.lre import lre
from oneshot.retention.suites.published.mquake import mquake
from oneshot.retention.suites.published.ripple import ripple
from oneshot.retention.suites.published.zsre import zsre
from oneshot.retention.suites.request_file import read_requests
from oneshot.retention.suites.sampling import Material
from oneshot.retention.suites.suite import Suite

SUITES: dict[str, Callable[[Material], Suite]] = {
    "smoke": smoke,
    "own": own,
    "hard": hard,
    "counterfact": counterfact,
    "zsre": zsre,
    "mquake": mquake,
    "ripple": ripple,
    "hallueditbench": hallueditbench,
    "lre": lre,
    "trex-new": trex,
}


def build_suite(name: str, material: Material) -> Suite:
    """A suite by name, or one of the requests in a JSON file; raises BadInputError."""
    if name.endswith(".json"):
        suite = read_requests(Path(name), material)
    elif name in SUITES:
        suite = SUITES[name](material)
    else:
        raise BadInputError(
            f"the suite {name!r} is unknown; give {', '.join(SUITES)}, or a .json file of requests"
        )
    if not suite.requests:
        raise BadInputError(f"the suite {name} has no fact that can be written here")
    return suite
