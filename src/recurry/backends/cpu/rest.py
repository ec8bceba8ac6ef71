"""Gradients that need values which no kernel keeps, and those by tables of symbols: with torch.

Comes in: what a backward kernel and the commands behind it have left. Goes out: what is still
missing, added to it. Imports torch, arena, call, evaluate, matrices, rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from recurry.backends.cpu.arena import Block
from recurry.backends.cpu.call import Call
from recurry.backends.cpu.evaluate import Evaluator
from recurry.backends.cpu.matrices import add_picked, outer_product, panel_product
from recurry.backends.cpu.rows import take
from recurry.backends.cpu.tasks import columns_of
from recurry.compiler.nodes import Input, Matmul, Node, State


@dataclass(kw_only=True)
class Left:
    """What is left to do.

    Args:
        products: Operands, products that read them, and the gradients by these.
        vectors: Parameters, and the gradients by them of every row.
        terms: Terms of the gradient by the input.
    """

    products: list[tuple[Node, Matmul, Node]] = field(default_factory=list)
    vectors: list[tuple[str, Node]] = field(default_factory=list)
    terms: list[Node] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.products or self.vectors or self.terms)


@dataclass(frozen=True)
class Rest:
    """What is left, and where everything lies that it may read.

    Args:
        left: What is left.
        blocks: Memory by name.
    """

    left: Left
    blocks: Mapping[str, Block]

    @property
    def names(self) -> list[str]:
        """The parameters that it gives gradients by."""
        products = [product.matrix.name for _, product, _ in self.left.products]
        return [*dict.fromkeys(products), *[name for name, _ in self.left.vectors]]

    def add(
        self,
        call: Call,
        memories: Mapping[int, Tensor],
        parameters: dict[str, Tensor],
        x: Tensor | None,
    ) -> None:
        """Add it to gradients by parameters and by the input."""
        work = _RestOfCall(call, self.blocks, memories)
        work.add_products(parameters, self.left.products)
        for name, node in self.left.vectors:
            value = work.evaluator.value(node)
            parameters[name] = value.sum(0) if value.dim() == 2 else value * call.rows.num_rows
        if x is not None:
            work.add_terms(x, self.left.terms)


class _RestOfCall:
    """The rest of one call."""

    def __init__(
        self, call: Call, blocks: Mapping[str, Block], memories: Mapping[int, Tensor]
    ) -> None:
        self.call, self.blocks, self.memories = call, blocks, memories
        self.made = call.kernels.backward_pass
        self.columns = {node: column for column, node in enumerate(self.made.kept)}
        self.adjoints = self._tensor("adjoints")
        self._added: dict[tuple[int, int], Tensor] = {}
        self.of_input = call.input_evaluator()
        self.early = {Input(), *call.kernels.plan.hoisted}
        known = {node: self._column(column, column + 1) for node, column in self.columns.items()}
        for column, node in enumerate(self.made.exact):
            start = column * call.padded
            known[node] = self._tensor("exact")[:, start : start + call.hidden_size]
        self.evaluator: Evaluator = call.evaluator(known)

    def _tensor(self, name: str) -> Tensor:
        block = self.blocks[name]
        return block.tensor(self.memories[block.memory])

    def _column(self, start: int, stop: int) -> Tensor:
        """Columns of the adjoints; where several are padded, with the padding between them."""
        padded, size = self.call.padded, self.call.hidden_size
        end = stop * padded if stop - start > 1 else start * padded + size
        return self.adjoints[:, start * padded : end]

    def _per_input(self, rows: Tensor) -> Tensor:
        """Rows added up by the row of the input that they have read."""
        picks = self.call.input.picks
        return rows if picks is None else add_picked(rows, picks, self.call.x.shape[0])

    def _columns_per_input(self, start: int, stop: int) -> Tensor:
        """The same of columns, each set of them once."""
        if self.call.input.picks is None:
            return self._column(start, stop)
        if (start, stop) not in self._added:
            padded = self.call.padded
            whole = self._per_input(self.adjoints[:, start * padded : stop * padded])
            self._added[start, stop] = whole
        whole = self._added[start, stop]
        return whole if stop - start > 1 else whole[:, : self.call.hidden_size]

    def add_products(
        self, totals: dict[str, Tensor], products: list[tuple[Node, Matmul, Node]]
    ) -> None:
        """Gradients by matrices."""
        by_operand: dict[Node, list[tuple[Matmul, Node]]] = {}
        for operand, product, adjoint in products:
            by_operand.setdefault(operand, []).append((product, adjoint))
        for operand, pairs in by_operand.items():
            self._add_products_with(totals, operand, pairs)

    def _add_products_with(
        self, totals: dict[str, Tensor], operand: Node, products: list[tuple[Matmul, Node]]
    ) -> None:
        """Outer products with one operand, neighbouring columns in one product."""
        call = self.call
        is_early = call.input.picks is not None and operand in self.early
        value = call.as_read(self.of_input.value(operand)) if is_early else self._operand(operand)
        columns = self._columns_per_input if is_early else self._column
        kept = [(p, a) for p, a in products if a in self.columns and value.dim() == 2]
        kept.sort(key=lambda pair: self.columns[pair[1]])
        done = 0
        for start, stop in columns_of((a for _, a in kept), self.columns):
            left = columns(start, stop)
            is_identity = call.input.is_identity and isinstance(operand, Input)
            grown = left.t().contiguous() if is_identity else outer_product(left, value)
            for number in range(stop - start):
                first = number * call.padded
                part = grown[first : first + call.hidden_size]
                _add(totals, kept[done][0].matrix.name, part)
                done += 1
        for product, adjoint in products:
            if adjoint not in self.columns or value.dim() != 2:
                left = call.as_read(self.evaluator.value(adjoint))
                left = self._per_input(left) if is_early else left
                value = call.as_read(value.to(left.dtype))
                part = left.t() @ value if value.dim() == 2 else torch.outer(left.sum(0), value)
                _add(totals, product.matrix.name, part)

    def _operand(self, node: Node) -> Tensor:
        """The values of an operand for all rows, as products read them."""
        if isinstance(node, Input):
            return self.call.rounded_x
        return self.call.rounded(self._written(node))

    def _history(self, name: str) -> Tensor:
        """A state before and after every step, rounded if there are both."""
        rounded = f"rounded_{name}"
        return self._tensor(rounded if rounded in self.blocks else f"state_{name}")

    def _written(self, node: Node) -> Tensor:
        """The values of an operand for all rows, rounded or not."""
        call = self.call
        if isinstance(node, State):
            return take(self._history(node.name), call.rows.old)[:, : call.hidden_size]
        schedule = call.kernels.saving_pass.schedule
        if node in schedule.operands:
            return self._tensor(schedule.operands[node].buffer)[:, : call.hidden_size]
        for name, new in call.kernels.plan.next_state.items():
            if node is new:
                return take(self._history(name), call.rows.new)[:, : call.hidden_size]
        if node is call.kernels.plan.output and "output" in self.blocks:
            return self._tensor("output")[:, : call.hidden_size]
        return self.evaluator.value(node)

    def add_terms(self, total: Tensor, terms: list[Node]) -> None:
        """Gradients by the input: stacked products of a table, then whatever else there is."""
        call = self.call
        kept = {*self.made.kept, *self.made.exact}
        direct = [t for t in terms if isinstance(t, Matmul) and t.operand in self.columns]
        direct = [t for t in direct if t not in kept]
        direct.sort(key=lambda term: self.columns[term.operand])
        done = 0
        for start, stop in columns_of((t.operand for t in direct), self.columns):
            names = tuple(t.matrix.name for t in direct[done : done + stop - start])
            done += stop - start
            total += self._times(self._columns_per_input(start, stop), names)
        for term in terms:
            if term not in direct:
                value = self.evaluator.value(term).expand(call.rows.num_rows, call.x.shape[1])
                total += self._per_input(value)

    def _times(self, left: Tensor, names: tuple[str, ...]) -> Tensor:
        """Adjoints side by side times matrices on top of one another: (R, I)."""
        call = self.call
        if call.rounded(left[:0]).dtype == left.dtype:
            return panel_product(left, call.column_panels(names))[:, : call.x.shape[1]]
        # Sums of rounded adjoints are not to be rounded again.
        total = left.new_zeros(len(left), call.x.shape[1])
        for number, name in enumerate(names):
            part = left[:, number * call.padded :][:, : call.hidden_size]
            total.addmm_(part, call.as_read(call.parameters[name].detach()))
        return total


def _add(totals: dict[str, Tensor], name: str, part: Tensor) -> None:
    if name in totals:
        totals[name] += part
    else:
        totals[name] = part
