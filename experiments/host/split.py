"""Split facts and templates into what the host learns, what tunes the writer, and what tests it.

    python -m experiments.host.split --data ../shared/data

writes `facts.jsonl.gz`, `templates.json` and `background.txt.gz` of the package's corpus.
A relation's held-out templates are ParaRel templates that no other relation uses, so that a
prompt never leaves open which relation is meant; nothing equal to one of them is ever trained on.
"""

import argparse
import gzip
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CORPUS = HERE.parent.parent / "oneshot" / "hosts" / "corpus"
KNOWN, TEST, TUNE = 400, 60, 20
BACKGROUND_PARAGRAPHS = 600

# LRE relations that mean the same as a T-REx relation.
LRE_TWINS = {
    "P36": "country_capital_city", "P159": "company_hq", "P37": "country_language",
    "P17": "landmark_in_country", "P30": "landmark_on_continent", "P103": "person_native_language",
    "P106": "person_occupation", "P1303": "person_plays_instrument",
    "P413": "person_plays_position_in_sport",
}  # fmt: skip


def read_json(path: Path) -> dict[str, Any]:
    """Read one template file: relation id -> its entry."""
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def canonical(template: str) -> str:
    """Fold case and the spaces, so that two spellings of one template compare equal."""
    return " ".join(template.lower().replace(" ,", ",").split())


def split_templates(data: Path) -> dict[str, dict[str, Any]]:
    """Per relation: label, held-out, main and back-translated ("loose") templates."""
    pararel = read_json(data / "trex.templates.json")
    counterfact, mquake, lre, own = (
        read_json(path)
        for path in (
            data / "counterfact.templates.json",
            data / "mquake.templates.json",
            data / "lre.templates.json",
            HERE / "templates.json",
        )
    )
    uses = Counter(canonical(t) for r in pararel for t in set(pararel[r]["templates"]))
    result = {}
    for relation in sorted(pararel):
        curated = list(pararel[relation]["templates"])
        unique = [t for t in curated if uses[canonical(t)] == 1]
        random.Random(relation).shuffle(unique)
        held_out = unique[: 2 if len(curated) >= 6 else 1 if len(curated) >= 4 else 0]
        main = curated + counterfact.get(relation, {}).get("templates", []) + own[relation]
        main += [
            q.replace("[X]", "{}") for q in mquake.get(relation, {}).get("question_templates", [])
        ]
        if relation in LRE_TWINS:
            main += lre["lre:" + LRE_TWINS[relation]]["templates"]
        loose = [t for t in pararel[relation]["templates_lpaqa_manual"] if t.count("{}") == 1]
        loose = [t for t in loose if not t.endswith("{}") and len(t.split()) > 2]
        result[relation] = {
            "label": pararel[relation]["label"], "held_out": held_out, "main": main, "loose": loose
        }  # fmt: skip
    return drop_held_out(result)


def drop_held_out(templates: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Remove every held-out template, of whichever relation, and repeats from the trained ones."""
    held_out = {canonical(t) for entry in templates.values() for t in entry["held_out"]}
    for entry in templates.values():
        seen = set(held_out)
        for kind in ("main", "loose"):
            kept = []
            for template in entry[kind]:
                if canonical(template) not in seen:
                    seen.add(canonical(template))
                    kept.append(template)
            entry[kind] = kept
    return templates


def split_facts(data: Path) -> list[dict[str, str]]:
    """Facts with one object; per relation 60 to test, 20 to tune, up to 400 for the host."""
    by_relation: dict[str, list[tuple[str, str]]] = {}
    with gzip.open(data / "trex.jsonl.gz", "rt", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            if record["n_objects"] == 1:
                pair = (record["subject"].strip(), record["object"].strip())
                by_relation.setdefault(record["relation"], []).append(pair)
    rows, unseen = [], set()
    for relation in sorted(by_relation):
        facts = sorted(set(by_relation[relation]))
        random.Random(1).shuffle(facts)
        tune = TUNE if len(facts) >= 4 * (TEST + TUNE) else 0
        test = min(TEST, len(facts) // 2)
        parts = {"test": facts[:test], "tune": facts[test : test + tune]}
        parts["known"] = facts[test + tune : test + tune + KNOWN]
        for part, chosen in parts.items():
            rows += [
                {"subject": s, "relation": relation, "object": o, "split": part} for s, o in chosen
            ]
            unseen |= {s for s, _ in chosen} if part != "known" else set()
    return [row for row in rows if row["split"] != "known" or row["subject"] not in unseen]


def background(data: Path) -> list[str]:
    """Public-domain paragraphs of running text: the calibration's picture of "no fact here"."""
    with gzip.open(data / "cia_factbook.txt.gz", "rt", encoding="utf-8") as file:
        paragraphs = [
            p.strip() for p in file.read().replace("<|doc|>", "").split("\n") if len(p) > 120
        ]
    return random.Random(4).sample(sorted(paragraphs), BACKGROUND_PARAGRAPHS)


def write_gzip(path: Path, text: str) -> None:
    """Write a gzip file whose bytes depend on the text alone."""
    path.write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))


def main() -> None:
    """Write the three files of the corpus."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    data = parser.parse_args().data
    CORPUS.mkdir(parents=True, exist_ok=True)
    templates = split_templates(data / "facts")
    (CORPUS / "templates.json").write_text(
        json.dumps(templates, indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
    rows = split_facts(data / "facts")
    write_gzip(
        CORPUS / "facts.jsonl.gz", "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
    )
    write_gzip(CORPUS / "background.txt.gz", "\n".join(background(data / "text")) + "\n")
    print(
        Counter(row["split"] for row in rows),
        {k: sum(len(e[k]) for e in templates.values()) for k in ("held_out", "main", "loose")},
    )


if __name__ == "__main__":
    main()
