"""Which cells are worth looking at first: those whose value varies most over a text.

Comes in: a recording. Goes out: addresses of cells, or a number for each. Imports recording.
"""

import numpy as np

from recurry.inspection.address import CellAddress
from recurry.inspection.keeping import SCALE, WINDOW
from recurry.inspection.recording import Recording
from recurry.inspection.subject import SubjectLayer

# Windows that are looked at in one go: 16 MB of 512 units.
_AT_ONCE = 32


def most_varying(recording: Recording, count: int = 10, *, span: int = 8) -> list[CellAddress]:
    """The cells of all layers whose painted value varies most over a text.

    Many cells flicker from one symbol to the next, which tells a reader nothing. So values are
    averaged over `span` symbols before their standard deviation is taken: what stays varies over
    words, lines and speeches.

    Args:
        recording: What a model had in mind over a text.
        count: How many cells to name; fewer where the model has fewer, none for an empty text.
        span: Number of symbols, at least 1, which averages nothing.
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
        span: Number of symbols; stretches of so many follow one another.
    """
    span = max(1, min(span, recording.length, WINDOW))
    total = np.zeros(layer.hidden_size)
    squares, count = np.zeros(layer.hidden_size), 0
    step = _AT_ONCE * WINDOW
    for start in range(0, recording.length, step):
        stop = min(start + step, recording.length)
        levels = recording.levels(
            layer=layer.index, direction=layer.direction, start=start, stop=stop
        )
        whole = levels.shape[1] // span * span
        means = levels[:, :whole].reshape(len(levels), -1, span).sum(2, dtype=np.int32) / span
        total += means.sum(1)
        squares += (means**2).sum(1)
        count += means.shape[1]
    variance = squares / max(count, 1) - (total / max(count, 1)) ** 2
    return np.sqrt(np.maximum(variance, 0.0)) / SCALE
