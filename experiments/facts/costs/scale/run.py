"""What a brain costs and keeps as it grows: a record for each size of one growing brain.

    python -m experiments.facts.costs.scale.run experiments/configs/facts-scale-packaged.toml

Names are invented, relations and wordings those of the bank. The brain lies in `folder` where the
configuration names one; a run that was stopped goes on from it, and sizes that have a record are
passed over.
"""

import argparse
import multiprocessing
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from experiments.facts.costs.scale.figure import draw
from experiments.facts.costs.scale.growing import grow
from experiments.facts.costs.scale.measures import measure, open_brain
from experiments.record import RESULTS, run_recorded
from oneshot.core.memory import peak_mib

Result = dict[str, Any]


def experiment(folder: Path, config: dict[str, Any], size: int) -> Result:
    """Let the brain grow to a size and measure it, each in a process of its own."""
    grown = _apart(partial(_grown, folder, config, size))
    measured = _apart(partial(measure, folder, config, size))
    exported = _apart(partial(_exported, folder, config))
    return {"facts": size, **grown, **measured, **exported}


def _grown(folder: Path, config: dict[str, Any], size: int) -> Result:
    with open_brain(folder, config["host"]) as learner:
        rates = grow(learner, 0, config["encoded"], size)
    return {**rates, "growing_peak_mib": peak_mib()}


def _exported(folder: Path, config: dict[str, Any]) -> Result:
    """Seconds of an export, and the most memory that it takes."""
    from experiments.facts.costs.scale.measures import ms

    with open_brain(folder, config["host"]) as learner, tempfile.TemporaryDirectory() as place:
        taken = ms(partial(learner.export, Path(place) / "exported"))
    return {"export_seconds": taken / 1000, "export_peak_mib": peak_mib()}


def _apart(work: Callable[[], Result]) -> Result:
    """What a function gives in a process of its own, whose memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work)


def main(paths: Sequence[str] | None = None) -> None:
    """Run the configurations, and draw the figure of all such records."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("configs", nargs="+", type=Path)
    for path in parser.parse_args(paths).configs:
        config = tomllib.loads(path.read_text("utf-8"))
        kept = config.get("folder")
        with nullcontext(kept) if kept else tempfile.TemporaryDirectory() as folder:
            for size in config["sizes"]:
                name = f"{path.stem}-{size}"
                if not (RESULTS / f"{name}.json").exists():
                    work = partial(experiment, Path(folder) / "brain", config, size)
                    print(run_recorded(name, config, [], work), flush=True)
    draw()


if __name__ == "__main__":
    main()
