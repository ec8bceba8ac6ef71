"""A graph laid out for execution: what leaves the time loop, the stages of a step, what is kept.

Comes in: a graph. Goes out: a plan, which is all that a backend needs to know of a cell.
Imports derive, graph, nodes, print and simplify.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from recurry.compiler.derive import Backward, derive
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
    dependents,
)
from recurry.compiler.print import definition, equations, expression, factor
from recurry.compiler.simplify import simplify

# Cheaper to compute again than to store and read back.
_CHEAP = {"negate", "relu", "abs", "add", "subtract", "multiply", "minimum", "maximum"}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Part of one step: products whose operands are known, then what they make possible.

    Args:
        products: Operands, each with the products that read it and can run as one.
        pointwise: Nodes without a product, in an order in which they can be computed.
    """

    products: tuple[tuple[Node, tuple[Matmul, ...]], ...]
    pointwise: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A cell as a backend runs it. Leaves (input, states, parameters, constants) are in no list.

    Args:
        graph: The simplified graph that the plan computes.
        fixed: Nodes of parameters and constants only, of size (H,): once for a whole sequence.
        hoisted: Nodes of `x` and what is fixed, computed for all T at once; products that read the
            same operand follow one another.
        stages: What is left for every step, in order.
        saved: Forward values that the backward step reads and that are kept; states are their old
            values.
        recomputed: Forward values that it reads and that are cheaper to compute again from those.
        backward: The backward step.
        text: The equations of the graph.
    """

    graph: Graph
    fixed: tuple[Node, ...]
    hoisted: tuple[Node, ...]
    stages: tuple[Stage, ...]
    saved: tuple[Node, ...]
    recomputed: tuple[Node, ...]
    backward: Backward
    text: str

    @property
    def next_state(self) -> dict[str, Node]:
        """For each state, the node of its new value."""
        return self.graph.next_state

    @property
    def output(self) -> Node:
        """The node of the output `h`."""
        return self.graph.output

    def __str__(self) -> str:
        return _describe(self)


@lru_cache(maxsize=512)
def make_plan(graph: Graph) -> Plan:
    """The plan of a graph; equal graphs share one."""
    graph = simplify(graph)
    inner = [node for node in graph.nodes if node.children]
    in_step = dependents(graph.nodes, [n for n in graph.nodes if isinstance(n, State)])
    with_input = dependents(graph.nodes, [Input()])
    outside = [node for node in inner if node not in in_step]
    saved, recomputed = _split_kept(graph, backward := derive(graph))
    return Plan(
        graph=graph,
        fixed=tuple(node for node in outside if node not in with_input),
        hoisted=_products_together([node for node in outside if node in with_input]),
        stages=_stages([node for node in inner if node in in_step]),
        saved=saved,
        recomputed=recomputed,
        backward=backward,
        text=equations(graph),
    )


def _products_together(nodes: list[Node]) -> tuple[Node, ...]:
    """The same nodes, each product right behind the first one that reads its operand."""
    order: dict[Node, None] = {}
    for node in nodes:
        order[node] = None
        if isinstance(node, Matmul):
            order.update(dict.fromkeys(_products_of(nodes, node.operand)))
    return tuple(order)


def _products_of(nodes: Iterable[Node], operand: Node) -> tuple[Matmul, ...]:
    return tuple(n for n in nodes if isinstance(n, Matmul) and n.operand is operand)


def _grouped(nodes: Iterable[Node]) -> tuple[tuple[Node, tuple[Matmul, ...]], ...]:
    nodes = tuple(nodes)
    operands = dict.fromkeys(node.operand for node in nodes if isinstance(node, Matmul))
    return tuple((operand, _products_of(nodes, operand)) for operand in operands)


def _stages(nodes: list[Node]) -> tuple[Stage, ...]:
    """Each node in the earliest stage; a product comes one stage after its operand."""
    level: dict[Node, int] = {}
    for node in nodes:
        reached = max((level.get(child, 0) for child in node.children), default=0)
        level[node] = reached + 1 if isinstance(node, Matmul) else max(reached, 1)
    numbers = range(1, max(level.values(), default=0) + 1)
    return tuple(_stage([node for node in nodes if level[node] == k]) for k in numbers)


def _stage(nodes: list[Node]) -> Stage:
    return Stage(
        products=_grouped(nodes),
        pointwise=tuple(node for node in nodes if not isinstance(node, Matmul)),
    )


def _split_kept(graph: Graph, backward: Backward) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """The forward values that backward reads, split into saved and recomputed ones."""
    varying = dependents(graph.nodes, [n for n in graph.nodes if isinstance(n, Input | State)])
    order = [n for n in graph.nodes if n in varying and not isinstance(n, Input)]
    needed = _frontier(backward, set(graph.nodes))
    needed.update(product.operand for product in backward.product_adjoints)
    free = {Input(), *(n for n in graph.nodes if n not in varying)}
    saved, recomputed = [], []
    for node in order:
        if node in needed:
            is_cheap = isinstance(node, Unary | Binary) and node.function in _CHEAP
            if is_cheap and all(c in free for c in node.children):
                recomputed.append(node)
            else:
                saved.append(node)
            free.add(node)
    return tuple(saved), tuple(recomputed)


def _frontier(backward: Backward, forward: set[Node]) -> set[Node]:
    """The forward nodes that a backward graph reads directly."""
    read: set[Node] = set()
    wanted, seen = list(backward.roots), set(backward.roots)
    while wanted:
        node = wanted.pop()
        if node in forward and not isinstance(node, Parameter | Constant):
            read.add(node)
            continue
        fresh = [child for child in node.children if child not in seen]
        seen.update(fresh)
        wanted.extend(fresh)
    return read


def _describe(plan: Plan) -> str:
    names = name_nodes(plan)
    fixed = [_line(node, names) for node in plan.fixed if node in names]
    lines = ["once", *fixed] if fixed else []
    lines += ["for all steps at once", *_products(_grouped(plan.hoisted), names)]
    lines += [_line(node, names) for node in plan.hoisted if node in names]
    for count, stage in enumerate(plan.stages, 1):
        lines += [f"every step, stage {count}", *_products(stage.products, names)]
        lines += [_line(node, names) for node in stage.pointwise if node in names]
    lines += ["backward reads", "  saved: " + _list(plan.saved, names)]
    lines += ["  computed again: " + _list(plan.recomputed, names)]
    return "\n".join([*lines, "backward, every step from the last", *_backward_lines(plan, names)])


# Longer expressions of the backward step are cut into named parts.
_LONGEST_EXPRESSION = 9


def name_nodes(plan: Plan) -> dict[Node, str]:
    """Names for the assigned nodes, and for shared or long parts of the backward step."""
    names: dict[Node, str] = {State(name): f"{name}[-1]" for name in plan.graph.states}
    for name, node in plan.graph.assignments:
        names.setdefault(node, name)
    first = len(names) - 1
    readers = Counter(child for node in plan.backward.nodes for child in node.children)
    forward = set(plan.graph.nodes)
    length: dict[Node, int] = {}
    for node in plan.backward.nodes:
        length[node] = 1 + sum(1 if c in names else length[c] for c in node.children)
        is_part = bool(node.children) and node not in forward
        if is_part and (readers[node] > 1 or length[node] > _LONGEST_EXPRESSION):
            names[node] = f"_{len(names) - first}"
    return names


def _backward_lines(plan: Plan, names: Mapping[Node, str]) -> list[str]:
    forward, backward = set(plan.graph.nodes), plan.backward
    parts = [_line(n, names) for n in backward.nodes if n in names and n not in forward]
    results = {f"∂{name}[-1]": node for name, node in backward.states.items()}
    results["∂x"] = backward.input
    for product, node in backward.product_adjoints.items():
        results[f"∂({definition(product, names)})"] = node
    results |= {f"∂{name}": node for name, node in backward.vector_adjoints.items()}
    return parts + [f"  {label} = {expression(node, names)}" for label, node in results.items()]


def _products(
    groups: Iterable[tuple[Node, tuple[Matmul, ...]]], names: Mapping[Node, str]
) -> list[str]:
    """One line for each stack of products."""
    return [
        f"  [{', '.join(product.matrix.name for product in products)}] @ {factor(operand, names)}"
        for operand, products in groups
    ]


def _line(node: Node, names: Mapping[Node, str]) -> str:
    return f"  {names[node]} = {definition(node, names)}"


def _list(nodes: Iterable[Node], names: Mapping[Node, str]) -> str:
    return ", ".join(expression(node, names) for node in nodes) or "nothing"
