"""Pictures made of coloured fields: matrices, and text on the colours of its values.

Comes in: numbers and names. Goes out: panels. Imports colours, drawing and shapes.
"""

from collections.abc import Sequence

import numpy as np

from recurry.compiler.svg import clean, shorten, words
from recurry.inspection.colour import ink, levels, palette
from recurry.inspection.drawing import LONGEST_NAME, TOP, WIDTH, Panel, heading

MOST_CELLS = 64
_DARK = (31, 90, 140)


def matrix(
    values: np.ndarray,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    is_signed: bool = False,
    cell: float = 22.0,
) -> Panel:
    """A square for each number: darker is more, or from blue (-1) over white to red (+1).

    Args:
        values: From 0 to 1, or from -1 to 1 where they are signed, (R, C). Of more than 64 rows
            or columns the first are drawn.
        rows: A name for each row.
        columns: A name for each column.
        title: What stands above it.
        is_signed: Whether values have a sign.
        cell: Size of a square in pixels.
    """
    values = values[:MOST_CELLS, :MOST_CELLS]
    longest = max((len(shorten(name, LONGEST_NAME)) for name in columns[:MOST_CELLS]), default=0)
    left, top = 130.0, TOP + min(90.0, 12 + 7.0 * longest)
    parts = heading(title)
    for number, name in enumerate(columns[:MOST_CELLS]):
        x = left + cell * (number + 0.5) + 4
        parts.append(
            f'<text transform="translate({x:.1f} {top - 6:.1f}) rotate(-60)" font-size="12">'
            f"{clean(shorten(name, LONGEST_NAME))}</text>"
        )
    for number, name in enumerate(rows[:MOST_CELLS]):
        y = top + cell * (number + 0.5) + 4
        parts.append(
            words((left - 6, y), shorten(name, LONGEST_NAME), anchor="end", extra='font-size="12"')
        )
        parts += [
            f'<rect x="{left + cell * place:.1f}" y="{top + cell * number:.1f}" '
            f'width="{cell:g}" height="{cell:g}" fill="{shade(float(value), is_signed=is_signed)}" '
            f'stroke="#ececec"><title>{clean(name)}, {clean(column)}: {value:.3g}</title></rect>'
            for place, (column, value) in enumerate(zip(columns, values[number], strict=False))
        ]
    height, width = top + cell * len(values) + 20, left + cell * values.shape[1] + 70
    return Panel(width=width, height=height, parts=tuple(parts))


def painted_text(
    pieces: Sequence[str], values: np.ndarray, *, title: str, width: float = WIDTH
) -> Panel:
    """Text whose letters stand on the colours of their values, from -1 (blue) to 1 (red).

    Args:
        pieces: The text of each symbol; a line ends after a line feed and where it is full.
        values: One for each piece, (T,).
        title: What stands above it.
        width: Of the panel in pixels.
    """
    step, line_height, x, y = 8.4, 20.0, 16.0, TOP
    parts = heading(title)
    for piece, level in zip(pieces, levels(values).tolist(), strict=True):
        shown = piece.replace("\n", "↵").replace("\t", "→")
        size = step * max(len(shown), 1)
        if x + size > width - 16 and x > 16:
            x, y = 16.0, y + line_height
        colour = palette()[level]
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{size:.1f}" height="{line_height:g}" '
            f'fill="{_hex(colour)}"/>'
        )
        if letters := shown.strip():  # spaces at the ends would be dropped, and letters stretched
            left = x + step * (len(shown) - len(shown.lstrip()))
            place = f'x="{left:.1f}" y="{y + 14.5:.1f}" textLength="{step * len(letters):.1f}"'
            parts.append(
                f'<text {place} fill="{_hex(ink(colour))}" font-family="monospace" '
                f'font-size="14">{clean(letters)}</text>'
            )
        x += size
        if piece.endswith("\n"):
            x, y = 16.0, y + line_height
    return Panel(width=width, height=y + line_height + 16, parts=tuple(parts))


def shade(value: float, *, is_signed: bool = False) -> str:
    """The colour of a number: 0 to 1 from white to dark blue, or -1 to 1 from blue to red."""
    if is_signed:
        return _hex(palette()[int(levels(np.asarray(value)))])
    share = float(np.clip(np.nan_to_num(value), 0, 1))
    red, green, blue = (round(255 - share * (255 - part)) for part in _DARK)
    return _hex((red, green, blue))


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
