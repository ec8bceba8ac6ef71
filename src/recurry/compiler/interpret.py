"""The meaning of a graph: run forward and backward along time in NumPy float64.

Slow and plain on purpose: this is the referee of every backend.
Comes in: a graph, parameters, input. Goes out: outputs or gradients. Imports errors, derive, graph,
nodes and numpy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from recurry.compiler.derive import Backward, derive
from recurry.compiler.graph import Graph, parameter_shapes
from recurry.compiler.nodes import (
    Adjoint,
    Binary,
    Constant,
    Input,
    Matmul,
    Node,
    State,
    Unary,
)
from recurry.errors import ShapeError

Arrays = Mapping[str, np.ndarray]
_Values = dict[Node, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Interpretation:
    """What a cell gives over a sequence.

    Args:
        output: `h` at every step, (T, B, H).
        state: Every state after the last step, (B, H).
        values: Every assigned name at every step, (T, B, H), or (T, B, I) where it is of that size.
    """

    output: np.ndarray
    state: dict[str, np.ndarray]
    values: dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Gradients:
    """Gradients of a loss, shaped like what they are gradients by.

    Args:
        parameters: By every parameter.
        x: By the input, (T, B, I).
        state: By the state before the first step, (B, H).
    """

    parameters: dict[str, np.ndarray]
    x: np.ndarray
    state: dict[str, np.ndarray]


def interpret(
    graph: Graph, parameters: Arrays, x: np.ndarray, state: Arrays | None = None
) -> Interpretation:
    """Run a cell along time in float64.

    Args:
        graph: The cell.
        parameters: An array for every parameter, shaped as in the equations.
        x: Input, (T, B, I).
        state: The state before the first step, (B, H) each; zeros when not given.

    Raises:
        ShapeError: A parameter or state is missing, unknown, or of the wrong shape.
        EquationError: The cell needs I == H and the sizes differ.
    """
    run = _Run(graph, parameters, x, state)
    steps = run.forward()
    values = {
        name: np.stack([np.broadcast_to(step[node], run.shape(node)) for step in steps])
        if steps
        else np.zeros((0, *run.shape(node)))
        for name, node in graph.assignments
    }
    return Interpretation(output=values["h"], state=run.final_state(steps), values=values)


def interpret_backward(
    graph: Graph,
    parameters: Arrays,
    x: np.ndarray,
    state: Arrays | None,
    output_gradient: np.ndarray,
    state_gradient: Arrays | None = None,
) -> Gradients:
    """Gradients of a loss through a whole sequence, by the derived backward step.

    Args:
        graph: The cell.
        parameters: As for `interpret`.
        x: Input, (T, B, I).
        state: As for `interpret`.
        output_gradient: Gradient of the loss by the output, (T, B, H).
        state_gradient: Gradient by the state after the last step; zeros when not given.

    Raises:
        ShapeError: As for `interpret`.
    """
    run = _Run(graph, parameters, x, state)
    backward = derive(graph)
    zeros = dict.fromkeys(graph.states, np.zeros((run.batch, run.hidden)))
    state_shapes = {name: zero.shape for name, zero in zeros.items()}
    adjoints = _checked("state gradient", {**zeros, **(state_gradient or {})}, state_shapes)
    output_gradient = np.asarray(output_gradient, dtype=np.float64)
    if output_gradient.shape != (shape := (len(run.x), run.batch, run.hidden)):
        got = str(output_gradient.shape)
        raise ShapeError(f"The output gradient must have shape {shape}.", got=got)
    sums = {name: np.zeros(shape) for name, shape in run.shapes.items()}
    by_input = np.zeros(run.x.shape)
    for t, values in reversed(list(enumerate(run.forward()))):
        values[Adjoint("h")] = adjoints.get("h", 0.0) + output_gradient[t]
        values |= {Adjoint(name): adjoints[name] for name in adjoints if name != "h"}
        evaluate(backward.nodes, values)
        by_input[t] = values[backward.input]
        adjoints = {k: run.spread(values[node]) for k, node in backward.states.items()}
        _add_parameter_gradients(run, backward, values, sums)
    by_state = {name: np.array(value) for name, value in adjoints.items()}
    return Gradients(parameters=sums, x=by_input, state=by_state)


@np.errstate(all="ignore")
def _add_parameter_gradients(
    run: _Run, backward: Backward, values: _Values, sums: dict[str, np.ndarray]
) -> None:
    """One step's part of the gradients: outer products for matrices, sums for vectors."""
    for product, node in backward.product_adjoints.items():
        operand = values[product.operand]
        operand = np.broadcast_to(operand, (run.batch, operand.shape[-1]))
        sums[product.matrix.name] += run.spread(values[node]).T @ operand
    for name, node in backward.vector_adjoints.items():
        sums[name] += run.spread(values[node]).sum(axis=0)


class _Run:
    """Checked arguments of one run."""

    def __init__(
        self, graph: Graph, parameters: Arrays, x: np.ndarray, state: Arrays | None
    ) -> None:
        self.graph = graph
        self.x = np.asarray(x, dtype=np.float64)
        if self.x.ndim != 3:
            shown = self.x.shape
            raise ShapeError("The input must be shaped (T, B, I).", got=f"shape {shown}")
        self.batch, self.input = self.x.shape[1:]
        self.hidden = _hidden_size(graph, parameters, state) or self.input
        self.shapes = parameter_shapes(graph, self.input, self.hidden)
        self.parameters = _checked("parameter", parameters, self.shapes)
        zeros = dict.fromkeys(graph.states, np.zeros((self.batch, self.hidden)))
        given = zeros if state is None else state
        state_shapes = {name: zero.shape for name, zero in zeros.items()}
        self.state = _checked("state", given, state_shapes)

    def forward(self) -> list[_Values]:
        """Every value at every step."""
        state, steps = self.state, []
        for step_input in self.x:
            values: _Values = {Input(): step_input}
            values |= {State(name): value for name, value in state.items()}
            values |= {p: self.parameters[name] for name, p in self.graph.parameters.items()}
            evaluate(self.graph.nodes, values)
            state = {k: self.spread(values[node]) for k, node in self.graph.next_state.items()}
            steps.append(values)
        return steps

    def final_state(self, steps: list[_Values]) -> dict[str, np.ndarray]:
        last = {k: steps[-1][n] for k, n in self.graph.next_state.items()} if steps else self.state
        return {name: np.array(self.spread(value)) for name, value in last.items()}

    def spread(self, value: np.ndarray) -> np.ndarray:
        """A value that may lack the batch axis, with it."""
        return np.broadcast_to(value, (self.batch, self.hidden))

    def shape(self, node: Node) -> tuple[int, int]:
        return (self.batch, self.input if node.size == "I" else self.hidden)


def _hidden_size(graph: Graph, parameters: Arrays, state: Arrays | None) -> int | None:
    """The hidden size that the arguments show, if they show one."""
    known = [parameters[name] for name in graph.parameters if name in parameters]
    sizes = [np.shape(array)[0] for array in known if np.ndim(array) > 0]
    sizes += [np.shape(array)[-1] for array in (state or {}).values() if np.ndim(array) > 0]
    return sizes[0] if sizes else None


def _checked(kind: str, arrays: Arrays, shapes: Mapping[str, tuple[int, ...]]) -> dict:
    """The arrays in float64, all there, none too many, each of its shape."""
    for name in [*shapes, *arrays]:
        if (name in shapes) != (name in arrays):
            problem = "is missing" if name in shapes else "is not in the equations"
            raise ShapeError(f"The {kind} {name} {problem}.", accepted=", ".join(shapes) or "none")
    for name, shape in shapes.items():
        if np.shape(arrays[name]) != shape:
            got = str(np.shape(arrays[name]))
            raise ShapeError(f"The {kind} {name} must have shape {shape}.", got=got)
    return {name: np.asarray(arrays[name], dtype=np.float64) for name in shapes}


@np.errstate(all="ignore")
def evaluate(order: Iterable[Node], values: _Values) -> None:
    """Add the values of some nodes, children first, to the values that are known."""
    for node in order:
        if node not in values:
            values[node] = _value(node, values)


def _value(node: Node, values: _Values) -> np.ndarray:
    if isinstance(node, Constant):
        return np.asarray(node.value)
    if isinstance(node, Matmul):
        matrix = values[node.matrix]
        return values[node.operand] @ (matrix if node.transposed else matrix.T)
    if isinstance(node, Unary):
        return UNARY_MEANINGS[node.function](values[node.operand])
    assert isinstance(node, Binary), f"{node} is a leaf without a value"
    return BINARY_MEANINGS[node.function](values[node.left], values[node.right])


def _sigmoid(a: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0.0, -a))  # to the last digits also where it is almost 0


def _normal_cdf(a: np.ndarray) -> np.ndarray:
    return 0.5 * np.vectorize(math.erfc, otypes=[np.float64])(-a / math.sqrt(2.0))


UNARY_MEANINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "negate": np.negative,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0.0),
    "exp": np.exp,
    "log": np.log,
    "softplus": lambda a: np.logaddexp(a, 0.0),
    "silu": lambda a: a * _sigmoid(a),
    "gelu": lambda a: a * _normal_cdf(a),
    "abs": np.abs,
    "sqrt": np.sqrt,
    "hard_sigmoid": lambda a: np.clip(a / 6.0 + 0.5, 0.0, 1.0),
    "step": lambda a: (a > 0).astype(np.float64),
    "sign": np.sign,
    "normal_cdf": _normal_cdf,
}

BINARY_MEANINGS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "minimum": np.minimum,
    "maximum": np.maximum,
}
