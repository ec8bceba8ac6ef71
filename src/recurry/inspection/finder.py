"""The neuron finder: which cells know something about a text, and how sure that is.

Comes in: values of many cells along a text, and labels of its symbols. Goes out: a score for each
cell and whether the best one can be believed. Imports NumPy.

A score is the area under the ROC curve: the probability that a cell is higher at a symbol with the
label than at one without. Which cells are the best, which way round, and from which value on a cell
counts as on, is chosen on the first half of the text; the score is measured on the second.

A score is far from 1/2 by chance where both labels and cells change slowly. So the labels are moved
along each half, in a circle, by amounts that break any connection but keep how labels follow each
other; the best cell is chosen and scored each time just as before. The finder claims something only
where a score is beyond what that gives, also for the luckiest of all cells.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NUM_SHIFTS = 40
# The chance that a claim is made where there is nothing, for one property and all cells together.
LEVEL = 1e-4
FEWEST = 10  # symbols with the label, and without it, in each half
_CHUNK = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What the cells know of one label.

    Args:
        chosen: Area under the ROC curve on the first half, the right way round, (N,).
        scores: That on the second half, the same way round, (N,).
        is_reversed: Whether a cell is low where the label holds, (N,).
        baseline: The score of the cell that is best on the first half, for each shift of the
            labels, (S,).
    """

    chosen: np.ndarray
    scores: np.ndarray
    is_reversed: np.ndarray
    baseline: np.ndarray

    @property
    def order(self) -> np.ndarray:
        """The numbers of all cells, the best on the first half first."""
        return np.argsort(-self.chosen, kind="stable")

    @property
    def best(self) -> int:
        """The cell that is best on the first half."""
        return int(self.chosen.argmax())

    def chance(self, score: float) -> float:
        """The probability that any of the cells scores as high without any connection, at most.

        Scores by chance are taken to follow Student's distribution with the mean and the deviation
        of the baseline; the probability of one is multiplied by the number of cells (Bonferroni).
        """
        count, mean = len(self.baseline), float(self.baseline.mean())
        deviation = float(self.baseline.std(ddof=1)) * math.sqrt(1 + 1 / count)
        if score <= mean:
            return 1.0
        if score <= self.baseline.max() or not deviation:
            return float((1 + (self.baseline >= score).sum()) / (1 + count))
        tail = _student_tail((score - mean) / deviation, count - 1)
        return min(1.0, len(self.scores) * tail)

    def is_claimed(self, cell: int) -> bool:
        """Whether this cell scores beyond chance."""
        return self.chance(float(self.scores[cell])) < LEVEL


def _student_tail(t: float, freedom: int) -> float:
    """At most the probability of a value above t > 0, and close to it where that is small.

    The integral of the density times x / t, which is at least 1 beyond t.
    """
    log_scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)
    log_density = log_scale - (freedom - 1) / 2 * math.log1p(t * t / freedom)
    factor = math.sqrt(freedom / math.pi) / (freedom - 1)
    return min(1.0, factor / t * math.exp(log_density))


def find_cells(
    values: np.ndarray,
    labels: Sequence[np.ndarray],
    *,
    num_shifts: int = NUM_SHIFTS,
    seed: int = 0,
) -> list[Found | None]:
    """How well each cell tells symbols with a label from those without.

    Args:
        values: Of each cell at each symbol, in 256 levels, (N, T) int8.
        labels: For each question a bool for each symbol, or a number, which is cut where the two
            sides are most alike in number on the first half, (T,).
        num_shifts: How often the labels are moved.
        seed: Of the random amounts.

    Returns:
        An answer to each question; None where a half has hardly any symbol with the label, or
        hardly any without.
    """
    rng, middle = np.random.default_rng(seed), values.shape[1] // 2
    cut = [cut_labels(one) for one in labels]
    asked = [one for one in cut if len(values) and _can_be_asked(one, middle)]
    sides = (slice(0, middle), slice(middle, None))
    moved = [[_move(one[side], num_shifts, rng) for one in asked] for side in sides]
    found = np.empty((2, len(asked), num_shifts + 1, len(values)))
    for start in range(0, len(values) if asked else 0, _CHUNK):
        rows = slice(start, start + _CHUNK)
        for side, columns in enumerate(sides):
            ranks = _centred_ranks(values[rows, columns])
            for number, rows_of_labels in enumerate(moved[side]):
                found[side, number, :, rows] = _areas(ranks, rows_of_labels)
    answers = iter([_answer(*pair) for pair in zip(found[0], found[1], strict=True)])
    return [next(answers) if any(one is other for other in asked) else None for one in cut]


def _answer(first: np.ndarray, second: np.ndarray) -> Found:
    """From areas on both halves, (1 + S, N) each, of which the first row is of unmoved labels."""
    chosen, held_out = np.maximum(first, 1 - first), np.where(first < 0.5, 1 - second, second)
    best = chosen[1:].argmax(axis=1)
    return Found(
        chosen=chosen[0],
        scores=held_out[0],
        is_reversed=first[0] < 0.5,
        baseline=held_out[1:][np.arange(len(best)), best],
    )


def _can_be_asked(labels: np.ndarray, middle: int) -> bool:
    counts = [(half.sum(), (~half).sum()) for half in (labels[:middle], labels[middle:])]
    return min(map(min, counts)) >= FEWEST


def cut_labels(labels: np.ndarray) -> np.ndarray:
    """Labels as a yes or no; numbers are cut where the first half falls into the most equal parts.

    Example:
        >>> cut_labels(np.array([0, 0, 1, 1, 0, 1, 2, 9])).tolist()
        [False, False, True, True, False, True, True, True]
    """
    if labels.dtype == bool:
        return labels
    first = np.sort(labels[: len(labels) // 2])
    levels = np.unique(first)
    if len(levels) < 2:
        return np.zeros(len(labels), dtype=bool)
    above = 1 - np.searchsorted(first, levels[:-1], side="right") / len(first)
    return labels > levels[int(np.abs(above - 0.5).argmin())]


def areas(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The area under the ROC curve of each cell for each row of labels, (L, N).

    Equal values count half, as in the test of Mann and Whitney (1947).

    Args:
        values: In 256 levels, (N, T) int8.
        labels: (L, T) bool, each row with some that are true and some that are not.
    """
    return _areas(_centred_ranks(values), labels)


def threshold(values: np.ndarray, labels: np.ndarray, *, is_reversed: bool) -> int:
    """From which level on a cell counts as on: where the shares of both sides differ most.

    Source: the index of Youden (1950).

    Args:
        values: Of one cell, (T,) int8.
        labels: (T,) bool.
        is_reversed: Whether the cell is low where the label holds.
    """
    bins = values.astype(np.int64) + 128
    true = np.bincount(bins[labels], minlength=257)
    false = np.bincount(bins[~labels], minlength=257)
    below = np.cumsum(true) / max(true.sum(), 1) - np.cumsum(false) / max(false.sum(), 1)
    return int((below if is_reversed else -below).argmax()) - 127


def _areas(ranks: np.ndarray, labels: np.ndarray) -> np.ndarray:
    num_true = labels.sum(axis=1, dtype=np.float64)
    num_false = labels.shape[1] - num_true
    sums = labels.astype(np.float32) @ ranks.T
    scale = labels.shape[1] / (num_true * num_false)
    # Sums of 32 bits may be a little beyond what is possible.
    return np.clip(0.5 + sums.astype(np.float64) * scale[:, None], 0.0, 1.0)


def _move(labels: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """The labels as they are, and moved in a circle by at least a tenth of their length."""
    size = len(labels)
    offsets = rng.integers(size // 10, size - size // 10, count)
    twice = np.concatenate([labels, labels])
    return np.stack([labels, *(twice[offset : offset + size] for offset in offsets)])


def _centred_ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each value in its row, from -1/2 to 1/2, equal values sharing theirs, (N, T)."""
    ranks = np.empty(values.shape, dtype=np.float32)
    size = values.shape[1]
    for row, found in zip(ranks, values.view(np.uint8) ^ np.uint8(128), strict=True):
        counts = np.bincount(found, minlength=256)
        middle = np.cumsum(counts) - counts / 2
        np.take(((middle - size / 2) / size).astype(np.float32), found, out=row)
    return ranks
