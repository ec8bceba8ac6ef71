"""What the kernels of a plan compute, and what is left for products over all rows."""

from recurry.backends.cpu.tasks import backward, columns_of, forward
from recurry.cells import find_cell
from recurry.compiler.cell import Cell
from recurry.compiler.nodes import State


def test_products_with_the_input_come_first_or_go_into_the_loop():
    plan = find_cell("lstm").plan
    early, fused = (forward(plan, is_saving=False, is_fused=f) for f in (False, True))
    assert len(early.projected) == 4
    assert fused.projected == ()
    assert "input" in fused.schedule.buffers


def test_a_state_that_no_product_reads_needs_two_buffers_only():
    schedule = forward(find_cell("lstm").plan, is_saving=False, is_fused=True).schedule
    assert schedule.places[State("c")].rows == "even"
    assert schedule.places[State("h")].rows == "before"


def test_each_adjoint_is_kept_once():
    made = backward(find_cell("lstm").plan, is_fused=False)
    assert len(made.kept) == 4
    assert len(made.summed) == 4


def test_what_needs_other_products_is_left_for_later():
    made = backward(Cell.parse("h = tanh(W @ tanh(V @ x) + U @ h)").plan, is_fused=False)
    assert len(made.kept) == 1


def test_neighbouring_columns_are_one_range():
    a, b, c = (State(name) for name in "abc")
    assert columns_of((a, b, c), {a: 0, b: 1, c: 3}) == [(0, 2), (3, 4)]
