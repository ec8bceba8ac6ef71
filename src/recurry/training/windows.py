"""Truncated back-propagation through time: which steps each update reads, counts and carries.

Comes in: the table `window` and the length of a lane. Goes out: one `Window` for each update, a
pure function of its number, so the position in the text needs no state but that number.

    text   ------------------------------------------------------------->
           begin              start              end
             |---- history ----|----- counted -----|
                                         keep
                                           |---- history ----|--- counted ---|   the next update

Gradients flow from the counted steps back to `begin`. The state that the next update begins with
is taken at `keep`, as many steps before `end` as there is history (k2 - k1).
"""

from dataclasses import dataclass

import numpy as np

from recurry.training.configuration import WindowConfig

# Random lengths are at least this, as in Merity, Keskar and Socher 2017.
_SHORTEST = 5


@dataclass(frozen=True, kw_only=True)
class Window:
    """The steps of one update, as positions in a lane.

    Attributes:
        epoch: The pass over the text, from 0.
        index: The window of that epoch, from 0.
        num_windows: Windows of that epoch.
        begin: First symbol read; the state carried so far belongs here.
        start: First symbol whose successor counts in the loss.
        end: One after the last symbol whose successor counts.
        keep: Where the next window begins.
    """

    epoch: int
    index: int
    num_windows: int
    begin: int
    start: int
    end: int
    keep: int

    @property
    def length(self) -> int:
        """Steps that count in the loss."""
        return self.end - self.start

    @property
    def is_last(self) -> bool:
        """Whether the epoch ends with this window."""
        return self.index == self.num_windows - 1

    @property
    def epochs_before(self) -> float:
        """Passes over the text that lie before this window, with their fraction."""
        return self.epoch + self.index / self.num_windows


class Windows:
    """The windows of a whole training.

    A tail that is shorter than half a window joins the window before it.

    Args:
        num_steps: Predictions in a lane in one epoch: its length less one.
        config: The table `window`.
        epochs: Passes over the text.
        seed: Governs random lengths.
    """

    def __init__(self, num_steps: int, config: WindowConfig, *, epochs: int, seed: int) -> None:
        self._num_steps, self._config, self._seed = num_steps, config, seed
        if config.jitter > 0:
            counts = [len(self._draw_ends(epoch)) for epoch in range(epochs)]
        else:
            counts = [len(_even_ends(num_steps, config.k1))] * epochs
        self._first_updates = np.concatenate([[0], np.cumsum(counts)])
        self._epoch, self._ends = -1, np.zeros(0, dtype=np.int64)

    @property
    def num_updates(self) -> int:
        """Updates of the whole training."""
        return int(self._first_updates[-1])

    def at(self, update: int) -> Window:
        """The window of one update, counted from 0."""
        epoch = int(np.searchsorted(self._first_updates, update, side="right")) - 1
        index = update - int(self._first_updates[epoch])
        ends = self._ends_of(epoch)
        start, end = (int(ends[index - 1]) if index else 0), int(ends[index])
        history = self._config.history
        return Window(
            epoch=epoch,
            index=index,
            num_windows=len(ends),
            begin=max(0, start - history),
            start=start,
            end=end,
            keep=max(0, end - history),
        )

    def _ends_of(self, epoch: int) -> np.ndarray:
        """The ends of one epoch's windows; the last epoch asked for stays at hand."""
        if epoch != self._epoch:
            self._epoch, self._ends = epoch, self._draw_ends(epoch)
        return self._ends

    def _draw_ends(self, epoch: int) -> np.ndarray:
        config = self._config
        if config.jitter == 0:
            return _even_ends(self._num_steps, config.k1)
        generator = np.random.default_rng([self._seed, epoch])
        shortest = min(_SHORTEST, config.k1)
        ends = np.zeros(1, dtype=np.int64)
        while ends[-1] < self._num_steps:
            count = int((self._num_steps - ends[-1]) / config.k1) + 1
            lengths = np.rint(generator.normal(config.k1, config.jitter, count)).astype(np.int64)
            ends = np.concatenate([ends, ends[-1] + np.cumsum(np.maximum(lengths, shortest))])
        inner = ends[1:][ends[1:] <= self._num_steps - (config.k1 + 1) // 2]
        return np.append(inner, self._num_steps)


def _even_ends(num_steps: int, k1: int) -> np.ndarray:
    count = max(1, (2 * num_steps + k1) // (2 * k1))
    return np.append(np.arange(1, count, dtype=np.int64) * k1, num_steps)
