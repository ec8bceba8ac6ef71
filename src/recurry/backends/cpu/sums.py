"""Products that end in one sum become one accumulator.

Comes in: the nodes of a task. Goes out: for each the node that is computed, in which products are
leaves. Imports the compiler and schedule.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from recurry.backends.cpu.schedule import Sum, Task
from recurry.compiler.nodes import Binary, Input, Matmul, Node, Unary


def rewrite(roots: Iterable[Node], task: Task) -> dict[Node, Node]:
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
            start = next((term for term in terms if self._is_projected(term)), None)
            if len(products) > 1 or (products and start):
                rest = [new[term] for term in terms if term not in (*products, start)]
                total: Node = self._sum(products, start)
                for term in rest:
                    total = Binary("add", total, term)
                return total
        return Binary(node.function, new[node.left], new[node.right])

    def _sum(self, products: list[Node], start: Node | None = None) -> Sum:
        """The products with the input come first, as they do where they are made early."""
        found = [product for product in products if isinstance(product, Matmul)]
        found.sort(key=lambda product: not isinstance(product.operand, Input))
        total = Sum(tuple(found), start if isinstance(start, Matmul) else None)
        self.sums[total] = total
        return total

    def _is_own_product(self, node: Node) -> bool:
        is_given = node in self.task.given
        return isinstance(node, Matmul) and self.uses[node] == 1 and not is_given

    def _is_projected(self, node: Node) -> bool:
        """Whether a product was made before the loop for this sum alone."""
        place = self.task.given.get(node)
        is_early = isinstance(node, Matmul) and isinstance(node.operand, Input)
        return is_early and self.uses[node] == 1 and place is not None and not place.is_blocked

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
