"""The suites by name: which facts are written, and what is asked afterwards."""

from collections.abc import Callable
from pathlib import Path

from oneshot.errors import BadInputError
from oneshot.retention.suites.edits import counterfact, mquake, zsre
from oneshot.retention.suites.material import Material
from oneshot.retention.suites.relations import lre, smoke, trex
from oneshot.retention.suites.request_file import read_requests
from oneshot.retention.suites.suite import Suite

SUITES: dict[str, Callable[[Material], Suite]] = {
    "smoke": smoke,
    "trex-new": trex,
    "trex-counterfactual": counterfact,
    "zsre": zsre,
    "mquake-singlehop": mquake,
    "lre": lre,
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
