"""A program run along time, in buffers that hold all steps.

Comes in: a program, values that are known, initial values of what is carried. Goes out: values of
any node at all steps, and what is carried at the end. No gradients are recorded here.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from recurry.backends.functions import FUNCTIONS
from recurry.backends.program import (
    Activate,
    Instruction,
    Pointwise,
    Program,
    Wide,
    runs,
    stacks,
    summands,
)
from recurry.backends.timeline import Timeline
from recurry.backends.weights import Weights, round_to_bfloat16
from recurry.compiler.nodes import Constant, Matmul, Node

# A tensor for each step.
Steps = list[Tensor]
# An operation with its operands at each step, the one that is written first.
Operation = tuple[Callable[..., object], list[tuple[Tensor, ...]]]


class Scan:
    """One run of a program. Make it, call `run`, then ask for values.

    Args:
        program: What to run.
        timeline: Which streams take part in which step.
        known: Values of leaves and known nodes: `(N, size)` for all steps, or `(size,)`.
        initial: For each carried leaf its value before the first step, `(B, H)`.
        weights: The matrices.
        size: Number of units H.
    """

    def __init__(
        self,
        program: Program,
        timeline: Timeline,
        *,
        known: Mapping[Node, Tensor],
        initial: Mapping[Node, Tensor],
        weights: Weights,
        size: int,
    ) -> None:
        self.program, self.timeline, self.weights = program, timeline, weights
        self.initial = initial
        self.values: dict[Node, Tensor] = dict(known)
        self.final: dict[Node, Tensor] = {}
        self._like, self._size = next(iter((*known.values(), *initial.values()))), size
        self._columns = self._like.new_empty(timeline.num_rows, len(program.sums) * size)
        self._homes: dict[Node, int] = {}
        self._pending: dict[Node, tuple[int, list[Node], bool]] = {}
        self._steps: dict[Node, Steps] = {}
        self._before: dict[Node, Steps] = {}

    def run(self) -> None:
        """Run all steps; afterwards `final` and every `value` can be read."""
        self._fill_columns()
        self._find_places()
        entries, exits = self._join_states()
        operations = [self._operation(i) for i in self.program.instructions]
        for step in self.timeline.order:
            for into, source in entries.get(step, ()):
                into.copy_(source)
            for function, operands in operations:
                function(*operands[step])
            for into, source in exits.get(step, ()):
                into.copy_(source)
        self._close()

    def value(self, node: Node) -> Tensor:
        """The value of a node at all steps: `(N, size)`, or `(size,)` where all are the same."""
        if node not in self.values:
            self._set(node, self._compute(node))
        return self.values[node]

    def _set(self, node: Node, value: Tensor) -> None:
        """Remember a value; one that a product reads from a column is put there."""
        home = self._homes.get(node)
        self.values[node] = value if home is None else self.column(home, home + 1).copy_(value)

    def column(self, start: int, stop: int) -> Tensor:
        """Columns of the sums at all steps, `(N, (stop - start) * H)`."""
        return self._columns[:, start * self._size : stop * self._size]

    # What is known before the loop.

    def _fill_columns(self) -> None:
        """Give every column the sum of its early terms, products of one operand as one."""
        program = self.program
        left = {column: list(terms) for column, terms in enumerate(program.early)}
        given = [root for root in program.sums if root in self.values]
        stacked = self._stack_early(left)
        outside = [c for c, root in enumerate(program.sums) if root not in program.in_loop]
        for column in outside:
            root, terms = program.sums[column], program.early[column]
            if terms not in ((), (root,)):
                self._pending[root] = (column, left[column], column in stacked)
            elif column not in stacked:
                self._homes[root] = column
        for root in given:
            self._set(root, self.values[root])
        for column, root in enumerate(program.sums):
            if column not in outside:
                self._fill(column, left[column], column in stacked)
            elif program.early[column]:
                self.value(root)

    def _stack_early(self, left: dict[int, list[Node]]) -> set[int]:
        """Run products of known operands and vectors into their columns; they leave `left`."""
        found: dict[Node, dict[int, Matmul]] = {}
        for column, terms in left.items():
            products = [t for t in terms if isinstance(t, Matmul) and t.operand in self.values]
            product = next((p for p in products if not p.transposed), None)
            if product is not None and self.values[product.operand].dim() == 2:
                found.setdefault(product.operand, {})[column] = product
        for operand, products in found.items():
            for start, stop in runs(products):
                bias = torch.cat([self._bias(left[column]) for column in range(start, stop)])
                stack = self.weights.stack(
                    tuple(products[c].matrix.name for c in range(start, stop))
                )
                out = self.column(start, stop)
                torch.addmm(bias, self.rounded(self.values[operand]), stack.t(), out=out)
            for column, product in products.items():
                left[column].remove(product)
                if self.program.sums[column] is product:
                    self.values[product] = self.column(column, column + 1)
        return {column for products in found.values() for column in products}

    def _bias(self, terms: list[Node]) -> Tensor:
        """The sum of the vectors among some terms, which leave the list."""
        vectors = [term for term in terms if term in self.values and self.values[term].dim() == 1]
        for vector in vectors:
            terms.remove(vector)
        zeros = self._like.new_zeros(self._size)
        return sum((self.values[vector] for vector in vectors), zeros)

    def _fill(self, column: int, terms: list[Node], is_started: bool) -> None:
        into = self.column(column, column + 1)
        if not is_started and not terms:
            into.zero_()
        for number, term in enumerate(terms):
            if number == 0 and not is_started:
                into.copy_(self.value(term))
            else:
                into.add_(self.value(term))

    def _compute(self, node: Node) -> Tensor:
        """A value for all steps at once."""
        if isinstance(node, Constant):
            return self._like.new_full((), node.value)
        if node in self._pending:
            column, terms, is_started = self._pending.pop(node)
            self._fill(column, terms, is_started)
            return self.column(column, column + 1)
        if isinstance(node, Matmul):
            stack = self.weights.stack((node.matrix.name,))
            operand = self.rounded(self.value(node.operand))
            return operand @ (stack if node.transposed else stack.t())
        summed = self._sum_transposed(node)
        if summed is not None:
            return summed
        operands = [self.value(child) for child in node.children]
        shape = torch.broadcast_shapes(*(operand.shape for operand in operands))
        return FUNCTIONS[node.function](self._like.new_empty(shape), *operands)  # type: ignore

    def _sum_transposed(self, node: Node) -> Tensor | None:
        """A sum of transposed products over neighbouring columns, as one product."""
        terms = summands(node)
        places = self.program.places
        stacked = [
            t for t in terms if isinstance(t, Matmul) and t.transposed and t.operand in places
        ]
        if len(stacked) < 2:
            return None
        for term in stacked:
            if term.operand not in self.program.in_loop:
                self.value(term.operand)  # and with that its column
        total: Tensor | None = None
        for start, stop, names in stacks((places[t.operand], t.matrix.name) for t in stacked):
            part = self.rounded(self.column(start, stop)) @ self.weights.stack(names)
            total = part if total is None else total.add_(part)
        for term in terms:
            if term not in stacked and total is not None:
                total = total + self.value(term)
        return total

    def rounded(self, value: Tensor) -> Tensor:
        """What a product reads of a value."""
        return round_to_bfloat16(value) if self.weights.is_rounded else value

    # Where each step reads and writes.

    def _find_places(self) -> None:
        """Choose where the values of the loop are written."""
        program = self.program
        # Two states may become one value: whoever needs it at all steps decides where it lies.
        carried = sorted(program.task.carried.items(), key=lambda pair: pair[0] not in program.kept)
        for leaf, new in carried:
            if new in program.in_loop and new not in program.places and new not in self._steps:
                self._place_state(leaf, new)

    def _place(self, node: Node) -> Steps:
        if node in self.program.places:
            column = self.program.places[node]
            return self._split(self.column(column, column + 1))
        if node in self.program.kept:
            self.values[node] = self._rows()
            return self._split(self.values[node])
        scratch = self._like.new_empty(max(self.timeline.sizes, default=0), self._size)
        return [scratch[:size] for size in self.timeline.sizes]

    def _place_state(self, leaf: Node, new: Node) -> None:
        """A new value is kept for all steps if anyone asks; else two buffers take turns."""
        kept = self.program.kept
        if leaf in kept and self.timeline.is_even:
            count, size = self.timeline.num_rows, self.timeline.num_streams
            rows = self._like.new_empty(count + size, self._size)
            late, early = rows[size:], rows[:count]
            self.values[new], self.values[leaf] = (
                (early, late) if self.timeline.is_reversed else (late, early)
            )
            (rows[count:] if self.timeline.is_reversed else rows[:size]).copy_(self.initial[leaf])
        elif leaf in kept or new in kept:
            self.values[new] = self._rows()
        else:
            self._steps[new] = self._take_turns()
            return
        self._steps[new] = self._split(self.values[new])

    def _take_turns(self) -> Steps:
        height = max(self.timeline.sizes, default=0)
        pair = [self._like.new_empty(height, self._size) for _ in range(2)]
        steps: Steps = [pair[0]] * len(self.timeline.sizes)
        for at, step in enumerate(self.timeline.order):
            steps[step] = pair[at % 2][: self.timeline.sizes[step]]
        return steps

    def _rows(self) -> Tensor:
        return self._like.new_empty(self.timeline.num_rows, self._size)

    def _split(self, rows: Tensor) -> Steps:
        return list(self.timeline.split(rows)) if self.timeline.sizes else []

    def _at_steps(self, node: Node) -> Steps:
        """The value of a node step by step."""
        found = self._before.get(node, self._steps.get(node))
        if found is None and node in self.program.in_loop:
            found = self._steps[node] = self._place(node)
        if found is None:
            value = self.value(node)
            is_moving = value.dim() == 2
            found = self._split(value) if is_moving else [value] * len(self.timeline.sizes)
            self._steps[node] = found
        return found

    def _new_steps(self, new: Node) -> Steps:
        """The new value of what is carried, as a matrix at every step."""
        if new in self._steps or new in self.program.in_loop:
            return self._at_steps(new)
        rows = self.value(new).expand(self.timeline.num_rows, self._size)
        return self._split(rows)

    def _join_states(self) -> tuple[dict, dict]:
        """What each step reads of the step before; copies due before and after some steps."""
        entries: dict[int, list[tuple[Tensor, Tensor]]] = {}
        exits: dict[int, list[tuple[Tensor, Tensor]]] = {}
        for leaf, new in self.program.task.carried.items():
            steps = self._new_steps(new)
            self._before[leaf] = self._join(self.initial[leaf], steps, entries)
            self.final[leaf] = self._collect(self.initial[leaf], steps, exits)
        return entries, exits

    def _join(self, initial: Tensor, new: Steps, entries: dict) -> Steps:
        """The old value at each step: the new one of the step before; streams may begin."""
        found: Steps = list(new)
        for at, step in enumerate(self.timeline.order):
            alive, size = self.timeline.starting(at)
            previous = new[self.timeline.order[at - 1]] if at else initial
            if at == 0 or size <= alive:
                found[step] = previous if size == previous.shape[0] else previous[:size]
            else:
                found[step] = torch.cat(
                    [previous.new_empty(alive, self._size), initial[alive:size]]
                )
                entries.setdefault(step, []).append((found[step][:alive], previous))
        return found

    def _collect(self, initial: Tensor, new: Steps, exits: dict) -> Tensor:
        """The value after the last step of each stream."""
        final = initial.clone()
        order = self.timeline.order
        for at, step in enumerate(order):
            size = self.timeline.sizes[step]
            going_on = self.timeline.sizes[order[at + 1]] if at + 1 < len(order) else 0
            if going_on < size:
                source = new[step][going_on:size]
                exits.setdefault(step, []).append((final[going_on:size], source))
        return final

    def _operation(self, instruction: Instruction) -> Operation:
        if isinstance(instruction, Pointwise):
            steps = [self._at_steps(node) for node in instruction.arguments]
            return _operation(
                FUNCTIONS[instruction.function], self._at_steps(instruction.out), *steps
            )
        columns = self._split(self.column(instruction.start, instruction.stop))
        if isinstance(instruction, Activate):
            return _operation(FUNCTIONS[instruction.function], columns, columns)
        stack = self.weights.stack(instruction.matrices)
        if isinstance(instruction, Wide):
            operand = self._at_steps(instruction.operand)
            return _operation(self._growth(stack.t()), columns, columns, operand)
        out = self._at_steps(instruction.out)
        if instruction.base is None:
            return _operation(self._product(stack), out, columns)
        base = self._at_steps(instruction.base)
        return _operation(self._growth(stack), out, base, columns)

    def _growth(self, matrix: Tensor) -> Callable[..., object]:
        """`out = base + operand @ matrix`."""
        if self.weights.is_rounded:
            return lambda out, base, a: torch.addmm(base, round_to_bfloat16(a), matrix, out=out)
        return lambda out, base, a: torch.addmm(base, a, matrix, out=out)

    def _product(self, matrix: Tensor) -> Callable[..., object]:
        """`out = operand @ matrix`."""
        if self.weights.is_rounded:
            return lambda out, a: torch.mm(round_to_bfloat16(a), matrix, out=out)
        return lambda out, a: torch.mm(a, matrix, out=out)

    # What is known after the loop.

    def _close(self) -> None:
        program = self.program
        for node in (*program.kept, *program.task.carried.values()):
            if node in program.places and node in program.in_loop:
                column = program.places[node]
                self.values[node] = self.column(column, column + 1)
        for leaf, new in program.task.carried.items():
            if leaf in program.kept and leaf not in self.values:
                rows = self.value(new).expand(self.timeline.num_rows, self._size)
                self.values[leaf] = self.timeline.previous(rows, self.initial[leaf])
        for root in program.task.columns:
            if root not in program.in_loop:
                self.value(root)


def _operation(function: Callable[..., object], *operands: Steps) -> Operation:
    return function, list(zip(*operands, strict=True))
