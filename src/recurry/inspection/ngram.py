"""An n-gram model: what can be predicted from the last n - 1 symbols alone, by counting.

Comes in: symbol numbers. Goes out: the probability of each symbol of another text. Imports NumPy.

All contexts of a length have a number each, which is that of the n-gram that ends one symbol
earlier, so the counts of a million symbols are a few sorted arrays and no table of texts.
"""

from dataclasses import dataclass

import numpy as np

from recurry.errors import UsageError

HIGHEST_ORDER = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class _Shares:
    """Counts of one length of n-grams, discounted.

    Args:
        above: What is left of the count of each n-gram, over the count of its context, (G,).
        weight: Of each context: the share that goes to the shorter context, (C,).
    """

    above: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class _Order:
    """One length of n-grams.

    Args:
        grams: Numbers of contexts and symbols together, sorted, (G,).
        highest: Where this length is the longest that is looked at.
        lower: Where a longer one was looked at before.
    """

    grams: np.ndarray
    highest: _Shares
    lower: _Shares


class NgramModel:
    """Probabilities of symbols after up to n - 1 others, by interpolated modified Kneser-Ney.

    Args:
        ids: The text that is counted, (N,); numbers below 0 are symbols without a number.
        order: n, from 1 to 20; 1 knows only how frequent symbols are.
        num_symbols: Number V of symbols.

    Raises:
        UsageError: An order outside 1 to 20.

    Source: Chen and Goodman 1998 (An Empirical Study of Smoothing Techniques for Language
        Modeling, Harvard TR-10-98), section 3: discounts for counts of 1, 2 and more, and for
        lower orders the number of different symbols before an n-gram in the place of its count.

    Example:
        >>> model = NgramModel(np.array([0, 1, 0, 1, 0, 1, 0, 1]), order=2, num_symbols=2)
        >>> model.probabilities(np.array([0, 1, 0])).round(1).tolist()
        [0.5, 0.9, 0.9]
    """

    def __init__(self, ids: np.ndarray, *, order: int, num_symbols: int) -> None:
        if not 1 <= order <= HIGHEST_ORDER:
            raise UsageError(
                "There is no n-gram model of this order.",
                where="order",
                got=str(order),
                accepted=f"1 to {HIGHEST_ORDER}",
            )
        self.order, self.num_symbols = order, num_symbols
        self._orders = _count(self._numbered(ids), order, num_symbols + 1)

    def probabilities(self, ids: np.ndarray) -> np.ndarray:
        """The probability of each symbol of a text after those before it, (T,) float64."""
        return self.probabilities_by_order(ids)[-1]

    def probabilities_by_order(self, ids: np.ndarray) -> np.ndarray:
        """The same for models of every order from 1 to n, (n, T)."""
        numbers = self._numbered(ids)
        found = np.empty((self.order, len(numbers)))
        shorter = np.full(len(numbers), 1.0 / self.num_symbols)
        contexts = np.zeros(len(numbers), dtype=np.int64)
        for number, one in enumerate(self._orders):
            grams, is_known = _find(one.grams, contexts * (self.num_symbols + 1) + numbers)
            is_known &= contexts >= 0
            found[number] = _mix(one.highest, contexts, grams, is_known, shorter)
            shorter = _mix(one.lower, contexts, grams, is_known, shorter)
            contexts = np.append([-1], np.where(is_known, grams, -1)[:-1])[: len(numbers)]
        return found

    def _numbered(self, ids: np.ndarray) -> np.ndarray:
        """Symbols without a number get the next one."""
        ids = np.asarray(ids, dtype=np.int64)
        return np.where(ids < 0, self.num_symbols, ids)


def _mix(
    shares: _Shares,
    contexts: np.ndarray,
    grams: np.ndarray,
    is_known: np.ndarray,
    shorter: np.ndarray,
) -> np.ndarray:
    """What the counts say of each symbol, and with the rest of the weight a shorter context."""
    is_seen = (contexts >= 0) & (contexts < len(shares.weight))
    weight, above = np.ones(len(contexts)), np.zeros(len(contexts))
    weight[is_seen] = shares.weight[contexts[is_seen]]
    above[is_known] = shares.above[grams[is_known]]
    return above + weight * shorter


def _count(ids: np.ndarray, order: int, base: int) -> list[_Order]:
    """The counts of every length, the shortest first."""
    contexts, places = np.zeros(len(ids), dtype=np.int64), np.arange(len(ids))
    orders: list[_Order] = []
    shorter = None  # the n-grams of the length before: sorted, their counts, which stands where
    for _ in range(order):
        found = np.unique(contexts * base + ids[places], return_index=True, return_inverse=True)
        grams, first, which = found[0], found[1], found[2]
        if shorter is not None:
            # How many different symbols stand before each; one that stands only at the very
            # beginning of the text has none, and counts as one.
            before, raw, full = shorter
            different = np.bincount(full[places[first]], minlength=len(before))
            orders.append(_order(before, raw, np.maximum(different, 1), base))
        full = np.full(len(ids), -1, dtype=np.int64)
        full[places] = which
        shorter = (grams, np.bincount(which, minlength=len(grams)), full)
        places = places[1:]
        contexts = full[places - 1]
    assert shorter is not None
    return [*orders, _order(shorter[0], shorter[1], shorter[1], base)]


def _order(grams: np.ndarray, raw: np.ndarray, different: np.ndarray, base: int) -> _Order:
    highest, lower = (_discounted(grams // base, counts) for counts in (raw, different))
    return _Order(grams=grams, highest=highest, lower=lower)


def _discounted(contexts: np.ndarray, counts: np.ndarray) -> _Shares:
    """What is left of counts, and what goes to the shorter context."""
    totals = np.bincount(contexts, weights=counts)
    cut = _discounts(counts)[np.minimum(counts, 3)]
    taken = np.bincount(contexts, weights=cut)
    safe = np.where(totals > 0, totals, 1.0)
    weight = np.where(totals > 0, taken / safe, 1.0)
    return _Shares(above=(counts - cut) / safe[contexts], weight=weight)


def _discounts(counts: np.ndarray) -> np.ndarray:
    """What is taken from counts of 0, 1, 2 and more, from how many there are of each.

    Where a text is too small to say, 0.75 is taken of every count.
    """
    found = np.bincount(np.minimum(counts, 5), minlength=5)[1:5].astype(np.float64)
    if (found <= 0).any():
        return np.array([0.0, 0.75, 0.75, 0.75])
    ones, twos, threes, fours = found
    share = ones / (ones + 2 * twos)
    exact = [1 - 2 * share * twos / ones, 2 - 3 * share * threes / twos]
    exact.append(3 - 4 * share * fours / threes)
    limits = zip(exact, (1, 2, 3), strict=True)
    return np.array([0.0, *(min(max(value, 0.05), limit - 0.05) for value, limit in limits)])


def _find(grams: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places of keys among sorted ones, and whether they are there."""
    if not len(grams):
        return np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=bool)
    places = np.minimum(np.searchsorted(grams, keys), len(grams) - 1)
    return places, grams[places] == keys
