"""What runs before, inside and after a time loop, and the instructions of one step.

Comes in: nodes whose leaves are known (forward or backward). Goes out: a program with as few torch
operations a step as can be found: sums take in their products, products that read one value become
one, gates of one function become one. Imports the compiler only.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from recurry.compiler.nodes import Binary, Constant, Matmul, Node, Unary

_ONE = Constant(1.0)


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


def ordered(roots: Iterable[Node], known: Set[Node]) -> list[Node]:
    """All nodes under some roots, children first; nothing below known nodes."""
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


def lower(task: Task) -> Program:
    """The program of a task."""
    uses = _Uses(task)
    columns = _Columns(uses)
    steps = _Steps(uses, columns)
    for new in task.carried.values():
        steps.emit(new)
    return Program(
        task=task,
        sums=columns.sums,
        early=tuple(columns.early(root) for root in columns.sums),
        instructions=tuple(steps.instructions),
        in_loop=frozenset(uses.in_loop),
        kept=frozenset(uses.kept),
        places=columns.places,
    )


class _Uses:
    """Who reads what, what is inside the loop, and which values must be kept."""

    def __init__(self, task: Task) -> None:
        self.task = task
        roots = [*task.carried.values(), *task.wanted, *task.columns]
        self.order = ordered(roots, task.known)
        self.inner = [n for n in self.order if n.children and n not in task.known]
        self.counts = Counter(roots)
        self.late = set(task.carried)
        for node in self.inner:
            self.counts.update(node.children)
            if self.late.intersection(node.children):
                self.late.add(node)
        moving = [node for node in task.carried.values() if node in self.late]
        needed = ordered(moving, task.known)
        self.in_loop = {n for n in needed if n in self.late and n not in task.carried}
        outside = [n for n in self.inner if n not in self.in_loop]
        read = {child for node in outside for child in node.children}
        asked = read.union(task.wanted, task.columns)
        self.kept = {n for n in asked if n in self.in_loop or n in task.carried}

    def is_single(self, node: Node) -> bool:
        """Whether one other node reads this one and nobody else."""
        return self.counts[node] == 1 and node not in self.kept and node.children != ()


class _Columns:
    """Sums that take in products, and the column of each: neighbours share what they read."""

    def __init__(self, uses: _Uses) -> None:
        self.uses = uses
        self.terms: dict[Node, list[Node]] = {}
        absorbed: set[Node] = set()
        for node in reversed(uses.inner):
            if node not in absorbed and (node in uses.in_loop or node not in uses.late):
                self._take(node, absorbed)
        self.users = {c: n for n in uses.inner for c in n.children if uses.is_single(c)}
        order = {node: number for number, node in enumerate(uses.order)}
        wide = sorted((s for s in self.terms if not self._is_deep(s)), key=order.__getitem__)
        moving = (p.operand for s in wide for p in self.products(s) if p.operand in uses.late)
        self._operands = list(dict.fromkeys(moving))
        task_columns = tuple(dict.fromkeys(uses.task.columns))
        self.sums = (*task_columns, *sorted(wide, key=self._key))
        self.places = {node: column for column, node in enumerate(self.sums)}

    def _take(self, node: Node, absorbed: set[Node]) -> None:
        """Remember a node as a sum with its terms if it has a product that can be stacked."""
        if is_function(node, "add") or isinstance(node, Matmul):
            inner: set[Node] = set()
            terms = self._flatten(node, inner)
            if any(isinstance(t, Matmul) and self._can_stack(t) for t in terms):
                self.terms[node] = terms
                absorbed.update(inner)

    def _can_stack(self, product: Matmul) -> bool:
        return product in self.uses.late or not product.transposed

    def _flatten(self, node: Node, inner: set[Node]) -> list[Node]:
        if not is_function(node, "add"):
            return [node]
        found: list[Node] = []
        for child in node.children:
            if self.uses.is_single(child) and child not in self.uses.task.known:
                if is_function(child, "add"):
                    inner.add(child)
                    found += self._flatten(child, inner)
                    continue
                if isinstance(child, Matmul):
                    inner.add(child)
            found.append(child)
        return found

    def products(self, root: Node) -> list[Matmul]:
        """The products that a sum takes in."""
        is_own = self.uses.is_single
        return [
            term
            for term in self.terms.get(root, ())
            if isinstance(term, Matmul) and (term is root or is_own(term))
        ]

    def _is_deep(self, root: Node) -> bool:
        return any(p.transposed and p in self.uses.late for p in self.products(root))

    def _key(self, root: Node) -> tuple[int, bool, str]:
        products = self.products(root)
        groups = [self._operands.index(p.operand) for p in products if p.operand in self._operands]
        group = min(groups, default=len(self._operands))
        reads_input = len(groups) < len(products)
        user = self.users.get(root)
        function = user.function if isinstance(user, Unary) else ""
        return (group, reads_input if group == 0 else not reads_input, function)

    def early(self, root: Node) -> tuple[Node, ...]:
        """The terms of a column that are known before the loop."""
        if root not in self.terms:
            return () if root in self.uses.late else (root,)
        return tuple(term for term in self.terms[root] if term not in self.uses.late)


class _Steps:
    """The instructions of one step, each after those that it needs."""

    def __init__(self, uses: _Uses, columns: _Columns) -> None:
        self.uses, self.columns = uses, columns
        self.instructions: list[Instruction] = []
        self._done: set[Node] = set()
        self._issued: set[tuple[Node, int]] = set()
        self._groups = self._find_groups()

    def _find_groups(self) -> dict[tuple[Node, int], list[tuple[int, str]]]:
        """For each operand, the columns and matrices that it meets; twice in one column, twice."""
        groups: dict[tuple[Node, int], list[tuple[int, str]]] = {}
        for column, root in enumerate(self.columns.sums):
            seen: Counter[Node] = Counter()
            for product in self._late_products(root):
                key = (product.operand, seen[product.operand])
                seen[product.operand] += 1
                groups.setdefault(key, []).append((column, product.matrix.name))
        return groups

    def _late_products(self, root: Node) -> list[Matmul]:
        return [p for p in self.columns.products(root) if p in self.uses.late]

    def emit(self, node: Node) -> None:
        """Add what computes a node of the loop, once."""
        if node in self._done or node not in self.uses.in_loop:
            return
        self._done.add(node)
        if node in self.columns.terms:
            self._emit_sum(node)
        elif not (isinstance(node, Unary) and self._activate(node)):
            self._emit_pointwise(node)

    def _emit_sum(self, root: Node) -> None:
        products = self._late_products(root)
        rest = [t for t in self.columns.terms[root] if t not in products and t in self.uses.late]
        if any(product.transposed for product in products):
            self._emit_deep(root, products, rest)
            return
        seen: Counter[Node] = Counter()
        for product in products:
            self._emit_wide(product.operand, seen[product.operand])
            seen[product.operand] += 1
        for term in rest:
            self._accumulate(root, root, term)

    def _emit_wide(self, operand: Node, occurrence: int) -> None:
        if (operand, occurrence) in self._issued:
            return
        self._issued.add((operand, occurrence))
        self.emit(operand)
        matrices = dict(self._groups[operand, occurrence])
        for start, stop in runs(matrices):
            names = tuple(matrices[column] for column in range(start, stop))
            self.instructions.append(Wide(operand=operand, start=start, stop=stop, matrices=names))

    def _emit_deep(self, root: Node, products: list[Matmul], rest: list[Node]) -> None:
        """A sum of transposed products: everything else first, then products on top of it."""
        rest = [*self.columns.early(root), *rest]
        for node in (*rest[:1], *(product.operand for product in products)):
            self.emit(node)
        base = rest[0] if rest else None
        for start, stop, names in stacks(
            (self.columns.places[p.operand], p.matrix.name) for p in products
        ):
            self._add(Deep(out=root, base=base, start=start, stop=stop, matrices=names))
            base = root
        for term in rest[1:]:
            self._accumulate(root, root, term)

    def _add(self, instruction: Instruction) -> None:
        self.instructions.append(instruction)

    def _accumulate(self, out: Node, base: Node, term: Node) -> None:
        """`out = base + term`, a product of two vectors in one operation."""
        if is_function(term, "multiply") and self._is_passing(term):
            for child in term.children:
                self.emit(child)
            arguments = (base, *term.children)
            self._add(Pointwise(function="add_product", out=out, arguments=arguments))
        else:
            self.emit(term)
            self._add(Pointwise(function="add", out=out, arguments=(base, term)))

    def _blended(self, left: Node, right: Node) -> tuple[Node, Node, Node] | None:
        """`a, b, z` of a sum `z * a + (1 - z) * b` whose terms nobody else reads."""
        for part in (left, right):
            if not (is_function(part, "multiply") and self._is_passing(part)):
                return None
        for change, new in (right.children, right.children[::-1]):
            if not is_function(change, "subtract") or change.children[0] is not _ONE:
                continue
            gate = change.children[1]
            is_free = self._is_passing(change) or change not in self.uses.late
            if is_free and gate in left.children:
                old = left.children[1] if left.children[0] is gate else left.children[0]
                return old, new, gate
        return None

    def _is_passing(self, node: Node) -> bool:
        """Whether a node of the loop needs no place of its own."""
        is_single = self.uses.is_single(node) and node not in self.columns.places
        return is_single and node in self.uses.in_loop and node not in self._done

    def _activate(self, node: Unary) -> bool:
        """Apply a function in place to a sum and to its neighbours that want the same."""
        ready = [column for column, root in enumerate(self.columns.sums) if self._alike(root, node)]
        if self.columns.places.get(node.operand) not in ready:
            return False
        for column in ready:
            root = self.columns.sums[column]
            self.emit(root)
            self._done.add(self.columns.users[root])
            self.columns.places[self.columns.users[root]] = column
        for start, stop in runs(ready):
            self._add(Activate(function=node.function, start=start, stop=stop))
        return True

    def _alike(self, root: Node, node: Unary) -> bool:
        """Whether a sum is ready when the operand of a node is, for the same function."""
        user = self.columns.users.get(root)
        if root not in self.columns.terms or root not in self.uses.in_loop:
            return False
        if user in self.uses.task.carried.values():
            return False
        if user is None or not is_function(user, node.function) or user in self._done - {node}:
            return False
        return self._reads(root) == self._reads(node.operand) and user not in self.columns.places

    def _reads(self, root: Node) -> set[Node]:
        """The moving values that a sum waits for."""
        products = self._late_products(root)
        late = [term for term in self.columns.terms.get(root, ()) if term in self.uses.late]
        return {p.operand if p in products else p for p in late if isinstance(p, Matmul)}.union(
            term for term in late if term not in products
        )

    def _emit_pointwise(self, node: Node) -> None:
        assert isinstance(node, Unary | Binary)
        if isinstance(node, Binary) and node.function == "add":
            left, right = node.children
            blend = self._blended(left, right) or self._blended(right, left)
            if blend is not None:
                for child in blend:
                    self.emit(child)
                self._add(Pointwise(function="blend", out=node, arguments=blend))
                return
            if self._is_passing(left) and is_function(left, "multiply"):
                left, right = right, left
            self.emit(left)
            self._accumulate(node, left, right)
            return
        for child in node.children:
            self.emit(child)
        self._add(Pointwise(function=node.function, out=node, arguments=node.children))
