"""The instructions of one step of a time loop, as few as can be found.

Comes in: a task. Goes out: a program. Sums take in their products, products that read one value
become one, gates of one function become one. Imports columns and program.
"""

from collections import Counter

from recurry.backends.columns import Columns, Uses
from recurry.backends.program import (
    Activate,
    Deep,
    Instruction,
    Pointwise,
    Program,
    Task,
    Wide,
    is_function,
    runs,
    stacks,
)
from recurry.compiler.nodes import Binary, Constant, Matmul, Node, Unary

_ONE = Constant(1.0)


def lower(task: Task) -> Program:
    """The program of a task."""
    uses = Uses(task)
    columns = Columns(uses)
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


class _Steps:
    """The instructions of one step, each after those that it needs."""

    def __init__(self, uses: Uses, columns: Columns) -> None:
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
