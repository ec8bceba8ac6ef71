"""Who reads what in a task, and the columns in which sums with products stand side by side.

Comes in: a task. Goes out: phases, kept values, and a place for every sum. Imports program.
"""

from collections import Counter

from recurry.backends.program import Task, is_function
from recurry.compiler.nodes import Matmul, Node, Unary, topological


class Uses:
    """Who reads what, what is inside the loop, and which values must be kept."""

    def __init__(self, task: Task) -> None:
        self.task = task
        roots = [*task.carried.values(), *task.wanted, *task.columns]
        self.order = topological(roots, task.known)
        self.inner = [n for n in self.order if n.children and n not in task.known]
        self.counts = Counter(roots)
        self.late = set(task.carried)
        for node in self.inner:
            self.counts.update(node.children)
            if self.late.intersection(node.children):
                self.late.add(node)
        moving = [node for node in task.carried.values() if node in self.late]
        needed = topological(moving, task.known)
        self.in_loop = {n for n in needed if n in self.late and n not in task.carried}
        outside = [n for n in self.inner if n not in self.in_loop]
        read = {child for node in outside for child in node.children}
        asked = read.union(task.wanted, task.columns)
        self.kept = {n for n in asked if n in self.in_loop or n in task.carried}

    def is_single(self, node: Node) -> bool:
        """Whether one other node reads this one and nobody else."""
        return self.counts[node] == 1 and node not in self.kept and node.children != ()


class Columns:
    """Sums that take in products, and the column of each: neighbours share what they read."""

    def __init__(self, uses: Uses) -> None:
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
