"""What the site takes from elsewhere: sections of the repository's texts, and commands' help."""

import html
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
COMMANDS = "reference/commands.md"
_SECTION = re.compile(r"^\{\{ ([\w/.-]+): (.+) \}\}$", re.MULTILINE)
_PICTURE = re.compile(r"^!\[.+\]\(.+\)\n", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]+\)")
_EXAMPLES = re.compile(r"^Examples:\n((?: +\S.*\n)+)", re.MULTILINE)


def on_files(files: Files, config: Any) -> Files:
    """Add the page of commands."""
    files.append(File.generated(config, COMMANDS, content=commands()))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the section of a file in the place of a line such as `{{ README.md: Limits }}`."""
    return _SECTION.sub(lambda found: section(found[1], found[2]), markdown)


def section(file: str, title: str) -> str:
    """What stands below a heading of a text of the repository, without pictures.

    Links into the tree become plain words.
    Raises ValueError where there is no such heading, so that a build fails.
    """
    text = (ROOT / file).read_text("utf-8")
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", text, re.M | re.S)
    if found is None:
        raise ValueError(f"{file} has no heading {title!r}, which a page of the site names")
    return _LINK.sub(r"\1", _PICTURE.sub("", found[2])).strip()


def commands() -> str:
    """The help of every command, as typer writes it; examples as code."""
    call = [sys.executable, "-m", "typer", "oneshot.cli.main", "utils", "docs", "--name", "oneshot"]
    text = subprocess.run(call, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    text = text.replace("# `oneshot`", "# Commands", 1)
    return _EXAMPLES.sub(lambda found: f"Examples:\n\n```console\n{_bare(found[1])}```\n", text)


def _bare(lines: str) -> str:
    return "".join(f"{html.unescape(line.strip())}\n" for line in lines.splitlines())
