"""Requests in the shape that EasyEdit's editors take, from a JSON file.

An object of lists, one entry a fact: `prompts`, `target_new` and, where there is one, `subject`,
`rephrase_prompts` and `locality_inputs` (by name: `prompt` and `ground_truth`); `ground_truth` is
what was true before.
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
from oneshot.retention.suites.suite import Probe, Suite


def read_requests(path: Path, material: Material) -> Suite:
    """The suite of a file's requests; BadInputError for what is missing or of another shape."""
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
    requests = [Request(*parts) for parts in zip(prompts, answers, subjects, strict=True)]
    _check(path, material, requests)
    told = {"efficacy": _probes(requests, prompts, true)}
    rephrased = _texts(path, content, "rephrase_prompts", count)
    if rephrased:
        told["paraphrase"] = _probes(requests, rephrased, true)
    kept = {"base": known_probes(material, requests)} | _locality(path, content)
    rivals = [answers[(i + 1) % count] for i in range(count)]
    return Suite(path.stem, requests, told, kept, rivals, material.text, {})


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInputError(
            f"{path} cannot be read as JSON ({type(error).__name__}); give an object of lists: "
            "prompts, target_new, subject, rephrase_prompts, locality_inputs"
        ) from error
    if not isinstance(content, dict):
        raise BadInputError(f"{path} holds no object; give one of lists: prompts, target_new, ...")
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
        for i, (request, prompt) in enumerate(zip(requests, prompts, strict=True))
    ]


def _locality(path: Path, content: dict[str, Any]) -> dict[str, list[Probe]]:
    """The probes of every kind of locality; EasyEdit's `neighborhood` is our `neighbours`."""
    inputs = content.get("locality_inputs") or {}
    if not isinstance(inputs, dict) or not all(isinstance(v, dict) for v in inputs.values()):
        raise BadInputError(f"{path}: locality_inputs is no object of objects with prompt lists")
    return {
        "neighbours" if name == "neighborhood" else name: [
            Probe(prompt, "") for prompt in _texts(path, entry, "prompt")
        ]
        for name, entry in inputs.items()
    }
