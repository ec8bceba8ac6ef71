"""Rewrite rules that change no value: exact in floating point, and no parameter is ever lost.

Comes in: nodes or a graph. Goes out: the same values with fewer operations. Imports graph, nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from recurry.compiler.graph import Graph
from recurry.compiler.nodes import Binary, Constant, Matmul, Node, Unary, topological

_ZERO, _ONE, _MINUS_ONE = Constant(0.0), Constant(1.0), Constant(-1.0)
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
}


def _is_negated(node: Node) -> bool:
    return isinstance(node, Unary) and node.function == "negate"


def _inside(node: Node) -> Node:
    """The operand of a negation."""
    assert isinstance(node, Unary)
    return node.operand


def _fold(node: Binary) -> Node | None:
    """The constant that an operation on two constants gives, while it is finite."""
    if node.function not in _ARITHMETIC:
        return None
    if not (isinstance(node.left, Constant) and isinstance(node.right, Constant)):
        return None
    value = _ARITHMETIC[node.function](node.left.value, node.right.value)
    return Constant(value) if math.isfinite(value) else None


# function -> rules (name, left and right to the new node, or None where the rule does not apply).
_Rule = Callable[[Node, Node], Node | None]
BINARY_RULES: dict[str, tuple[tuple[str, _Rule], ...]] = {
    "add": (
        ("a + 0 = a", lambda a, b: a if b is _ZERO else None),
        ("0 + a = a", lambda a, b: b if a is _ZERO else None),
        ("a + (-b) = a - b", lambda a, b: _subtract(a, _inside(b)) if _is_negated(b) else None),
        ("(-a) + b = b - a", lambda a, b: _subtract(b, _inside(a)) if _is_negated(a) else None),
    ),
    "subtract": (
        ("a - 0 = a", lambda a, b: a if b is _ZERO else None),
        ("0 - a = -a", lambda a, b: Unary("negate", b) if a is _ZERO else None),
        (
            "a - (-b) = a + b",
            lambda a, b: Binary("add", a, _inside(b)) if _is_negated(b) else None,
        ),
    ),
    "multiply": (
        ("a * 1 = a", lambda a, b: a if b is _ONE else None),
        ("1 * a = a", lambda a, b: b if a is _ONE else None),
        ("a * (-1) = -a", lambda a, b: Unary("negate", a) if b is _MINUS_ONE else None),
        ("(-1) * a = -a", lambda a, b: Unary("negate", b) if a is _MINUS_ONE else None),
        (
            "(-a) * (-b) = a * b",
            lambda a, b: (
                Binary("multiply", _inside(a), _inside(b))
                if _is_negated(a) and _is_negated(b)
                else None
            ),
        ),
    ),
    "divide": (("a / 1 = a", lambda a, b: a if b is _ONE else None),),
    "minimum": (("minimum(a, a) = a", lambda a, b: a if a is b else None),),
    "maximum": (("maximum(a, a) = a", lambda a, b: a if a is b else None),),
}
UNARY_RULES: dict[str, tuple[tuple[str, Callable[[Node], Node | None]], ...]] = {
    "negate": (
        ("-(-a) = a", lambda a: _inside(a) if _is_negated(a) else None),
        ("-(number) = number", lambda a: Constant(-a.value) if isinstance(a, Constant) else None),
        (
            "-(a - b) = b - a",
            lambda a: (
                _subtract(a.right, a.left)
                if isinstance(a, Binary) and a.function == "subtract"
                else None
            ),
        ),
    ),
    "relu": (("relu(relu(a)) = relu(a)", lambda a: _same(a, "relu")),),
    "abs": (("abs(abs(a)) = abs(a)", lambda a: _same(a, "abs")),),
}


def simplify(graph: Graph) -> Graph:
    """The graph with every assignment rewritten; names, states and parameters stay."""
    names = [name for name, _ in graph.assignments]
    nodes = simplify_nodes(node for _, node in graph.assignments)
    return Graph(assignments=tuple(zip(names, nodes, strict=True)), source=graph.source)


def simplify_nodes(roots: Iterable[Node]) -> list[Node]:
    """Some nodes rewritten until no rule applies."""
    roots = list(roots)
    simple: dict[Node, Node] = {}
    for node in topological(roots):
        simple[node] = _rewrite(_rebuild(node, simple))
    return [simple[root] for root in roots]


def _rebuild(node: Node, simple: dict[Node, Node]) -> Node:
    """The node over its simplified children."""
    if isinstance(node, Unary):
        return Unary(node.function, simple[node.operand])
    if isinstance(node, Binary):
        return Binary(node.function, simple[node.left], simple[node.right])
    if isinstance(node, Matmul):
        return Matmul(node.matrix, simple[node.operand], node.transposed)
    return node


def _rewrite(node: Node) -> Node:
    """The first rule that applies, again and again: every rule gives a smaller node."""
    while True:
        changed = _rewrite_once(node)
        if changed is None:
            return node
        node = changed


def _rewrite_once(node: Node) -> Node | None:
    found: Node | None = None
    if isinstance(node, Unary):
        rules = UNARY_RULES.get(node.function, ())
        found = next((new for _, rule in rules if (new := rule(node.operand))), None)
    elif isinstance(node, Binary):
        found = _fold(node)
        rules = BINARY_RULES.get(node.function, ())
        found = found or next((n for _, rule in rules if (n := rule(node.left, node.right))), None)
    return found


def _subtract(left: Node, right: Node) -> Node:
    return Binary("subtract", left, right)


def _same(node: Node, function: str) -> Node | None:
    return node if isinstance(node, Unary) and node.function == function else None
