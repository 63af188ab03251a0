"""Turn the records of runs into the tables of README.md and of experiments/PART/README.md.

    python -m experiments.tables

Replaces what stands between `<!-- NAME -->` and `<!-- /NAME -->`; nothing else is touched. The
parts of README.md are templates with references to records, in experiments/readme/
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from experiments.classes import answer_tables as answers
from experiments.classes import stream_tables as streams
from experiments.classes import tables as classes
from experiments.classes import uneven_tables as uneven
from experiments.facts import open_tables as open_facts
from experiments.facts import tables as facts
from experiments.facts.costs.scale import table as scale
from experiments.images import tables as images
from experiments.record import RESULTS
from experiments.retention import tables as retention
from experiments.retention.records import bench_tables as bench
from experiments.retention.records import front_tables as front
from experiments.retention.records import locality_tables as locality
from experiments.templates import NoRecordError, fill_template

HERE = Path(__file__).parent
FRONT = HERE.parent / "README.md"
Table = Callable[[Path], str]
PARTS: dict[str, dict[str, Table]] = {
    "facts": {
        "facts": facts.figures_table,
        "facts-open": open_facts.open_table,
        "facts-binding": open_facts.binding_table,
        "facts-published": open_facts.published_table,
        "facts-chains": open_facts.chains_table,
        "rules": facts.rules_table,
        "speed": facts.speed_table,
        "scale-smollm2": partial(scale.scale_table, host="smollm2"),
        "examination": facts.examination_table,
    },
    "retention": {
        "bench-suites": bench.suites_table,
        "bench-false-fires": locality.false_fires_table,
        "bench-general": locality.general_table,
        "bench-costs": bench.costs_table,
        "retention": retention.targets_table,
        "retention-methods": retention.methods_table,
        "retention-sizes": retention.sizes_table,
        "retention-suites": retention.suites_table,
    },
    "classes": {
        "class-answers": answers.everything_table,
        "class-rejection": answers.rejection_table,
        "class-tasks": answers.tasks_table,
        "classes": classes.classes_table,
        "few-shot": classes.few_shot_table,
        "class-uneven": uneven.uneven_table,
        "class-stream": streams.stream_table,
        "class-text": classes.text_table,
    },
    "images": {
        "images": lambda folder: images.table(images.training_records(folder)),
        "image-rules": images.rules_table,
        "image-speed": images.speed_table,
        "image-ablations": images.ablation_table,
        "image-blocks": images.blocks_table,
        "image-chain": images.chain_table,
        "image-locality": images.locality_table,
    },
}
"""The tables of experiments/PART/README.md, by the names of their markers."""

FRONT_TABLES: dict[str, Table] = {
    "bench-counterfact": front.counterfact_table,
    "bench-hard": front.hard_table,
    "facts-scale": scale.scale_table,
}
"""The tables of README.md; its other sections are templates."""

PAGES = {part: HERE / part / "README.md" for part in PARTS}


def filled(text: str, part: str, folder: Path) -> str:
    """A part's text with its tables made anew from the folder's records."""
    return _replaced(text, {name: table(folder) for name, table in PARTS[part].items()})


def front_filled(text: str, folder: Path) -> str:
    """The text of README.md with its sections made anew from the folder's records."""
    templates = sorted((HERE / "readme").glob("*.md"))
    filled_in = {p.stem: _section(p.read_text("utf-8"), folder) for p in templates}
    return _replaced(text, filled_in | {name: t(folder) for name, t in FRONT_TABLES.items()})


def _section(template: str, folder: Path) -> str:
    try:
        return fill_template(template, folder).strip()
    except NoRecordError:
        return "No record yet."


def made(folder: Path) -> dict[Path, str]:
    """Every text with tables, as the folder's records make it."""
    texts = {path: filled(path.read_text("utf-8"), p, folder) for p, path in PAGES.items()}
    return texts | {FRONT: front_filled(FRONT.read_text("utf-8"), folder)}


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
    """Rewrite all of them."""
    for path, text in made(RESULTS).items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
