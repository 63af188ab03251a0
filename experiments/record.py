"""Write-once records of runs: what was run, on what, and what came out."""

import hashlib
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from oneshot.core.memory import peak_mib

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("torch", "transformers", "safetensors", "faiss-cpu", "numpy")


@dataclass(frozen=True)
class Record:
    """One run; `metrics` is what the experiment measured."""

    name: str
    command: str
    config: dict[str, Any]
    commit: str
    dirty: bool
    started: str
    seconds: float
    peak_memory_mib: float
    device: str
    versions: dict[str, str]
    data: dict[str, str]
    metrics: dict[str, Any]


def run_recorded(
    name: str,
    config: dict[str, Any],
    data: list[Path],
    experiment: Callable[[], dict[str, Any]],
) -> Path:
    """Run an experiment and write its record; raises FileExistsError where there is one already."""
    path = RESULTS / f"{name}.json"
    if path.exists():
        raise FileExistsError(f"{path} exists; records are never overwritten: give another name")
    commit, dirty = _commit()
    started, began = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    metrics = experiment()
    record = Record(
        name,
        "python -m " + " ".join(_arguments()),
        config,
        commit,
        dirty,
        started,
        round(time.perf_counter() - began, 1),
        peak_mib(),
        f"{platform.machine()}, {torch.get_num_threads()} threads, {_processor()}",
        {package: version(package) for package in PACKAGES},
        {p.name: hashlib.sha256(p.read_bytes()).hexdigest()[:16] for p in data},
        metrics,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(json.dumps(asdict(record), indent=1, ensure_ascii=False) + "\n")
    return path


def device_figures(device: torch.device) -> dict[str, Any]:
    """The accelerator's name, its memory, and the most of it that was in use; nothing for a CPU."""
    if device.type != "cuda":
        return {}
    return {
        "accelerator": torch.cuda.get_device_name(device),
        "accelerator_mib": torch.cuda.get_device_properties(device).total_memory // 2**20,
        "accelerator_peak_mib": round(torch.cuda.max_memory_allocated(device) / 2**20, 1),
    }


def _processor() -> str:
    """What did the work: the accelerator, if one was used."""
    return torch.cuda.get_device_name() if torch.cuda.is_initialized() else "CPU"


def _arguments() -> list[str]:
    module = sys.modules["__main__"].__spec__
    # Where data lie is this machine's own matter: the last part of such a path is enough.
    given = [Path(a).name if Path(a).is_absolute() else a for a in sys.argv[1:]]
    return [module.name if module else Path(sys.argv[0]).name, *given]


def _commit() -> tuple[str, bool]:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--untracked-files=no"))
