"""The held-out passage that all cells are shown over, and the cells.

Comes in: a model and held-out symbols. Goes out: paintings of one passage. Imports `inspection`.
"""

from dataclasses import replace

import numpy as np

from recurry.data.ids import IdFile
from recurry.inspection.address import CellAddress
from recurry.inspection.figure import paint_cell
from recurry.inspection.html import Painting
from recurry.inspection.interest import most_varying
from recurry.inspection.recording import Recording, record
from recurry.tasks.language import LanguageModel

# The model has read this much when the passage begins, and cells are chosen over this much.
_WARM_UP, _RECORDED = 300, 2000
_LENGTH = 560


def paint_passage(model: LanguageModel, ids: IdFile, *, count: int = 10) -> list[Painting]:
    """The cells that vary most, each over the same passage.

    The passage begins and ends at line ends where there are any.

    Args:
        model: The model.
        ids: Held-out symbols.
        count: Number of cells.
    """
    if not model.cell.states or not len(ids):
        return []
    with record(model, ids.read(0, min(len(ids), _RECORDED))) as recording:
        start, end = _bounds(recording)
        shown = most_varying(recording, count)
        return [_cut(recording, address, start=start, end=end) for address in shown]


def _bounds(recording: Recording) -> tuple[int, int]:
    """From behind a line end after the warm-up to another about `_LENGTH` characters on."""
    pieces = recording.symbols.pieces
    ends = [place + 1 for place, piece in enumerate(pieces) if "\n" in piece]
    num_symbols = len(pieces)
    warm_up = min(_WARM_UP, max(0, num_symbols - _LENGTH))
    starts = [end for end in ends if end < num_symbols and "\n" not in pieces[end]]
    start = next((place for place in starts if warm_up <= place < warm_up + _LENGTH), warm_up)
    lengths = np.cumsum([len(piece) for piece in pieces[start:]])
    limit = start + int(np.searchsorted(lengths, _LENGTH, side="right"))
    inside = [end for end in ends if start < end <= limit]
    return start, inside[-1] if inside else min(limit, num_symbols)


def _cut(recording: Recording, address: CellAddress, *, start: int, end: int) -> Painting:
    whole = paint_cell(recording, address)
    return replace(whole, pieces=whole.pieces[start:end], values=whole.values[start:end])
