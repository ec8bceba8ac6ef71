"""A text as rows of about equal width, so that a page can show any part of it without the rest.

Comes in: the pieces of a text. Goes out: the first symbol of each row. Imports NumPy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Blocks of characters that take two columns in a font of equal widths, and that take none.
_WIDE = (
    (0x1100, 0x115F), (0x2E80, 0xA4CF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE30, 0xFE6F),
    (0xFF00, 0xFF60), (0xFFE0, 0xFFE6), (0x1F300, 0x1FAFF), (0x20000, 0x3FFFD),
)  # fmt: skip
_TAB, _LINE_END, _BLANK, _TAB_WIDTH = 9, 10, 32, 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Where the rows of a text begin.

    Attributes:
        starts: The first symbol of each row, and the number of symbols behind the last, (R + 1,).
    """

    starts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def row_of(self, step: int) -> int:
        """The row that a symbol stands in."""
        return int(np.clip(np.searchsorted(self.starts, step, side="right") - 1, 0, len(self) - 1))

    def window(self, first: int, count: int) -> np.ndarray:
        """The starts of some rows, and the end of the last of them."""
        first = min(max(first, 0), len(self))
        return self.starts[first : min(first + count, len(self)) + 1]


def lay_out(pieces: Sequence[str], columns: int) -> Rows:
    """Rows that end at line ends, and before a piece for which there is no room any more.

    Blanks at the end of a piece need no room, nor does the sign of a line end. A piece that is
    wider than a row stands in one by itself.

    Args:
        pieces: The text of each symbol.
        columns: Width of a row.
    """
    if not pieces:
        return Rows(starts=np.zeros(1, dtype=np.int64))
    widths, needed, is_end = _measure(pieces)
    edges = np.cumsum(widths)
    before = edges - widths
    places = np.arange(len(pieces))
    # Where a row ends that begins with a piece: at the first for which there is no room ...
    stops = np.searchsorted(before + needed, before + max(columns, 1), side="right")
    stops = np.maximum(stops, places + 1)
    # ... but a sign that ends a line stays in it, however full the row is ...
    hangs = np.append(is_end & (needed == 0), False)
    stops += hangs[stops]
    # ... and with its line at the latest.
    line_stops = np.append(np.flatnonzero(is_end) + 1, len(pieces))
    stops = np.minimum(stops, line_stops[np.cumsum(is_end) - is_end])
    return Rows(starts=np.array(_chain(stops.data, len(pieces)), dtype=np.int64))


def _chain(stops: memoryview, size: int) -> list[int]:
    """The first symbol of each row, from where one ends that begins at each symbol."""
    starts = [0]
    while starts[-1] < size:
        starts.append(stops[starts[-1]])
    return starts


def _measure(pieces: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns that each piece takes, how many of them it needs, and whether it ends a line."""
    codes = np.frombuffer("".join(pieces).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    widths = np.ones(len(codes), dtype=np.int64)
    if len(codes) and codes.max() > 0x2FF:
        for low, high in _WIDE:
            widths[(codes >= low) & (codes <= high)] = 2
        widths[(codes >= 0x300) & (codes <= 0x36F)] = 0
        widths[(codes >= 0x200B) & (codes <= 0x200F)] = 0
    widths[codes == _TAB] = _TAB_WIDTH
    is_blank = (codes == _BLANK) | (codes == _TAB) | (codes == _LINE_END)
    sizes = np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))
    ends = np.cumsum(sizes)
    starts = ends - sizes
    # Up to each place: columns, line ends, and where the last sign ends that is no blank.
    columns = np.append(0, np.cumsum(widths))
    line_ends = np.append(0, np.cumsum(codes == _LINE_END))
    shown = np.append(0, np.maximum.accumulate(np.where(is_blank, 0, np.arange(len(codes)) + 1)))
    taken = columns[ends] - columns[starts]
    is_end = line_ends[ends] > line_ends[starts]
    needed = columns[np.maximum(shown[ends], starts)] - columns[starts]
    return taken, np.where(is_end, needed, np.maximum(needed, taken > 0)), is_end
