"""The frame of a self-contained page and its parts: sections, tables, plots with a table beside.

Nothing is loaded from elsewhere and nothing runs: the page's own policy forbids it.
"""

from collections.abc import Iterable, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --faint: #d5d9de;
  --soft: #57606a; --s0: #0a5ca8; --s1: #a8480a; --s2: #2d7a35; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --paper: #15181c; --faint: #3a4048;
  --soft: #a3abb5; --s0: #6cb2f5; --s1: #f5a56c; --s2: #7ed488; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 72rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { margin-bottom: 0; } h2 { margin: 2.5rem 0 .5rem; } .soft { color: var(--soft); }
.verdict { font-size: 1.25rem; } .bad { color: var(--s1); } .good { color: var(--s2); }
figure { margin: 0; display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: start; }
figure > div { flex: 1 1 28rem; min-width: 0; max-width: 100%; }
.scroll { overflow-x: auto; overflow-wrap: normal; }
svg[role=img] { width: 100%; height: auto; } svg text { font-size: 12px; fill: var(--ink); }
.grid { stroke: var(--faint); } .line { fill: none; stroke-width: 2; }
.s0 { fill: var(--s0); stroke: var(--s0); } .s1 { fill: var(--s1); stroke: var(--s1); }
.s2 { fill: var(--s2); stroke: var(--s2); } .whole { fill: var(--s0); } .broken { fill: var(--s1); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0 1.2rem; padding: 0; margin: 0; }
.legend svg { vertical-align: -3px; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); } th, td { text-align: left; padding: .2rem .7rem
  .2rem 0; border-bottom: 1px solid var(--faint); vertical-align: top; }
figure td, figure th[scope=row] { white-space: nowrap; }
.cards { list-style: none; padding: 0; display: grid; gap: .8rem 1.5rem;
  grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); }
.cards li { border-left: 3px solid var(--faint); padding-left: .8rem; }
.cards dl { margin: 0; display: grid; grid-template-columns: auto 1fr; gap: 0 .8rem; }
.cards dt { color: var(--soft); } .cards dd { margin: 0; } code { font-size: .9em; }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(title: str, content: Iterable[str]) -> str:
    """The whole page as HTML; the title is escaped, the content is HTML already."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        "<body><main>\n" + "\n".join(filter(None, content)) + "\n</main></body></html>\n"
    )


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of a text."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def section(title: str, *content: str) -> str:
    """A heading with what stands below it."""
    return f"<section><h2>{escape(title)}</h2>{''.join(content)}</section>"


def figure(
    title: str, description: str, plot: str, columns: Sequence[str], rows: Iterable[Sequence[str]]
) -> str:
    """A section with a plot and, for those who do not see it, its numbers."""
    beside = table(description, columns, rows)
    return section(title, f"<figure><div>{plot}</div>{beside}</figure>")


def cards(items: Iterable[Sequence[tuple[str, str]]]) -> str:
    """A list of small things, each with its named lines; lines without a text are left out."""
    lists = "".join(
        "<li><dl>"
        + "".join(f"<dt>{escape(n)}</dt><dd>{escape(text)}</dd>" for n, text in item if text)
        + "</dl></li>"
        for item in items
    )
    return f'<ul class="cards">{lists}</ul>'


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names the rows; it scrolls where the screen is narrow."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    lines = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"
    )
