"""Reverse-mode differentiation of one step, as a graph.

Comes in: a graph. Goes out: nodes that compute adjoints from forward values and the adjoints of the
new states. Imports graph, nodes and simplify.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from recurry.compiler.graph import Graph
from recurry.compiler.nodes import (
    Adjoint,
    Binary,
    Constant,
    Input,
    Matmul,
    Node,
    State,
    Unary,
    dependents,
    topological,
)
from recurry.compiler.simplify import simplify_nodes

_ZERO, _ONE = Constant(0.0), Constant(1.0)


@dataclass(frozen=True, kw_only=True)
class Backward:
    """One step backwards, as nodes over forward nodes and `Adjoint(name)`.

    `Adjoint(name)` stands for the whole gradient of the loss by the new value of a state, and
    `Adjoint("h")` for that of the output: what came from the step's own output gradient plus, where
    `h` is a state, what came from the next step.

    Args:
        states: For each state, the gradient by its old value.
        input: The gradient by `x`.
        product_adjoints: For each product of the forward graph, the gradient by its result. The
            gradient of its matrix is the sum over time and batch of the outer products of this with
            the product's operand, summed over the products that share the matrix.
        vector_adjoints: For each vector parameter, the gradient at one step and stream; its
            gradient is the sum over time and batch.
    """

    states: Mapping[str, Node]
    input: Node
    product_adjoints: Mapping[Matmul, Node]
    vector_adjoints: Mapping[str, Node]

    @property
    def roots(self) -> tuple[Node, ...]:
        """Every result, states first."""
        groups = (self.states, self.product_adjoints, self.vector_adjoints)
        first, products, vectors = (tuple(group.values()) for group in groups)
        return (*first, self.input, *products, *vectors)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every node under the results, children first."""
        return tuple(topological(self.roots))


def derive(graph: Graph) -> Backward:
    """The backward step of a graph.

    Where a function has a corner, the gradient is that of one side: 0 for `relu` and `abs` at 0,
    the second argument for `minimum` and `maximum` of equal values.
    """
    order = graph.nodes
    varying = dependents(
        order, [n for n in order if not isinstance(n, Constant) and not n.children]
    )
    adjoints: dict[Node, Node] = {}
    for name in dict.fromkeys((*graph.states, "h")):
        _accumulate(adjoints, graph.named[name], Adjoint(name))
    for node in reversed(order):
        if node in adjoints:
            for child, share in _shares(node, adjoints[node]):
                if child in varying:
                    _accumulate(adjoints, child, share)
    simple = dict(zip(adjoints, simplify_nodes(adjoints.values()), strict=True))
    products = [node for node in order if isinstance(node, Matmul)]
    vectors = [p for p in graph.parameters.values() if p.kind == "vector"]
    return Backward(
        states={name: simple.get(State(name), _ZERO) for name in graph.states},
        input=simple.get(Input(), _ZERO),
        product_adjoints={product: simple.get(product, _ZERO) for product in products},
        vector_adjoints={vector.name: simple.get(vector, _ZERO) for vector in vectors},
    )


def _accumulate(adjoints: dict[Node, Node], node: Node, share: Node) -> None:
    adjoints[node] = _add(adjoints[node], share) if node in adjoints else share


def _shares(node: Node, adjoint: Node) -> list[tuple[Node, Node]]:
    """What each child of a node gets of the node's adjoint."""
    if isinstance(node, Matmul):
        return [(node.operand, Matmul(node.matrix, adjoint, transposed=True))]
    if isinstance(node, Unary):
        return [(node.operand, UNARY_DERIVATIVES[node.function](node.operand, node, adjoint))]
    if isinstance(node, Binary):
        left, right = BINARY_DERIVATIVES[node.function](node.left, node.right, adjoint)
        return [(node.left, left), (node.right, right)]
    return []


def _add(a: Node, b: Node) -> Node:
    return Binary("add", a, b)


def _subtract(a: Node, b: Node) -> Node:
    return Binary("subtract", a, b)


def _multiply(a: Node, b: Node) -> Node:
    return Binary("multiply", a, b)


def _divide(a: Node, b: Node) -> Node:
    return Binary("divide", a, b)


def _step(a: Node) -> Node:
    return Unary("step", a)


def _complement(a: Node) -> Node:
    return _subtract(_ONE, a)


def _silu_slope(a: Node, y: Node) -> Node:
    gate = Unary("sigmoid", a)
    return _add(gate, _multiply(y, _complement(gate)))


def _gelu_slope(a: Node) -> Node:
    bell = Unary("exp", _multiply(Constant(-0.5), _multiply(a, a)))
    density = _multiply(Constant(1 / math.sqrt(2 * math.pi)), bell)
    return _add(Unary("normal_cdf", a), _multiply(a, density))


def _hard_sigmoid_slope(a: Node) -> Node:
    three = Constant(3.0)
    inside = _multiply(_step(_add(a, three)), _step(_subtract(three, a)))
    return _multiply(Constant(1 / 6), inside)


# function -> (operand a, value y, adjoint g) to the operand's share of the adjoint.
UNARY_DERIVATIVES: dict[str, Callable[[Node, Node, Node], Node]] = {
    "negate": lambda a, y, g: Unary("negate", g),
    "sigmoid": lambda a, y, g: _multiply(g, _multiply(y, _complement(y))),
    "tanh": lambda a, y, g: _multiply(g, _complement(_multiply(y, y))),
    "relu": lambda a, y, g: _multiply(g, _step(a)),
    "exp": lambda a, y, g: _multiply(g, y),
    "log": lambda a, y, g: _divide(g, a),
    "softplus": lambda a, y, g: _multiply(g, Unary("sigmoid", a)),
    "silu": lambda a, y, g: _multiply(g, _silu_slope(a, y)),
    "gelu": lambda a, y, g: _multiply(g, _gelu_slope(a)),
    "abs": lambda a, y, g: _multiply(g, Unary("sign", a)),
    "sqrt": lambda a, y, g: _divide(_multiply(Constant(0.5), g), y),
    "hard_sigmoid": lambda a, y, g: _multiply(g, _hard_sigmoid_slope(a)),
}

# function -> (left a, right b, adjoint g) to the shares of both.
BINARY_DERIVATIVES: dict[str, Callable[[Node, Node, Node], tuple[Node, Node]]] = {
    "add": lambda a, b, g: (g, g),
    "subtract": lambda a, b, g: (g, Unary("negate", g)),
    "multiply": lambda a, b, g: (_multiply(g, b), _multiply(g, a)),
    "divide": lambda a, b, g: (
        _divide(g, b),
        Unary("negate", _divide(_multiply(g, _divide(a, b)), b)),
    ),
    "minimum": lambda a, b, g: (
        _multiply(g, _step(_subtract(b, a))),
        _multiply(g, _complement(_step(_subtract(b, a)))),
    ),
    "maximum": lambda a, b, g: (
        _multiply(g, _step(_subtract(a, b))),
        _multiply(g, _complement(_step(_subtract(a, b)))),
    ),
}
