"""Where a host's weights go: in which precision, on which device, and whether they fit at all."""

from importlib.util import find_spec
from typing import Any

import psutil
import torch

from oneshot.errors import BadInputError, HostError

AUTO = "auto"
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
SEVERAL = "auto"
"""The library's device map that shares a model out over several devices."""


DeviceMap = str | dict[str, Any] | None


def packed(bits: int | None) -> dict[str, Any]:
    """The library's options for weights in 4 or 8 bits; none for None.

    Raises BadInputError for another number, HostError where bitsandbytes is missing.
    """
    if bits is None:
        return {}
    if bits not in (4, 8):
        raise BadInputError(f"bits = {bits} came; give 4 or 8, or leave it out")
    if find_spec("bitsandbytes") is None:
        raise HostError(f"{bits} bits need a package; run `pip install 'oneshot[packed]'`")
    from transformers import BitsAndBytesConfig

    return {"quantization_config": BitsAndBytesConfig(**{f"load_in_{bits}bit": True})}


def check_dtype(name: str) -> torch.dtype | None:
    """The precision of a name; None for `auto`, the checkpoint's own. Raises BadInputError."""
    if name != AUTO and name not in DTYPES:
        raise BadInputError(
            f"--dtype {name!r} is unknown; give one of {', '.join((AUTO, *DTYPES))}"
        )
    return DTYPES.get(name)


def own_dtype(config: Any) -> torch.dtype:
    """The precision that a checkpoint's configuration names, else float32."""
    found = getattr(config, "dtype", None) or getattr(config.get_text_config(), "dtype", None)
    return found if isinstance(found, torch.dtype) else torch.float32


def choose_device(name: str, model: str, need: int) -> torch.device | str:
    """The device for `need` bytes of a model, or `SEVERAL` devices.

    `auto` takes the CUDA device with most free memory, several where one is too small, or else the
    CPU. Raises BadInputError for a device that is not there, HostError where the model surely does
    not fit.
    """
    if name != AUTO:
        device = _check_device(name)
        check_fits(model, need, device)
        return device
    free = {d: free_bytes(d) or 0 for d in _cuda_devices()}
    if free and max(free.values()) >= need:
        return max(free, key=lambda device: free[device])
    if len(free) > 1 and sum(free.values()) >= need:
        if find_spec("accelerate") is None:
            raise HostError(
                f"{model} needs {_gigabytes(need)}, more than one device has; run "
                "`pip install accelerate` to share it out over several"
            )
        return SEVERAL
    check_fits(model, need, torch.device("cpu"))
    return torch.device("cpu")


def check_fits(model: str, need: int, device: torch.device) -> None:
    """HostError where a model's weights alone are more than the device's free memory."""
    free = free_bytes(device)
    if free is not None and need > free:
        raise HostError(
            f"{model} needs {_gigabytes(need)} for its weights, and {device} has "
            f"{_gigabytes(free)} free; give --dtype bfloat16, another --device or a smaller model"
        )


def free_bytes(device: torch.device) -> int | None:
    """Free memory, or None for a kind of device that does not say."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available) if device.type == "cpu" else None


def _cuda_devices() -> list[torch.device]:
    return [torch.device("cuda", i) for i in range(torch.cuda.device_count())]


def _check_device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise BadInputError(
            f"--device {name!r} is not there; give auto, cpu"
            + "".join(f", {device}" for device in _cuda_devices())
        ) from error
    if device.type == "meta":
        raise BadInputError("--device 'meta' holds no weights; give auto, cpu or cuda")
    return device


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
