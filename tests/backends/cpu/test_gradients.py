"""Gradients by shared matrices, unread parameters and odd operands add up."""

import pytest

from recurry.compiler.cell import Cell


@pytest.mark.parametrize(
    "text",
    [
        "h = tanh(U @ h + U @ x)",  # one matrix, two products, two operands
        "h = tanh(W @ x + U @ h) + 0 * p * h",  # a parameter whose gradient is zero
        "h = tanh(W @ x + U @ (h + p))",
    ],
)
def test_all_shares_are_added(text, rng, make_case):
    error, where = make_case(Cell.parse(text), sizes=(4, 3, 12, 12)).worst_error(rng)
    assert error <= 1e-12, where


def test_terms_that_the_kernel_has_added_up_are_not_asked_for_one_by_one(rng, make_case):
    cell = Cell.parse("c = c * sigmoid(F @ x) + x\nh = c * x")
    error, where = make_case(cell, sizes=(4, 3, 12, 12), is_fused=True).worst_error(rng)
    assert error <= 1e-12, where
