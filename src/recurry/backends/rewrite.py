"""Forward and backward tasks of a plan, rewritten so that little is left for the time loop.

Comes in: a plan. Goes out: tasks. Imports the compiler and lowering.
"""

from collections.abc import Callable, Iterable, Mapping

from recurry.backends.lowering import lower
from recurry.backends.program import Program, Task, is_function
from recurry.backends.remember import once_a_plan
from recurry.compiler.graph import Graph
from recurry.compiler.nodes import (
    Adjoint,
    Binary,
    Constant,
    Input,
    Matmul,
    Node,
    Parameter,
    State,
    Unary,
    topological,
)
from recurry.compiler.plan import Plan, make_plan

OUTPUT_GRADIENT = Adjoint("output gradient")
"""What the loss says about the output of one step alone; the blank keeps users' names apart."""


@once_a_plan
def forward_program(plan: Plan, is_kept: bool) -> Program:
    """The program of a cell, with what the backward step reads kept for all steps or not."""
    carried: dict[Node, Node] = {
        State(name): Unary("copy", new) if isinstance(new, State) else new
        for name, new in plan.next_state.items()
    }
    wanted = (plan.output, *(plan.saved if is_kept else ()))
    return lower(Task(carried=carried, wanted=tuple(dict.fromkeys(wanted))))


@once_a_plan
def backward_program(plan: Plan, needs_input: bool) -> tuple[Program, "Targets"]:
    """The backward program of a cell, and which of its nodes is which gradient."""
    backward = plan.backward
    totals = _total_adjoints(plan)
    known = frozenset(node for node in plan.saved if node.children)
    leaves = {Adjoint(name) for name in plan.next_state}
    rewritten = _Rewriter(totals, known=known, leaves=leaves)
    targets = Targets(
        states={Adjoint(name): rewritten(node) for name, node in backward.states.items()},
        products={product: rewritten(n) for product, n in backward.product_adjoints.items()},
        vectors={name: rewritten(node) for name, node in backward.vector_adjoints.items()},
        input=rewritten(backward.input) if needs_input else None,
    )
    columns = [n for n in targets.columns() if not isinstance(n, Constant)]
    wanted = [*targets.vectors.values(), *([targets.input] if targets.input else [])]
    task = Task(
        carried=targets.states,
        wanted=tuple(dict.fromkeys(wanted)),
        known=known,
        columns=tuple(columns),
    )
    return lower(task), targets


class Targets:
    """Which node is which gradient.

    Args:
        states: For each carried adjoint, the one of the step before.
        products: For each product of the forward graph, the adjoint of its result.
        vectors: For each vector parameter, its gradient at one step.
        input: The gradient by x, if asked for.
    """

    def __init__(
        self,
        *,
        states: Mapping[Node, Node],
        products: Mapping[Matmul, Node],
        vectors: Mapping[str, Node],
        input: Node | None,
    ) -> None:
        self.states, self.products, self.vectors, self.input = states, products, vectors, input

    def columns(self) -> list[Node]:
        """Adjoints of products in an order that makes those of one operand neighbours."""
        operands = list(dict.fromkeys(product.operand for product in self.products))
        operands.sort(key=lambda operand: isinstance(operand, Input))
        readers: dict[Node, list[int]] = {}
        for product, adjoint in self.products.items():
            readers.setdefault(adjoint, []).append(operands.index(product.operand))

        def key(adjoint: Node) -> tuple[int, bool]:
            group = min(readers[adjoint])
            is_shared = len(readers[adjoint]) > 1
            return (group, is_shared if group == 0 else not is_shared)

        return sorted(readers, key=key)


def _total_adjoints(plan: Plan) -> dict[Node, Node]:
    """What stands for the whole gradient by each new value."""
    totals: dict[Node, Node] = {}
    direct = set(plan.backward.product_adjoints.values())
    for name in plan.next_state:
        leaf = Adjoint(name)
        if name == "h":
            totals[leaf] = Binary("add", leaf, OUTPUT_GRADIENT)
        elif leaf in direct or leaf in plan.backward.states.values():
            totals[leaf] = Unary("copy", leaf)
    if "h" not in plan.next_state:
        totals[Adjoint("h")] = OUTPUT_GRADIENT
    return totals


class _Rewriter:
    """Puts the total adjoints in, and gathers the factors that are known before the loop.

    `(a * f) * g` with only `a` inside the loop becomes `a * (f * g)`: one operation a step.
    """

    def __init__(
        self, totals: Mapping[Node, Node], *, known: frozenset[Node], leaves: Iterable[Node]
    ) -> None:
        self._done = dict(totals)
        self._known = known
        self._leaves = set(leaves)
        self._late: dict[Node, bool] = {}

    def __call__(self, root: Node) -> Node:
        for node in topological([root], self._known | self._done.keys()):
            if node not in self._done:
                self._done[node] = self._gather(self._rebuild(node))
        return self._done[root]

    def _rebuild(self, node: Node) -> Node:
        if node in self._known:
            return node
        if isinstance(node, Unary):
            return Unary(node.function, self._done[node.operand])
        if isinstance(node, Binary):
            return Binary(node.function, self._done[node.left], self._done[node.right])
        if isinstance(node, Matmul):
            return Matmul(node.matrix, self._done[node.operand], node.transposed)
        return node

    def _is_late(self, node: Node) -> bool:
        if node not in self._late:
            inner = () if node in self._known else node.children
            self._late[node] = node in self._leaves or any(map(self._is_late, inner))
        return self._late[node]

    def _gather(self, node: Node) -> Node:
        """The same value with one operation on the late factor."""
        found = self._late_factor(node)
        if found is None:
            return node
        late, early = found
        deeper = self._late_factor(late)
        if deeper is None:
            return node
        return Binary("multiply", deeper[0], _product(deeper[1], early))

    def _late_factor(self, node: Node) -> tuple[Node, Callable[[Node | None], Node]] | None:
        """A node as late factor and what multiplies a known value into the rest."""
        if is_function(node, "negate") and self._is_late(node.children[0]):
            return node.children[0], lambda f: Constant(-1.0) if f is None else Unary("negate", f)
        if is_function(node, "multiply"):
            left, right = node.children
            if self._is_late(left) != self._is_late(right):
                late, early = (left, right) if self._is_late(left) else (right, left)
                return late, lambda f: early if f is None else Binary("multiply", early, f)
        if is_function(node, "divide"):
            late, early = node.children
            if self._is_late(late) and not self._is_late(early):
                return late, lambda f: Binary("divide", f or Constant(1.0), early)
        return None


def _product(inner: Callable[[Node | None], Node], outer: Callable[[Node | None], Node]) -> Node:
    return outer(inner(None))


@once_a_plan
def zoned(plan: Plan, rate: float | None) -> Plan:
    """The plan of a cell with zoneout on every state: by masks, or by their expectation `rate`.

    Masks are vector parameters named `zoneout_mask(state)`.
    """
    assignments: list[tuple[str, Node]] = []
    for name, node in plan.graph.assignments:
        if name not in plan.next_state:
            assignments.append((name, node))
            continue
        keep: Node = zoneout_mask(name) if rate is None else Constant(rate)
        change = Binary("subtract", Constant(1.0), keep)
        old, new = Binary("multiply", keep, State(name)), Binary("multiply", change, node)
        assignments += [(f"new {name}", node), (name, Binary("add", old, new))]
    return make_plan(Graph(assignments=tuple(assignments)))


def zoneout_mask(state: str) -> Parameter:
    """The node that stands for the mask of a state: 1 where the old value stays."""
    return Parameter(f"zoneout mask of {state}", "vector")
