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
_TAB, _LINE_END, _TAB_WIDTH = 9, 10, 4


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
    """Rows that end at line ends, and where a line has gone on for so many columns.

    Args:
        pieces: The text of each symbol.
        columns: Width of a row; a piece that crosses it stays in the row.
    """
    if not pieces:
        return Rows(starts=np.zeros(1, dtype=np.int64))
    widths, is_end = _measure(pieces)
    before = np.cumsum(widths) - widths
    begins = np.flatnonzero(np.concatenate([[True], is_end[:-1]]))
    line = np.cumsum(np.concatenate([[True], is_end[:-1]])) - 1
    row_in_line = (before - before[begins][line]) // max(columns, 1)
    # A sign that ends a line stays in it, however long the line is.
    hangs = is_end[1:] & (widths[1:] <= 1)
    row_in_line[1:] = np.where(hangs, row_in_line[:-1], row_in_line[1:])
    is_start = np.ones(len(pieces), dtype=bool)
    is_start[1:] = (line[1:] != line[:-1]) | (row_in_line[1:] != row_in_line[:-1])
    return Rows(starts=np.append(np.flatnonzero(is_start), len(pieces)))


def _measure(pieces: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Columns that each piece takes, and whether it ends a line."""
    joined = "".join(pieces)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    widths = np.ones(len(codes), dtype=np.int64)
    if len(codes) and codes.max() > 0x2FF:
        for low, high in _WIDE:
            widths[(codes >= low) & (codes <= high)] = 2
        widths[(codes >= 0x300) & (codes <= 0x36F)] = 0
        widths[(codes >= 0x200B) & (codes <= 0x200F)] = 0
    widths[codes == _TAB] = _TAB_WIDTH
    if len(codes) == len(pieces):
        return widths, codes == _LINE_END
    ends = np.cumsum([len(piece) for piece in pieces])
    sums = np.concatenate([[0], np.cumsum(widths)])
    line_ends = np.concatenate([[0], np.cumsum(codes == _LINE_END)])
    starts = np.concatenate([[0], ends[:-1]])
    return sums[ends] - sums[starts], line_ends[ends] > line_ends[starts]
