"""The methods by name."""

from oneshot.errors import BadInputError
from oneshot.facts.rules import FITTED, POSTERIOR
from oneshot.hosts.load import Host
from oneshot.progress import Report, silent
from oneshot.retention.methods.interface import Method
from oneshot.retention.methods.ours import Ours
from oneshot.retention.methods.rivals import RIVALS

RULES: dict[str, tuple[str, int | None]] = {
    POSTERIOR: (POSTERIOR, None),
    **{f"{POSTERIOR}-{sites}": (POSTERIOR, sites) for sites in (1, 4)},
    **{rule: (rule, None) for rule in FITTED},
}
"""This project's rules, and its default on other numbers of sites than the default one."""


def make_method(name: str, host: Host, progress: Report = silent) -> Method:
    """A method with nothing written; raises BadInputError for an unknown name."""
    if name in RULES:
        rule, sites = RULES[name]
        return Ours(host, rule, sites, progress)
    if name in RIVALS:
        return RIVALS[name](host)
    raise BadInputError(
        f"the method {name!r} is unknown; give one of {', '.join([*RULES, *RIVALS])}"
    )
