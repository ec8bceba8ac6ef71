"""Panels that are no pictures of numbers: a whole drawing, lines of text, rows in columns.

Comes in: SVG text, lines, rows. Goes out: panels. Imports drawing and shapes.
"""

import re
from collections.abc import Sequence

from recurry.compiler.svg import words
from recurry.inspection.drawing import TOP, Panel, heading

_SIZE = re.compile(r'<svg[^>]* width="([0-9.]+)" height="([0-9.]+)"')
_LETTER, _LINE = 8.0, 19.0  # of a monospaced text of 13 pixels
_EDGE = 16.0


def inset(drawing: str) -> Panel:
    """A drawing that has a title of its own as a panel.

    Args:
        drawing: A whole SVG document that begins with its width and height.
    """
    found = _SIZE.search(drawing)
    assert found is not None
    width, height = float(found[1]), float(found[2])
    return Panel(width=width, height=height, parts=(drawing[drawing.index("<svg") :],))


def text_lines(text: str, *, title: str) -> Panel:
    """Lines of text in letters of one width.

    Args:
        text: The lines.
        title: What stands above them.
    """
    lines = text.rstrip().split("\n")
    shown = [_monospaced(line, row=row, left=_EDGE) for row, line in enumerate(lines)]
    width = _EDGE * 2 + _LETTER * max(len(title) * 1.2, *map(len, lines))
    return Panel(width=width, height=TOP + _LINE * len(lines) + 8, parts=(*heading(title), *shown))


def text_columns(rows: Sequence[Sequence[str]], *, title: str) -> Panel:
    """Rows of text in columns, as wide as their longest entries.

    Args:
        rows: The entries of each row; all rows have as many.
        title: What stands above them.
    """
    parts, left = heading(title), _EDGE
    for column in zip(*rows, strict=True):
        parts += [_monospaced(entry, row=row, left=left) for row, entry in enumerate(column)]
        left += _LETTER * (max(map(len, column)) + 2)
    return Panel(width=left + _EDGE, height=TOP + _LINE * len(rows) + 8, parts=tuple(parts))


def _monospaced(line: str, *, row: int, left: float) -> str:
    indent = len(line) - len(line.lstrip())
    place = (left + _LETTER * indent, TOP + _LINE * row + 12)
    return words(place, line.strip(), extra='font-family="monospace" font-size="13"')
