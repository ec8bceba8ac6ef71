"""A graph as LaTeX, with old values at t-1 and everything else at t.

Comes in: a graph. Goes out: an `aligned` block. Imports graph, nodes and print.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from recurry.compiler.graph import Graph
from recurry.compiler.nodes import (
    Binary,
    Constant,
    Input,
    Matmul,
    Node,
    Parameter,
    State,
    Unary,
)
from recurry.compiler.print import ATOM, MATMUL, PRODUCT, SIGNED, SUM, number

_FUNCTIONS = {
    "sigmoid": r"\sigma",
    "tanh": r"\tanh",
    "exp": r"\exp",
    "log": r"\log",
    "minimum": r"\min",
    "maximum": r"\max",
}
_GREEK = re.compile(
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|"
    "upsilon|phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega"
)


def latex(graph: Graph) -> str:
    """The equations as LaTeX: one `aligned` block, a line for each assignment.

    Needs the package amsmath, and a math environment around it.
    """
    names: dict[Node, str] = {}
    lines = []
    for name, node in graph.assignments:
        symbol = _symbol(name, time="t")
        lines.append(rf"{symbol} &= {_write(node, names)[0]}")
        names.setdefault(node, symbol)
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}"])


def _symbol(name: str, *, time: str = "") -> str:
    """A name with its part behind the underscore, and the time, as a subscript."""
    base, _, rest = name.partition("_")
    if not rest and (numbered := re.fullmatch(r"([A-Za-z]+)(\d+)", base)):
        base, rest = numbered.groups()
    marks = [_word(part) for part in rest.split("_") if part] + ([time] if time else [])
    joined = ", ".join(marks)
    if not marks:
        return _word(base)
    return f"{_word(base)}_{joined}" if len(joined) == 1 else f"{_word(base)}_{{{joined}}}"


def _word(text: str) -> str:
    if _GREEK.fullmatch(text):
        return rf"\{text}"
    return text if len(text) == 1 or text.isdigit() else rf"\mathit{{{text}}}"


def _write(node: Node, names: Mapping[Node, str]) -> tuple[str, int]:
    """The LaTeX of a node, and how tightly it binds."""
    if isinstance(node, Parameter):
        return _symbol(node.name), ATOM
    if isinstance(node, Input):
        return _symbol(node.name, time="t"), ATOM
    if node in names:
        return names[node], ATOM
    if isinstance(node, State):
        return _symbol(node.name, time="t-1"), ATOM
    if isinstance(node, Constant):
        return _number(node.value), ATOM if node.value >= 0 else SIGNED
    if isinstance(node, Matmul):
        return f"{_symbol(node.matrix.name)} {_inside(node.operand, ATOM, names)}", MATMUL
    return _operation(node, names)


def _number(value: float) -> str:
    mantissa, _, exponent = number(value).partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _operation(node: Node, names: Mapping[Node, str]) -> tuple[str, int]:
    if isinstance(node, Unary):
        if node.function == "negate":
            operand = _inside(node.operand, PRODUCT, names)
            return f"-{_bracketed(operand) if operand.startswith('-') else operand}", SIGNED
        return _call(node.function, [_write(node.operand, names)[0]]), ATOM
    assert isinstance(node, Binary)
    if node.function in ("add", "subtract"):
        sign = "+" if node.function == "add" else "-"
        right = _inside(node.right, PRODUCT, names)
        right = _bracketed(right) if right.startswith("-") else right
        return f"{_inside(node.left, SUM, names)} {sign} {right}", SUM
    if node.function == "multiply":
        return _product(node, names), PRODUCT
    if node.function == "divide":
        return rf"\frac{{{_write(node.left, names)[0]}}}{{{_write(node.right, names)[0]}}}", ATOM
    arguments = [_write(node.left, names)[0], _write(node.right, names)[0]]
    return _call(node.function, arguments), ATOM


def _call(function: str, arguments: list[str]) -> str:
    if function == "sqrt":
        return rf"\sqrt{{{arguments[0]}}}"
    if function == "abs":
        return rf"\left\lvert {arguments[0]} \right\rvert"
    words = function.replace("_", r"\ ")  # a plain blank is none in formulas
    name = _FUNCTIONS.get(function, rf"\operatorname{{{words}}}")
    return f"{name}{_bracketed(', '.join(arguments))}"


def _product(node: Binary, names: Mapping[Node, str]) -> str:
    """A number stands directly before a vector; two vectors have an operator between them."""
    if isinstance(node.left, Constant) and not isinstance(node.right, Constant):
        return rf"{_inside(node.left, ATOM, names)} \, {_inside(node.right, MATMUL, names)}"
    sign = r"\cdot" if isinstance(node.right, Constant) else r"\odot"
    left = _inside(node.left, PRODUCT, names)
    if isinstance(node.left, Matmul) and node.left not in names:
        left = _bracketed(left)
    return rf"{left} {sign} {_inside(node.right, ATOM, names)}"


def _inside(node: Node, place: int, names: Mapping[Node, str]) -> str:
    text, binding = _write(node, names)
    return text if binding >= place else _bracketed(text)


def _bracketed(text: str) -> str:
    return rf"\left({text}\right)"
