"""What a drawing of a cell shows: gates as boxes with their formula, the rest as small signs.

Comes in: a graph. Goes out: blocks and arrows without places. Imports graph, nodes and print.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from recurry.compiler.graph import Graph
from recurry.compiler.nodes import (
    Binary,
    Input,
    Matmul,
    Node,
    Parameter,
    State,
    Unary,
    dependents,
)
from recurry.compiler.print import expression, factor

_SIGNS = {"multiply": "×", "divide": "÷", "minimum": "min", "maximum": "max"}
_FUNCTIONS = {"sigmoid": "σ", "negate": "−"}
_LINE = 30

# What an arrow may say about its operand: it is subtracted, or it is above or below a fraction bar.
MINUS, ABOVE, BELOW = "−", "above", "below"


@dataclass(frozen=True, kw_only=True)
class Block:
    """Something to draw: `kind` is input, state, output, gate, linear or sign.

    Args:
        kind: How it looks.
        title: What stands in it in large letters.
        formula: Lines below the title.
        name: The assigned name of a sign, shown beside it.
    """

    kind: str
    title: str
    formula: tuple[str, ...] = ()
    name: str = ""


@dataclass(kw_only=True)
class Sketch:
    """Blocks by key, and arrows between them, each with MINUS, ABOVE, BELOW or nothing."""

    blocks: dict[Hashable, Block] = field(default_factory=dict)
    arrows: dict[tuple[Hashable, Hashable], str] = field(default_factory=dict)


def sketch_graph(graph: Graph) -> Sketch:
    """The blocks and arrows of a cell."""
    return _Sketcher(graph).draw()


class _Sketcher:
    """Draws each node once, from the new states back to the input."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.names: dict[Node, str] = {}
        for name, node in graph.assignments:
            self.names.setdefault(node, name)
        leaves = [node for node in graph.nodes if isinstance(node, Input | State)]
        self.varying = dependents(graph.nodes, leaves)
        self.sketch = Sketch()

    def draw(self) -> Sketch:
        if Input() in self.varying:
            self.block(Input())
        for name in self.graph.states:
            self.block(State(name))
        for name, node in self.graph.assignments:
            if name == "h" or name in self.graph.states:
                kind = "output" if name == "h" else "state"
                self.sketch.blocks[name] = Block(kind=kind, title=f"{name}_t")
                self.connect(node, name)
        return self.sketch

    def connect(self, node: Node, target: Hashable, sign: str = "") -> None:
        """An arrow from the block of a node."""
        if node in self.varying:
            self.block(node)
            self.sketch.arrows[node, target] = sign

    def block(self, node: Node) -> None:
        """The block of a node, with everything before it."""
        if node in self.sketch.blocks:
            return
        if isinstance(node, Input):
            self.sketch.blocks[node] = Block(kind="input", title="x_t")
        elif isinstance(node, State):
            self.sketch.blocks[node] = Block(kind="state", title=f"{node.name}_{{t−1}}")
        elif self.is_linear(node):
            self.affine(node, node)
        elif isinstance(node, Unary) and node.operand not in self.names:
            self.affine(node, node.operand) if self.is_linear(node.operand) else self.sign(node)
        else:
            self.sign(node)

    def is_linear(self, node: Node) -> bool:
        """Whether a node is a sum with products or weights in it."""
        terms = list(self.terms(node))
        return any(isinstance(term, Matmul) for _, term in terms) or (
            len(terms) > 1 and any(isinstance(term, Parameter) for _, term in terms)
        )

    def terms(
        self, node: Node, sign: str = "+", *, is_top: bool = True
    ) -> Iterator[tuple[str, Node]]:
        """The terms of a sum with their signs, going no deeper than named nodes."""
        is_sum = isinstance(node, Binary) and node.function in ("add", "subtract")
        if is_sum and (is_top or node not in self.names) and (sign == "+" or is_top):
            assert isinstance(node, Binary)
            yield from self.terms(node.left, sign, is_top=False)
            yield from self.terms(
                node.right, "+" if node.function == "add" else MINUS, is_top=False
            )
        else:
            yield sign, node

    def affine(self, node: Node, inner: Node) -> None:
        """A box with the formula of a sum, and the function around it."""
        terms = list(self.terms(inner))
        words = [self.words(sign, term) for sign, term in terms]
        words[0] = words[0].removeprefix("+ ")
        name = self.names.get(node, "")
        function = ""
        if inner is not node and isinstance(node, Unary):
            function = _FUNCTIONS.get(node.function, node.function.replace("_", " "))
        function = f"{function}(·)" if function else ""
        title = " = ".join(part for part in (name, function) if part)
        kind = "gate" if function else "linear"
        self.sketch.blocks[node] = Block(kind=kind, title=title, formula=_wrap(words))
        for _, term in terms:
            if term is node and isinstance(term, Matmul):  # named itself, so look inside
                term = term.operand
            self.connect_term(term, node)

    def words(self, sign: str, term: Node) -> str:
        """One term as it is written in a box."""
        names = {k: v for k, v in self.names.items() if k is not term}
        is_product = isinstance(term, Matmul) or (
            isinstance(term, Binary) and term.function in ("multiply", "divide")
        )
        text = expression(term, names) if is_product else factor(term, self.names)
        return f"{sign} {text.replace(' @ ', ' ').replace(' * ', ' ⊙ ')}"

    def connect_term(self, term: Node, target: Hashable) -> None:
        """An arrow from what a term reads: the operand of a product, or what a weight scales."""
        if isinstance(term, Matmul) and term not in self.names:
            self.connect_term(term.operand, target)
        elif (weighted := self.weighted(term)) is not None:
            self.connect_term(weighted, target)
        else:
            self.connect(term, target)

    def weighted(self, node: Node) -> Node | None:
        """The varying side of a product with something fixed."""
        if not (isinstance(node, Binary) and node.function == "multiply") or node in self.names:
            return None
        sides = [side for side in (node.left, node.right) if side in self.varying]
        return sides[0] if len(sides) == 1 else None

    def sign(self, node: Node) -> None:
        """A small sign for an operation, with arrows from its varying operands."""
        name = self.names.get(node, "")
        title = self.sign_title(node)
        self.sketch.blocks[node] = Block(
            kind="sign", title=title, name="" if self.is_result(name) else name
        )
        if isinstance(node, Binary) and node.function in ("add", "subtract"):
            for sign, term in self.terms(node):
                self.connect(term, node, MINUS if sign == MINUS and title == "+" else "")
        else:
            is_fraction = isinstance(node, Binary) and node.function == "divide"
            for child, side in zip(node.children, (ABOVE, BELOW), strict=False):
                self.connect(child, node, side if is_fraction else "")

    def is_result(self, name: str) -> bool:
        return name == "h" or name in self.graph.states

    def sign_title(self, node: Node) -> str:
        if isinstance(node, Unary):
            return _FUNCTIONS.get(node.function, node.function.replace("_", " "))
        assert isinstance(node, Binary)
        if node.function == "multiply" and node.left is node.right:
            return "square"
        fixed = [child not in self.varying for child in node.children]
        if node.function in ("add", "subtract"):
            if not any(term not in self.varying for _, term in self.terms(node)):
                return "+"
            words = [
                self.words(s, t) if t not in self.varying else f"{s} ·" for s, t in self.terms(node)
            ]
            return " ".join(words).removeprefix("+ ")
        sign = _SIGNS[node.function]
        if not any(fixed):
            return sign
        weight = factor(node.children[fixed.index(True)], self.names)
        if node.function != "divide":
            return f"{sign} {weight}"
        return f"{weight} {sign} ·" if fixed[0] else f"· {sign} {weight}"


def _wrap(words: list[str]) -> tuple[str, ...]:
    """Terms joined into lines."""
    lines = [""]
    for word in words:
        joined = f"{lines[-1]} {word}".strip()
        if len(joined) > _LINE and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = joined
    return tuple(lines)
