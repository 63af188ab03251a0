"""What is served, whether it lives, and its counts."""

import time
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from oneshot import __version__
from oneshot.serve.brains import Shape
from oneshot.serve.routes.serving import Served

Json = dict[str, Any]


router = APIRouter()
STARTED = int(time.time())


@router.get("/v1/models")
async def models(serving: Served) -> Json:
    """Every brain, and the bare host behind them."""
    shape = serving.asker.shape
    data = [_model(shape, name) for name in (*shape.names, shape.bare)]
    return {"object": "list", "data": data}


@router.get("/v1/models/{model}")
async def model(model: str, serving: Served) -> Json:
    """One of them."""
    shape = serving.asker.shape
    return _model(shape, shape.check(model))


@router.get("/healthz")
async def healthz(serving: Served) -> Response:
    """Whether the model's thread does its work; 503 where it does not."""
    if serving.asker.worker.is_alive():
        return Response("ok\n")
    return Response("the model's thread has ended\n", 503)


@router.get("/metrics")
async def metrics(serving: Served) -> Response:
    """Counts for Prometheus."""
    text, kind = serving.metrics.text()
    return Response(text, headers={"Content-Type": kind})


def _model(shape: Shape, name: str) -> Json:
    about = {"brain": name != shape.bare, "host": shape.host.name, "version": __version__}
    return {"id": name, "object": "model", "created": STARTED, "owned_by": "oneshot", **about}
