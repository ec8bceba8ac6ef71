"""Cells that are on over a stretch of text, and other stretches where the same cells are on.

Comes in: a recording and a stretch. Goes out: cells and places. Imports keeping and recording.

Source: LSTMVis (Strobelt et al. 2018), whose match this is: a cell is on where its value passes a
threshold; a stretch is described by the cells that are on all over it and not right outside of it.
Here values are what colours show, from -1 to 1, and a cell may be on in either direction.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

import numpy as np

from recurry.errors import UsageError
from recurry.inspection.address import CellAddress, find_layer
from recurry.inspection.keeping import SCALE, WINDOW
from recurry.inspection.recording import Recording
from recurry.inspection.subject import SubjectLayer

# Windows that a thread takes at a time.
_AT_ONCE = 16
# So many can be counted in 8 bits.
_MOST_COUNTED = 255


@dataclass(frozen=True, kw_only=True)
class OnCell:
    """A cell that is on over a stretch.

    Attributes:
        address: The cell.
        sign: 1 where it is on with positive values, -1 with negative ones.
        mean: What colours show of it over the stretch, on average.
    """

    address: CellAddress
    sign: int
    mean: float


@dataclass(frozen=True, kw_only=True)
class Place:
    """A stretch of the text in which cells are on together.

    Attributes:
        start: Its first step.
        stop: After its last step.
        share: Which share of the cells is on, on average over its steps.
    """

    start: int
    stop: int
    share: float

    def __len__(self) -> int:
        return self.stop - self.start


def find_on(
    recording: Recording,
    start: int,
    stop: int,
    *,
    threshold: float = 0.3,
    is_exact: bool = True,
    layers: Sequence[SubjectLayer] | None = None,
) -> list[OnCell]:
    """The cells that are on at every step of a stretch, those that show most first.

    Args:
        recording: What a model had in mind over a text.
        start: First step.
        stop: After the last step.
        threshold: From 0 to 1; a cell is on where what colours show of it is as far from 0.
        is_exact: Whether cells that are on at the step before or after are left out.
        layers: Which layers; all when not given.

    Raises:
        UsageError: The stretch is empty or has not been recorded.
    """
    if not 0 <= start < stop <= recording.length:
        raise UsageError(
            "This is no stretch of the text.",
            got=f"{start:,} to {stop:,}",
            accepted=f"at least one step from 0 to {recording.length:,}",
        )
    found: list[OnCell] = []
    first, last = max(0, start - 1), min(recording.length, stop + 1)
    for layer in recording.subject.layers if layers is None else layers:
        place = {"layer": layer.index, "direction": layer.direction}
        around = recording.levels(**place, start=first, stop=last)
        inside = around[:, start - first : stop - first]
        for sign in (1, -1):
            is_on = _is_on(around, sign, threshold)
            chosen = is_on[:, start - first : stop - first].all(1)
            if is_exact and first < start:
                chosen &= ~is_on[:, 0]
            if is_exact and stop < last:
                chosen &= ~is_on[:, -1]
            found += [
                OnCell(
                    address=CellAddress(**place, state=recording.painted_state, unit=unit),
                    sign=sign,
                    mean=float(inside[unit].mean()) / SCALE,
                )
                for unit in np.flatnonzero(chosen).tolist()
            ]
    return sorted(found, key=lambda cell: (-abs(cell.mean), cell.address))


def find_places(
    recording: Recording,
    cells: Sequence[OnCell],
    *,
    threshold: float = 0.3,
    share: float = 1.0,
) -> list[Place]:
    """The stretches in which enough of some cells are on at every step, in the order of the text.

    Args:
        recording: What a model had in mind over a text.
        cells: The cells, with their signs.
        threshold: As for `find_on`.
        share: How many of the cells have to be on, above 0, up to 1 for all.
    """
    counts = count_on(recording, cells, threshold=threshold)
    return places_of(counts, len(cells), share=share)


def places_of(counts: np.ndarray, num_cells: int, *, share: float = 1.0) -> list[Place]:
    """The stretches in which at least a share of some cells is on; none where there is no cell.

    Args:
        counts: How many are on at each step, (T,).
        num_cells: How many there are.
        share: Above 0, up to 1 for all.
    """
    if not num_cells:
        return []
    is_enough = counts >= max(1, int(np.ceil(share * num_cells - 1e-9)))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_enough, [False]]).astype(np.int8)))
    sums = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    pairs = edges.reshape(-1, 2)
    shares = (sums[pairs[:, 1]] - sums[pairs[:, 0]]) / (pairs[:, 1] - pairs[:, 0]) / num_cells
    return [
        Place(start=start, stop=stop, share=mean)
        for (start, stop), mean in zip(pairs.tolist(), shares.tolist(), strict=True)
    ]


def count_on(
    recording: Recording, cells: Sequence[OnCell], *, threshold: float = 0.3
) -> np.ndarray:
    """How many of some cells are on at each step, (T,) int16.

    Args:
        recording: What a model had in mind over a text.
        cells: The cells, with their signs.
        threshold: As for `find_on`.
    """
    groups = _groups(recording, cells)
    counts = np.zeros(recording.length, dtype=np.int16)
    num_windows = -(-recording.length // WINDOW)

    def add(first: int) -> None:
        """Count in some windows, one by one: what is read of one stays in the cache of a core."""
        read = {layer: np.empty((layer.hidden_size, WINDOW), dtype=np.int8) for layer, _ in groups}
        for window in range(first, min(first + _AT_ONCE, num_windows)):
            for layer, levels in read.items():
                recording.read_levels(layer, window, levels)
            for (layer, sign), units in groups.items():
                part = counts[window * WINDOW : (window + 1) * WINDOW]
                part += _count(read[layer], units, sign, threshold)[: len(part)]

    with ThreadPoolExecutor(cpu_count() or 1) as pool:
        for _ in pool.map(add, range(0, num_windows, _AT_ONCE)):
            pass
    return counts


def _groups(
    recording: Recording, cells: Sequence[OnCell]
) -> dict[tuple[SubjectLayer, int], np.ndarray]:
    """The units of each layer and sign."""
    found: dict[tuple[SubjectLayer, int], list[int]] = {}
    for cell in cells:
        layer = find_layer(recording.subject, cell.address.layer, cell.address.direction)
        found.setdefault((layer, cell.sign), []).append(cell.address.unit)
    return {key: np.array(sorted(units)) for key, units in found.items()}


def _count(levels: np.ndarray, units: np.ndarray, sign: int, threshold: float) -> np.ndarray:
    """How many of some rows are on in each column."""
    total = np.zeros(levels.shape[1], dtype=np.int16)
    for first in range(0, len(units), _MOST_COUNTED):
        is_on = _is_on(levels[units[first : first + _MOST_COUNTED]], sign, threshold)
        total += np.add.reduce(is_on.view(np.uint8), axis=0, dtype=np.uint8)
    return total


def _is_on(levels: np.ndarray, sign: int, threshold: float) -> np.ndarray:
    limit = max(1, round(threshold * SCALE))
    return levels >= limit if sign > 0 else levels <= -limit
