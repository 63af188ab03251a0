"""The page: a chat beside the list of facts."""

from importlib.resources import files
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response

ROOM = files("oneshot.serve.page")
KINDS = {
    "index.html": "text/html",
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
FRESH = {"Cache-Control": "no-cache"}


CONTENT = {name: (ROOM / name).read_bytes() for name in KINDS}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def index() -> Response:
    """The page."""
    return _given("index.html")


@router.get("/page/{name}")
async def part(name: Literal["page.css", "page.js", "icon.svg"]) -> Response:
    """A file of the page: how it looks, what it does, its picture."""
    return _given(name)


def _given(name: str) -> Response:
    return Response(CONTENT[name], media_type=KINDS[name], headers=FRESH)
