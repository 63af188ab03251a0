"""The calibration of a host: the packaged one, one kept in the user's cache, or a new one."""

import random
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import platformdirs
import torch

from oneshot.classes.hosts.host import ClassHost, Content, Kind
from oneshot.classes.writers.calibration import (
    FORMAT,
    Calibration,
    calibrate,
    judged_calibration,
    plain_metric,
    save_calibration,
    standard_metric,
)
from oneshot.errors import BadInputError
from oneshot.files.durable import write_atomically
from oneshot.hosts.corpus import background_text, corpus_facts, corpus_wordings
from oneshot.images.pictures.folders import class_folders
from oneshot.progress import Report, silent

PORTION = 64
"""Examples that are encoded between two reports of progress."""

_SENTENCES, _FEWER, _RUNNING = 50, 12, 300
"""Base sentences of a relation, the same for hosts that take long, and running ones for those."""


def sentences_of_relations(each: int = _SENTENCES) -> tuple[list[str], list[int]]:
    """Sentences that say known facts of the shipped relations in the shipped wordings, and which.

    Wordings that are held out from hosts are left out here as well.
    """
    facts = dict[str, list[tuple[str, str]]]()
    for fact in corpus_facts():
        if fact.split == "known":
            facts.setdefault(fact.relation, []).append((fact.subject, fact.object))
    dice, texts, labels = random.Random(0), list[str](), list[int]()
    for label, (relation, wordings) in enumerate(sorted(corpus_wordings().items())):
        patterns = (*wordings.main, *wordings.loose)
        if relation not in facts or not patterns:
            continue
        for i in range(each):
            subject, answer = dice.choice(facts[relation])
            texts.append(f"{patterns[i % len(patterns)].replace('{}', subject)} {answer}.")
            labels.append(label)
    return texts, labels


def photographs_of(tree: Path, host: ClassHost) -> tuple[list[Content], list[int]]:
    """The photographs of a tree with a folder for each class, as the host sees them."""
    folders = class_folders(tree).classes
    pairs = [(path, i) for i, paths in enumerate(folders.values()) for path in paths]
    return [host.read(str(path)).content for path, _ in pairs], [label for _, label in pairs]


def encode_all(
    host: ClassHost, contents: Sequence[Content], what: str, report: Report
) -> torch.Tensor:
    """Features of any number of examples, with progress."""
    parts = []
    for start in range(0, len(contents), PORTION):
        parts.append(host.features(contents[start : start + PORTION]))
        report(what, min(start + PORTION, len(contents)), len(contents))
    return torch.cat(parts)


def host_calibration(host: ClassHost, report: Report = silent) -> bytes:
    """The host's calibration: the packaged or kept one, else, for texts, one made now and kept.

    An image host that was never calibrated gets the plain metric, for which every feature counts
    alike.
    """
    for path in calibration_paths(host.hash):
        if path.is_file():
            return path.read_bytes()
    if host.kind is Kind.IMAGE:
        return save_calibration(_plain(host))
    if host.general:
        return _keep(host, calibrate_general(host, report))
    return keep_calibration(host, sentences_of_relations(), report)


def calibration_paths(host_hash: str) -> tuple[Path, Path]:
    """Where a host's calibration may lie: in the user's cache, else with the package."""
    name = f"classes-{FORMAT}-{host_hash}.safetensors"
    packaged = Path(str(files("oneshot.classes") / "calibrations"))
    return platformdirs.user_cache_path("oneshot") / name, packaged / name


def is_calibrated(host: ClassHost) -> bool:
    """Whether the host's metric comes from base classes."""
    return host.kind is Kind.TEXT or any(path.is_file() for path in calibration_paths(host.hash))


def keep_calibration(
    host: ClassHost, base: tuple[Sequence[Content], Sequence[int]], report: Report = silent
) -> bytes:
    """Calibrate a host on base classes, forward passes only, and keep that in the user's cache."""
    contents, labels = base
    if len(set(labels)) < 2:
        raise BadInputError("fewer than two base classes came; give a folder for each of several")
    features = encode_all(host, contents, "calibrating the host", report)
    return _keep(host, calibrate(features, torch.tensor(labels)))


def calibrate_general(host: ClassHost, report: Report = silent) -> Calibration:
    """A calibration for which all features count alike, over their deviations in running text.

    How sure it is comes from few sentences of the shipped relations.
    """
    texts, labels = sentences_of_relations(_FEWER)
    running = [line for text in background_text() for line in text.split(". ")]
    running = [line for line in running if 20 < len(line) < 200][:_RUNNING]
    features = encode_all(host, [*texts, *running], "calibrating the host", report)
    return judged_calibration(
        standard_metric(features), features[: len(texts)], torch.tensor(labels)
    )


def _keep(host: ClassHost, calibration: Calibration) -> bytes:
    data = save_calibration(calibration)
    kept, _ = calibration_paths(host.hash)
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(kept, data)
    return data


def _plain(host: ClassHost) -> Calibration:
    return Calibration.unjudged(plain_metric(host.features([host.blank]).shape[1]))
