"""The referee: against formulas written by hand, along time, at the edges of sizes."""

import numpy as np
import pytest

from recurry.cells import cell, cells
from recurry.compiler.graph import parameter_shapes
from recurry.compiler.interpret import (
    BINARY_MEANINGS,
    UNARY_MEANINGS,
    interpret,
    interpret_backward,
)
from recurry.compiler.nodes import BACKWARD_FUNCTIONS, BINARY_FUNCTIONS, UNARY_FUNCTIONS
from recurry.compiler.parse import parse
from recurry.errors import EquationError, ShapeError


def _sigmoid(a):
    return 1 / (1 + np.exp(-a))


def _arguments(name, rng, *, steps=4, batch=2, size=3):
    graph = cell(name).graph
    shapes = parameter_shapes(graph, size, size)
    parameters = {key: rng.normal(size=shape) for key, shape in shapes.items()}
    state = {key: rng.normal(size=(batch, size)) for key in graph.states}
    return graph, parameters, rng.normal(size=(steps, batch, size)), state


def test_lstm_against_its_formula(rng):
    graph, p, x, state = _arguments("lstm", rng)
    h, c = state["h"], state["c"]
    run = interpret(graph, p, x, state)
    for t, now in enumerate(x):
        pre = {k: now @ p[f"W_{k}"].T + h @ p[f"U_{k}"].T + p[f"b_{k}"] for k in "figo"}
        f, i, o = (_sigmoid(pre[k]) for k in "fio")
        c = f * c + i * np.tanh(pre["g"])
        h = o * np.tanh(c)
        np.testing.assert_allclose(run.output[t], h, rtol=1e-12)
        np.testing.assert_allclose(run.values["f"][t], f, rtol=1e-12)
    np.testing.assert_allclose(run.state["c"], c, rtol=1e-12)


@pytest.mark.parametrize("name", cells())
def test_a_run_equals_two_halves_with_carried_state(name, rng):
    graph, parameters, x, state = _arguments(name, rng)
    whole = interpret(graph, parameters, x, state)
    first = interpret(graph, parameters, x[:2], state)
    second = interpret(graph, parameters, x[2:], first.state)
    np.testing.assert_array_equal(np.concatenate([first.output, second.output]), whole.output)
    for key in graph.states:
        np.testing.assert_array_equal(second.state[key], whole.state[key])


@pytest.mark.parametrize("name", ["lstm", "sru", "mut1"])
@pytest.mark.parametrize(("steps", "batch"), [(0, 2), (1, 1), (0, 0), (2, 0)])
def test_edge_sizes(name, steps, batch, rng):
    graph, parameters, x, state = _arguments(name, rng, steps=steps, batch=batch)
    run = interpret(graph, parameters, x, state)
    assert run.output.shape == (steps, batch, 3)
    assert set(run.values) == set(graph.named)
    found = interpret_backward(graph, parameters, x, state, np.ones_like(run.output))
    assert found.x.shape == x.shape
    assert all(found.parameters[key].shape == parameters[key].shape for key in parameters)


def test_state_is_zero_when_not_given(rng):
    graph, parameters, x, state = _arguments("gru", rng)
    zeros = {key: np.zeros_like(value) for key, value in state.items()}
    given = interpret(graph, parameters, x, zeros)
    np.testing.assert_array_equal(interpret(graph, parameters, x).output, given.output)


def test_named_values_have_the_size_of_their_vector(rng):
    graph = parse("y = tanh(x)\nk = 0.5\nh = k * tanh(W @ y + U @ h)")
    parameters = {"W": rng.normal(size=(5, 3)), "U": rng.normal(size=(5, 5))}
    run = interpret(graph, parameters, rng.normal(size=(4, 2, 3)))
    assert run.values["y"].shape == (4, 2, 3)
    assert run.values["k"].shape == run.values["h"].shape == (4, 2, 5)


def test_extreme_values_stay_quiet_and_right():
    assert UNARY_MEANINGS["sigmoid"](np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]
    assert UNARY_MEANINGS["softplus"](np.array([-1e4, 1e4])).tolist() == [0.0, 1e4]
    assert UNARY_MEANINGS["gelu"](np.array([-50.0, 0.0, 50.0])).tolist() == [0.0, 0.0, 50.0]
    assert UNARY_MEANINGS["hard_sigmoid"](np.array([-4.0, 0.0, 4.0])).tolist() == [0.0, 0.5, 1.0]


def test_every_function_has_a_meaning():
    assert set(UNARY_MEANINGS) == {*UNARY_FUNCTIONS, *BACKWARD_FUNCTIONS}
    assert set(BINARY_MEANINGS) == set(BINARY_FUNCTIONS)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"W_h": None}, "The parameter W_h is missing"),
        ({"V": np.zeros(3)}, "The parameter V is not in the equations"),
        ({"b_h": np.zeros(4)}, r"The parameter b_h must have shape \(3,\)"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(change, words, rng):
    graph, parameters, x, _ = _arguments("rnn", rng)
    changed = {k: v for k, v in {**parameters, **change}.items() if v is not None}
    with pytest.raises(ShapeError, match=words):
        interpret(graph, changed, x)


def test_states_gradients_and_input_that_do_not_fit_are_refused(rng):
    graph, parameters, x, state = _arguments("rnn", rng)
    with pytest.raises(ShapeError, match="The state c is not in the equations"):
        interpret(graph, parameters, x, {**state, "c": state["h"]})
    with pytest.raises(ShapeError, match=r"must be shaped \(T, B, I\)"):
        interpret(graph, parameters, x[0])
    with pytest.raises(ShapeError, match="The output gradient must have shape"):
        interpret_backward(graph, parameters, x, state, x[0])
    with pytest.raises(ShapeError, match="The state gradient c is not"):
        interpret_backward(graph, parameters, x, state, x, {"c": state["h"]})


def test_sizes_that_must_be_equal_are_refused(rng):
    graph = cell("mut1").graph
    parameters = {
        name: np.zeros((5, 3) if name in ("W_z", "W_r") else (5, 5) if name == "U_r" else 5)
        for name in graph.parameters
    }
    with pytest.raises(EquationError, match="input size 3 meets one of hidden size 5"):
        interpret(graph, parameters, np.zeros((1, 1, 3)))


def test_values_that_are_no_longer_finite_come_out_without_a_warning():
    graph = parse("h = log(W @ x) / b")
    parameters = {"W": -np.eye(2), "b": np.zeros(2)}
    x = np.ones((2, 1, 2))
    assert np.isnan(interpret(graph, parameters, x).output).all()
    found = interpret_backward(graph, parameters, x, {}, np.ones((2, 1, 2)))
    assert not np.isfinite(found.parameters["b"]).any()


@pytest.mark.parametrize("steps", [0, 2])
def test_results_are_the_callers_own(steps, rng):
    graph, parameters, x, state = _arguments("lstm", rng, steps=steps)
    kept = state["c"].copy()
    last = interpret(graph, parameters, x, state).state
    gradients = interpret_backward(graph, parameters, x, state, np.zeros_like(x), last).state
    for array in (*last.values(), *gradients.values()):
        array[:] = 7.0
    assert np.array_equal(state["c"], kept)


def test_a_sigmoid_keeps_its_digits_where_it_is_almost_0():
    found = UNARY_MEANINGS["sigmoid"](np.array([-700.0, -50.0, 0.0, 50.0, 800.0]))
    expected = [np.exp(-700.0), np.exp(-50.0), 0.5, 1.0, 1.0]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
