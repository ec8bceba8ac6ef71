"""The derived backward step against finite differences, for every cell and every function."""

import numpy as np
import pytest

from recurry.cells import cell, cells
from recurry.compiler.derive import BINARY_DERIVATIVES, UNARY_DERIVATIVES, derive
from recurry.compiler.graph import Graph, parameter_shapes
from recurry.compiler.interpret import interpret, interpret_backward
from recurry.compiler.nodes import (
    BINARY_FUNCTIONS,
    FUNCTIONS,
    UNARY_FUNCTIONS,
    Adjoint,
    Matmul,
    State,
    Unary,
)
from recurry.compiler.parse import parse
from recurry.compiler.print import expression

# Four-point differences with this step: about 1e-11 off for values near 1, so 1e-7 is a real test.
STEP = 1e-4
RELATIVE_ERROR = 1e-7
SMALLEST = 1e-3  # a gradient that is 0 everywhere has rounding noise of about 1e-12 as difference

T, B, SIZE = 3, 2, 3

FUNCTION_TEXTS = {
    **{
        name: f"h = tanh({name}(W @ x + 0.3 * h + b))" for name in FUNCTIONS if FUNCTIONS[name] == 1
    },
    "log": "h = tanh(log(2 + tanh(W @ x + h)))",
    "sqrt": "h = tanh(sqrt(2 + tanh(W @ x + h)))",
    "minimum": "h = tanh(minimum(W @ x, U @ h + b))",
    "maximum": "h = tanh(maximum(W @ x, U @ h + b))",
    "divide": "h = tanh(W @ x) / (2 + h * h) - b / (3 + x * x)",
    "negate": "h = tanh(-(W @ x) - -h)",
    "shared matrix": "a = tanh(W @ x)\nh = tanh(W @ a + W @ h)",
    "fixed operand": "h = tanh(W @ x + U @ exp(b) + exp(b) * h)",
    "alias": "before = c\nc = tanh(W @ x + c)\nh = c - before * h",
    "state kept": "c = c\nh = tanh(W @ x + c * h)",
    "input state": "h = tanh(x) * h + x",
}


@pytest.mark.parametrize("name", cells())
def test_gradients_of_every_cell(name, rng):
    _check_gradients(cell(name).graph, rng)


@pytest.mark.parametrize("name", FUNCTION_TEXTS)
def test_gradients_of_every_function(name, rng):
    _check_gradients(parse(FUNCTION_TEXTS[name]), rng)


def _check_gradients(graph: Graph, rng: np.random.Generator) -> None:
    """All gradients of a random weighting of outputs and last states."""
    shapes = parameter_shapes(graph, SIZE, SIZE)
    parameters = {name: 0.7 * rng.normal(size=shape) for name, shape in shapes.items()}
    x = rng.normal(size=(T, B, SIZE))
    state = {name: rng.normal(size=(B, SIZE)) for name in graph.states}
    weight = rng.normal(size=(T, B, SIZE))
    state_weight = {name: rng.normal(size=(B, SIZE)) for name in graph.states}

    def loss() -> float:
        run = interpret(graph, parameters, x, state)
        last = sum((run.state[name] * state_weight[name]).sum() for name in graph.states)
        return (run.output * weight).sum() + last

    found = interpret_backward(graph, parameters, x, state, weight, state_weight)
    pairs = [(parameters[name], found.parameters[name]) for name in parameters]
    pairs += [(state[name], found.state[name]) for name in state]
    for array, gradient in [*pairs, (x, found.x)]:
        expected = _differences(loss, array)
        assert gradient.shape == array.shape
        scale = max(np.abs(expected).max(), SMALLEST)
        assert np.abs(gradient - expected).max() <= RELATIVE_ERROR * scale


def _differences(loss, array: np.ndarray) -> np.ndarray:
    """Four-point differences of a loss by every element of an array."""
    gradient = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        values = []
        for steps in (-2, -1, 1, 2):
            array[index] = kept + steps * STEP
            values.append(loss())
        array[index] = kept
        gradient[index] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * STEP)
    return gradient


def test_every_function_of_the_language_has_a_derivative():
    assert set(UNARY_DERIVATIVES) == set(UNARY_FUNCTIONS)
    assert set(BINARY_DERIVATIVES) == set(BINARY_FUNCTIONS)


def test_results_are_nodes_over_adjoints_of_the_new_states():
    graph = cell("lstm").graph
    backward = derive(graph)
    assert set(backward.states) == {"h", "c"}
    assert set(backward.vector_adjoints) == {"b_f", "b_i", "b_g", "b_o"}
    assert all(isinstance(product, Matmul) for product in backward.product_adjoints)
    assert len(backward.product_adjoints) == 8
    assert {node for node in backward.nodes if isinstance(node, Adjoint)} == {
        Adjoint("h"),
        Adjoint("c"),
    }


def test_the_backward_step_of_a_small_cell_is_what_one_writes_by_hand():
    graph = parse("h = tanh(W @ x + U @ h)")
    backward = derive(graph)
    slope = "∂h * (1 - h * h)"
    names = {graph.output: "h"}
    (product,) = {expression(node, names) for node in backward.product_adjoints.values()}
    assert product == slope
    assert expression(backward.states["h"], names) == f"U.T @ ({slope})"
    assert expression(backward.input, names) == f"W.T @ ({slope})"


@pytest.mark.parametrize("name", ["relu", "abs", "hard_sigmoid"])
def test_gradients_at_corners_are_those_of_one_side(name):
    graph = parse(f"h = {name}(b + 0 * x)")
    found = interpret_backward(
        graph, {"b": np.zeros(1)}, np.zeros((1, 1, 1)), {}, np.ones((1, 1, 1))
    )
    assert found.parameters["b"] == {"relu": 0.0, "abs": 0.0, "hard_sigmoid": 1 / 6}[name]


def test_equal_values_of_a_minimum_give_the_gradient_to_the_second():
    graph = parse("h = minimum(a, b) + 0 * x")
    zero = np.zeros((1, 1, 1))
    found = interpret_backward(graph, {"a": zero[0, 0], "b": zero[0, 0]}, zero, {}, zero + 1)
    assert (found.parameters["a"], found.parameters["b"]) == (0.0, 1.0)


def test_a_state_that_is_its_own_new_value_gets_its_adjoint_back():
    backward = derive(parse("c = c\nh = tanh(W @ x) * c"))
    assert Unary("tanh", next(iter(backward.product_adjoints))) in backward.nodes
    assert State("c") in backward.nodes
