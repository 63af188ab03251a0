"""Rows of Parquet files as records, read in small batches."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from oneshot.errors import BadInputError

SUFFIX = ".parquet"
BATCH = 1024  # rows that are in memory


def parquet_count(path: Path) -> int:
    """How many rows a file has; BadInputError for a file that cannot be read."""
    from pyarrow.parquet import read_metadata

    with _one_line(path):
        return int(read_metadata(path).num_rows)


def parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Each row by its columns' names; BadInputError for a file that cannot be read."""
    from pyarrow.parquet import ParquetFile

    with _one_line(path), ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH):
            yield from batch.to_pylist()


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    from pyarrow import ArrowException

    try:
        yield
    except (ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:150]
        raise BadInputError(f"{path} is no whole parquet file ({reason}); save it again") from error
