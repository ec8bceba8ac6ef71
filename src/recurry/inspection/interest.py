"""Which cells are worth looking at first: those whose value varies most over a text.

Comes in: a recording. Goes out: addresses of cells, or a number for each. Imports recording.
"""

import numpy as np

from recurry.inspection.address import CellAddress
from recurry.inspection.keeping import SCALE, WINDOW
from recurry.inspection.recording import Recording
from recurry.inspection.subject import SubjectLayer

# Symbols that are looked at: enough to tell cells apart, and 16 MB of 512 units.
LOOKED_AT = 32 * WINDOW
# So many means at least tell cells apart; of a short text they are of fewer symbols each.
_FEWEST_MEANS = 8


def most_varying(recording: Recording, count: int = 10, *, span: int = 8) -> list[CellAddress]:
    """The cells of all layers whose painted value varies most over the first 32,768 symbols.

    Many cells flicker from one symbol to the next, which tells a reader nothing. So values are
    averaged over `span` symbols before their standard deviation is taken: what stays varies over
    words, lines and speeches. A short text is averaged over fewer.

    Args:
        recording: What a model had in mind over a text.
        count: How many cells to name; fewer where the model has fewer, none for an empty text.
        span: Number of symbols, at least 1, which averages nothing; fewer of a short text, so
            that there are some means to compare.
    """
    if not recording.length:
        return []
    layers = recording.subject.layers
    spreads = np.stack([spread(recording, layer, span=span) for layer in layers])
    best = np.argsort(-spreads, axis=None, kind="stable")[:count]
    return [
        CellAddress(
            layer=layers[place].index,
            direction=layers[place].direction,
            state=recording.painted_state,
            unit=int(unit),
        )
        for place, unit in zip(*np.unravel_index(best, spreads.shape), strict=True)
    ]


def spread(recording: Recording, layer: SubjectLayer, *, span: int = 8) -> np.ndarray:
    """The standard deviation of what colours show of each unit, averaged over `span` symbols, (H,).

    Args:
        recording: What a model had in mind over a text.
        layer: One of its layers.
        span: Number of symbols; stretches of so many, or of fewer in a short text, follow one
            another.
    """
    stop = min(recording.length, LOOKED_AT)
    span = max(1, min(span, stop // _FEWEST_MEANS, WINDOW))
    levels = recording.levels(layer=layer.index, direction=layer.direction, stop=stop)
    whole = stop // span * span
    means = levels[:, :whole].reshape(len(levels), -1, span).sum(2, dtype=np.int32) / span
    return means.std(axis=1) / SCALE if whole else np.zeros(len(levels))
