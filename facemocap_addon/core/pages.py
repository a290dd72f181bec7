# SPDX-License-Identifier: GPL-3.0-or-later
"""HTML pages that stand alone: no script, no other file, readable on paper.

Plain strings are escaped wherever they go in; `Markup` is what the functions here return and goes
in as it is.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

Content = str  # a Markup, or plain text that will be escaped


class Markup(str):
    """HTML, as opposed to text that still has to be escaped."""

    __slots__ = ()


def to_markup(content: Content) -> Markup:
    """Plain text escaped; markup as it is."""
    return content if isinstance(content, Markup) else Markup(escape(content))


def join(contents: Iterable[Content], between: str = "") -> Markup:
    """Several pieces one after the other."""
    return Markup(escape(between).join(to_markup(content) for content in contents))


def element(tag: str, *contents: Content, **attributes: str | int | float | None) -> Markup:
    """One element; attributes that are None are left out, ``class_`` stands for class.

    >>> element("p", "a < b", class_="note")
    '<p class="note">a &lt; b</p>'
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    inside = join(contents)
    return Markup(f"<{tag}{written}>{inside}</{tag}>")


def section(title: Content, *contents: Content, id_: str | None = None, level: int = 2) -> Markup:
    """A part of the page with its heading."""
    return element("section", element(f"h{level}", title), *contents, id=id_)


def paragraph(*contents: Content, class_: str | None = None) -> Markup:
    """Running text."""
    return element("p", *contents, class_=class_)


def figure(content: Content, caption: Content, *, class_: str | None = None) -> Markup:
    """A picture or plot over its caption."""
    return element("figure", content, element("figcaption", caption), class_=class_)


def facts(pairs: Sequence[tuple[Content, Content]]) -> Markup:
    """Names with what is to be said of them, in two columns; empty ones are left out."""
    rows = [
        element("div", element("dt", name), element("dd", said)) for name, said in pairs if said
    ]
    return element("dl", *rows, class_="facts")


def table(
    header: Sequence[Content], rows: Sequence[Sequence[Content]], *, numbers: Sequence[int] = ()
) -> Markup:
    """A table; ``numbers`` names the columns that are set flush right."""

    def cell(tag: str, place: int, content: Content) -> Markup:
        return element(tag, content, class_="number" if place in numbers else None)

    head = element("tr", *(cell("th", place, text) for place, text in enumerate(header)))
    body = [
        element("tr", *(cell("td", place, text) for place, text in enumerate(row))) for row in rows
    ]
    return element(
        "div",
        element("table", element("thead", head), element("tbody", *body)),
        class_="wide",
    )


def picture(data: bytes, media_type: str, alt: str, size: tuple[int, int] | None = None) -> Markup:
    """A picture carried by the page itself, as a ``data:`` URI."""
    shape = f' width="{size[0]}" height="{size[1]}"' if size else ""
    encoded = base64.b64encode(data).decode("ascii")
    return Markup(f'<img src="data:{media_type};base64,{encoded}" alt="{escape(alt)}"{shape}>')


def page(title: str, *contents: Content, language: str = "en", extra_style: str = "") -> str:
    """The whole document, ending in a newline.

    ``extra_style`` is CSS for what only one kind of page has.
    """
    body = join(contents, "\n")
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}{extra_style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


_STYLE = """
:root { --ink: #2b2925; --quiet: #716d64; --rule: #dcd8cf; --paper: #fffefb;
  --prose: Charter, "Bitstream Charter", "Sitka Text", "Iowan Old Style", Cambria, Georgia,
    "Noto Serif", serif;
  --label: system-ui, "Segoe UI", "Helvetica Neue", Helvetica, Arial, sans-serif; }
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); font: 17px/1.5 var(--prose);
  font-variant-numeric: oldstyle-nums; text-rendering: optimizeLegibility;
  -webkit-text-size-adjust: 100%; }
body { margin: 0; }
main { max-width: 62rem; margin: 0 auto; padding: 3.5rem 1.5rem 4rem; }
h1, h2, h3 { font-weight: 400; line-height: 1.2; text-wrap: balance; }
h1 { font-size: 2.35rem; margin: 0 0 .5rem; letter-spacing: -.012em; }
h2 { font-size: 1.55rem; margin: 0 0 .9rem; }
h3 { font-size: 1.12rem; font-style: italic; margin: 1.6rem 0 .5rem; }
section { margin-top: 3.2rem; border-top: 1px solid var(--rule); padding-top: 1.3rem; }
p { max-width: 40rem; margin: 0 0 .8rem; hyphens: auto; text-wrap: pretty; }
.lead { font-size: 1.2rem; line-height: 1.45; color: #46433d; }
.note { color: var(--quiet); font-size: .92rem; }
figure { margin: 1.4rem 0 1.8rem; }
figcaption { max-width: 40rem; margin-top: .6rem; color: var(--quiet); font-size: .9rem;
  line-height: 1.4; }
figure svg { display: block; width: 100%; height: auto; }
img { display: block; max-width: 100%; height: auto; }
code { font: .86em ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.facts { margin: 1.2rem 0; display: grid; grid-template-columns: max-content 1fr;
  column-gap: 1.6rem; row-gap: .3rem; font-size: .95rem; }
.facts div { display: contents; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; max-width: 42rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; margin: 1.2rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .92rem;
  font-variant-numeric: lining-nums tabular-nums; }
th { text-align: left; font-weight: 400; color: var(--quiet); border-bottom: 1px solid var(--ink);
  padding: .25rem .9rem .3rem 0; vertical-align: bottom; }
td { border-bottom: 1px solid var(--rule); padding: .32rem .9rem .32rem 0; vertical-align: top; }
.number { text-align: right; padding-right: 1.4rem; white-space: nowrap; }
footer { margin-top: 3.5rem; border-top: 1px solid var(--rule); padding-top: .9rem;
  color: var(--quiet); font-size: .85rem; }
@media (max-width: 40rem) { html { font-size: 16px; } main { padding: 1.8rem 1rem; }
  h1 { font-size: 1.8rem; } .facts { grid-template-columns: 1fr; row-gap: 0; }
  .facts dd { margin-bottom: .5rem; } }
@page { margin: 16mm 15mm 18mm; }
@media print { html { background: none; font-size: 10.5pt; } main { max-width: none; padding: 0; }
  figure, table, .facts, svg, img { break-inside: avoid; } h2, h3 { break-after: avoid; }
  section { margin-top: 1.6rem; } * { print-color-adjust: exact; } }
"""
