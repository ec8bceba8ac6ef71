"""Copying, against the mixture written out."""

import torch

from recurry.network.copying import Copying, number_copies
from recurry.testing import assert_near

V, W = 4, 6


def batch() -> tuple[Copying, list[torch.Tensor]]:
    """Vectors, scores, attention and symbols of three rows."""
    weights = torch.randn(3, 5, dtype=torch.float64).softmax(1)
    weights[1, 3:] = 0  # padding
    weights /= weights.sum(1, keepdim=True)
    copies = torch.tensor([[1, 4, 5, 1, 2], [0, 4, 4, 0, 0], [3, 3, 3, 3, 3]])
    made = [torch.randn(3, 2, dtype=torch.float64), torch.randn(3, V, dtype=torch.float64)]
    return Copying(2, dtype=torch.float64), [*made, weights, copies]


def test_probabilities_are_those_of_the_mixture():
    copying, (vectors, scores, weights, copies) = batch()
    logs = copying.log_probabilities(vectors, scores, weights, copies, num_symbols=W)
    assert_near(logs.exp().sum(1), torch.ones(3), "interpreter_float64", what="sum")
    gate = torch.sigmoid(copying.gate(vectors)).squeeze(1)
    for row in range(3):
        for symbol in range(W):
            written = scores[row].softmax(0)[symbol] if symbol < V else torch.tensor(0.0)
            copied = weights[row][copies[row] == symbol].sum()
            expected = gate[row] * written + (1 - gate[row]) * copied
            assert_near(logs[row, symbol].exp(), expected, "interpreter_float64", what="mixture")
            likelihood = copying.log_likelihood(
                vectors, scores, weights, copies, torch.full((3,), symbol)
            )
            assert_near(likelihood[row], logs[row, symbol], "interpreter_float64", what="target")


def test_gradients_equal_finite_differences_and_are_finite_for_what_cannot_be():
    copying, (vectors, scores, weights, copies) = batch()
    leaves = [x.requires_grad_() for x in (vectors, scores, weights)]
    targets = torch.tensor([4, 0, 3])
    assert torch.autograd.gradcheck(
        lambda a, b, c: copying.log_likelihood(a, b, c, copies, targets), tuple(leaves)
    )
    copying.log_likelihood(*leaves, copies, torch.tensor([5, 5, 5])).sum().backward()
    assert all(torch.isfinite(x.grad).all() for x in leaves)


def test_words_without_a_symbol_are_numbered_by_sequence():
    numbers, new = number_copies([["a", "x", "y", "x"], ["y"], []], {"a": 2}, 7)
    assert numbers.t().tolist() == [[2, 7, 8, 7], [7, 0, 0, 0], [0, 0, 0, 0]]
    assert new == [["x", "y"], ["y"], []]
