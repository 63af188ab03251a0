"""The page: a chat beside the list of facts."""

from importlib.resources import files

from fastapi import APIRouter
from fastapi.responses import Response

ROOM = files("oneshot.serve.page")
KINDS = {"index.html": "text/html", "page.css": "text/css", "page.js": "text/javascript"}
FRESH = {"Cache-Control": "no-cache"}


CONTENT = {name: (ROOM / name).read_bytes() for name in KINDS}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def index() -> Response:
    """The page."""
    return _given("index.html")


@router.get("/page/page.css")
async def style() -> Response:
    """How it looks."""
    return _given("page.css")


@router.get("/page/page.js")
async def script() -> Response:
    """What it does."""
    return _given("page.js")


def _given(name: str) -> Response:
    return Response(CONTENT[name], media_type=KINDS[name], headers=FRESH)
