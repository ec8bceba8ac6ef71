"""Painted text as HTML: a fragment for other pages, or one page that needs nothing else.

Comes in: pieces of text and values from -1 to 1. Goes out: HTML. Imports `colour`
and `controls`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

import numpy as np

from recurry.inspection.colour import NUM_LEVELS, Colour, ink, levels, palette
from recurry.inspection.controls import printable


@dataclass(frozen=True, kw_only=True, eq=False)
class Painting:
    """A text with one value for each of its pieces.

    Args:
        title: What the values are, for instance "layer 1, unit 42 of c".
        pieces: The text, cut up.
        values: From -1 to 1, one a piece.
        state: "h" if the values are of the output itself, else they went through tanh.
        address: What to type after `--colour` for this cell.
        is_known: Whether the vocabulary has each piece; None where it has all of them.
    """

    title: str
    pieces: Sequence[str]
    values: np.ndarray
    state: str = "c"
    address: str = ""
    is_known: np.ndarray | None = None

    @property
    def has_unknown(self) -> bool:
        """Whether the vocabulary lacks any of the pieces."""
        return self.is_known is not None and not self.is_known.all()


def write_page(paintings: Sequence[Painting], *, title: str, note: str = "") -> str:
    """One page that shows some paintings; it loads nothing and runs nothing.

    Args:
        paintings: Shown one below the other.
        title: The page's heading.
        note: A sentence below it.
    """
    parts = [fragment(painting) for painting in paintings]
    return _PAGE.format(
        title=escape(title),
        note=f"<p>{escape(note)}</p>" if note else "",
        style=style(),
        legend=legend(paintings[0].state if paintings else "c"),
        body="\n".join(parts),
    )


def fragment(painting: Painting) -> str:
    """A figure with the painted text; needs `style()` on its page."""
    address = f"<code>{escape(painting.address)}</code>" if painting.address else ""
    return (
        f'<figure class="painting"><figcaption>{escape(painting.title)}{address}</figcaption>'
        f"<pre>{spans(painting.pieces, painting.values)}</pre></figure>"
    )


def spans(pieces: Sequence[str], values: np.ndarray) -> str:
    """The pieces as HTML, neighbours of the same colour in one element."""
    pairs = zip(pieces, levels(values).tolist(), strict=True)
    groups = groupby(pairs, key=lambda pair: pair[1])
    return "".join(_span("".join(p for p, _ in group), level) for level, group in groups)


def legend(state: str = "c") -> str:
    """The scale from -1 to 1 with what it means."""
    shown = "h" if state == "h" else f"tanh({state})"
    steps = "".join(f'<i class="v{level}"></i>' for level in range(0, NUM_LEVELS, 2))
    return (
        f'<p class="legend"><span>{shown} = -1</span><span class="scale">{steps}</span>'
        "<span>+1</span></p>"
    )


def style() -> str:
    """The rules that paintings and legends need."""
    rules = [
        f".v{level}{{background:{_hex(colour)};color:{_hex(ink(colour))}}}"
        for level, colour in enumerate(palette())
    ]
    return _STYLE + "".join(rules)


def _span(text: str, level: int) -> str:
    shown = escape(printable(text), quote=False).replace("\n", '<b class="end"></b>\n')
    return f'<i class="v{level}">{shown}</i>'


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()


# Line ends are painted as a sign that is not part of the text when it is copied.
_STYLE = """
.painting{margin:0 0 1.6rem}
.painting figcaption{font:600 .85rem/1.4 system-ui,sans-serif;color:#333;margin:0 0 .4rem}
.painting code{float:right;font-weight:400;color:#666}
.painting pre{margin:0;padding:.7rem .8rem;background:#fff;border:1px solid #ddd;border-radius:6px;
font:.86rem/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;white-space:pre-wrap;
overflow-wrap:anywhere}
.painting i{font-style:normal;padding:.12em 0;-webkit-box-decoration-break:clone;
box-decoration-break:clone}
.painting .end::after{content:"\\21b5";font-weight:400;opacity:.45}
.legend{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center;margin:.4rem 0 1.2rem;
font:.85rem/1.4 system-ui,sans-serif;color:#333}
.legend .scale{display:inline-flex;border:1px solid #ccc;border-radius:3px;overflow:hidden}
.legend .scale i{display:inline-block;width:.45rem;height:1rem}
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>{title}</title>
<style>
body{{margin:0 auto;max-width:60rem;padding:1.5rem 1rem 3rem;background:#fafafa;color:#222;
font:1rem/1.5 system-ui,sans-serif}}
h1{{font-size:1.3rem;margin:0 0 .3rem}}p{{margin:.2rem 0 .6rem}}
{style}
</style>
</head>
<body>
<h1>{title}</h1>
{note}
{legend}
{body}
</body>
</html>
"""
