"""The options that the programs of this part have in common."""

import argparse
from pathlib import Path

from oneshot.hosts.load import PACKAGED


def command(doc: str) -> argparse.ArgumentParser:
    """A parser with a configuration, a model and a data folder; `doc` is the program's own text."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--model", default=PACKAGED)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    return parser
