"""Adapters as folders that can be carried about: canonical export, and whether one fits a brain."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from torch import Tensor

from adapters.address.calibration import Calibration
from adapters.write.rows import NO_TOKEN, FactRows
from oneshot.errors import BrainError
from oneshot.facts.brain.files import CALIBRATION, CONFIG, WEIGHTS, Config
from oneshot.facts.brain.held.kept import record_of
from oneshot.facts.brain.held.live import no_rows
from oneshot.facts.types import Statement
from oneshot.files.durable import replacing, write_atomically
from oneshot.files.tensor_file import write_tensors
from oneshot.hosts.load import same_host
from oneshot.memory.disk.folder import config_bytes
from oneshot.memory.disk.records import text_tensors
from oneshot.memory.disk.segment_file import described, layout_of

MODEL = "adapter_model.safetensors"
METADATA = "facts"  # where earlier versions kept texts
TEXTS = "facts.texts", "facts.ends"


def export_folder(
    folder: Path,
    config: Config,
    calibration: bytes,
    parts: Iterable[tuple[FactRows, Sequence[Statement]]],
) -> None:
    """Write an adapter folder; the same set of facts gives the same bytes.

    `parts` are rows with their statements, all in canonical order; one part is in memory at a time.
    Raises BrainError for a folder in use.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BrainError(f"{folder} cannot be written ({error.strerror}); give another") from error
    if (folder / WEIGHTS).exists():
        raise BrainError(f"{folder} is a brain; give another folder to export to")
    write_atomically(folder / CALIBRATION, calibration)
    with replacing(folder / MODEL) as file:
        write_tensors(file, _with_texts(parts), folder)
    write_atomically(folder / CONFIG, config_bytes(config))


def _with_texts(
    parts: Iterable[tuple[FactRows, Sequence[Statement]]],
) -> Iterator[dict[str, Tensor]]:
    """Each part's rows with its texts; they end where they do among all texts."""
    begin = 0
    for rows, statements in parts:
        texts, ends = text_tensors([record_of(s) for s in statements])
        yield rows.tensors() | dict(zip(TEXTS, (texts, ends + begin), strict=True))
        begin += len(texts)


def check_host(folder: Path, carried: Config, own: Config) -> None:
    """Raise BrainError where a folder's facts belong to another model than the brain's own."""
    if not same_host(carried.host_hash, own.host_hash):
        raise BrainError(
            f"{folder} belongs to the model {carried.host!r} ({carried.host_hash[:8]}), this "
            f"brain to {own.host!r} ({own.host_hash[:8]}); teach its facts from a file instead"
        )


def check_rows(folder: Path, rows: FactRows, calibration: Calibration, vocabulary: int) -> None:
    """Raise BrainError where rows are not of the calibration's form or name unknown tokens."""
    form = layout_of(no_rows(calibration).tensors())
    known = [(t >= NO_TOKEN) & (t < vocabulary) for t in (rows.answer, rows.sentence)]
    counted = (rows.count >= 1) & (rows.count <= rows.readings.shape[1])
    if layout_of(rows.tensors()) != form or not all(bool(t.all()) for t in (*known, counted)):
        raise BrainError(
            f"{folder} has weights of another form than {described(form)}; export it again"
        )
