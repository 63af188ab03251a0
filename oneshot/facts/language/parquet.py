"""Rows of Parquet files as records, read in small batches."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oneshot.errors import BadInputError

SUFFIX = ".parquet"
BATCH = 1024  # rows that are in memory


def parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Each row by its columns' names; BadInputError for a file that cannot be read."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH):
                yield from batch.to_pylist()
    except (ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:150]
        raise BadInputError(f"{path} is no whole parquet file ({reason}); save it again") from error
