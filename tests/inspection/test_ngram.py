"""The n-gram model sums to one, agrees with counting by hand, and learns what can be learnt."""

from collections import Counter

import numpy as np
import pytest

from recurry.errors import UsageError
from recurry.inspection.ngram import HIGHEST_ORDER, NgramModel


def _by_hand(text: list[int], order: int, num_symbols: int):
    """Interpolated modified Kneser-Ney by dictionaries, slowly, for texts with enough counts."""
    counts = []
    for length in range(1, order + 1):
        grams = [tuple(text[at : at + length]) for at in range(len(text) - length + 1)]
        if length == order:
            counts.append(Counter(grams))
        else:
            longer = {tuple(text[at : at + length + 1]) for at in range(len(text) - length)}
            different = Counter(gram[1:] for gram in longer)
            counts.append(Counter({gram: max(different[gram], 1) for gram in grams}))

    def discount(count: int, found: Counter) -> float:
        n = [sum(1 for c in found.values() if c == k) for k in range(1, 5)]
        if min(n) <= 0:
            return 0.75
        share = n[0] / (n[0] + 2 * n[1])
        k = min(count, 3)
        return min(max(k - (k + 1) * share * n[k] / n[k - 1], 0.05), k - 0.05)

    def probability(context: tuple, symbol: int) -> float:
        found = counts[len(context)]
        lower = probability(context[1:], symbol) if context else 1 / num_symbols
        mine = {gram: count for gram, count in found.items() if gram[:-1] == context}
        total = sum(mine.values())
        if not total:
            return lower
        taken = sum(discount(count, found) for count in mine.values())
        count = found.get((*context, symbol), 0)
        above = count - discount(count, found) if count else 0.0
        return above / total + taken / total * lower

    return probability


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("length", [30, 3000])
def test_probabilities_are_those_counted_by_hand(order, length):
    rng = np.random.default_rng(order)
    weights = rng.dirichlet(np.full(9, 0.3), size=(9, 9))
    text = [0, 1]
    for _ in range(length):
        text.append(int(rng.choice(9, p=weights[text[-2], text[-1]])))
    model, by_hand = NgramModel(np.array(text), order=order, num_symbols=9), None
    by_hand = _by_hand(text, order, 9)
    test = rng.integers(0, 9, 25)
    found = model.probabilities(test)
    for at in range(25):
        context = tuple(test[max(0, at - order + 1) : at].tolist())
        assert found[at] == pytest.approx(by_hand(context, int(test[at])), rel=1e-9), at


@pytest.mark.parametrize("order", [1, 2, 5])
def test_probabilities_sum_to_one_after_any_context(order, rng):
    text = rng.integers(0, 4, 500)
    model = NgramModel(text, order=order, num_symbols=4)
    for context in ([], [0], [3, 2], [1, 1, 1, 1], [0, 1, 2, 3, 0, 1]):
        total = sum(model.probabilities(np.array([*context, s]))[-1] for s in range(4))
        assert total == pytest.approx(1.0)


def test_every_order_is_that_of_a_model_of_this_order(rng):
    text, test = rng.integers(0, 3, 400), rng.integers(0, 3, 60)
    whole = NgramModel(text, order=5, num_symbols=3).probabilities_by_order(test)
    for order in range(1, 6):
        one = NgramModel(text, order=order, num_symbols=3).probabilities(test)
        np.testing.assert_allclose(whole[order - 1], one)


def test_more_context_helps_where_there_is_something_to_know():
    text = np.tile([0, 1, 2, 0, 2, 1], 200)
    losses = -np.log(NgramModel(text, order=4, num_symbols=3).probabilities_by_order(text[:300]))
    means = losses[:, 10:].mean(axis=1)
    assert means[0] > 1.0
    assert means[2] < 0.1
    assert means[3] < 0.1


def test_symbols_without_a_number_are_counted_like_one_more(rng):
    text = np.where(rng.random(300) < 0.2, -1, rng.integers(0, 3, 300))
    found = NgramModel(text, order=3, num_symbols=3).probabilities(text)
    assert ((found > 0) & (found <= 1)).all()


@pytest.mark.parametrize("length", [0, 1, 2])
def test_tiny_texts_say_almost_nothing(length):
    model = NgramModel(np.arange(length), order=3, num_symbols=5)
    found = model.probabilities(np.array([4, 4, 3]))
    assert ((found > 0) & (found < 0.5)).all()
    assert model.probabilities(np.zeros(0)).shape == (0,)


def test_orders_have_limits():
    with pytest.raises(UsageError, match="of this order"):
        NgramModel(np.zeros(3), order=HIGHEST_ORDER + 1, num_symbols=2)
