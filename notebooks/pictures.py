"""The pictures of the lecture: curves, dots, bars, a grid of numbers, painted text, all as SVG.

Comes in: titles and numbers. Goes out: pictures that a notebook shows. The drawings of cells and
networks are Recurry's own.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from IPython.display import SVG
from recurry.compiler import svg
from recurry.inspection.colour import ink, levels, palette

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 76, 24, 52, 54
# Okabe and Ito's colours, which people who see red and green alike can tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#26323d")
GRID, BAR = "#dfdfda", "#0072b2"


def curves(
    title: str,
    lines: Mapping[str, Sequence[float] | np.ndarray],
    *,
    x: str,
    y: str,
    step: float = 1,
    is_logarithmic: bool = False,
) -> SVG:
    """One line for each name; the points of a line are `step` apart, the first is at 1."""
    points = {
        name: [(1 + step * number, float(value)) for number, value in enumerate(values)]
        for name, values in lines.items()
    }
    return _chart(title, points, labels=(x, y), is_logarithmic=is_logarithmic, is_line=True)


def dots(
    title: str, groups: Mapping[str, Sequence[tuple[float, float]]], *, x: str, y: str
) -> SVG:
    """A dot for each pair of numbers, in one colour for each name."""
    return _chart(title, groups, labels=(x, y), is_logarithmic=False, is_line=False)


def bars(title: str, values: Mapping[str, float], *, form: str = "{:.2f}") -> SVG:
    """A bar for each name, one below the other, with its number behind it."""
    left = 24 + max(svg.text_width(name) for name in values)
    high = max([*values.values(), 1e-12])
    parts = [svg.heading((16, 28), title)]
    for row, (name, value) in enumerate(values.items()):
        y, length = 58 + 26 * row, (WIDTH - left - 110) * value / high
        parts.append(_words((left - 8, y + 5), name, anchor="end"))
        parts.append(
            f'<rect x="{left:.0f}" y="{y - 9}" width="{length:.1f}" height="18" fill="{BAR}"/>'
        )
        parts.append(_words((left + length + 7, y + 5), form.format(value)))
    return _picture(parts, width=WIDTH, height=58 + 26 * len(values), title=title)


def grid(
    title: str,
    values: np.ndarray,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    size: int = 24,
    digits: int | None = None,
) -> SVG:
    """A square for each number, from blue (-1) over white (0) to red (1)."""
    left = 24 + max((svg.text_width(name) for name in rows), default=0)
    parts = [svg.heading((16, 28), title)]
    for column, name in enumerate(columns):
        parts.append(_words((left + size * (column + 0.5), 56), name, anchor="middle"))
    for row, name in enumerate(rows):
        y = 64 + size * row
        if name:
            parts.append(_words((left - 8, y + size / 2 + 4), name, anchor="end"))
        for column, value in enumerate(values[row]):
            colour = palette()[int(levels(value))]
            x = left + size * column
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{size}" height="{size}" '
                f'fill="{_hex(colour)}" stroke="#e8e8e4" stroke-width="0.6"/>'
            )
            if digits is not None:
                middle = (x + size / 2, y + size / 2 + 4)
                number = f"{value:.{digits}f}"
                parts.append(_words(middle, number, anchor="middle", colour=_hex(ink(colour))))
    width = max(left + size * len(columns) + 24, svg.text_width(title, size=15) * 1.1 + 32)
    return _picture(parts, width=width, height=64 + size * len(rows) + 20, title=title)


def painted(title: str, text: Sequence[str], rows: Mapping[str, np.ndarray]) -> SVG:
    """The text once for each name, every symbol on the colour of its value from -1 to 1."""
    parts, y = [svg.heading((16, 28), title)], 44
    for name, values in rows.items():
        if name:
            parts.append(_words((16, y + 16), name))
            y += 24
        x = 16.0
        for symbol, value in zip(text, values, strict=True):
            width = 9.0 * max(1, len(symbol))
            if x + width > WIDTH - 16:
                x, y = 16.0, y + 22
            parts.append(_letter(symbol, (x, y), width, palette()[int(levels(value))]))
            x += width
            if symbol == "\n":
                x, y = 16.0, y + 22
        y += 40 if x > 16 else 18
    return _picture(parts, width=WIDTH, height=y, title=title)


def _letter(symbol: str, corner: tuple[float, float], width: float, colour) -> str:
    x, y = corner
    shown = "↵" if symbol == "\n" else escape(symbol.replace(" ", "\u00a0"))
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width + 0.3:.1f}" height="20" '
        f'fill="{_hex(colour)}"/><text x="{x + width / 2:.1f}" y="{y + 14.5:.1f}" '
        f'font-family="monospace" font-size="14.5" text-anchor="middle" '
        f'fill="{_hex(ink(colour))}">{shown}</text>'
    )


def _chart(
    title: str,
    groups: Mapping[str, Sequence[tuple[float, float]]],
    *,
    labels: tuple[str, str],
    is_logarithmic: bool,
    is_line: bool,
) -> SVG:
    known = [pair for pairs in groups.values() for pair in pairs if math.isfinite(pair[1])]
    known = [pair for pair in known if pair[1] > 0 or not is_logarithmic]
    scale = math.log10 if is_logarithmic else float
    across = _ticks([pair[0] for pair in known])
    up = _ticks([scale(pair[1]) for pair in known], whole=is_logarithmic)
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(pair: tuple[float, float]) -> tuple[float, float]:
        right = (pair[0] - across[0]) / (across[-1] - across[0])
        high = (scale(pair[1]) - up[0]) / (up[-1] - up[0])
        return LEFT + width * right, TOP + height * (1 - high)

    parts = [svg.heading((16, 28), title)]
    for tick in up:
        y = TOP + height * (1 - (tick - up[0]) / (up[-1] - up[0]))
        parts.append(f'<path d="M{LEFT},{y:.1f} h{width}" stroke="{GRID}"/>')
        name = f"10^{tick:.0f}" if is_logarithmic else f"{tick:g}"
        parts.append(_words((LEFT - 8, y + 4), name, anchor="end"))
    for tick in across:
        x = LEFT + width * (tick - across[0]) / (across[-1] - across[0])
        parts.append(_words((x, TOP + height + 18), f"{tick:,g}", anchor="middle"))
    parts.append(_words((LEFT + width / 2, HEIGHT - 12), labels[0], anchor="middle"))
    parts.append(
        f'<g transform="rotate(-90 18 {TOP + height / 2:.0f})">'
        f"{_words((18, TOP + height / 2 + 4), labels[1], anchor='middle')}</g>"
    )
    inside = '<clipPath id="inside"><rect x="{}" y="{}" width="{}" height="{}"/></clipPath>'
    parts.append(inside.format(LEFT, TOP - 3, width + 6, height + 6))
    for (name, pairs), colour in zip(groups.items(), COLOURS, strict=False):
        shown = [place(pair) for pair in pairs if pair in set(known)]
        parts += _line(shown, colour) if is_line else _dots(shown, colour)
    parts += _legend([name for name in groups if name])
    return _picture(parts, width=WIDTH, height=HEIGHT, title=title)


def _line(points: Sequence[tuple[float, float]], colour: str) -> list[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" '
        'stroke-linejoin="round" clip-path="url(#inside)"/>'
    ]


def _dots(points: Sequence[tuple[float, float]], colour: str) -> list[str]:
    return [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}" fill-opacity="0.6"/>'
        for x, y in points
    ]


def _legend(names: Sequence[str]) -> list[str]:
    """The names in one row under the title."""
    parts, x = [], float(LEFT)
    for name, colour in zip(names, COLOURS, strict=False):
        parts.append(f'<rect x="{x:.0f}" y="37" width="18" height="4" fill="{colour}"/>')
        parts.append(_words((x + 23, 43), name))
        x += 44 + svg.text_width(name)
    return parts


def _ticks(values: Sequence[float], *, whole: bool = False) -> list[float]:
    """Round numbers, about six, that cover some values."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    rough = max(high - low, 1e-9) / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    step = max(1.0, round(step)) if whole else step
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 10) for number in range(first, max(last, first + 1) + 1)]


def _words(
    place: tuple[float, float], words: str, *, anchor: str = "start", colour: str = svg.INK
) -> str:
    return (
        f'<text x="{place[0]:.1f}" y="{place[1]:.1f}" font-size="13" fill="{colour}" '
        f'text-anchor="{anchor}">{escape(words, quote=False)}</text>'
    )


def _hex(colour: Sequence[int]) -> str:
    return "#" + bytes(colour).hex()


def _picture(parts: Sequence[str], *, width: float, height: float, title: str) -> SVG:
    return SVG(svg.document(parts, width=width, height=height, title=title))
