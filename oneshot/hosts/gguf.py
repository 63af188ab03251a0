"""GGUF files: unpacked once into a folder of safetensors, which is kept and loads in seconds."""

import hashlib
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from oneshot.errors import HostError
from oneshot.hosts.place import check_fits
from oneshot.hosts.shelf import Origin, Progress, building, keep_origin, shelf

MAGIC = b"GGUF"
STEPS = 4  # of unpacking, as progress counts them
HASHED = 16  # hexadecimal digits of a file's hash in the name of its folder
DIGITS_APART = (  # vocabularies learned with every digit cut out first, which the library forgets
    "smollm",
    "starcoder",
    "refact",
    "command-r",
    "codeshell",
    "exaone",
    "minerva-7b",
)


@dataclass(frozen=True)
class Header:
    """What a GGUF file says of itself; `splitting` names how it cuts text before its merges."""

    architecture: str
    licence: str
    splitting: str
    parameters: int


def unpacked(file: Path, dtype: torch.dtype, progress: Progress) -> Path:
    """The folder that a GGUF file is unpacked to, made if it is not there; raises HostError."""
    header_first(file)
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()[:HASHED]
    name = f"gguf-{digest}-{str(dtype).removeprefix('torch.')}"
    if not (shelf() / name).exists():
        with building(name) as folder:
            if not (shelf() / name).exists():  # nor made while this one waited
                header = unpack(file, folder, dtype, progress)
                keep_origin(folder, Origin(str(file.resolve()), header.licence))
    return shelf() / name


def unpack(file: Path, folder: Path, dtype: torch.dtype, progress: Progress) -> Header:
    """Write weights, tokenizer and configuration of a GGUF file to a folder; raises HostError."""
    from transformers import AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()

    def done(steps: int) -> None:
        progress(f"unpacking {file.name}", steps, STEPS)

    done(0)
    header = read_header(file)
    _check_room(file, folder, header.parameters * dtype.itemsize)
    done(1)
    with _readable(file, f"the architecture {header.architecture!r} or the file"):
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
        done(2)
        model = _read_model(file, dtype)
    done(3)
    _mend_splitting(tokenizer, header.splitting)
    tokenizer.model_max_length = model.config.max_position_embeddings
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    done(STEPS)
    return header


def header_first(file: Path) -> None:
    """Refuse quickly what is no GGUF file at all."""
    try:
        with file.open("rb") as opened:
            magic = opened.read(len(MAGIC))
    except OSError as error:
        raise HostError(f"{file} cannot be read ({error.strerror}); give a GGUF file") from error
    if magic != MAGIC:
        raise HostError(f"{file} is not a GGUF file; give one, or a folder with safetensors")


def read_header(file: Path) -> Header:
    """Read what a GGUF file says of itself; HostError for one that is damaged or cut off."""
    from gguf import GGUFReader

    with _readable(file, "the file"):
        reader = GGUFReader(file)

        def field(name: str) -> str:
            found = reader.fields.get(name)
            return str(found.contents()) if found else ""

        return Header(
            field("general.architecture"),
            field("general.license") or "unknown",
            field("tokenizer.ggml.pre"),
            sum(int(tensor.n_elements) for tensor in reader.tensors),
        )


def _read_model(file: Path, dtype: torch.dtype) -> Any:
    """The model with plain weights, and no word left of how they were packed."""
    import transformers

    options: dict[str, Any] = {}
    if hasattr(transformers, "GgufConfig"):  # versions that can leave weights packed
        options["quantization_config"] = transformers.GgufConfig(dequantize=True)
    library: Any = transformers.AutoModelForCausalLM
    model, report = library.from_pretrained(
        file.parent, gguf_file=file.name, dtype=dtype, output_loading_info=True, **options
    )
    if report["missing_keys"]:
        raise ValueError(f"weights are missing: {', '.join(sorted(report['missing_keys'])[:3])}")
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    return model


def _mend_splitting(tokenizer: Any, splitting: str) -> None:
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence

    if splitting in DIGITS_APART:
        parts = [Digits(individual_digits=True), ByteLevel(add_prefix_space=False)]
        tokenizer.backend_tokenizer.pre_tokenizer = Sequence(parts)


def _check_room(file: Path, folder: Path, need: int) -> None:
    check_fits(file.name, need, torch.device("cpu"))
    free = shutil.disk_usage(folder).free
    if need > free:
        raise HostError(
            f"{file.name} takes {need / 1e9:.1f} GB unpacked, and {free / 1e9:.1f} GB are free on "
            f"the disk of {shelf()}; free some space, or give --dtype bfloat16"
        )


@contextmanager
def _readable(file: Path, what: str) -> Iterator[None]:
    """Turn what the libraries raise on a file that they cannot read into one line.

    They raise nearly everything on damaged files, and draw bars of their own.
    """
    try:
        with redirect_stderr(io.StringIO()):
            yield
    except Exception as error:
        reason = " ".join(str(error).split())[:160]
        raise HostError(
            f"cannot read {file} ({reason}): {what} is not supported or damaged; give a whole "
            "GGUF file of a causal language model"
        ) from error
