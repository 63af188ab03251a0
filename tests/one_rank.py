"""One process of a run on tiny images, as torchrun would start it; says what crossed its sockets.

`python one_rank.py OUT EMBEDDING [--resume]` with RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT.
"""

import json
import os
import socket
import struct
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from pictures import CLASSES, pixels

from oneshot.images.build import new_trainee
from oneshot.images.data import ImageSet
from oneshot.images.kinds import Embedding, Precision
from oneshot.images.model import silent
from oneshot.images.noprop.chain import Part
from oneshot.images.settings import TrainSettings
from oneshot.images.training.beginning import Place
from oneshot.images.training.exchange import exchanging
from oneshot.images.training.parallel import Rank
from oneshot.images.training.train import Run

SETTINGS = TrainSettings(T=2, epochs=4, batch=8, precision=Precision.FP32, save_every=2)
STEPS, CPU = 12, torch.device("cpu")
RECEIVED = 128
"""Where struct tcp_info of Linux has the bytes that were received."""


def images() -> ImageSet:
    return ImageSet("toy", CLASSES, *pixels(24), *pixels(8))


def received() -> list[int]:
    """Bytes that the kernel counted in on each TCP connection of this process."""
    counts = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            end = socket.socket(fileno=os.dup(int(descriptor.name)))
        except OSError:
            continue  # no socket
        with end:
            internet = end.family in (socket.AF_INET, socket.AF_INET6)
            if internet and end.type == socket.SOCK_STREAM:
                told = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
                counts += struct.unpack_from("<Q", told, RECEIVED)
    return counts


def watch_sums(sums: list[int]) -> None:
    """Note the bytes of every tensor that is summed over processes."""
    real = dist.all_reduce

    def noted(tensor: torch.Tensor, *arguments: Any, **options: Any) -> Any:
        sums.append(tensor.nbytes)
        return real(tensor, *arguments, **options)

    dist.all_reduce = noted


def main(out: Path, embedding: str, *, resume: bool) -> None:
    torch.set_num_threads(1)
    settings = TrainSettings.from_mapping(SETTINGS.plain() | {"embedding": embedding})
    rank, sums = Rank.of_environment(), list[int]()
    folder = rank.folder(out)
    with exchanging(rank, settings, CPU) as exchange:
        if exchange is not None and resume:
            exchange.resume(folder)
        blocks = rank.blocks(settings.T) if rank.world > 1 else ()
        part = Part(blocks, None if exchange is None else exchange.add_up)
        place = Place(folder, resume, blocks, keep_previous=exchange is not None)
        run = Run(new_trainee(settings, images(), part), images(), settings, place)
        first, before = run.done, received()
        watch_sums(sums)
        run.train(silent, stop=lambda: die_at(run.done))
        after = received()
    assert len(before) == len(after), "training makes no connection"
    found = {"sums": sums, "received": sum(after) - sum(before), "connections": len(after)}
    print(json.dumps(found | {"first": first}))


def die_at(step: int) -> bool:
    """Dies as by kill -9 after the step that DIE_AT names."""
    if step == int(os.environ.get("DIE_AT", "0")):
        os.kill(os.getpid(), 9)
    return False


if __name__ == "__main__":
    main(Path(sys.argv[1]), Embedding(sys.argv[2]), resume="--resume" in sys.argv)
