"""What is left for a step: how many operations, and that nothing else is in the loop."""

import pytest

from recurry.backends.program import Activate, Deep, Pointwise, Wide
from recurry.backends.rewrite import backward_program, forward_program
from recurry.cells import cell
from recurry.compiler.cell import Cell


# Operations a step, forward and backward; a change here is a change of speed.
@pytest.mark.parametrize(
    ("name", "forward", "backward"),
    [("rnn", 2, 3), ("lstm", 7, 8), ("gru", 6, 11), ("gru_after", 5, 9), ("mingru", 1, 2)],
)
def test_operations_a_step(name: str, forward: int, backward: int):
    assert len(forward_program(cell(name).plan, False).instructions) <= forward
    assert len(backward_program(cell(name).plan, True)[0].instructions) <= backward


def test_gates_share_one_product_and_one_function():
    first, second, third, *_ = forward_program(cell("lstm").plan, False).instructions
    assert isinstance(first, Wide)
    assert len(first.matrices) == 4
    assert isinstance(second, Activate)
    assert isinstance(third, Activate)
    assert {second.stop - second.start, third.stop - third.start} == {3, 1}


def test_backward_products_of_all_gates_are_one():
    products = [
        instruction
        for instruction in backward_program(cell("lstm").plan, True)[0].instructions
        if isinstance(instruction, Deep)
    ]
    assert [len(product.matrices) for product in products] == [4]


def test_what_reads_no_state_is_outside_the_loop():
    program = forward_program(cell("mingru").plan, False)
    assert [type(i) for i in program.instructions] == [Pointwise]
    assert len(program.in_loop) <= 2


def test_what_nobody_carries_is_outside_the_loop():
    plan = Cell.parse("c = tanh(W @ x + U @ c)\nh = sigmoid(V @ c) * c").plan
    program = forward_program(plan, False)
    assert plan.output not in program.in_loop
