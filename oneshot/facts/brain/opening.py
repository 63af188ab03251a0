"""Opening a brain with its host: found where there is none, refused where the two do not fit."""

from pathlib import Path

from oneshot.errors import BrainError
from oneshot.facts.brain.export import MODEL
from oneshot.facts.brain.files import CONFIG, WEIGHTS, Brain, Config, read_config
from oneshot.facts.calibrated import host_calibration
from oneshot.facts.rules import POSTERIOR, check_rule
from oneshot.hosts.load import PACKAGED, Host, load_host, same_host
from oneshot.memory.disk.content import content_hash
from oneshot.memory.disk.segment_file import SUFFIX
from oneshot.progress import Report, silent


def open_host(
    folder: Path,
    model: str | None,
    device: str,
    dtype: str,
    trust_remote_code: bool,
    progress: Report = silent,
) -> Host:
    """The host that is asked for, else the brain's own, else the packaged one."""
    config = read_config(folder)
    name = model or (config.host if config else PACKAGED)
    return load_host(
        None if name == PACKAGED else name,
        device=device,
        dtype=dtype,
        trust_remote_code=trust_remote_code,
        progress=progress,
    )


def open_brain(
    folder: Path, host: Host, rule: str | None, progress: Report
) -> tuple[Brain, Config]:
    """The brain in a folder, founded if need be; BrainError where it is not this host's."""
    config = read_config(folder)
    if config is None:
        return _found(folder, host, rule or POSTERIOR, progress)
    _check_fits(folder, config, host, rule)
    return Brain(folder), config


def _found(folder: Path, host: Host, rule: str, progress: Report) -> tuple[Brain, Config]:
    if any((folder / WEIGHTS).glob(f"*{SUFFIX}")):
        raise BrainError(
            f"{folder} holds facts, but its {CONFIG} is missing; restore it from an export of "
            "this brain"
        )
    check_rule(rule)
    data = host_calibration(host, progress)[1].read_bytes()
    config = Config(host.name, host.hash, content_hash(data), rule)
    brain = Brain(folder)
    try:
        config = brain.found(config, data)
        _check_fits(folder, config, host, rule)
    except BaseException:
        brain.close()
        raise
    return brain, config


def _check_fits(folder: Path, config: Config, host: Host, rule: str | None) -> None:
    if (folder / MODEL).exists() and not (folder / WEIGHTS).exists():
        raise BrainError(f"{folder} is an exported adapter; give a --brain and import it there")
    if not same_host(config.host_hash, host.hash):
        raise BrainError(
            f"{folder} belongs to the model {config.host!r} ({config.host_hash[:8]}), not to "
            f"{host.name!r} ({host.hash[:8]}); give --model {config.host} or another --brain"
        )
    if rule is not None and rule != config.rule:
        raise BrainError(f"{folder} has rule {config.rule}, not {rule}; give another --brain")
