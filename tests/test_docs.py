"""The pages of the site: what they name is there, and every command in them could be given."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from oneshot.cli.main import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
MADE = {"reference/commands.md"}  # by the site's own hook


def lines_of(text: str) -> Iterator[list[str]]:
    """The commands of console blocks, in words, without the program's name."""
    for line in re.findall(r"^\$ (?:llm )?oneshot (.*)$", text, re.MULTILINE):
        yield shlex.split(line)


def fault(words: list[str]) -> str | None:
    """What is wrong with a command line: an unknown command or option."""
    command = get_command(app)
    options = {name for param in command.params for name in param.opts}
    for word in words:
        if word.startswith("--"):
            if word.partition("=")[0] not in options | {"--help"}:
                return f"{command.name} has no {word}"
        elif found := getattr(command, "commands", {}).get(word):
            command = found
            options |= {name for param in command.params for name in param.opts}
    return f"no command in {words}" if hasattr(command, "commands") and command.commands else None


def options_of(command: Any) -> set[str]:
    """The options of a command and of all below it."""
    below = (options_of(inner) for inner in getattr(command, "commands", {}).values())
    return {name for param in command.params for name in param.opts}.union(*below)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_links_lead_somewhere_and_commands_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        there = (page.parent / target).resolve()
        assert there.exists() or str(there.relative_to(DOCS.resolve())) in MADE, target
    for file, title in re.findall(r"^\{\{ (\S+): (.+) \}\}$", text, re.MULTILINE):
        assert re.search(rf"^#+ {re.escape(title)}$", (ROOT / file).read_text(), re.M), title
    assert [fault(words) for words in lines_of(text) if fault(words)] == []
    spans = re.findall(r"`(?:oneshot [^`]*)?(--[a-z-]+)", text)
    assert set(spans) <= options_of(get_command(app)) | {"--help"}


def test_a_wrong_command_would_be_seen() -> None:
    assert list(lines_of("$ oneshot teach 'a b' --ask c\n  oneshot x\n")) == [
        ["teach", "a b", "--ask", "c"]
    ]
    assert fault(["teach", "--asks", "x"])
    assert fault(["--brain", "x", "tech"])
    assert fault(["image", "train", "--epochs", "4"]) is None


def test_the_navigation_has_every_page() -> None:
    named = re.findall(r"^ +- .*: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(named) == sorted({str(page.relative_to(DOCS)) for page in PAGES} | MADE)
