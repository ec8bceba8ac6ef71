"""A graph as formulas, with old values at t-1 and everything else at t, in any notation.

Comes in: a graph and a notation. Goes out: the two sides of each assignment. Imports graph, nodes
and print.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from recurry.compiler.graph import Graph
from recurry.compiler.nodes import Binary, Constant, Input, Matmul, Node, Parameter, State, Unary
from recurry.compiler.print import ATOM, MATMUL, PRODUCT, SIGNED, SUM

# fmt: off
GREEK = frozenset((
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi",
    "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi",
    "Omega",
))
# fmt: on


class Notation(Protocol):
    """How formulas are written: every method gives text."""

    def symbol(self, base: str, marks: list[str]) -> str:
        """A letter or word with what stands below it."""
        ...

    def number(self, value: float) -> str:
        """A number."""
        ...

    def bracketed(self, text: str) -> str:
        """Something in brackets."""
        ...

    def call(self, function: str, arguments: list[str]) -> str:
        """A function of something."""
        ...

    def fraction(self, above: str, below: str) -> str:
        """One above the other."""
        ...

    def joined(self, left: str, sign: str, right: str) -> str:
        """Two sides of +, -, · (by a number) or ⊙ (of two vectors), or of nothing at all."""
        ...

    def negated(self, text: str) -> str:
        """Something with a minus before it."""
        ...


def formulas(graph: Graph, notation: Notation) -> Iterator[tuple[str, str]]:
    """For each assignment its name and what it is, in a notation."""
    names: dict[Node, str] = {}
    for name, node in graph.assignments:
        symbol = _symbol(name, notation, time="t")
        yield symbol, _Writer(notation, names).write(node)[0]
        names.setdefault(node, symbol)


def _symbol(name: str, notation: Notation, *, time: str = "") -> str:
    """A name with its part behind the underscore, and the time, below it."""
    base, _, rest = name.partition("_")
    if not rest and (numbered := re.fullmatch(r"([A-Za-z]+)(\d+)", base)):
        base, rest = numbered.groups()
    marks = [part for part in rest.split("_") if part] + ([time] if time else [])
    return notation.symbol(base, marks)


class _Writer:
    """Writes nodes, going no deeper than those that have a name."""

    def __init__(self, notation: Notation, names: Mapping[Node, str]) -> None:
        self._notation, self._names = notation, names

    def write(self, node: Node) -> tuple[str, int]:
        """The text of a node, and how tightly it binds."""
        notation = self._notation
        if isinstance(node, Parameter):
            return _symbol(node.name, notation), ATOM
        if isinstance(node, Input):
            return _symbol(node.name, notation, time="t"), ATOM
        if node in self._names:
            return self._names[node], ATOM
        if isinstance(node, State):
            return _symbol(node.name, notation, time="t-1"), ATOM
        if isinstance(node, Constant):
            return notation.number(node.value), ATOM if node.value >= 0 else SIGNED
        if isinstance(node, Matmul):
            matrix = _symbol(node.matrix.name, notation)
            return notation.joined(matrix, "", self._inside(node.operand, ATOM)), MATMUL
        if isinstance(node, Unary):
            return self._unary(node)
        assert isinstance(node, Binary)
        return self._binary(node)

    def _unary(self, node: Unary) -> tuple[str, int]:
        if node.function != "negate":
            return self._notation.call(node.function, [self.write(node.operand)[0]]), ATOM
        operand = self._inside(node.operand, PRODUCT)
        if self._is_negative(node.operand):
            operand = self._notation.bracketed(operand)
        return self._notation.negated(operand), SIGNED

    def _binary(self, node: Binary) -> tuple[str, int]:
        if node.function in ("add", "subtract"):
            right = self._inside(node.right, PRODUCT)
            if self._is_negative(node.right):
                right = self._notation.bracketed(right)
            sign = "+" if node.function == "add" else "-"
            return self._notation.joined(self._inside(node.left, SUM), sign, right), SUM
        if node.function == "multiply":
            return self._product(node), PRODUCT
        sides = [self.write(node.left)[0], self.write(node.right)[0]]
        if node.function == "divide":
            return self._notation.fraction(*sides), ATOM
        return self._notation.call(node.function, sides), ATOM

    def _product(self, node: Binary) -> str:
        """A number stands directly before a vector; two vectors have an operator between them."""
        if isinstance(node.left, Constant) and not isinstance(node.right, Constant):
            left, right = self._inside(node.left, ATOM), self._inside(node.right, MATMUL)
            return self._notation.joined(left, " ", right)
        sign = "·" if isinstance(node.right, Constant) else "⊙"
        left = self._inside(node.left, PRODUCT)
        if isinstance(node.left, Matmul) and node.left not in self._names:
            left = self._notation.bracketed(left)
        return self._notation.joined(left, sign, self._inside(node.right, ATOM))

    def _is_negative(self, node: Node) -> bool:
        """Whether the text of a node, where it stands in no brackets, begins with a minus."""
        if node in self._names:
            return False
        if isinstance(node, Binary) and node.function == "multiply":
            is_scaled = isinstance(node.left, Constant) and not isinstance(node.right, Constant)
            return not is_scaled and self._is_negative(node.left)
        is_minus = isinstance(node, Unary) and node.function == "negate"
        return is_minus or (isinstance(node, Constant) and node.value < 0)

    def _inside(self, node: Node, place: int) -> str:
        text, binding = self.write(node)
        return text if binding >= place else self._notation.bracketed(text)
