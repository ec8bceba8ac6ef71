"""The one search for everything that writes step by step: greedy, beams with penalties, sampling.

Comes in: a writer, which gives the log-probabilities of the next symbol of each of its rows. Goes
out: paths. Sequences are searched side by side, each with as many rows as it has open paths.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from recurry.errors import TrainingError, UsageError
from recurry.network.sampling import Sampling

WIDEST = 1024


@runtime_checkable
class WriterState(Protocol):
    """Where the rows of a writer stand."""

    def reorder(self, rows: Tensor) -> Any:
        """The state in which each row goes on from another one, (R,) their numbers."""
        ...


@runtime_checkable
class Writer(Protocol):
    """What can be searched: it writes one symbol a row and step.

    Where a state has `weights`, the attention (R, S) of the last step, paths can be judged by what
    they cover. Padding has weight zero.

    Attributes:
        begin: The symbol to read before the first.
        num_sequences: Number of sequences that are to be written.
    """

    begin: int
    num_sequences: int

    def start(self) -> Any:
        """The state of one row for each sequence that is to be written."""
        ...

    def step(self, symbols: Tensor, state: Any) -> tuple[Tensor, Any]:
        """The log-probabilities (R, V) of the symbols after those read, and the state after them;
        minus infinity for what may not come."""
        ...


@dataclass(frozen=True, kw_only=True)
class Path:
    """Symbols with the sum of their log-probabilities.

    Args:
        symbols: With the one that ended the path, if one did.
        log_probability: In nats.
        score: What paths are ranked by: the log-probability after penalties.
    """

    symbols: tuple[int, ...]
    log_probability: float
    score: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """How paths of different lengths are compared.

    The score is `log p / ((5 + n) / 6)^length_penalty` for n symbols, and, where there is
    attention, `coverage_penalty * sum_s log(min(1, attention to s over all steps))` beside it.

    Args:
        length_penalty: From 0, where short paths win; about 0.6 to 1 for translations.
        coverage_penalty: From 0, where nobody asks; about 0.2 where sources are left out.

    Raises:
        UsageError: A number below 0.

    Source: Wu et al. (2016), equation 14.
    """

    length_penalty: float = 0.0
    coverage_penalty: float = 0.0

    def __post_init__(self) -> None:
        for name in ("length_penalty", "coverage_penalty"):
            if not 0 <= (value := getattr(self, name)) < float("inf"):
                raise UsageError(
                    f"The {name.replace('_', ' ')} is out of range.",
                    got=str(value),
                    accepted="a number from 0",
                )

    def score(self, log_probability: float, length: int, coverage: np.ndarray | None) -> float:
        """The score of a path."""
        found = log_probability / ((5 + length) / 6) ** self.length_penalty
        if coverage is None or not self.coverage_penalty:
            return found
        seen = coverage[coverage > 0]  # padding is never attended to
        return found + self.coverage_penalty * float(np.log(np.minimum(seen, 1)).sum())


def search(
    writer: Writer,
    *,
    length: int | Sequence[int],
    end: int | Callable[[Sequence[int]], bool] | None = None,
    width: int = 1,
    num_best: int = 1,
    ranking: Ranking | None = None,
) -> list[list[Path]]:
    """The best paths of each sequence that a search with `width` open paths finds.

    At every step the best extensions are kept. One that has ended is a result, and the search of
    its sequence goes on with one open path less; it is over when no open path can become one of
    the `num_best`. Width 1 takes the most probable symbol at every step.

    Args:
        writer: What gives the probabilities.
        length: Most symbols of a path, one number or one for each sequence; whatever is open then
            is a result, too.
        end: The symbol that ends a path, or what says of its symbols that they end it; None ends
            none early.
        width: Number of open paths.
        num_best: Number of results that are wanted, at most `width`.
        ranking: How results are compared; by log-probability when not given.

    Returns:
        For each sequence its results by falling score, at most `num_best`.

    Raises:
        UsageError: A number is out of range.
        TrainingError: A probability is not a number.
    """
    ranking = ranking or Ranking()
    _check_width(width, num_best)
    beam = _Beam(
        _limits(length, writer.num_sequences),
        begin=writer.begin,
        end=end,
        width=width,
        num_best=num_best,
        ranking=ranking,
    )
    with torch.inference_mode():
        state, rows = writer.start(), beam.open()
        while len(rows):
            state = state.reorder(torch.from_numpy(rows))
            logs, state = writer.step(torch.from_numpy(beam.symbols), state)
            rows = beam.extend(logs, getattr(state, "weights", None))
    return [sorted(found, key=_rank)[:num_best] for found in beam.results]


def _rank(path: Path) -> tuple[float, tuple[int, ...]]:
    return -path.score, path.symbols


class _Beam:
    """The open paths of all sequences, those of one sequence beside one another.

    Attributes:
        results: The paths of each sequence that have ended.
        count: Number of steps.
    """

    def __init__(
        self,
        limits: np.ndarray,
        *,
        begin: int,
        end: int | Callable[[Sequence[int]], bool] | None,
        width: int,
        num_best: int,
        ranking: Ranking,
    ) -> None:
        self._limits, self._begin, self._end, self._ranking = limits, begin, end, ranking
        self._width, self._num_best = width, num_best
        self.results: list[list[Path]] = [[] for _ in limits]
        self.count = 0
        self._room = np.full(len(limits), width)
        self._owners = np.arange(len(limits))
        self._totals = np.zeros(len(limits))
        self._history = np.zeros((len(limits), 0), dtype=np.int64)
        self._coverage: np.ndarray | None = None

    @property
    def symbols(self) -> np.ndarray:
        """The symbol that each open path reads next."""
        if not self.count:
            return np.full(len(self._owners), self._begin)
        return np.ascontiguousarray(self._history[:, -1])

    def open(self) -> np.ndarray:
        """The rows to begin with: those of sequences that may have a symbol."""
        return self._close(self._limits == 0)

    def extend(self, logs: Tensor, weights: Tensor | None) -> np.ndarray:
        """Go on with the best symbols; the row that each open path goes on from."""
        parents, symbols, totals = self._choose(logs)
        self.count += 1
        self._owners, self._totals = self._owners[parents], totals
        self._history = np.concatenate([self._history[parents], symbols[:, None]], 1)
        if weights is not None and self._ranking.coverage_penalty:
            seen = weights.double().cpu().numpy()[parents]
            self._coverage = seen if self._coverage is None else self._coverage[parents] + seen
        ended = self._has_ended(symbols) | (self.count >= self._limits[self._owners])
        return parents[self._close(ended)]

    def _choose(self, logs: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The best extensions of each sequence: the row, the symbol and the new total."""
        found, picked = logs.topk(min(self._width, logs.shape[1]), 1)
        totals = found.double().cpu().numpy() + self._totals[:, None]
        if np.isnan(totals).any():
            raise TrainingError(
                "The model's output is not a number, so no symbol can be chosen from it.",
                hint="use an earlier checkpoint, or train again with a lower learning rate",
            )
        counts = np.bincount(self._owners, minlength=len(self._limits))
        starts = counts.cumsum() - counts
        grid = np.full((len(counts), counts.max(), totals.shape[1]), -np.inf)
        grid[self._owners, np.arange(len(totals)) - starts[self._owners]] = totals
        grid = grid.reshape(len(counts), -1)
        order = np.argsort(-grid, axis=1, kind="stable")[:, : self._width]
        best = np.take_along_axis(grid, order, 1)
        is_kept = (np.arange(order.shape[1]) < self._room[:, None]) & np.isfinite(best)
        sequences, _ = is_kept.nonzero()
        rows, columns = np.divmod(order[is_kept], totals.shape[1])
        parents = starts[sequences] + rows
        return parents, picked.cpu().numpy()[parents, columns], best[is_kept]

    def _has_ended(self, symbols: np.ndarray) -> np.ndarray:
        if callable(self._end):
            return np.array([self._end(path) for path in self._history.tolist()], dtype=bool)
        return np.zeros(len(symbols), dtype=bool) if self._end is None else symbols == self._end

    def _close(self, ended: np.ndarray) -> np.ndarray:
        """Take paths that have ended, and those that cannot win, from the open ones; the rest."""
        for row in ended.nonzero()[0]:
            path = tuple(self._history[row].tolist())
            total = float(self._totals[row])
            seen = None if self._coverage is None else self._coverage[row]
            score = self._ranking.score(total, len(path), seen)
            found = Path(symbols=path, log_probability=total, score=score)
            self.results[self._owners[row]].append(found)
        np.subtract.at(self._room, self._owners[ended], 1)
        rows = (~ended & self._may_win()).nonzero()[0]
        self._owners, self._totals = self._owners[rows], self._totals[rows]
        self._history = self._history[rows]
        self._coverage = None if self._coverage is None else self._coverage[rows]
        return rows

    def _may_win(self) -> np.ndarray:
        """Whether an open path can still become one of the best, were the rest of it certain."""
        least = np.full(len(self._limits), -np.inf)
        for number, found in enumerate(self.results):
            if len(found) >= self._num_best:
                least[number] = sorted(path.score for path in found)[-self._num_best]
        longest = ((5 + self._limits) / 6) ** self._ranking.length_penalty
        return self._totals / longest[self._owners] >= least[self._owners]


def sample(
    writer: Writer,
    *,
    length: int | Sequence[int],
    end: int | None = None,
    sampling: Sampling | None = None,
    seed: int = 0,
) -> list[Path]:
    """One path for each sequence, drawn symbol by symbol.

    Path i depends on the seed and i, whatever is drawn beside it.

    Args:
        writer: What gives the probabilities.
        length: Most symbols of a path, one number or one for each sequence.
        end: The symbol that ends a path; None ends none early.
        sampling: Temperature, top-k and top-p; plain sampling when not given.
        seed: A whole number from 0.

    Raises:
        UsageError: A number is out of range.
        TrainingError: A probability is not a number.
    """
    sampling = sampling or Sampling()
    limits = _limits(length, writer.num_sequences)
    generators = [np.random.default_rng([seed, number]) for number in range(len(limits))]
    paths: list[list[int]] = [[] for _ in limits]
    totals = np.zeros(len(limits))
    with torch.inference_mode():
        state, symbols = writer.start(), np.full(len(limits), writer.begin)
        owners = np.arange(len(limits))
        is_open = limits > 0
        while is_open.any():
            if not is_open.all():
                state = state.reorder(torch.from_numpy(is_open.nonzero()[0]))
                owners, symbols = owners[is_open], symbols[is_open]
            logs, state = writer.step(torch.from_numpy(symbols), state)
            table = logs.double().cpu().numpy()
            symbols = sampling.draw(table, np.array([generators[n].random() for n in owners]))
            totals[owners] += table[np.arange(len(table)), symbols]
            for number, symbol in zip(owners, symbols.tolist(), strict=True):
                paths[number].append(symbol)
            is_open = np.array([len(paths[n]) < limits[n] for n in owners]) & (symbols != end)
    return [
        Path(symbols=tuple(path), log_probability=total, score=total)
        for path, total in zip(paths, totals.tolist(), strict=True)
    ]


def _limits(length: int | Sequence[int], count: int) -> np.ndarray:
    """The most symbols of each sequence."""
    found = np.full(count, length) if isinstance(length, int) else np.array(length, dtype=np.int64)
    if found.shape != (count,) or (found < 0).any():
        raise UsageError(
            "The length is out of range.",
            got=repr(length)[:80],
            accepted=f"a whole number from 0, or one for each of {count} sequences",
        )
    return found


def _check_width(width: int, num_best: int) -> None:
    if not 1 <= width <= WIDEST:
        raise UsageError(
            "The beam's width is out of range.",
            got=str(width),
            accepted=f"a whole number from 1 to {WIDEST:,}",
        )
    if not 1 <= num_best <= width:
        raise UsageError(
            "There are fewer paths than are wanted.",
            got=f"{num_best} wanted of a beam of width {width}",
            accepted=f"from 1 to {width}",
        )
