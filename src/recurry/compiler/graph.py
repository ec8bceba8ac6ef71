"""A graph: the assignments of one cell, what follows from them, and what makes them legal.

Comes in: named nodes in program order. Goes out: states, parameters with their shapes, or an error
with its place in the text. Imports errors and nodes.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from recurry.compiler.nodes import (
    FUNCTIONS,
    Adjoint,
    Binary,
    Constant,
    Input,
    Matmul,
    Node,
    Parameter,
    State,
    Unary,
    dependents,
    topological,
)
from recurry.errors import EquationError

__all__ = [
    "Adjoint",
    "Binary",
    "Constant",
    "Graph",
    "Input",
    "Matmul",
    "Node",
    "Parameter",
    "Source",
    "State",
    "Unary",
    "check",
    "dependents",
    "parameter_shapes",
    "topological",
]

# Far above any cell in the literature, far below what could slow a reader down.
MAX_NODES = 2000
MAX_DEPTH = 100
MAX_NAME = 40
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class Source:
    """The text a graph was parsed from, and where in it each node and each assignment stands."""

    text: str
    places: Mapping[Node | str, tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The equations of one step, in program order; equal when the assignments are equal.

    Args:
        assignments: Names and the nodes they are given.
        source: The text behind the graph, for errors that name a place; not compared.
    """

    assignments: tuple[tuple[str, Node], ...]
    source: Source | None = field(default=None, compare=False, repr=False)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every node, children first."""
        return tuple(topological(node for _, node in self.assignments))

    @cached_property
    def named(self) -> dict[str, Node]:
        """Every assigned name with its node: the gates, the states and the output."""
        return dict(self.assignments)

    @cached_property
    def states(self) -> tuple[str, ...]:
        """Names read before their assignment: `h` first, then in the order of assignment."""
        read = {node.name for node in self.nodes if isinstance(node, State)}
        return tuple(sorted((name for name in self.named if name in read), key=lambda n: n != "h"))

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """Matrices and vectors by name, in the order of first appearance."""
        return {node.name: node for node in self.nodes if isinstance(node, Parameter)}

    @cached_property
    def next_state(self) -> dict[str, Node]:
        """For each state, the node of its new value."""
        return {name: self.named[name] for name in self.states}

    @cached_property
    def needs_square(self) -> bool:
        """Whether input-sized and hidden-sized vectors meet, so that I must equal H."""
        return any(True for _ in _mixtures(self))

    @property
    def output(self) -> Node:
        """The node of `h`."""
        return self.named["h"]


def parameter_shapes(graph: Graph, input_size: int, hidden_size: int) -> dict[str, tuple[int, ...]]:
    """The shape of every parameter: matrices (H, I) or (H, H), vectors (H,).

    Raises:
        EquationError: The graph mixes vectors of both sizes and the sizes differ.
    """
    mixed = next(_mixtures(graph), None) if input_size != hidden_size else None
    if mixed is not None:
        raise _error(
            graph,
            mixed,
            what=f"Here a vector of input size {input_size} meets one of hidden size "
            f"{hidden_size}, so this cell needs both sizes equal.",
            hint="choose equal sizes (an embedding can bring the input to the hidden size), "
            "or put a matrix before the input: W @ x",
        )
    sizes = {"I": input_size, "H": hidden_size}
    return {
        name: (hidden_size, sizes[node.columns]) if node.columns else (hidden_size,)
        for name, node in graph.parameters.items()
    }


def check(graph: Graph) -> None:
    """Raise an error unless a graph is a legal cell.

    Raises:
        EquationError: With the place in the text where the graph came from one.
    """
    for rule in _RULES:
        for place, what, hint in rule(graph):
            raise _error(graph, place, what=what, hint=hint)


def _error(graph: Graph, place: Node | str, *, what: str, hint: str | None) -> EquationError:
    source = graph.source or Source(text="", places={})
    line, column = source.places.get(place, (0, 0))
    return EquationError(what, source=source.text, line=line, column=column, hint=hint)


def _mixtures(graph: Graph) -> Iterator[Node | str]:
    """The places where input-sized and hidden-sized vectors meet."""
    for node in graph.nodes:
        if (isinstance(node, Binary) and {node.left.size, node.right.size} == {"I", "H"}) or (
            isinstance(node, Matmul) and node.operand.size != node.matrix.columns
        ):
            yield node
    for name, node in graph.assignments:
        if (name == "h" or name in graph.states) and node.size == "I":
            yield name


# A rule yields a place, a sentence and a hint for each breach.
_Breaches = Iterator[tuple[Node | str, str, str | None]]


def _names_are_legal(graph: Graph) -> _Breaches:
    for name in [*(name for name, _ in graph.assignments), *graph.parameters]:
        place = graph.parameters.get(name, name)
        if keyword.iskeyword(name):
            yield place, f"{name!r} is a word of the Python language.", "use another name"
        elif name in FUNCTIONS:
            yield place, f"{name!r} is a function, so no vector can have this name.", None
        elif len(name) > MAX_NAME or not _NAME.fullmatch(name):
            hint = f"use 1 to {MAX_NAME} letters, digits and underscores, a letter first"
            yield place, f"{name[:MAX_NAME]!r} is not a legal name.", hint


def _assignments_are_legal(graph: Graph) -> _Breaches:
    if not graph.assignments:
        yield "", "There are no equations.", "write one assignment a line, such as h = tanh(W @ x)"
    seen: set[str] = set()
    for name, _ in graph.assignments:
        if name == "x":
            yield name, "x is the input and cannot be assigned.", "use another name"
        if name in seen:
            yield name, f"{name} is assigned twice.", "give the second value a name of its own"
        seen.add(name)
    if "h" not in seen:
        yield "", "h is never assigned; it is the output of a cell.", "add a line: h = ..."


def _nodes_are_legal(graph: Graph) -> _Breaches:
    depths: dict[Node, int] = {}
    for node in graph.nodes:
        depths[node] = 1 + max((depths[child] for child in node.children), default=0)
        if depths[node] > MAX_DEPTH:
            yield node, f"Here the equations are more than {MAX_DEPTH} operations deep.", None
        if isinstance(node, Constant) and not math.isfinite(node.value):
            yield node, "This number is too large.", None
        if isinstance(node, Adjoint) or (isinstance(node, Matmul) and node.transposed):
            yield node, "Only backward graphs have adjoints and transposed products.", None
    if len(depths) > MAX_NODES:
        yield "h", f"The cell has {len(depths)} operations; at most {MAX_NODES} are allowed.", None


def _roles_are_clear(graph: Graph) -> _Breaches:
    kinds: dict[str, Parameter] = {}
    for node in graph.nodes:
        if isinstance(node, Parameter):
            if node.name in graph.named:
                what = f"{node.name} is assigned, so it is a vector and cannot stand left of @."
                yield node, what, "a matrix is a name that is never assigned, such as W"
            if kinds.setdefault(node.name, node) is not node:
                what = f"{node.name} is used both as a matrix and as a vector."
                yield node, what, "a name left of @ is a matrix; give the vector another name"
        if isinstance(node, Matmul) and node.operand.size == "1":
            yield node, "A matrix is multiplied by a number here, not by a vector.", None
        if isinstance(node, State) and node.name not in graph.named:
            yield node, f"The state {node.name} is read but never assigned.", None


def _states_live_on(graph: Graph) -> _Breaches:
    """An old value may be read after its new value is assigned only through another name."""
    named: set[Node] = set()
    assigned: set[str] = set()
    for name, root in graph.assignments:
        for node in _unnamed([root], named):
            if isinstance(node, State) and node.name in assigned:
                what = f"The old value of {node.name} is read after its new value was assigned."
                yield node, what, "keep the old value under another name before"
        named.add(root)
        assigned.add(name)


def _unnamed(wanted: list[Node], named: set[Node]) -> Iterator[Node]:
    """The nodes under some nodes, going no deeper than the named ones."""
    seen = set(named)
    while wanted:
        node = wanted.pop()
        if node not in seen:
            seen.add(node)
            yield node
            wanted.extend(node.children)


def _everything_matters(graph: Graph) -> _Breaches:
    wanted, reached = ["h"], {"h"}
    needed: set[Node] = set()
    while wanted:
        under = topological([graph.named[wanted.pop()]])
        needed.update(under)
        for node in under:
            if isinstance(node, State) and node.name not in reached:
                reached.add(node.name)
                wanted.append(node.name)
    for name, node in graph.assignments:
        if name in graph.states or name == "h":
            if node.size == "1":
                yield name, f"{name} is always the same number.", None
            if name not in reached:
                yield name, f"{name} never reaches the output h.", "use it, or remove the line"
        elif node not in needed:
            yield name, f"{name} is assigned but never used.", "use it, or remove the line"
    if Input() not in needed:
        yield "h", "The input x is never read.", "bring it in, for instance as W @ x"


_RULES = (
    _assignments_are_legal,
    _names_are_legal,
    _nodes_are_legal,
    _roles_are_clear,
    _states_live_on,
    _everything_matters,
)
