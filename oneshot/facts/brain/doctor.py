"""Check a brain folder without loading its model, and mend what can be mended."""

import json
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from adapters.write.state import load_calibration
from oneshot.errors import BrainError
from oneshot.facts.brain.files import BRAIN, CONFIG, WEIGHTS, Brain, Config
from oneshot.facts.brain.held.texts import Texts
from oneshot.facts.brain.implying import wanted_of
from oneshot.facts.brain.ledger import Ledger
from oneshot.facts.calibrated import calibration_path
from oneshot.facts.implied.rules import Rule
from oneshot.facts.types import Statement
from oneshot.files.durable import write_atomically
from oneshot.memory.disk.shelf import Shelf
from oneshot.memory.doctor import checks
from oneshot.memory.doctor.finding import Finding
from oneshot.memory.journal.facts import Journal
from oneshot.memory.journal.rows import Fact

LOST = "lost-facts.jsonl"
"""Beside the journal: the texts of facts whose weights were lost."""

_TOLD = "prompt", "answer", "subject", "source", "asks", "aliases", "also", "since", "until"
_NAMED = 10  # lost facts that are named in a finding


def examine(folder: Path, *, repair: bool) -> list[Finding]:
    """Findings on configuration, calibration, weights, and journal against weights.

    Raises BrainError for a folder that is no brain, or that may not be written.
    """
    if not (folder / WEIGHTS).is_dir():
        raise BrainError(f"{folder} is no brain; teach something or give another --brain")
    config, finding = checks.check_config(BRAIN, folder, _described)
    findings = [finding]
    if config:
        kept = calibration_path(config.host_hash)
        findings.append(
            checks.check_calibration(BRAIN, folder, config, _load, [kept], repair=repair)
        )
    findings.append(checks.check_journal(folder, Journal, repair=repair))
    if findings[-1].ok or findings[-1].repaired:
        with Brain(folder) as brain, brain.writing():
            findings += checks.check_leftovers(folder, CONFIG, repair=repair)
            findings += checks.check_weights(brain.store, repair=repair)
            findings += _agreement(brain, repair=repair)
    return findings


def _described(config: Config) -> str:
    sites = f", {config.sites} sites" if config.sites else ""  # the default rule has none
    return f"{config.host}, {config.rule}{sites}"


def _load(path: Path) -> object:
    return load_calibration(path)


def _agreement(brain: Brain, *, repair: bool) -> Iterator[Finding]:
    """Live facts of the journal and facts of the weights have to be the same set."""
    try:
        texts = Texts(Shelf(brain.store.open()))
    except BrainError as error:
        yield Finding("journal and weights", False, f"not compared: {error}")
        return
    stored = len(texts) - len(texts.all_implied())
    gone, both = list[Fact](), 0
    for entry in brain.journal.entries("live"):
        if entry.key in texts:
            both += 1
        else:
            gone.append(entry)
    unlisted = stored - both
    if unlisted:
        yield _list(brain, unlisted, repair=repair)
    if gone:
        yield _lost(brain, gone, repair=repair)
    if not unlisted and not gone:
        yield Finding("journal and weights", True, f"{stored} facts in both")
        yield _implied(brain, texts, repair=repair)


def _implied(brain: Brain, texts: Texts, *, repair: bool) -> Finding:
    """What the weights hold as implied has to follow from the facts, in whatever wordings it is
    asked; what does not is taken out.
    """
    rules = [Rule(text) for text in brain.journal.rules()]
    wanted = wanted_of(texts, texts.names(every=bool(rules)), rules)
    there, follows = texts.all_implied(), set(map(_told, wanted.values()))
    if wrong := [key for key, told in there.items() if _told(told) not in follows]:
        if repair:
            brain.store.remove(wrong)
        detail = f"{len(wrong)} of them follow from no fact any more"
        return Finding("implied facts", False, detail, repaired=repair)
    return Finding("implied facts", True, f"{len(there)} follow from the facts")


def _told(implied: Statement) -> tuple[object, ...]:
    return implied.prompt, implied.answer, implied.subject, implied.origins


def _lost(brain: Brain, gone: Sequence[Fact], *, repair: bool) -> Finding:
    """Keep the texts of facts whose weights are lost, so that they can be taught again."""
    named = [f"#{entry.id} ({entry.prompt[:40]})" for entry in gone[:_NAMED]]
    if more := len(gone) - len(named):
        named.append(f"{more:,} more")
    detail = f"{len(gone):,} facts are not in the weights, {', '.join(named)}"
    path = brain.folder / LOST
    if not repair:
        remedy = "--repair keeps their texts, to teach them again"
        return Finding("journal", False, f"{detail}; {remedy}")
    before = path.read_bytes() if path.exists() else b""
    write_atomically(path, before + b"".join(map(_line, gone)))
    brain.journal.set_state([entry.id for entry in gone], "forgotten")
    again = shlex.join(["oneshot", "--brain", str(brain.folder), "teach", "--file", str(path)])
    return Finding("journal", False, f"{detail}; teach them again: `{again}`", repaired=True)


def _line(fact: Fact) -> bytes:
    """A fact as a line of a file to teach."""
    told = {name: value for name in _TOLD if (value := getattr(fact, name))}
    return (json.dumps(told, ensure_ascii=False) + "\n").encode()


def _list(brain: Brain, count: int, *, repair: bool) -> Finding:
    """Let the ledger finish what was begun, which tells new facts from replaced ones."""
    detail = f"{count} facts of the weights are not live in it"
    if repair:
        try:
            calibration = load_calibration(brain.calibration)
        except (BrainError, OSError):
            return Finding("journal", False, f"{detail}; mend the calibration first")
        brain.journal.trust(())  # every segment is looked at
        Ledger(brain, calibration, {})
    return Finding("journal", False, detail, repaired=repair)
