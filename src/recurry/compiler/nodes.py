"""The nodes of a graph: immutable, made once, so that `is` means structural equality.

Comes in: names, numbers and other nodes. Goes out: nodes with a size. Imports nothing of Recurry.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakValueDictionary

Size = Literal["1", "I", "H"]
"""The length of a vector: 1 (a constant, fits everything), I (input) or H (hidden)."""

# What a text may call, with the number of arguments.
FUNCTIONS: dict[str, int] = {
    "sigmoid": 1,
    "tanh": 1,
    "relu": 1,
    "exp": 1,
    "log": 1,
    "softplus": 1,
    "silu": 1,
    "gelu": 1,
    "abs": 1,
    "sqrt": 1,
    "hard_sigmoid": 1,
    "minimum": 2,
    "maximum": 2,
}

# Operators of the language and the names of their nodes.
OPERATORS: dict[str, str] = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}

UNARY_FUNCTIONS = ("negate", *(name for name, count in FUNCTIONS.items() if count == 1))
BINARY_FUNCTIONS = (
    *OPERATORS.values(),
    *(name for name, count in FUNCTIONS.items() if count == 2),
)

# Functions that only the backward graph uses: 1 where positive and 0 elsewhere; -1, 0 or 1; the
# cumulative distribution of the standard normal.
BACKWARD_FUNCTIONS = ("step", "sign", "normal_cdf")

_MADE: WeakValueDictionary[tuple, Node] = WeakValueDictionary()
_LOCK = Lock()


class _Interned(type):
    """Classes whose equal instances are one object."""

    if not TYPE_CHECKING:  # a type checker shall see the constructors of the classes

        def __call__(cls, *arguments: Any, **named: Any) -> Any:
            known = None if named else _MADE.get((cls, *arguments))
            if known is not None:
                return known
            made = super().__call__(*arguments, **named)
            with _LOCK:
                return _MADE.setdefault((cls, *made.fields()), made)


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True, repr=False)
class Node(metaclass=_Interned):
    """One value of a graph. Two nodes are equal exactly when they are the same object.

    `size` is the length of the value, `children` are the nodes it is made of, left to right.
    """

    size: Size = field(init=False)
    children: tuple[Node, ...] = field(init=False)

    def __post_init__(self) -> None:
        children = tuple(part for part in self.fields() if isinstance(part, Node))
        object.__setattr__(self, "children", children)
        object.__setattr__(self, "size", self._measure())

    def _measure(self) -> Size:
        return "H"

    def fields(self) -> tuple:
        """What tells this node from others of its class."""
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __reduce__(self) -> tuple:
        return (type(self), self.fields())

    def __copy__(self) -> Node:
        return self

    def __deepcopy__(self, memo: dict) -> Node:
        return self

    def __repr__(self) -> str:
        shown = (type(f).__name__ if isinstance(f, Node) else repr(f) for f in self.fields())
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Input(Node):
    """The input vector at this step."""

    name: str = "x"

    def _measure(self) -> Size:
        return "I"


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class State(Node):
    """What a name held at the end of the previous step."""

    name: str


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Adjoint(Node):
    """The gradient of the loss by the new value of a state or of `h`; only in backward graphs."""

    name: str


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Parameter(Node):
    """A weight matrix, H x columns, or a vector of size H."""

    name: str
    kind: Literal["matrix", "vector"]
    columns: Literal["I", "H"] | None = None


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Constant(Node):
    """A number in the text."""

    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", float(self.value) + 0.0)  # -0.0 becomes 0.0
        Node.__post_init__(self)

    def _measure(self) -> Size:
        return "1"


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Matmul(Node):
    """A matrix, or its transpose, times a vector."""

    matrix: Parameter
    operand: Node
    transposed: bool = False

    def _measure(self) -> Size:
        return (self.matrix.columns or "H") if self.transposed else "H"


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Unary(Node):
    """A function of one vector, element by element."""

    function: str
    operand: Node

    def _measure(self) -> Size:
        return self.operand.size


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Binary(Node):
    """A function of two vectors, element by element."""

    function: str
    left: Node
    right: Node

    def _measure(self) -> Size:
        sizes = {self.left.size, self.right.size}
        return next(size for size in ("H", "I", "1") if size in sizes)


def topological(roots: Iterable[Node], known: Set[Node] = frozenset()) -> list[Node]:
    """All nodes under some roots, each after its children, leaves in the order of the text.

    Nodes that are `known` are listed like leaves: nothing below them is looked at.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    stack = [(root, False) for root in reversed(list(roots))]
    while stack:
        node, is_complete = stack.pop()
        if is_complete:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            if node not in known:
                stack.extend((child, False) for child in reversed(node.children))
    return order


def dependents(order: Iterable[Node], sources: Iterable[Node]) -> set[Node]:
    """The nodes of a topological order that read some sources, the sources included."""
    found = set(sources)
    for node in order:
        if any(child in found for child in node.children):
            found.add(node)
    return found
