"""Stages filled with work: when each value is known and where it waits.

Comes in: a task. Goes out: its schedule. Imports the compiler, schedule and sums.
"""

from collections import Counter

from recurry.backends.cpu.schedule import PICKED, Group, Place, Schedule, Stage, Sum, Task
from recurry.backends.cpu.sums import rewrite
from recurry.compiler.nodes import Binary, Node, Unary

# Costs more than writing it to memory and reading it back.
_COSTLY = {"sigmoid", "tanh", "exp", "log", "softplus", "silu", "gelu", "sqrt", "normal_cdf"}
_COSTLY |= {"divide"}


def make_schedule(task: Task) -> Schedule:
    """The stages of a task."""
    return _Scheduler(task).schedule()


class _Scheduler:
    """Rewrites the nodes, finds the level of each, and fills one stage after another."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.places: dict[Node, Place] = dict(task.given)
        self.homes: dict[Node, Place] = {}
        roots = [node for node, _ in task.outputs] + [*task.summed, *task.saved]
        self.new = rewrite(roots, task)
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
                home = self._home(operand)
                if home is None:
                    home = Place(
                        buffer=f"operand_{len(self.operands)}",
                        rows=self.task.operand_rows,
                        is_rounded=self.task.is_rounded,
                    )
                    self._store(operand, home)
                    self.operands[product.operand] = home
                self.homes[operand] = home

    def _home(self, operand: Node) -> Place | None:
        """A matrix that products can read a value from, if there is one."""
        known = [
            places[operand] for places in (self.task.operands, self.places) if operand in places
        ]
        homes = [*known, *self.stores.get(operand, ())]
        rounded = self.task.is_rounded
        return next((p for p in homes if _is_matrix(p) and p.is_rounded == rounded), None)

    def _place_saved(self) -> None:
        """Values for the backward kernel lie in blocks, unless a matrix of all steps has them."""
        column = 0
        for node in self.task.saved:
            new = self.new[node]
            kept = [p for p in self._exact(new) if p.rows in ("rows", "before", "after")]
            if new not in self.places and not kept:
                self._store(new, Place(buffer="saved", column=column, is_blocked=True))
                column += 1

    def _exact(self, node: Node) -> list[Place]:
        """Places that hold a value as it was computed."""
        return [place for place in self.stores.get(node, ()) if not place.is_rounded]

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
                if homes := self._exact(node):
                    self.places.setdefault(node, homes[0])
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
        widths: Counter[str] = Counter(self.task.widths)
        written = (place for places in self.stores.values() for place in places)
        for place in (*self.places.values(), *written):
            widths[place.buffer] = max(widths[place.buffer], place.column + 1)
        widths["summed"] = len(self.summed)
        return dict(widths)


def _is_matrix(place: Place) -> bool:
    """Whether the values of a step lie row under row, as products read them."""
    return not place.is_blocked and place.rows not in ("", PICKED)
