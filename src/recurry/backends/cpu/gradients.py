"""What follows a backward kernel: products over all rows give the gradients of matrices and input.

Comes in: the memory that the kernel wrote. Goes out: gradients. Imports torch, call, matrices,
rows, tasks.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from recurry.backends.cpu.call import Call
from recurry.backends.cpu.matrices import add_picked, outer_product, panel_product
from recurry.backends.cpu.rows import of_turn, take
from recurry.backends.cpu.tasks import columns_of
from recurry.compiler.nodes import Binary, Input, Matmul, Node, State


@dataclass(frozen=True, kw_only=True)
class Gradients:
    """Gradients by everything that a forward pass reads.

    Args:
        parameters: By every parameter; None where it has none.
        x: By the input, (N, I), where it was asked for.
        state: By the initial states, (B, H).
    """

    parameters: dict[str, Tensor]
    x: Tensor | None
    state: dict[str, Tensor]


class GradientProducts:
    """What follows a backward kernel: gradients by matrices, vectors and the input."""

    def __init__(self, call: Call, memory: Mapping[str, Tensor]) -> None:
        self.call, self.memory = call, memory
        self.made = call.kernels.backward_pass
        self.columns = {node: column for column, node in enumerate(self.made.kept)}
        self.adjoints = memory["adjoints"]
        self._added: dict[tuple[int, int], Tensor] = {}
        self.of_input = call.input_evaluator()
        self.early = {Input(), *call.kernels.plan.hoisted}
        known = {node: self._column(column, column + 1) for node, column in self.columns.items()}
        for column, node in enumerate(self.made.exact):
            start = column * call.padded
            known[node] = memory["exact"][:, start : start + call.hidden_size]
        self.evaluator = call.evaluator(known)

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

    def gradients(self, *, needs_x: bool) -> Gradients:
        """Everything that the forward pass read, by its gradient."""
        call, plan = self.call, self.call.kernels.plan
        totals: dict[str, Tensor] = {}
        for operand, products in self._by_operand().items():
            self._add_products(totals, operand, products)
        sums = self.memory["summed"].sum(0).view(-1, call.padded)[:, : call.hidden_size]
        for name, node in plan.backward.vector_adjoints.items():
            if node in self.made.summed:
                totals[name] = sums[self.made.summed.index(node)]
            elif node.size != "1":
                value = self.evaluator.value(node)
                totals[name] = value.sum(0) if value.dim() == 2 else value * call.rows.num_rows
        turn, streams = call.rows.first_turn, call.rows.num_streams
        state = {
            name: of_turn(self.memory[f"adjoint_{name}"], turn, streams)[:, : call.hidden_size]
            for name in plan.graph.states
        }
        return Gradients(parameters=totals, x=self._input() if needs_x else None, state=state)

    def _by_operand(self) -> dict[Node, list[tuple[Matmul, Node]]]:
        found: dict[Node, list[tuple[Matmul, Node]]] = {}
        for product, adjoint in self.call.kernels.plan.backward.product_adjoints.items():
            if adjoint.size != "1":
                found.setdefault(product.operand, []).append((product, adjoint))
        return found

    def _add_products(
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
        rounded = self.memory.get(f"rounded_{name}")
        return self.memory[f"state_{name}"] if rounded is None else rounded

    def _written(self, node: Node) -> Tensor:
        """The values of an operand for all rows, rounded or not."""
        call = self.call
        if isinstance(node, State):
            return take(self._history(node.name), call.rows.old)[:, : call.hidden_size]
        schedule = call.kernels.saving_pass.schedule
        if node in schedule.operands:
            return self.memory[schedule.operands[node].buffer][:, : call.hidden_size]
        for name, new in call.kernels.plan.next_state.items():
            if node is new:
                return take(self._history(name), call.rows.new)[:, : call.hidden_size]
        if node is call.kernels.plan.output and "output" in self.memory:
            return self.memory["output"][:, : call.hidden_size]
        return self.evaluator.value(node)

    def _input(self) -> Tensor:
        """The gradient by the input: stacked products first, then whatever else there is."""
        call = self.call
        kept = {*self.made.kept, *self.made.exact}
        terms = _terms(call.kernels.plan.backward.input, kept)
        direct = [t for t in terms if isinstance(t, Matmul) and t.operand in self.columns]
        direct = [t for t in direct if t not in kept]
        direct.sort(key=lambda term: self.columns[term.operand])
        total: Tensor | None = None
        done = 0
        for start, stop in columns_of((t.operand for t in direct), self.columns):
            names = tuple(t.matrix.name for t in direct[done : done + stop - start])
            done += stop - start
            part = self._times(self._columns_per_input(start, stop), names)
            total = part if total is None else total.add_(part)
        for term in terms:
            if term not in direct and term.size != "1":
                value = self.evaluator.value(term).expand(call.rows.num_rows, call.x.shape[1])
                value = self._per_input(value)
                total = value.clone() if total is None else total.add_(value)
        return torch.zeros_like(call.x) if total is None else total

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


def _terms(node: Node, kept: Container[Node]) -> list[Node]:
    """The terms of nested additions, as far as the kernel has not added them up."""
    if isinstance(node, Binary) and node.function == "add" and node not in kept:
        return [term for child in node.children for term in _terms(child, kept)]
    return [node]


def _add(totals: dict[str, Tensor], name: str, part: Tensor) -> None:
    totals[name] = totals[name] + part if name in totals else part
