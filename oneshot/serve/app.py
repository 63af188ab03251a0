"""The server's app, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from oneshot import __version__
from oneshot.serve.answering.worker import Worker
from oneshot.serve.asking import Asker
from oneshot.serve.guard import Entry, Guard
from oneshot.serve.limits import Limits
from oneshot.serve.metrics import Metrics
from oneshot.serve.routes import about, completions, facts, page
from oneshot.serve.routes.serving import Serving
from oneshot.serve.wire.errors import add_handlers


def build_app(worker: Worker, entry: Entry, limits: Limits) -> FastAPI:
    """The app on a worker that has opened its brains; it closes the worker when it ends."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(worker.close)

    shape, metrics = worker.opened.result().shape, Metrics(worker)
    app = FastAPI(
        title="oneshot", version=__version__, lifespan=life, docs_url=None, redoc_url=None
    )
    app.state.serving = Serving(Asker(worker, shape, limits.seconds), limits, metrics)
    for room in (completions, facts, about, page):
        app.include_router(room.router)
    add_handlers(app)
    app.add_middleware(Guard, entry=entry, limits=limits, metrics=metrics)
    return app
