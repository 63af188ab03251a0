"""A taught model for other libraries: `oneshot.load`."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from oneshot.errors import BrainError
from oneshot.facts.pretrained.adapter import Adapter
from oneshot.hosts.load import PACKAGED, load_host, same_host


def load(
    brain: Path | str,
    *,
    model: str | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    device_map: str | dict[str, Any] | None = None,
    bits: int | None = None,
    trust_remote_code: bool = False,
) -> tuple[Any, Any]:
    """A brain's model with its facts attached, and its tokenizer, as transformers knows them.

    `brain` is a brain's folder, an exported one, or the owner/name of one on the hub; `model` says
    where its host is, if not where the brain found it. Both go into `pipeline`, `generate`,
    streamers and lm-evaluation-harness. With a `device_map` the library places the model; `bits`, 4
    or 8, packs its weights with bitsandbytes: then nobody can tell whether they are those that the
    facts were taught on. Raises BrainError where there is no brain or the model is another one,
    HostError where it cannot be loaded.
    """
    adapter = Adapter.from_pretrained(brain)
    name = model or adapter.config.host
    host = load_host(
        None if name == PACKAGED else name,
        device=device,
        dtype=dtype,
        device_map=device_map,
        bits=bits,
        trust_remote_code=trust_remote_code,
    )
    if bits is None and not same_host(adapter.config.host_hash, host.hash):
        raise BrainError(
            f"{brain} was taught on {adapter.config.host!r} ({adapter.config.host_hash[:8]}), "
            f"which is not {name!r} ({host.hash[:8]}); give the model= that it was taught on"
        )
    hung = ExitStack()
    hung.enter_context(adapter.attach(host.model, host.tokenizer))
    host.model.oneshot_facts = hung  # they hang there as long as the model lives
    return host.model, host.tokenizer
