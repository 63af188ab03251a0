"""Training by a rule that needs no gradient chain, as `oneshot image train --rule` does it."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oneshot.cli.image.display import training_report
from oneshot.cli.image.options import chosen_device, images_of, settings_of
from oneshot.cli.session import SESSION
from oneshot.images.kinds import PICTURES, Rule

if TYPE_CHECKING:
    from oneshot.images.data import ImageSet
    from oneshot.images.rules.by_rule import RuleModel, RuleSettings
    from oneshot.images.rules.saved import RuleRun
else:
    RuleModel = RuleSettings = ImageSet = RuleRun = Any  # evaluated where types are checked


def train_rule(
    rule: Rule, values: dict[str, Any], data: Path | None, out: Path, *, resume: bool
) -> None:
    """Train by a rule, with those of the values that do not choose the pictures as its settings."""
    from oneshot.images.model import accuracy
    from oneshot.images.rules.by_rule import rule_settings
    from oneshot.images.rules.saved import RuleRun

    output, started = SESSION.get().output, time.perf_counter()
    chosen = settings_of(None, **{name: values[name] for name in PICTURES if name in values})
    own = {name: value for name, value in values.items() if name not in PICTURES}
    settings = rule_settings(rule, own)
    start = _start(out, resume=resume)
    images = images_of(chosen, data)
    model = _grown(RuleRun(rule, chosen, images.inputs), images, settings, start, out)
    share, n = accuracy(model, images.test_images, images.test_labels), len(images.test_labels)
    seconds = round(time.perf_counter() - started, 1)
    record = {"test_accuracy": share, "n": n, "folder": str(out), "seconds": seconds}
    output.outcome(record, f"test accuracy {share:.4f} of {n}, {seconds} s, saved in {out}")


def show_rule(rule: Rule, values: dict[str, Any]) -> None:
    """Print the settings that a rule would train with."""
    from oneshot.images.rules.by_rule import rule_settings

    chosen = settings_of(None, **{name: values[name] for name in PICTURES if name in values})
    own = {name: value for name, value in values.items() if name not in PICTURES}
    settings = asdict(rule_settings(rule, own))
    SESSION.get().output.record({"dataset": chosen.dataset, "rule": rule, **settings})


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


def _grown(
    run: RuleRun, images: ImageSet, settings: RuleSettings, start: RuleModel | None, out: Path
) -> RuleModel:
    """The whole model, saved each time that there is more of it."""
    from oneshot.images.rules.by_rule import train_by_rule
    from oneshot.images.rules.saved import save_model
    from oneshot.images.training.train import Interrupted

    saved = ""
    try:
        with training_report(SESSION.get().output) as report:
            for model in train_by_rule(run.rule, images, settings, report, start):
                save_model(out, run, model)
                saved = "; add --resume to the same command to go on"
    except KeyboardInterrupt:
        raise Interrupted(f"stopped{saved or ', nothing is saved yet'}") from None
    return model
