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
        self._history = config.history
        self._stretches = (
            _RandomStretches(num_steps, config, epochs=epochs, seed=seed)
            if config.jitter > 0
            else _EvenStretches(num_steps, config.k1, epochs=epochs)
        )

    @property
    def num_updates(self) -> int:
        """Updates of the whole training."""
        return self._stretches.num_updates

    def at(self, update: int) -> Window:
        """The window of one update, counted from 0."""
        stretch = self._stretches.at(update)
        return Window(
            epoch=stretch.epoch,
            index=stretch.index,
            num_windows=stretch.num_windows,
            begin=max(0, stretch.start - self._history),
            start=stretch.start,
            end=stretch.end,
            keep=max(0, stretch.end - self._history),
        )


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The counted steps of one update."""

    epoch: int
    index: int
    num_windows: int
    start: int
    end: int


class _EvenStretches:
    """Stretches of equal length; nothing is stored, however long the text and the training."""

    def __init__(self, num_steps: int, k1: int, *, epochs: int) -> None:
        self._num_steps, self._k1 = num_steps, k1
        self._num_windows = max(1, (2 * num_steps + k1) // (2 * k1))
        self.num_updates = self._num_windows * epochs

    def at(self, update: int) -> _Stretch:
        epoch, index = divmod(update, self._num_windows)
        is_last = index == self._num_windows - 1
        end = self._num_steps if is_last else (index + 1) * self._k1
        return _Stretch(epoch, index, self._num_windows, index * self._k1, end)


class _RandomStretches:
    """Stretches of random lengths, drawn anew for each epoch from the seed and its number."""

    def __init__(self, num_steps: int, config: WindowConfig, *, epochs: int, seed: int) -> None:
        self._num_steps, self._config, self._seed = num_steps, config, seed
        counts = [len(self._draw_ends(epoch)) for epoch in range(epochs)]
        self._first_updates = np.concatenate([[0], np.cumsum(counts)])
        self.num_updates = int(self._first_updates[-1])
        self._epoch, self._ends = -1, np.zeros(0, dtype=np.int64)

    def at(self, update: int) -> _Stretch:
        epoch = int(np.searchsorted(self._first_updates, update, side="right")) - 1
        index = update - int(self._first_updates[epoch])
        ends = self._ends_of(epoch)
        start = int(ends[index - 1]) if index else 0
        return _Stretch(epoch, index, len(ends), start, int(ends[index]))

    def _ends_of(self, epoch: int) -> np.ndarray:
        """The ends of one epoch's windows; the last epoch asked for stays at hand."""
        if epoch != self._epoch:
            self._epoch, self._ends = epoch, self._draw_ends(epoch)
        return self._ends

    def _draw_ends(self, epoch: int) -> np.ndarray:
        config = self._config
        generator = np.random.default_rng([self._seed, epoch])
        shortest = min(_SHORTEST, config.k1)
        ends = np.zeros(1, dtype=np.int64)
        while ends[-1] < self._num_steps:
            count = int((self._num_steps - ends[-1]) / config.k1) + 1
            lengths = np.rint(generator.normal(config.k1, config.jitter, count)).astype(np.int64)
            ends = np.concatenate([ends, ends[-1] + np.cumsum(np.maximum(lengths, shortest))])
        inner = ends[1:][ends[1:] <= self._num_steps - (config.k1 + 1) // 2]
        return np.append(inner, self._num_steps)
