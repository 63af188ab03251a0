"""Training by a rule that needs no gradient chain, as `oneshot image train --rule` does it."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oneshot.cli.image.display import training_report
from oneshot.cli.image.measuring import measure
from oneshot.cli.image.options import chosen_device, described_set, images_of, settings_of
from oneshot.cli.image.stopping import interrupted_when_asked
from oneshot.cli.session import SESSION
from oneshot.errors import Stopped
from oneshot.images.kinds import PICTURES, RuleName

if TYPE_CHECKING:
    from oneshot.images.data import ImageSet
    from oneshot.images.rules.by_rule import RuleModel, RuleSettings
    from oneshot.images.rules.saved import RuleRun
else:
    RuleModel = RuleSettings = ImageSet = RuleRun = Any  # evaluated where types are checked


def train_rule(
    rule: RuleName, values: dict[str, Any], data: Path | None, out: Path, *, resume: bool
) -> None:
    """Train by a rule, with those of the values that do not choose the pictures as its settings."""
    from oneshot.images.rules.by_rule import rule_settings
    from oneshot.images.rules.saved import RuleRun

    started = time.perf_counter()
    chosen = settings_of(None, **{name: values[name] for name in PICTURES if name in values})
    own = {name: value for name, value in values.items() if name not in PICTURES}
    settings = rule_settings(rule, own)
    start = _start(out, resume=resume)
    images = images_of(chosen, data)
    _grow(RuleRun(rule, chosen, images.inputs), images, settings, start, out)
    seconds = round(time.perf_counter() - started, 1)
    measure(out, images, {"folder": str(out), "seconds": seconds})


def show_rule(rule: RuleName, values: dict[str, Any], data: Path | None) -> None:
    """Print the settings that a rule would train with."""
    from oneshot.images.rules.by_rule import rule_settings

    chosen = settings_of(None, **{name: values[name] for name in PICTURES if name in values})
    own = {name: value for name, value in values.items() if name not in PICTURES}
    settings = asdict(rule_settings(rule, own))
    found = described_set(chosen, data)
    SESSION.get().output.record({**found, "rule": rule, **settings})


def _start(out: Path, *, resume: bool) -> RuleModel | None:
    """The model to go on from; CheckpointError where --resume and the folder do not agree."""
    from oneshot.images.rules.saved import load_model
    from oneshot.images.training.checkpoint import CheckpointError, has_checkpoint, make_folder

    if resume:
        return load_model(out, chosen_device())[1]
    if has_checkpoint(out):
        raise CheckpointError(
            f"{out} holds a checkpoint already; add --resume to go on or give another --out"
        )
    make_folder(out)
    return None


def _grow(
    run: RuleRun, images: ImageSet, settings: RuleSettings, start: RuleModel | None, out: Path
) -> None:
    """Train the model, saved each time that there is more of it."""
    from oneshot.images.rules.by_rule import train_by_rule
    from oneshot.images.rules.saved import save_model
    from oneshot.images.training.journal import journalled

    output, saved, first = SESSION.get().output, "", start.size if start else 0
    try:
        with (
            interrupted_when_asked(),
            training_report(output) as shown,
            journalled(out, first, shown) as report,
        ):
            grown = train_by_rule(run.rule, images, settings, report, start)
            output.remark(
                f"{images.found}: {len(images.train_labels):,} pictures, {images.classes} "
                f"classes; rule {run.rule}"
            )
            for model in grown:
                save_model(out, run, model)
                saved = "; add --resume to the same command to go on"
    except KeyboardInterrupt:
        raise Stopped(f"stopped{saved or ', nothing is saved yet'}") from None
