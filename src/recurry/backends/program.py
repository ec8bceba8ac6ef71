"""A task along time and the program that computes it: what a scan runs.

Comes in: nodes. Goes out: frozen records, and the small functions that they are read with.
Imports the compiler only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recurry.compiler.nodes import Binary, Node, Unary

# Far more than the sums in any cell of the literature.
MOST_SUMMANDS = 64


@dataclass(frozen=True, kw_only=True)
class Pointwise:
    """`out = function(*arguments)`, element by element."""

    function: str
    out: Node
    arguments: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class Wide:
    """Columns `start` to `stop` of the sums grow by one operand times stacked matrices."""

    operand: Node
    start: int
    stop: int
    matrices: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Deep:
    """`out = base +` columns `start` to `stop` of the sums times stacked matrices."""

    out: Node
    base: Node | None
    start: int
    stop: int
    matrices: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Activate:
    """Columns `start` to `stop` of the sums become a function of themselves, in place."""

    function: str
    start: int
    stop: int


Instruction = Pointwise | Wide | Deep | Activate


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is to be computed along time.

    Args:
        carried: For each leaf that stands for an old value, the node of the new one.
        wanted: Nodes asked for at every step.
        known: Inner nodes whose values are given, as if they were leaves.
        columns: Nodes that must lie side by side in this order, because products read them so.
    """

    carried: Mapping[Node, Node]
    wanted: tuple[Node, ...]
    known: frozenset[Node] = frozenset()
    columns: tuple[Node, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Program:
    """A task laid out for a time loop; what is in no instruction is computed for all steps at once.

    Args:
        task: What is computed.
        sums: For each column, the node that it ends up as (before its activation).
        early: For each column, its terms that are known before the loop.
        instructions: One step.
        in_loop: Nodes computed step by step.
        kept: Nodes of the loop and carried leaves whose values at every step are read after it.
        places: Nodes that live in columns, activations in place included.
    """

    task: Task
    sums: tuple[Node, ...]
    early: tuple[tuple[Node, ...], ...]
    instructions: tuple[Instruction, ...]
    in_loop: frozenset[Node]
    kept: frozenset[Node]
    places: Mapping[Node, int]


def summands(node: Node) -> tuple[Node, ...]:
    """The terms of a sum, sums within it taken apart; beyond `MOST_SUMMANDS`, the node alone.

    A sum that reads another one twice has twice its terms, so a few lines can mean a sum of more
    terms than any computer could list.
    """
    found: list[Node] = []
    waiting = [node]
    while waiting:
        term = waiting.pop()
        if is_function(term, "add"):
            waiting.extend(reversed(term.children))
        else:
            found.append(term)
        if len(found) + len(waiting) > MOST_SUMMANDS:
            return (node,)
    return tuple(found)


def runs(columns: Iterable[int]) -> list[tuple[int, int]]:
    """Columns as ranges of neighbours, in the order given: 2, 3, 7 gives (2, 4), (7, 8)."""
    found: list[tuple[int, int]] = []
    for column in columns:
        if found and found[-1][1] == column:
            found[-1] = (found[-1][0], column + 1)
        else:
            found.append((column, column + 1))
    return found


def stacks(places: Iterable[tuple[int, str]]) -> list[tuple[int, int, tuple[str, ...]]]:
    """Columns with their matrices as ranges of neighbours; a column met twice is in two ranges."""
    found: list[tuple[int, int, tuple[str, ...]]] = []
    waiting = sorted(places)
    while waiting:
        layer = dict(reversed(waiting))
        for column, name in layer.items():
            waiting.remove((column, name))
        for start, stop in runs(sorted(layer)):
            found.append((start, stop, tuple(layer[column] for column in range(start, stop))))
    return found


def is_function(node: Node, function: str) -> bool:
    """Whether a node applies a function of this name."""
    return isinstance(node, Unary | Binary) and node.function == function
