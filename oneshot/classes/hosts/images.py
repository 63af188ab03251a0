"""Image hosts: the packaged one, chains of this package, and vision models by name."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from oneshot.classes.hosts.host import Content, Kind, Seen, full_batches
from oneshot.core.threads import few_threads
from oneshot.errors import BadInputError, HostError
from oneshot.hosts.load import UNLOADABLE, host_hash
from oneshot.images.features.feature_chain import INDEX, WEIGHTS, load_feature_chain
from oneshot.images.pictures.reading import WHITE, middle_square, read_picture
from oneshot.images.trained import load_trained
from oneshot.images.training.checkpoint import INDEX as CHAIN_INDEX
from oneshot.images.training.parallel import read_joined

PACKAGED = "image-host"

Encode = Callable[[UInt8[Tensor, "n 3 side side"]], Float[Tensor, "n raw"]]


@dataclass(frozen=True, eq=False)
class ImageHost:
    """A frozen network for squares of `side` pixels, `rows` of them in a forward pass.

    Transparent parts of pictures are put on the `ground` of those that it was trained on.
    """

    name: str
    hash: str
    side: int
    rows: int
    encode: Encode
    kind: Kind = Kind.IMAGE
    general: bool = False
    limits: str = ""
    ground: int = WHITE
    small: bool = True
    """Whether a forward pass is too little for several threads; it never changes with the batch,
    because the last bits of products may change with the threads."""

    @property
    def blank(self) -> Content:
        """A black square."""
        return torch.zeros(3, self.side, self.side, dtype=torch.uint8)

    def read(self, source: str) -> Seen:
        """The file's pixels, cut to the middle square; BadInputError for no picture."""
        found = read_picture(Path(source), "RGB", ground=self.ground, enough=2 * self.side)
        return Seen(middle_square(found.image, self.side), found.remarks)

    def features(self, contents: Sequence[Content]) -> Float[Tensor, "n raw"]:
        """Features of images; BadInputError for texts or none at all."""
        images = [content for content in contents if isinstance(content, Tensor)]
        if len(images) < len(contents) or not images:
            raise BadInputError("an image host was given no images; give pictures")
        with torch.no_grad(), few_threads(self.small):
            parts = [self.encode(b)[:n] for b, n in full_batches(images, self.rows)]
        return torch.cat(parts).float().cpu()


def packaged_folder() -> Path:
    """Where the packaged image host lies."""
    return Path(str(files("oneshot.classes.hosts") / "image_host"))


def open_image_host(name: str | None, device: str) -> ImageHost:
    """A host by name or folder; None or its name is the packaged one. Raises HostError."""
    folder = packaged_folder() if name in (None, PACKAGED) else Path(str(name))
    if (folder / INDEX).is_file():
        return _feature_chain(folder, name or PACKAGED, torch.device(device))
    if (folder / CHAIN_INDEX).is_file():
        return _chain(folder, torch.device(device))
    if name in (None, PACKAGED):
        raise HostError(f"{folder} is missing from the package; install it again or give --host")
    return _vision_model(str(name), device)


def _feature_chain(folder: Path, name: str, device: torch.device) -> ImageHost:
    chain = load_feature_chain(folder, device)
    found = hashlib.blake2b((folder / WEIGHTS).read_bytes(), digest_size=16).hexdigest()
    return ImageHost(
        name, found, chain.settings.side, 16, lambda images: chain.features(images.to(device), 16)
    )


def _chain(folder: Path, device: torch.device) -> ImageHost:
    """A model of the image half: what every block of a chain says of the chain's own classes."""
    hashed = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(read_joined(folder).tensors.items()):
        hashed.update(name.encode() + tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    trained = load_trained(folder, device)
    model = trained.noiseless()

    def encode(images: Tensor) -> Tensor:
        seen = _grey(images.to(device)) if trained.inputs.channels == 1 else images.to(device)
        return model.block_scores(seen).permute(1, 0, 2).flatten(1)

    side, ground = trained.inputs.height, trained.ground
    return ImageHost(str(folder), hashed.hexdigest(), side, 16, encode, ground=ground)


def _grey(images: Tensor) -> Tensor:
    return images.float().mean(1, keepdim=True).round().to(torch.uint8)


def _vision_model(name: str, device: str) -> ImageHost:
    """Mean-pooled last states, beside the model's own pooled output, at a fixed norm."""
    from transformers import AutoImageProcessor, AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        processor = AutoImageProcessor.from_pretrained(name)
        model: Any = AutoModel.from_pretrained(name, use_safetensors=True, dtype=torch.float32)
        model = getattr(model, "vision_model", model)  # the image half of a pair
        model = model.requires_grad_(False).eval().to(torch.device(device))
        side = _side(processor)
    except (*UNLOADABLE, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise HostError(
            f"cannot load the image model {name!r} ({reason}); give the name or folder of a "
            "vision model with safetensors weights and a preprocessor, or of a chain"
        ) from error

    def encode(images: Tensor) -> Tensor:
        pixels = processor(
            images=list(images), return_tensors="pt", do_resize=False, do_center_crop=False
        )["pixel_values"]
        return _pooled(model(pixel_values=pixels.to(device)))

    return ImageHost(name, host_hash(model), side, 4, encode, small=False)


def _side(processor: Any) -> int:
    """The side of the square that a processor would cut out."""
    crop = getattr(processor, "crop_size", None) if processor.do_center_crop else None
    size = dict(crop or processor.size)
    return int(size.get("height") or size.get("shortest_edge") or size["longest_edge"])


def _pooled(output: Any) -> Tensor:
    states: Tensor = output.last_hidden_state
    mean = states.mean(1) if states.ndim == 3 else states.mean((2, 3))
    own = getattr(output, "pooler_output", None)
    found = mean if own is None or states.ndim == 4 else torch.cat([mean, own.flatten(1)], 1)
    scaled: Tensor = torch.nn.functional.normalize(found, dim=1) * found.shape[1] ** 0.5
    return scaled
