"""The calibration of a host: the packaged one, one kept in the user's cache, or a new one."""

from glob import escape
from importlib.resources import files
from pathlib import Path

import platformdirs
import torch

from adapters.address.calibration import Calibration, calibrate
from adapters.address.gather import Progress
from adapters.address.material import Material, Settings
from adapters.write.state import load_calibration, save_calibration
from oneshot.errors import BadInputError
from oneshot.facts.wordings import unambiguous_wordings
from oneshot.hosts.corpus import background_text, corpus_facts
from oneshot.hosts.load import Host

DEFAULT_SITES = 2
MADE = 3  # how calibrations are made: made otherwise, they are other files
DEPTHS = {1: (0.83,), 2: (0.67, 0.83), 4: (0.33, 0.5, 0.67, 0.83)}  # by the number of sites


def material() -> Material:
    """The shipped names, unambiguous wordings and running text; nothing that is held out."""
    known = [fact for fact in corpus_facts() if fact.split == "known"]
    return Material(
        sorted({fact.subject for fact in known}),
        unambiguous_wordings(),
        background_text(),
        [(fact.subject, fact.relation) for fact in known],
    )


def calibration_name(host_hash: str, sites: int) -> str:
    """The file name of a host's calibration."""
    return f"calibration-{MADE}-{host_hash}-{sites}.safetensors"


def calibration_path(host_hash: str, sites: int) -> Path:
    """Where a host's calibration lies: in the user's cache, or else with the package.

    A hash of version 0.1.0, which has no part for the configuration, finds that of its weights.
    """
    exact = escape(host_hash)
    name = calibration_name(exact if "-" in host_hash else f"{exact}*", sites)
    found = [path for place in _places() for path in sorted(place.glob(name))]
    return found[0] if found else _places()[0] / calibration_name(host_hash, sites)


def _places() -> tuple[Path, Path]:
    return platformdirs.user_cache_path("oneshot"), Path(str(files("oneshot.hosts") / "factual_lm"))


def host_calibration(
    host: Host, sites: int, progress: Progress, force: bool = False
) -> tuple[Calibration, Path]:
    """Load the host's calibration, or make it by forward passes alone and keep it."""
    if sites not in DEPTHS:
        raise BadInputError(f"--sites {sites} is not offered; give one of {sorted(DEPTHS)}")
    path, device = calibration_path(host.hash, sites), next(host.model.parameters()).device
    if force or not path.exists():
        path = _places()[0] / path.name if path.exists() else path  # the package stays as it is
        save_calibration(make_calibration(host, sites, progress), path)
    return load_calibration(path, torch.device(device)), path


def make_calibration(host: Host, sites: int, progress: Progress) -> Calibration:
    """Calibrate a host on the shipped material."""
    settings = Settings(relation_depths=DEPTHS[sites])
    return calibrate(host.model, host.tokenizer, material(), settings, progress)
