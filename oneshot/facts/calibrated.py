"""The calibration of a host: the packaged one, one kept in the user's cache, or a new one."""

import random
from collections.abc import Iterator
from glob import escape
from importlib.resources import files
from pathlib import Path

import platformdirs

from adapters.address.calibration import Calibration, calibrate
from adapters.address.gather import Progress
from adapters.address.material import Material, Settings, Worded
from adapters.write.state import load_calibration, save_calibration
from oneshot.facts.wordings import fill, unambiguous_wordings
from oneshot.hosts.corpus import background_text, corpus_facts
from oneshot.hosts.load import Host
from oneshot.hosts.relations import worded

MADE = 6  # how calibrations are made: made otherwise, they are other files
PARAGRAPHS = 800  # of running text
NAMES = 4  # of each wording of the corpus


def material() -> Material:
    """The bank of relations and the corpus's wordings; nothing that is held out."""
    bank = [
        Worded(r.name, text, name, cloze) for r, text, name, cloze in worded() if not r.held_out
    ]
    return Material([*bank, *_of_corpus()], background_text()[:PARAGRAPHS])


def _of_corpus() -> Iterator[Worded]:
    """Each unambiguous wording of the corpus with names of subjects that have the relation."""
    draw = random.Random(0)
    subjects: dict[str, list[str]] = {}
    for fact in corpus_facts():
        if fact.split == "known":
            subjects.setdefault(fact.relation, []).append(fact.subject)
    for relation, wordings in unambiguous_wordings().items():
        pool = subjects.get(relation, [])
        for wording in wordings:
            for name in draw.sample(pool, min(NAMES, len(pool))):
                yield Worded(relation, fill(wording, name), name, not wording.endswith("?"))


def calibration_name(host_hash: str) -> str:
    """The file name of a host's calibration."""
    return f"calibration-{MADE}-{host_hash}.safetensors"


def calibration_path(host_hash: str) -> Path:
    """Where a host's calibration lies: in the user's cache, or else with the package.

    A hash of version 0.1.0, which has no part for the configuration, finds that of its weights.
    """
    exact = escape(host_hash)
    name = calibration_name(exact if "-" in host_hash else f"{exact}*")
    found = [path for place in _places() for path in sorted(place.glob(name))]
    return found[0] if found else _places()[0] / calibration_name(host_hash)


def _places() -> tuple[Path, Path]:
    return platformdirs.user_cache_path("oneshot"), Path(
        str(files("oneshot.hosts") / "calibrations")
    )


def host_calibration(
    host: Host, progress: Progress, force: bool = False
) -> tuple[Calibration, Path]:
    """Load the host's calibration, or make it by forward passes alone and keep it."""
    path = calibration_path(host.hash)
    if force or not path.exists():
        path = _places()[0] / path.name if path.exists() else path  # the package stays as it is
        save_calibration(make_calibration(host, progress), path)
    return load_calibration(path), path


def make_calibration(host: Host, progress: Progress) -> Calibration:
    """Calibrate a host on the shipped material; with a frame, if it was tuned to follow a text.

    One that has only learnt to go on with sentences sums nothing up, and knows its own less well.
    """
    follows = bool(getattr(host.tokenizer, "chat_template", None))
    settings = Settings() if follows else Settings(end_depths=())
    return calibrate(host.model, host.tokenizer, material(), settings, progress)
