"""What a time loop computes, where every value lies, and in which order: the plan of one kernel.

Comes in: a task (nodes to carry, keep, save and sum) with places for the values that are given. Goes
out: stages of matrix products and pointwise work, each value in registers, or at a place in memory
where another stage or another kernel needs it. Imports the compiler.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from recurry.compiler.nodes import Binary, Matmul, Node, Unary

# Costs more than writing it to memory and reading it back.
_COSTLY = {"sigmoid", "tanh", "exp", "log", "softplus", "silu", "gelu", "sqrt", "normal_cdf"}
_COSTLY |= {"divide"}


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Sum(Node):
    """A leaf: the sum of some products of one stage, which share accumulators."""

    products: tuple[Matmul, ...]


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Given(Node):
    """A leaf with a name: a value that comes from outside the equations."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a value of every row and unit lies.

    Args:
        buffer: Name of the memory.
        rows: Which row belongs to the first stream of a step: an entry of a table of that name, or
            "" where all rows are one.
        column: Which of several values in the buffer.
        is_blocked: Whether the values of one block of units lie side by side (written and read by
            kernels only), or each value is a matrix of its own (products read those).
    """

    buffer: str
    rows: str = "rows"
    column: int = 0
    is_blocked: bool = False


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is wanted of a time loop.

    Args:
        given: Nodes whose values come from outside, with their places.
        replaced: Nodes that stand for other nodes.
        outputs: Nodes and places that their values are written to at every step.
        summed: Nodes summed over all steps and streams.
        saved: Nodes written to the blocks that the backward kernel reads.
        operands: The rows table of operands of products, by node; asked for on demand.
        operand_rows: The table for operands that are no state.
    """

    given: Mapping[Node, Place]
    outputs: tuple[tuple[Node, Place], ...]
    replaced: Mapping[Node, Node] = field(default_factory=dict)
    summed: tuple[Node, ...] = ()
    saved: tuple[Node, ...] = ()
    operand_rows: str = "rows"


@dataclass(frozen=True, kw_only=True)
class Group:
    """Sums that read the same operands: one stack of matrices.

    Args:
        name: Of the buffer of packed matrices.
        operands: Places of the vectors, one for each product of a sum.
        sizes: "I" or "H", the length of each.
        sums: The accumulators.
        matrices: For each sum, for each operand: name of the matrix and whether it is transposed.
    """

    name: str
    operands: tuple[Place, ...]
    sizes: tuple[str, ...]
    sums: tuple[Sum, ...]
    matrices: tuple[tuple[tuple[str, bool], ...], ...]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Products whose operands are complete, then what they make possible.

    Args:
        groups: The products.
        pointwise: Nodes to compute, children first.
        stores: Nodes and the places they are written to.
        summed: Nodes, with their column, that are summed over rows.
    """

    groups: tuple[Group, ...]
    pointwise: tuple[Node, ...]
    stores: tuple[tuple[Node, Place], ...]
    summed: tuple[tuple[Node, int], ...]

    @property
    def sums(self) -> tuple[Sum, ...]:
        """All accumulators, group by group."""
        return tuple(total for group in self.groups for total in group.sums)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """One kernel, ready to be written.

    Args:
        stages: The parts of a step; threads meet before each that has products.
        places: Where each value that is read from memory lies.
        widths: Number of columns of each buffer.
        operands: Operands of products that the kernel itself writes, with their places.
        rewritten: For each node of the task, the node that the kernel computes for it.
    """

    stages: tuple[Stage, ...]
    places: Mapping[Node, Place]
    widths: Mapping[str, int]
    operands: Mapping[Node, Place]
    rewritten: Mapping[Node, Node]

    @property
    def groups(self) -> tuple[Group, ...]:
        """The stacks of matrices of all stages."""
        return tuple(group for stage in self.stages for group in stage.groups)

    @property
    def buffers(self) -> tuple[str, ...]:
        """Names of all memory that the kernel touches, in the order of its arguments."""
        read = [place.buffer for place in self.places.values()]
        written = [place.buffer for stage in self.stages for _, place in stage.stores]
        products = [place.buffer for group in self.groups for place in group.operands]
        weights = [group.name for group in self.groups]
        sums = ["summed"] if any(stage.summed for stage in self.stages) else []
        return tuple(dict.fromkeys([*read, *written, *products, *weights, *sums]))


def make_schedule(task: Task) -> Schedule:
    """The stages of a task."""
    return _Scheduler(task).schedule()


class _Scheduler:
    """Rewrites the nodes, finds the level of each, and fills the stages from the first to the last."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.places: dict[Node, Place] = dict(task.given)
        self.homes: dict[Node, Place] = {}
        roots = [node for node, _ in task.outputs] + [*task.summed, *task.saved]
        self.new = _rewrite(roots, task)
        self.stores: dict[Node, list[Place]] = {}
        for node, place in task.outputs:
            self._store(self.new[node], place)
        self._place_operands()
        self._place_saved()
        self.levels: dict[Node, int] = {}
        self.summed = [(self.new[node], column) for column, node in enumerate(task.summed)]
        self.spilled: list[Node] = []

    def _store(self, node: Node, place: Place) -> None:
        self.stores.setdefault(node, []).append(place)

    def _place_operands(self) -> None:
        """Every operand of a product gets a matrix of its own unless it has one."""
        self.operands: dict[Node, Place] = {}
        for total in list(self.new.values()):
            for product in total.products if isinstance(total, Sum) else ():
                operand = self.new[product.operand]
                known = [self.places[operand]] if operand in self.places else []
                homes = [*known, *self.stores.get(operand, ())]
                home = next((p for p in homes if not p.is_blocked and p.rows), None)
                if home is None:
                    name = f"operand_{len(self.operands)}"
                    home = Place(buffer=name, rows=self.task.operand_rows)
                    self._store(operand, home)
                    self.operands[product.operand] = home
                self.homes[operand] = home

    def _place_saved(self) -> None:
        """Values for the backward kernel lie in blocks, unless a matrix of all steps has them."""
        column = 0
        for node in self.task.saved:
            new = self.new[node]
            kept = [place.rows in ("rows", "before", "after") for place in self.stores.get(new, ())]
            if new not in self.places and not any(kept):
                self._store(new, Place(buffer="saved", column=column, is_blocked=True))
                column += 1

    def _level(self, node: Node) -> int:
        """The stage in which a value can be known first."""
        if node not in self.levels:
            if node in self.places:
                level = 0
            elif isinstance(node, Sum):
                level = 1 + max(self._level(self.new[p.operand]) for p in node.products)
            else:
                level = max((self._level(child) for child in node.children), default=0)
            self.levels[node] = level
        return self.levels[node]

    def schedule(self) -> Schedule:
        wanted: dict[int, list[Node]] = {}
        for node in dict.fromkeys([*self.stores, *(node for node, _ in self.summed)]):
            wanted.setdefault(self._level(node), []).append(node)
        given, computed = set(self.places), dict[Node, int]()
        orders: dict[int, list[Node]] = {}
        for level in sorted(wanted):
            orders[level] = self._fill(level, wanted, computed, given)
        for node in self.spilled:  # sums of stages that wanted nothing else
            orders.setdefault(self.levels[node], [])
        stages = [self._stage(level, orders[level], computed) for level in sorted(orders)]
        return Schedule(
            stages=tuple(stages),
            places=self.places,
            widths=self._widths(),
            operands=self.operands,
            rewritten=self.new,
        )

    def _fill(
        self, level: int, wanted: dict[int, list[Node]], computed: dict[Node, int], given: set[Node]
    ) -> list[Node]:
        """The nodes to compute in a stage; what an earlier stage knows better is spilled there."""
        order: list[Node] = []
        seen: set[Node] = set()

        def visit(node: Node) -> None:
            if node in seen or node in given:
                return
            seen.add(node)
            first = self._level(node) if isinstance(node, Sum) else computed.get(node, level)
            if first < level:
                if node in self.stores:
                    self.places.setdefault(node, self.stores[node][0])
                    return
                if isinstance(node, Sum) or self._is_costly(node):
                    self._spill(node, first)
                    return
            for child in node.children:
                visit(child)
            computed.setdefault(node, level)
            order.append(node)

        for node in wanted[level]:
            visit(node)
        return order

    def _is_costly(self, node: Node) -> bool:
        return isinstance(node, Unary | Binary) and node.function in _COSTLY

    def _spill(self, node: Node, level: int) -> None:
        place = Place(buffer="spilled", rows="even", column=len(self.spilled), is_blocked=True)
        self.spilled.append(node)
        self.levels[node] = level
        self._store(node, place)
        self.places[node] = place

    def _stage(self, level: int, order: list[Node], computed: dict[Node, int]) -> Stage:
        sums = [n for n in order if isinstance(n, Sum)]
        sums += [n for n in self.spilled if isinstance(n, Sum) and self.levels[n] == level]
        order_set = set(order) | set(sums)
        at_start = [n for n in self.stores if n in self.task.given and level == 0]
        stores = [(n, p) for n in self.stores if n in order_set for p in self.stores[n]]
        stores += [(n, p) for n in at_start for p in self.stores[n]]
        summed = [(n, c) for n, c in self.summed if self.levels[n] == level]
        return Stage(
            groups=self._groups(level, list(dict.fromkeys(sums))),
            pointwise=tuple(n for n in order if not isinstance(n, Sum) and n.children),
            stores=tuple(stores),
            summed=tuple(summed),
        )

    def _groups(self, level: int, sums: list[Sum]) -> tuple[Group, ...]:
        by_operands: dict[tuple[Node, ...], list[Sum]] = {}
        for total in sums:
            operands = tuple(self.new[product.operand] for product in total.products)
            by_operands.setdefault(operands, []).append(total)
        return tuple(
            Group(
                name=f"weights_{level}_{number}",
                operands=tuple(self.homes[operand] for operand in operands),
                sizes=tuple(product.operand.size for product in totals[0].products),
                sums=tuple(totals),
                matrices=tuple(
                    tuple((product.matrix.name, product.transposed) for product in total.products)
                    for total in totals
                ),
            )
            for number, (operands, totals) in enumerate(by_operands.items())
        )

    def _widths(self) -> dict[str, int]:
        widths: Counter[str] = Counter()
        written = (place for places in self.stores.values() for place in places)
        for place in (*self.places.values(), *written):
            widths[place.buffer] = max(widths[place.buffer], place.column + 1)
        widths["summed"] = len(self.summed)
        return dict(widths)


def _rewrite(roots: Iterable[Node], task: Task) -> dict[Node, Node]:
    """For every node under the roots, the node that is computed: products become leaves."""
    roots = list(roots)
    order = _ordered(roots, task)
    uses = Counter(roots)
    for node in order:
        if node not in task.given:
            uses.update(node.children)
    chains = _Chains(task, uses)
    new: dict[Node, Node] = {}
    for node in order:
        new[node] = chains.rewrite(node, new)
    return {node: new[node] for node in order} | chains.sums


def _ordered(roots: list[Node], task: Task) -> list[Node]:
    """The nodes under the roots, children first, nothing below given nodes."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        node, is_complete = stack.pop()
        if is_complete:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            if node in task.replaced:
                stack.append((task.replaced[node], False))
            elif node not in task.given:
                stack.extend((child, False) for child in reversed(node.children))
    return [node for node in order if not _is_matrix(node)]


def _is_matrix(node: Node) -> bool:
    return getattr(node, "kind", "") == "matrix"


class _Chains:
    """Sums of several terms: the products among them become one accumulator."""

    def __init__(self, task: Task, uses: Counter[Node]) -> None:
        self.task, self.uses = task, uses
        self.sums: dict[Node, Node] = {}

    def rewrite(self, node: Node, new: Mapping[Node, Node]) -> Node:
        """The node over the new forms of its children."""
        if node in self.task.given or not (node.children or node in self.task.replaced):
            return node
        if node in self.task.replaced:
            return new[self.task.replaced[node]]
        if isinstance(node, Matmul):
            return self._sum([node])
        if isinstance(node, Unary):
            return Unary(node.function, new[node.operand])
        assert isinstance(node, Binary)
        if node.function == "add":
            terms = self._terms(node)
            products = [term for term in terms if self._is_own_product(term)]
            if len(products) > 1:
                rest = [new[term] for term in terms if term not in products]
                total: Node = self._sum(products)
                for term in rest:
                    total = Binary("add", total, term)
                return total
        return Binary(node.function, new[node.left], new[node.right])

    def _sum(self, products: list[Node]) -> Sum:
        total = Sum(tuple(product for product in products if isinstance(product, Matmul)))
        self.sums[total] = total
        return total

    def _is_own_product(self, node: Node) -> bool:
        is_given = node in self.task.given
        return isinstance(node, Matmul) and self.uses[node] == 1 and not is_given

    def _terms(self, node: Node) -> list[Node]:
        """The terms of nested additions that nobody else reads."""
        found: list[Node] = []
        for child in node.children:
            is_inner = isinstance(child, Binary) and child.function == "add"
            if is_inner and self.uses[child] == 1 and child not in self.task.given:
                found += self._terms(child)
            else:
                found.append(child)
        return found
