"""List the words of running text that mean something by themselves, and which are names as well.

    python -m experiments.host.ordinary --data ../shared/data

writes adapters/text/ordinary.txt: words that stand in lower case at least once in a million, those
with a capital letter that are somebody's or something's name too.
"""

import argparse
import gzip
import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from adapters.text.names import DETERMINERS
from adapters.text.words import set_of

TARGET = Path(__file__).parents[2] / "adapters" / "text" / "ordinary.txt"
TEXTS = ("cia_factbook", "wiki_en_aligned", "wiki_qa_passages")
PER_MILLION = 1.0
NAMED, SHARE = 3, 0.05  # times that a word is a name, of all times that it stands by itself
OWNERS = set_of("his her its their no any some each our my your")
PERSONAL = set_of("P19 P20 P27 P39 P69 P101 P103 P106 P140 P1412")  # relations of people alone
_LOWER = re.compile(r"(?<![\w'\u2019])[a-z]+(?![\w'\u2019])")
_NAME = re.compile(r"\b([a-z]+) ([A-Z][a-z]+)(?=(?:'s)?(?:[,.;)]|,? [a-z(]))")  # in mid-sentence
HEAD = """\
# Words that mean something by themselves: running text has them in lower case at least once in a
# million. Those with a capital letter are names as well, in the same text or of people.
"""


def lines(data: Path) -> Iterator[str]:
    """The running text."""
    for name in TEXTS:
        with gzip.open(data / "text" / f"{name}.txt.gz", "rt", encoding="utf-8") as file:
            yield from file


def counts(text: Iterator[str]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """How often words stand in lower case, as a name, and as a name with an article."""
    ordinary, named, owned = Counter[str](), Counter[str](), Counter[str]()
    for line in text:
        ordinary.update(_LOWER.findall(line))
        for before, word in _NAME.findall(line):
            (owned if before in DETERMINERS | OWNERS else named)[word.lower()] += 1
    return ordinary, named, owned


def often_names(ordinary: Counter[str], named: Counter[str], owned: Counter[str]) -> set[str]:
    """Words that are names often enough, and more often than kinds of place ("the Church")."""
    often = {w: n for w, n in named.items() if n >= NAMED and n >= SHARE * (n + ordinary[w])}
    return {word for word, n in often.items() if n > owned[word]}


def first_names(data: Path) -> set[str]:
    """The first words of the names of people."""
    with gzip.open(data / "facts" / "trex.jsonl.gz", "rt", encoding="utf-8") as file:
        facts = [fact for fact in map(json.loads, file) if fact["relation"] in PERSONAL]
    names = [fact["subject"].split() for fact in facts]
    return {n[0].lower() for n in names if 2 <= len(n) <= 3 and all(w[0].isupper() for w in n)}


def main() -> None:
    """Write the list."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    data = parser.parse_args().data
    ordinary, named, owned = counts(lines(data))
    least = PER_MILLION * ordinary.total() / 1e6
    names = often_names(ordinary, named, owned) | first_names(data)
    kept = sorted(w for w, n in ordinary.items() if n >= least and len(w) > 1)
    shown = " ".join(w.capitalize() if w in names else w for w in kept)
    TARGET.write_text(HEAD + "\n".join(textwrap.wrap(shown, 100)) + "\n", "utf-8")
    print(len(kept), "words,", sum(w in names for w in kept), "of them names")


if __name__ == "__main__":
    main()
