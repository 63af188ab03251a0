"""Rows of Parquet files as records, read in small batches."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from oneshot.errors import BadInputError

SUFFIX = ".parquet"
BATCH = 1024  # rows that are in memory


def parquet_rows(path: Path, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row by its columns' names, with its place for messages; BadInputError for a bad file."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            numbers = count(1)
            for batch in file.iter_batches(BATCH):
                for record in batch.to_pylist():
                    yield f"{name}, row {next(numbers)}", record
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:150]
        raise BadInputError(
            f"{name} is no readable Parquet file ({reason}): write it anew"
        ) from None
