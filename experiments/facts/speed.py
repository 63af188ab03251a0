"""What `oneshot bench writer` measures, as a record: run it on a machine that does nothing else.

python -m experiments.facts.speed
"""

import tempfile
from dataclasses import asdict
from typing import Any

from experiments.record import run_recorded
from oneshot.facts.learner import Learner
from oneshot.facts.speed import bench_writer


def experiment() -> dict[str, Any]:
    """The timings on the packaged host."""
    with tempfile.TemporaryDirectory() as folder, Learner.open(folder) as learner:
        return {"timings": [asdict(timing) for timing in bench_writer(learner)]}


if __name__ == "__main__":
    print(run_recorded("facts-speed", {}, [], experiment))
