"""Turn the records of runs into the tables of README.md and experiments/README.md.

    python -m experiments.tables

Replaces what stands between `<!-- NAME -->` and `<!-- /NAME -->`; nothing else is touched. The
parts of README.md are templates with references to records, in experiments/readme/
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from experiments.classes import answer_tables as answers
from experiments.classes import tables as classes
from experiments.classes import uneven_tables as uneven
from experiments.facts import open_tables as open_facts
from experiments.facts import tables as facts
from experiments.images import tables as images
from experiments.record import RESULTS
from experiments.retention import bench_tables as bench
from experiments.retention import tables as retention
from experiments.templates import fill_template

HERE = Path(__file__).parent
README, FRONT = HERE / "README.md", HERE.parent / "README.md"
SECTIONS: dict[str, Callable[[Path], str]] = {
    "facts": facts.figures_table,
    "facts-open": open_facts.open_table,
    "facts-binding": open_facts.binding_table,
    "facts-published": open_facts.published_table,
    "facts-chains": open_facts.chains_table,
    "rules": facts.rules_table,
    "speed": facts.speed_table,
    "examination": facts.examination_table,
    "bench-suites": bench.suites_table,
    "bench-costs": bench.costs_table,
    "retention": retention.targets_table,
    "retention-methods": retention.methods_table,
    "retention-sizes": retention.sizes_table,
    "retention-suites": retention.suites_table,
    "classes": classes.classes_table,
    "class-answers": answers.everything_table,
    "class-rejection": answers.rejection_table,
    "class-tasks": answers.tasks_table,
    "few-shot": classes.few_shot_table,
    "class-uneven": uneven.uneven_table,
    "class-text": classes.text_table,
    "images": lambda folder: images.table(images.training_records(folder)),
    "image-rules": images.rules_table,
    "image-speed": images.speed_table,
    "image-ablations": images.ablation_table,
    "image-blocks": images.blocks_table,
    "image-locality": images.locality_table,
}


def filled(text: str, folder: Path) -> str:
    """The text of experiments/README.md with its sections made anew from the folder's records."""
    return _replaced(text, {name: table(folder) for name, table in SECTIONS.items()})


def front_filled(text: str, folder: Path) -> str:
    """The text of README.md with its sections made anew from the folder's records."""
    templates = sorted((HERE / "readme").glob("*.md"))
    return _replaced(
        text, {p.stem: fill_template(p.read_text("utf-8"), folder).strip() for p in templates}
    )


def _replaced(text: str, sections: Mapping[str, str]) -> str:
    """The text, which has every section once, with what stands in them."""
    for name, table in sections.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        parts = pattern.split(text)
        if len(parts) != 4:
            raise ValueError(f"<!-- {name} --> and <!-- /{name} --> stand {len(parts) // 3} times")
        text = "".join([*parts[:2], table, "\n", *parts[2:]])
    return text


def main() -> None:
    """Rewrite both files."""
    README.write_text(filled(README.read_text("utf-8"), RESULTS), "utf-8")
    FRONT.write_text(front_filled(FRONT.read_text("utf-8"), RESULTS), "utf-8")


if __name__ == "__main__":
    main()
