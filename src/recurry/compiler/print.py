"""Graphs back into text: canonical equations, and expressions over named nodes.

Comes in: a graph. Goes out: text that parses back to an equal graph. Imports graph and nodes.
"""

from __future__ import annotations

from collections.abc import Mapping

from recurry.compiler.graph import Graph
from recurry.compiler.nodes import (
    OPERATORS,
    Adjoint,
    Binary,
    Constant,
    Input,
    Matmul,
    Node,
    Parameter,
    State,
    Unary,
)

_SIGNS = {function: sign for sign, function in OPERATORS.items()}

# How tightly an expression binds; a weaker one inside a stronger place needs brackets.
SUM, PRODUCT, SIGNED, MATMUL, ATOM = range(5)


def equations(graph: Graph) -> str:
    """Canonical text, one assignment a line; `parse` gives an equal graph back."""
    names: dict[Node, str] = {}
    lines = []
    for name, node in graph.assignments:
        lines.append(f"{name} = {expression(node, names)}")
        names.setdefault(node, name)
    return "\n".join(lines)


def expression(node: Node, names: Mapping[Node, str]) -> str:
    """One node as text, going no deeper than the nodes that have a name."""
    return _print(node, names)[0]


def definition(node: Node, names: Mapping[Node, str]) -> str:
    """The text of a node in full, although it may have a name itself."""
    return _print(node, {other: name for other, name in names.items() if other is not node})[0]


def factor(node: Node, names: Mapping[Node, str]) -> str:
    """The text of a node for the right side of a product, in brackets where it needs them."""
    return _inside(node, ATOM, names)


def number(value: float) -> str:
    """A number as short as it can be, such as 1 or 0.05."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _print(node: Node, names: Mapping[Node, str]) -> tuple[str, int]:
    """The text of a node, and how tightly it binds."""
    if isinstance(node, Input | Parameter):
        return node.name, ATOM
    if node in names:
        return names[node], ATOM
    if isinstance(node, State | Adjoint):
        return ("∂" if isinstance(node, Adjoint) else "") + node.name, ATOM
    if isinstance(node, Constant):
        return number(node.value), ATOM if node.value >= 0 else SIGNED
    if isinstance(node, Matmul):
        matrix = node.matrix.name + (".T" if node.transposed else "")
        return f"{matrix} @ {_inside(node.operand, ATOM, names)}", MATMUL
    if isinstance(node, Unary):
        return _print_unary(node, names)
    assert isinstance(node, Binary)
    return _print_binary(node, names)


def _print_unary(node: Unary, names: Mapping[Node, str]) -> tuple[str, int]:
    if node.function == "negate":
        return f"-{_inside(node.operand, ATOM, names)}", SIGNED
    return f"{node.function}({_print(node.operand, names)[0]})", ATOM


def _print_binary(node: Binary, names: Mapping[Node, str]) -> tuple[str, int]:
    sign = _SIGNS.get(node.function)
    if sign is None:
        left, right = _print(node.left, names)[0], _print(node.right, names)[0]
        return f"{node.function}({left}, {right})", ATOM
    if sign in "+-":
        left, right = _inside(node.left, SUM, names), _inside(node.right, PRODUCT, names)
        right = f"({right})" if right.startswith("-") else right
        return f"{left} {sign} {right}", SUM
    left = _inside(node.left, PRODUCT, names)
    left = f"({left})" if isinstance(node.left, Matmul) and node.left not in names else left
    return f"{left} {sign} {_inside(node.right, ATOM, names)}", PRODUCT


def _inside(node: Node, place: int, names: Mapping[Node, str]) -> str:
    """The text of a node for a place that needs at least some binding."""
    text, binding = _print(node, names)
    return text if binding >= place else f"({text})"
