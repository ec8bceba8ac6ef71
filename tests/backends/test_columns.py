"""Phases of a task, and sums that stand side by side."""

from recurry.backends.columns import Columns, Uses
from recurry.backends.program import Task
from recurry.cells import cell
from recurry.compiler.nodes import State


def _columns(name: str) -> Columns:
    plan = cell(name).plan
    carried = {State(state): new for state, new in plan.next_state.items()}
    return Columns(Uses(Task(carried=carried, wanted=(plan.output,))))


def test_gates_of_one_function_are_neighbours():
    columns = _columns("lstm")
    functions = [columns.users[root].function for root in columns.sums]
    assert functions in (["sigmoid"] * 3 + ["tanh"], ["tanh"] + ["sigmoid"] * 3)


def test_products_of_one_operand_are_neighbours():
    columns = _columns("gru")
    operands = [columns.products(root)[-1].operand for root in columns.sums]
    assert operands[0] is operands[1] is State("h")
    assert operands[2] is not State("h")


def test_what_is_known_before_the_loop_is_early():
    columns = _columns("lstm")
    for root in columns.sums:
        assert len(columns.early(root)) == 2  # W @ x and the bias
        assert not columns.uses.late.intersection(columns.early(root))


def test_gates_without_a_state_are_before_the_loop():
    columns = _columns("mingru")
    assert len(columns.sums) == 2
    assert not columns.uses.in_loop.intersection(columns.sums)
