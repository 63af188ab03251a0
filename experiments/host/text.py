"""Write the tenth of the running text that the host was not trained on, a paragraph a line.

python -m experiments.host.text --data ../shared/data
"""

import argparse
from pathlib import Path

from experiments.host.stream import Corpus
from oneshot.hosts.corpus import background_text

TARGET = Path("build/held_out_text.txt")


def main() -> None:
    """Write build/held_out_text.txt."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    TARGET.parent.mkdir(exist_ok=True)
    calibration = set(background_text())
    paragraphs = Corpus(parser.parse_args().data).held_out_text
    kept = [p for p in paragraphs if p not in calibration]
    TARGET.write_text("\n".join(kept) + "\n", "utf-8")


if __name__ == "__main__":
    main()
