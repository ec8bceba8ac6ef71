"""The few SVG shapes that the drawings are made of.

Comes in: places, words, colours. Goes out: SVG text. Imports nothing of Recurry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

Point = tuple[float, float]

INK = "#26323d"
FONT = "'DejaVu Sans', Verdana, Helvetica, Arial, sans-serif"
_SUBSCRIPT = re.compile(r"_(?:\{([^}]*)\}|([A-Za-z0-9_]+))")


def document(parts: Iterable[str], *, width: float, height: float, title: str) -> str:
    """A whole drawing on a light background, with a title for readers who cannot see it."""
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" font-family="{FONT}">\n'
        f"<title>{clean(title)}</title>\n"
        f'<rect width="100%" height="100%" fill="#fcfcfa"/>\n{body}\n</svg>\n'
    )


def group(parts: Iterable[str], *, name: str = "") -> str:
    """Shapes that belong together; a name makes them findable on a page."""
    body = "".join(parts)
    return f'<g data-name="{escape(name)}">{body}</g>' if name else body


def box(centre: Point, size: tuple[float, float], *, fill: str, stroke: str, radius: float) -> str:
    """A rectangle with round corners."""
    (x, y), (width, height) = centre, size
    return (
        f'<rect x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" rx="{radius:g}" fill="{fill}" stroke="{stroke}" '
        f'stroke-width="1.4"/>'
    )


def label(
    centre: Point, words: str, *, size: float = 13, colour: str = INK, weight: str = "normal"
) -> str:
    """Words around a point; what follows an underscore is a subscript."""
    x, y = centre
    small = f'font-size="{size * 0.72:.1f}" dy="{size * 0.25:.1f}"'
    back = f'<tspan dy="{-size * 0.25:.1f}">&#8203;</tspan>'
    text = _SUBSCRIPT.sub(
        lambda m: f"<tspan {small}>{m[1] or m[2]}</tspan>{back}", escape(words, quote=False)
    )
    return (
        f'<text x="{x:.1f}" y="{y + size * 0.36:.1f}" font-size="{size:g}" fill="{colour}" '
        f'font-weight="{weight}" text-anchor="middle">{text}</text>'
    )


def heading(start: Point, words: str, *, size: float = 15) -> str:
    """Bold words that begin at a point."""
    return (
        f'<text x="{start[0]:.1f}" y="{start[1]:.1f}" font-size="{size:g}" fill="{INK}" '
        f'font-weight="bold">{escape(words, quote=False)}</text>'
    )


def words(start: Point, content: str, *, anchor: str = "start", extra: str = "") -> str:
    """Plain words at a point, in the size and colour around them; any text is safe."""
    place = f'x="{start[0]:.1f}" y="{start[1]:.1f}" text-anchor="{anchor}"'
    return f"<text {place} {extra}>{clean(content)}</text>"


def clean(text: str) -> str:
    """Text as it may stand in a drawing: escaped, with a space for what cannot be printed.

    Example:
        >>> clean("a < b \x07")
        'a &lt; b  '
    """
    return escape("".join(letter if letter.isprintable() else " " for letter in text))


def shorten(name: str, longest: int) -> str:
    """A name cut to a number of letters, with an ellipsis for what is left out."""
    return name if len(name) <= longest else name[: longest - 1] + "…"


def line(points: Sequence[Point], *, colour: str, width: float, extra: str = "") -> str:
    """Straight lines from point to point; nothing where there is none."""
    if not points:
        return ""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
        f'stroke-linejoin="round" {extra}/>'
    )


def text_width(words: str, *, size: float = 13) -> float:
    """About how wide some words are."""
    plain = _SUBSCRIPT.sub(lambda m: "i" * len(m[1] or m[2]), words)
    return size * sum(0.36 if letter in " .,()il|" else 0.66 for letter in plain)


def first_of(shown: int, total: int, name: str) -> str:
    """What a picture says of things of which it shows the first; nothing where it shows them all.

    Example:
        >>> first_of(64, 100, "words")
        'the first 64 of 100 words'
    """
    return f"the first {shown:,} of {total:,} {name}" if shown < total else ""


def wrap(text: str, width: float, *, size: float = 13) -> list[str]:
    """Words in lines that are about as wide or narrower; a longer word has a line of its own."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size=size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def arrow(points: Sequence[Point], *, colour: str) -> str:
    """An arrow to the right through some points: straight inside columns, curved between them."""
    (x, y), *rest = points
    (end_x, end_y) = rest[-1]
    rest[-1] = (end_x - 6, end_y)
    path = [f"M{x:.1f},{y:.1f}"]
    for index, (to_x, to_y) in enumerate(rest):
        middle = (x + to_x) / 2
        curve = f"C{middle:.1f},{y:.1f} {middle:.1f},{to_y:.1f} {to_x:.1f},{to_y:.1f}"
        path.append(curve if index % 2 == 0 else f"L{to_x:.1f},{to_y:.1f}")
        x, y = to_x, to_y
    return (
        f'<path d="{" ".join(path)}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        f'<path d="M{end_x:.1f},{end_y:.1f} l-8,-4 v8 z" fill="{colour}"/>'
    )
