"""What `oneshot bench writer` measures, as a record: run it on a machine that does nothing else.

python -m experiments.facts.costs.speed packaged smollm2
"""

import argparse
from dataclasses import asdict
from functools import partial
from typing import Any

from experiments.facts.runs import new_brain
from experiments.record import run_recorded
from oneshot.facts.examination.speed import bench_writer


def experiment(host: str) -> dict[str, Any]:
    """The timings on a host."""
    with new_brain(host, "cpu") as learner:
        return {"timings": [asdict(timing) for timing in bench_writer(learner)]}


def main() -> None:
    """Time the hosts of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("hosts", nargs="+", help="packaged, or as --model takes it")
    for host in parser.parse_args().hosts:
        measured = partial(experiment, host)
        name = "facts-speed" if host == "packaged" else f"facts-speed-{host}"
        print(run_recorded(name, {"host": host}, [], measured))


if __name__ == "__main__":
    main()
