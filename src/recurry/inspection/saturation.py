"""Gates: which named values of a cell are gates, and how often they are nearly shut or open.

Comes in: a graph, or values along a text. Goes out: names, shares and histograms. Imports nodes.

A gate is a value that its equation keeps between 0 and 1. That is read off the equation itself,
so it holds for `1 - f` in a coupled cell and for a gate that a user wrote.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from recurry.compiler.graph import Graph
from recurry.compiler.nodes import Binary, Constant, Node, Unary

SHUT, OPEN = 0.1, 0.9
NUM_BINS = 50

Range = tuple[float, float]
_ANY: Range = (-math.inf, math.inf)
_BOUNDED: dict[str, Range] = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "exp": (0.0, math.inf),
    "softplus": (0.0, math.inf),
    "sqrt": (0.0, math.inf),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Saturation:
    """How a gate of one layer spends its time.

    Args:
        name: The gate, as in the equations.
        layer: From 0.
        direction: `forward` or `backward`.
        shut: Share of the symbols at which each unit is below 0.1, (H,).
        open: Share at which it is above 0.9, (H,).
        counts: How many values of all units lie in each of 50 equal bins from 0 to 1, (50,).

    Source: Karpathy, Johnson and Fei-Fei 2015 (arXiv 1506.02078), figure 3, calls these left and
    right saturated.
    """

    name: str
    layer: int
    direction: str
    shut: np.ndarray
    open: np.ndarray
    counts: np.ndarray

    @property
    def label(self) -> str:
        """The gate and its layer in a few words."""
        back = "" if self.direction == "forward" else ", backward"
        return f"{self.name}, layer {self.layer}{back}"


def gates_of(graph: Graph) -> tuple[str, ...]:
    """The assigned names whose equations keep them between 0 and 1, and let them go that far.

    Example:
        >>> from recurry.cells import cell
        >>> gates_of(cell("lstm").graph), gates_of(cell("rnn").graph)
        (('f', 'i', 'o'), ())
    """
    return tuple(name for name, limits in _ranges(graph).items() if limits == (0.0, 1.0))


def signed_of(graph: Graph) -> tuple[str, ...]:
    """The assigned names whose equations keep them between -1 and 1, and that are no gates.

    Example:
        >>> from recurry.cells import cell
        >>> signed_of(cell("lstm").graph)
        ('g', 'h')
    """
    found = _ranges(graph)
    return tuple(
        name
        for name, (low, high) in found.items()
        if low >= -1 and high <= 1 and (low, high) != (0.0, 1.0)
    )


def _ranges(graph: Graph) -> dict[str, Range]:
    ranges: dict[Node, Range] = {}
    for node in graph.nodes:
        ranges[node] = _range(node, ranges)
    return {name: ranges[node] for name, node in graph.assignments}


def edges() -> np.ndarray:
    """The limits of the bins of a histogram, (51,)."""
    return np.linspace(0.0, 1.0, NUM_BINS + 1)


def measure_saturation(
    blocks: Iterable[np.ndarray], *, name: str, layer: int, direction: str = "forward"
) -> Saturation:
    """How often each unit of a gate is nearly shut or open over a text.

    Args:
        blocks: The gate at some steps after another, (n, H) each.
        name: The gate.
        layer: From 0.
        direction: `forward` or `backward`.
    """
    num_steps, shut, is_open = 0, np.zeros(0), np.zeros(0)
    counts = np.zeros(NUM_BINS, dtype=np.int64)
    for block in blocks:
        if not num_steps:
            shut, is_open = np.zeros(block.shape[1]), np.zeros(block.shape[1])
        num_steps += len(block)
        shut += (block < SHUT).sum(axis=0)
        is_open += (block > OPEN).sum(axis=0)
        bins = np.clip(np.nan_to_num(block) * NUM_BINS, 0, NUM_BINS - 1).astype(np.int64)
        counts += np.bincount(bins.ravel(), minlength=NUM_BINS)
    total = max(num_steps, 1)
    return Saturation(
        name=name,
        layer=layer,
        direction=direction,
        shut=shut / total,
        open=is_open / total,
        counts=counts,
    )


def _range(node: Node, ranges: dict[Node, Range]) -> Range:
    """Limits of a value, as far as its equation says them."""
    if isinstance(node, Constant):
        return node.value, node.value
    if isinstance(node, Unary):
        return _range_of_function(node.function, ranges[node.operand])
    if isinstance(node, Binary):
        return _range_of_pair(node.function, ranges[node.left], ranges[node.right])
    return _ANY


def _range_of_function(function: str, of: Range) -> Range:
    low, high = of
    if function == "negate":
        return -high, -low
    if function == "relu":
        return max(low, 0.0), max(high, 0.0)
    if function == "abs":
        return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
    return _BOUNDED.get(function, _ANY)


def _range_of_pair(function: str, left: Range, right: Range) -> Range:
    if function == "add":
        return left[0] + right[0], left[1] + right[1]
    if function == "subtract":
        return left[0] - right[1], left[1] - right[0]
    if function == "multiply":
        corners = [a * b if a and b else 0.0 for a in left for b in right]
        return min(corners), max(corners)
    if function in ("minimum", "maximum"):
        pick = min if function == "minimum" else max
        return pick(left[0], right[0]), pick(left[1], right[1])
    return _ANY
