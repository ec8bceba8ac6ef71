"""Cells with a vector added to their states are what they were, and differ where it is not zero."""

import numpy as np
import pytest

from recurry.cells import cell, cells
from recurry.compiler.cell import Cell
from recurry.compiler.interpret import interpret
from recurry.inspection.nudge import nudge_name, nudged, read_again


def _values(one: Cell, size: int = 3):
    return one.initial_values(size, size, np.random.default_rng(0))


@pytest.mark.parametrize("name", [*cells()])
def test_with_zeros_every_cell_is_what_it_was(name):
    one = cell(name)
    values, x = _values(one), np.random.default_rng(1).normal(size=(5, 2, 3))
    before = one.interpret(values, x)
    after = interpret(nudged(one.graph).graph, values, x)
    np.testing.assert_allclose(after.output, before.output, rtol=1e-12)
    for state, value in before.state.items():
        np.testing.assert_allclose(after.state[state], value, rtol=1e-12)


def test_a_shift_of_c_is_felt_in_h_of_the_same_step_and_by_the_gate_that_reads_it():
    one = cell("lstm_peephole")
    values, x = _values(one), np.random.default_rng(1).normal(size=(1, 1, 3))
    values["p_o"] += 1.0
    plain = one.interpret(values, x)
    shift = np.array([[0.1, 0.0, -0.2]])
    shifted = interpret(nudged(one.graph).graph, values, x, {nudge_name("c"): shift} | zeros(one))
    new = plain.state["c"] + shift
    np.testing.assert_allclose(shifted.state["c"], new, rtol=1e-12)
    gate = values["W_o"] @ x[0, 0] + values["b_o"] + values["p_o"] * new[0]
    np.testing.assert_allclose(shifted.output[0, 0], np.tanh(new[0]) / (1 + np.exp(-gate)))


def zeros(one: Cell):
    return {name: np.zeros((1, 3)) for name in one.states}


def test_states_that_the_same_step_reads_again():
    assert read_again(cell("lstm").graph) == ("c",)
    assert read_again(cell("rnn").graph) == ()
    assert read_again(cell("scrn").graph) == ("s",)
    assert read_again(Cell.parse("c = 0.9 * c + W @ x\nh = c").graph) == ("c",)
    late = Cell.parse("h = tanh(W @ x + U @ h + c)\nc = 0.9 * c + V @ x + V_h @ h")
    assert read_again(late.graph) == ("h",)


def test_an_old_value_that_is_kept_under_a_name_is_left_alone():
    one = Cell.parse("old = c\nc = 0.5 * c + W @ x\nh = tanh(c) - old")
    values, x = _values(one), np.ones((1, 1, 3))
    state = {"c": np.full((1, 3), 0.3)}
    shift = {nudge_name("c"): np.full((1, 3), 0.2)}
    found = interpret(nudged(one.graph).graph, values, x, state | shift)
    new = 0.15 + values["W"] @ x[0, 0] + 0.2
    np.testing.assert_allclose(found.output[0, 0], np.tanh(new) - 0.3)
    assert found.state[nudge_name("c")] == pytest.approx(0.2)
