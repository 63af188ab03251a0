"""Files of the data folder that ONESHOT_DATA names."""

from pathlib import Path

from oneshot.errors import BadInputError
from oneshot.files.data_folder import ENVIRONMENT, named_folder


def data_file(name: str) -> Path:
    """A file, by its kind and name; raises BadInputError where no folder is named that holds it."""
    folder = named_folder(None)
    if folder is None:
        raise BadInputError(f"{name} is needed: give {ENVIRONMENT} the folder that holds it")
    found = folder.find(name)
    if found is None:
        raise folder.missing(name)
    return found
