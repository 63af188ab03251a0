"""What a brain costs and keeps as it grows: the same measures at each size of one growing brain.

    python -m experiments.facts.costs.scale experiments/configs/facts-scale-packaged.toml

Names are invented, relations and wordings those of the bank. A run that was stopped goes on from
the brain in `folder` where the configuration names one.
"""

import random
import statistics
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
from tqdm import tqdm

from experiments.facts.running_text import false_fires
from experiments.record import run_recorded
from oneshot.facts.learner import Learner
from oneshot.facts.manner import RAW, Manner
from oneshot.facts.types import Statement
from oneshot.hosts.corpus import background_text
from oneshot.hosts.relations import relations

STARTS, MIDDLES, ENDS = (
    tuple(parts.split())
    for parts in (
        "B Br D Dr F G Gl H K Kr L M N P Pr Q R S Sk St T Tr V W Z",
        "a e i o u ae ei ou ia",
        "l n r s th x m nd rk sh lt v",
    )
)
CHUNK, PROBES, PARAGRAPHS, TIMED, ROUNDS = 256, 200, 100, 40, 5


def invented(draw: random.Random) -> str:
    """A name of two invented words; some 100 million of them."""
    return " ".join(
        "".join(draw.choice(part) for part in (STARTS, MIDDLES, ENDS, MIDDLES, ENDS))
        for _ in range(2)
    )


def statements(seed: int) -> Iterator[Statement]:
    """Facts without end, each on a name of its own."""
    draw = random.Random(seed)
    clozes = [cloze for relation in relations() for cloze in relation.clozes]
    while True:
        name = invented(draw)
        prompt = draw.choice(clozes).replace("{}", name)
        yield Statement(prompt[0].upper() + prompt[1:], invented(draw), name)


def experiment(config: dict[str, Any]) -> dict[str, Any]:
    """The measures at each of the configuration's sizes."""
    kept = config.get("folder")
    place = nullcontext(kept) if kept else tempfile.TemporaryDirectory()
    with place as name:
        folder, rows = Path(name), list[dict[str, Any]]()
        for size in config["sizes"]:
            rate = _grow(folder, config["host"], size)
            rows.append({"facts": size, "taught_per_second": rate} | _measure(folder, config, size))
        return {"rows": rows}


def _grow(folder: Path, host: str, size: int) -> float:
    """Teach up to a size; facts a second."""
    with _open(folder, host) as learner:
        held = learner.stats().live
        facts, began = islice(statements(0), held, size), time.perf_counter()
        bar = tqdm(total=size - held, desc=f"{size:,} facts")
        while chunk := list(islice(facts, CHUNK)):
            learner.write(chunk)
            bar.update(len(chunk))
        return (size - held) / (time.perf_counter() - began)


def _open(folder: Path, host: str) -> Learner:
    return Learner.open(folder, model=None if host == "packaged" else host)


def _measure(folder: Path, config: dict[str, Any], size: int) -> dict[str, Any]:
    before = psutil.Process().memory_info().rss
    began = time.perf_counter()
    with _open(folder, config["host"]) as learner:
        learner.denoiser()
        opened = time.perf_counter() - began
        memory = psutil.Process().memory_info().rss
        stored = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
        return {
            "open_seconds": opened,
            "resident_mib": memory / 2**20,
            "resident_before_mib": before / 2**20,
            "bytes_per_fact": stored / size,
            **_kept(learner, size),
            **_queries(learner, size),
            **_changes(learner),
        }


def _kept(learner: Learner, size: int) -> dict[str, Any]:
    """Answers to taught prompts and to the same ones on other names, and words in running text."""
    chosen = _sample(size)
    said = learner.ask([s.prompt for s in chosen], manner=RAW)
    right = sum(r.answer.rstrip(".") == s.answer for r, s in zip(said, chosen, strict=True))
    draw = random.Random(1)
    strangers = [s.prompt.replace(str(s.subject), invented(draw)) for s in chosen]
    unchanged = sum(not reply.facts for reply in learner.ask(strangers, manner=RAW))
    text = false_fires(learner, background_text()[-PARAGRAPHS:])
    return {
        "recall": right / len(chosen),
        "neighbours": unchanged / len(strangers),
        "text_fires": text["fires"],
        "text_tokens": text["tokens"],
    }


def _sample(size: int) -> list[Statement]:
    places = set(random.Random(2).sample(range(size), PROBES))
    return [s for i, s in enumerate(islice(statements(0), size)) if i in places]


def _queries(learner: Learner, size: int) -> dict[str, float]:
    """Milliseconds of a text about a taught name to which no fact is asked, in turns."""
    prompts = [f"A letter of last summer about {s.subject} and" for s in _sample(size)[:TIMED]]
    manner, bare, taught = Manner(raw=True, max_new_tokens=8), [], []
    for _ in range(ROUNDS):
        bare.append(_ms(partial(learner.ask, prompts, manner=manner, adapter=False)))
        taught.append(_ms(partial(learner.ask, prompts, manner=manner)))
    ratio = statistics.median(t / b for t, b in zip(taught, bare, strict=True))
    return {"bare_ms": min(bare) / TIMED, "query_ms": min(taught) / TIMED, "query_ratio": ratio}


def _changes(learner: Learner) -> dict[str, float]:
    """Milliseconds of single changes and of looking things up; the facts are as before after it."""
    fresh = list(islice(statements(3), TIMED))
    written = [_ms(partial(learner.write, [s])) for s in fresh]
    asked = [_after_a_write(learner, s) for s in islice(statements(4), 5)]
    ids = [fact.id for s in fresh for fact in learner.by_subject(str(s.subject))]
    forgotten = [_ms(partial(learner.forget, [i])) for i in ids[:10]]
    learner.forget([*ids[10:], *(f.id for s in asked for f in learner.by_subject(s[1]))])
    return {
        "write_ms": statistics.median(written),
        "ask_after_write_ms": statistics.median(ms for ms, _ in asked),
        "forget_ms": statistics.median(forgotten),
        "search_ms": _ms(partial(learner.search, str(fresh[0].subject))),
        "stats_ms": _ms(learner.stats),
    }


def _after_a_write(learner: Learner, fact: Statement) -> tuple[float, str]:
    """What the first question after a write takes: what is built anew then."""
    learner.write([fact])
    return _ms(learner.denoiser), str(fact.subject)


def _ms(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - began)


def main(paths: Sequence[str] | None = None) -> None:
    """Run the configurations."""
    import argparse

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("configs", nargs="+", type=Path)
    for path in parser.parse_args(paths).configs:
        config = tomllib.loads(path.read_text("utf-8"))
        print(run_recorded(path.stem, config, [], partial(experiment, config)))


if __name__ == "__main__":
    main()
