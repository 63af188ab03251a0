"""What the maps for newcomers name is there, and the tree is as they say."""

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAPS = ("ARCHITECTURE.md", "CONTRIBUTING.md")
EXPERIMENTS = sorted((ROOT / "experiments").glob("**/README.md"))
TEXTS = [ROOT / "README.md", *(ROOT / map for map in MAPS), *EXPERIMENTS]
ROOMS = ("oneshot", "adapters", "experiments", "tests")
MOST = 12


def named(text: str) -> set[str]:
    """Paths in code spans, in links, and in the figures' second lines."""
    spans = re.findall(r"`([^`\s]+)`", text) + re.findall(r"\]\(([^)\s]+)\)", text)
    spans += re.findall(r"<br/>([^\"\s]+)\"", text) + re.findall(r"\[\"([\w/]+/)\"\]", text)
    spans += re.findall(r"experiments/configs/\S+?\.toml", text)
    suffixes = (".py", ".md", ".toml", ".yaml", "/")
    return {s for s in spans if (s.startswith(ROOMS) and "/" in s) or s.endswith(suffixes)}


@pytest.mark.parametrize("map", MAPS)
def test_every_path_that_a_map_names_exists(map: str) -> None:
    paths = named((ROOT / map).read_text("utf-8"))
    assert len(paths) > 5
    inside = {"suites/", "methods/", "measures/"}
    missing = [p for p in paths - inside if not (ROOT / p).exists()]
    assert missing == []
    assert all((ROOT / "oneshot" / "retention" / room).is_dir() for room in inside)


def test_a_path_that_is_gone_would_be_seen() -> None:
    text = 'see `oneshot/nowhere.py`, [x](GONE.md) and a["b<br/>adapters/nowhere/"]'
    assert named(text) == {"oneshot/nowhere.py", "GONE.md", "adapters/nowhere/"}


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere_and_what_is_run_exists(text: Path) -> None:
    words = text.read_text("utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)\)", words)
    assert [link for link in links if not (text.parent / link).exists()] == []
    for module in re.findall(
        r"(?:python|torchrun \S+ \d+) -m ((?:oneshot|experiments)[\w.]*)", words
    ):
        assert find_spec(module) is not None, module
    configs = re.findall(r"experiments/configs/[\w./-]+\.toml", words)
    assert [config for config in configs if not (ROOT / config).exists()] == []


@pytest.mark.parametrize("map", MAPS)
def test_every_make_target_that_is_named_exists(map: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = re.findall(r"(?:`|^ +)make ([a-z-]+)", (ROOT / map).read_text("utf-8"), re.MULTILINE)
    assert named
    assert set(named) <= set(targets)


@pytest.mark.parametrize("room", ["oneshot", "adapters", "experiments"])
def test_no_room_is_crowded_and_every_room_says_what_it_is_for(room: str) -> None:
    for folder in (p.parent for p in (ROOT / room).rglob("__init__.py")):
        modules = [p for p in folder.glob("*.py") if p.name != "__init__.py"]
        assert len(modules) <= MOST, folder
        assert (folder / "__init__.py").read_text("utf-8").startswith('"""'), folder


def test_every_room_has_its_layer() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (package,) = (c for c in contracts if c["name"] == "the package")
    placed = set(re.findall(r"oneshot\.(\w+)", " ".join(package["layers"])))
    rooms = {p.name for p in (ROOT / "oneshot").iterdir() if (p / "__init__.py").exists()}
    assert rooms <= placed
