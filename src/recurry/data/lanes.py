"""A text laid out in parallel lanes, the batches of truncated back-propagation.

Comes in: symbol numbers. Goes out: time-major blocks (T, B) in which every lane goes on.
"""

import numpy as np

from recurry.data.ids import IdFile
from recurry.errors import DataError


class Lanes:
    """`num_lanes` contiguous stretches of one text, read side by side.

    Lane `j` holds the symbols from `j * length` to `(j + 1) * length`, so a state carried in
    lane `j` from one block to the next always meets the symbol that follows. The remainder at
    the end, fewer than `num_lanes` symbols, is left out.

    Args:
        ids: The text.
        num_lanes: How many stretches are read side by side (B).
        window: Steps of one update; every lane must hold one symbol more than that.

    Raises:
        DataError: A lane would be shorter than a window and the symbol after it.
    """

    def __init__(self, ids: IdFile, num_lanes: int, *, window: int = 1) -> None:
        self.ids, self.num_lanes = ids, num_lanes
        self.length = len(ids) // num_lanes
        if self.length < window + 1:
            raise _too_short(len(ids), num_lanes=num_lanes, window=window)

    def __repr__(self) -> str:
        return f"Lanes({self.num_lanes} lanes of {self.length:,} symbols)"

    def read(self, start: int, count: int) -> np.ndarray:
        """The symbols `start` to `start + count` of every lane, as int64.

        Shapes:
            returns: (count, num_lanes), time first.

        Raises:
            IndexError: The stretch does not lie inside the lanes.
        """
        if start < 0 or count < 0 or start + count > self.length:
            raise IndexError(f"{count} symbols from {start} in lanes of {self.length}")
        block = np.empty((count, self.num_lanes), dtype=np.int64)
        for lane in range(self.num_lanes):
            block[:, lane] = self.ids.read(lane * self.length + start, count)
        return block


def _too_short(num_symbols: int, *, num_lanes: int, window: int) -> DataError:
    return DataError(
        "The text is too short for these windows.",
        got=f"{num_symbols:,} symbols; {num_lanes} lanes of {num_symbols // num_lanes:,}",
        accepted=f"at least {num_lanes * (window + 1):,} symbols: "
        f"{num_lanes} lanes of {window + 1:,} (a window of {window:,} and the symbol after it)",
        hint=_smaller_sizes(num_symbols, num_lanes=num_lanes, window=window),
    )


def _smaller_sizes(num_symbols: int, *, num_lanes: int, window: int) -> str:
    fitting_lanes = num_symbols // (window + 1)
    fitting_window = num_symbols // num_lanes - 1
    sizes = [f"--lanes {fitting_lanes} or fewer"] if fitting_lanes >= 1 else []
    sizes += [f"--k1 {fitting_window} or less"] if fitting_window >= 1 else []
    if not sizes and num_symbols >= 2:
        sizes = [f"--lanes 1 with --k1 {num_symbols - 1} or less"]
    return ", or ".join([*sizes, "a longer text"])
