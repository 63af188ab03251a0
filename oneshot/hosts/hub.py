"""Names on the Hugging Face hub: what is kept of their models, and whether it can be reached."""

import difflib
from pathlib import Path

from oneshot.errors import HostError
from oneshot.hosts.known import known_hosts

WAIT = 5.0  # seconds within which the hub has to answer
FOUND = 200


def only_kept(name: str) -> bool:
    """Whether a model is to be taken from what is kept of it, since the hub cannot be reached.

    False for a folder. HostError, at once or after WAIT, where there is nothing by that name.
    """
    from huggingface_hub import constants

    if Path(name).is_dir():
        return False
    kept = _is_kept(name)
    if not kept and name.count("/") > 1:
        raise HostError(unknown(name))
    if constants.HF_HUB_OFFLINE:
        return False
    status = _status(name)
    if not kept and "/" not in name and status != FOUND:  # only the oldest have no owner: gpt2
        raise HostError(unknown(name))
    if status is not None:
        return False
    if not kept:
        raise HostError(
            f"{name[:60]!r} is no file or folder, and {constants.ENDPOINT} cannot be reached to "
            "look for it: connect to the network, or give a model that is here"
        )
    return True


def unknown(name: str) -> str:
    """What to say of a name that is nothing."""
    known = ", ".join(known_hosts())
    near = difflib.get_close_matches(name, known_hosts(), 1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return (
        f"no model is known as {name[:60]!r}, and it is no file or folder: give one that is known "
        f"({known}), a path, or a name on the Hugging Face hub with its owner (owner/name){meant}"
    )


def _is_kept(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return isinstance(try_to_load_from_cache(name, "config.json"), str)
    except HFValidationError as error:
        raise HostError(unknown(name)) from error


def _status(name: str) -> int | None:
    """What the hub says of a name in time, None if nothing; the library itself would try longer."""
    from huggingface_hub import get_session, hf_hub_url

    try:
        found = get_session().head(
            hf_hub_url(name, "config.json"), timeout=WAIT, follow_redirects=True
        )
    except Exception:  # of whichever library carries it
        return None
    return int(found.status_code)
