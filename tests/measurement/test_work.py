"""Counts of products, functions and memory against counts by hand."""

import pytest

from recurry.cells import cells, find_cell
from recurry.compiler.cell import Cell
from recurry.measurement.work import Sizes, backward_work, forward_work, saved_values

SIZES = Sizes(input_size=3, hidden_size=5)


def test_an_lstm_by_hand():
    work = forward_work(find_cell("lstm").plan, is_saving=False)
    assert work.operations(SIZES) == 2 * 4 * 5 * (3 + 5)
    assert (len(work.loop), len(work.bulk), work.stages) == (4, 4, 1)
    assert len(work.nonlinear) == 5
    assert work.moved == ("I", "H")


def test_the_reset_gate_makes_a_second_stage():
    assert forward_work(find_cell("gru").plan, is_saving=False).stages == 2
    assert forward_work(find_cell("gru_after").plan, is_saving=False).stages == 1
    assert backward_work(find_cell("gru").plan).stages == 2


@pytest.mark.parametrize("name", cells())
def test_backward_has_twice_the_products_of_forward(name):
    """Each product gives a gradient by its matrix and one by its operand."""
    plan = find_cell(name).plan
    forward = forward_work(plan, is_saving=True).operations(SIZES)
    assert backward_work(plan).operations(SIZES) == 2 * forward


@pytest.mark.parametrize("name", cells())
def test_backward_takes_no_polynomials_where_results_are_kept(name):
    assert backward_work(find_cell(name).plan).nonlinear == ()


def test_training_keeps_gates_and_states():
    plan = find_cell("lstm").plan
    kept = forward_work(plan, is_saving=True).moved[2:]
    assert len(kept) == len(saved_values(plan))
    assert set(kept) == {"H"}


def test_a_cell_without_products_with_its_state():
    work = forward_work(Cell.parse("h = a * h + W @ x").plan, is_saving=False)
    assert (work.loop, work.stages, len(work.bulk)) == ((), 0, 1)
