"""Requests in the shape that EasyEdit's editors take, from a JSON file.

An object of lists, one entry a fact: `prompts`, `target_new` and, where there is one, `subject`,
`rephrase_prompts`, `locality_inputs` and `portability_inputs` (by name: `prompt` and
`ground_truth`, which of portability is the wanted answer); `ground_truth` is what was true before.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from oneshot.errors import BadInputError
from oneshot.facts.language.statement import find_subject
from oneshot.retention.methods.interface import Request
from oneshot.retention.suites.corpus import known_probes
from oneshot.retention.suites.sampling import Material
from oneshot.retention.suites.suite import Axes, Probe, Suite

OURS = {"efficacy", "paraphrase", "base"}
"""Kinds of questions that no file names."""
KEYS = (
    "prompts",
    "target_new",
    "subject",
    "ground_truth",
    "rephrase_prompts",
    "locality_inputs",
    "portability_inputs",
)
SHAPE = f"an object of lists: {', '.join(KEYS)}"


def read_requests(path: Path, material: Material) -> Suite:
    """The suite of a file's first requests; BadInputError for what is of another shape."""
    content = _content(path)
    prompts, answers = (_texts(path, content, key) for key in ("prompts", "target_new"))
    if not prompts or len(prompts) != len(answers):
        raise BadInputError(
            f"{path} has {len(prompts)} prompts and {len(answers)} target_new; give one of each "
            "a fact"
        )
    count = len(prompts)
    subjects = _texts(path, content, "subject", count) or [
        find_subject(prompt) or "" for prompt in prompts
    ]
    true = _texts(path, content, "ground_truth", count) or [""] * count
    parts = list(zip(prompts, answers, subjects, strict=True))[: material.facts]
    requests = [Request(*part) for part in parts]
    _check(path, material, requests)
    told = {"efficacy": _probes(requests, prompts, true)}
    rephrased = _texts(path, content, "rephrase_prompts", count)
    if rephrased:
        told["paraphrase"] = _probes(requests, rephrased, true)
    told |= _portability(path, content, count)
    told = {k: material.thin(probes[: len(requests)]) for k, probes in told.items()}
    kept = {"base": known_probes(material, requests)}
    kept |= {k: material.thin(probes) for k, probes in _locality(path, content).items()}
    return Suite(path.stem, requests, told, kept, _rivals(requests, true), material.text, {})


def _rivals(requests: Sequence[Request], true: Sequence[str]) -> list[str]:
    """For each request an answer other than its own: another's, what was true, or its subject."""
    answers = [request.answer for request in requests]
    found = []
    for i, request in enumerate(requests):
        others = [*answers[i + 1 :], *answers[:i], *filter(None, [true[i]]), request.subject]
        found.append(next((a for a in others if a != request.answer), request.prompt))
    return found


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise BadInputError(f"there is no file {path}; give one that holds {SHAPE}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise BadInputError(
            f"{path} cannot be read as JSON ({type(error).__name__}); give {SHAPE}"
        ) from error
    if not isinstance(content, dict):
        raise BadInputError(f"{path} holds no object; give {SHAPE}")
    if unknown := sorted(set(content) - set(KEYS)):
        raise BadInputError(f"{path} has {', '.join(unknown)}; give {SHAPE}")
    return content


def _texts(path: Path, content: dict[str, Any], key: str, count: int | None = None) -> list[str]:
    """The texts under a key, one text standing for a list of one; none where it is left out."""
    value = content.get(key) or []
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadInputError(f"{path}: {key} is no list of texts; give one text a fact")
    if value and count is not None and len(value) != count:
        raise BadInputError(f"{path} has {len(value)} {key} for {count} prompts; give one a fact")
    return value


def _check(path: Path, material: Material, requests: Sequence[Request]) -> None:
    for request in requests:
        if not material.writable(request):
            raise BadInputError(
                f"{path}: {request.prompt[:60]!r} with the answer {request.answer[:60]!r} and the "
                f"subject {request.subject[:60]!r} cannot be written; the subject has to stand in "
                "the prompt as it is, the answer within 16 tokens"
            )


def _probes(
    requests: Sequence[Request], prompts: Sequence[str], true: Sequence[str]
) -> list[Probe]:
    return [
        Probe(prompt, request.answer, i, other=true[i])
        for i, (request, prompt) in enumerate(zip(requests, prompts, strict=False))
    ]


def _named(path: Path, content: dict[str, Any], key: str) -> dict[str, dict[str, Any]]:
    """What is asked by kind; EasyEdit's `neighborhood` is our `neighbours`."""
    inputs = content.get(key) or {}
    if not isinstance(inputs, dict) or not all(isinstance(v, dict) for v in inputs.values()):
        raise BadInputError(f"{path}: {key} is no object of objects with prompt lists")
    if taken := sorted(OURS & inputs.keys()):
        raise BadInputError(f"{path}: {key} has the name {taken[0]}, which is taken; give another")
    return {"neighbours" if name == "neighborhood" else name: e for name, e in inputs.items()}


def _locality(path: Path, content: dict[str, Any]) -> Axes:
    found = _named(path, content, "locality_inputs")
    return {n: [Probe(p, "") for p in _texts(path, entry, "prompt")] for n, entry in found.items()}


def _portability(path: Path, content: dict[str, Any], count: int) -> Axes:
    """What follows from each fact, one prompt a fact, with what has to be answered."""
    axes: Axes = {}
    for name, entry in _named(path, content, "portability_inputs").items():
        prompts, wanted = (_texts(path, entry, key, count) for key in ("prompt", "ground_truth"))
        if len(prompts) != len(wanted):
            raise BadInputError(f"{path}: {name} has prompts without ground_truth; give one each")
        pairs = zip(prompts, wanted, strict=True)
        axes[name] = [Probe(prompt, answer, i) for i, (prompt, answer) in enumerate(pairs)]
    return axes
