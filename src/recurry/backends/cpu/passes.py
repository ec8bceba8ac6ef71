"""Forward and backward over a whole sequence: memory, products outside the loop, kernel calls.

Comes in: parameters, rows of input, initial states. Goes out: rows of output, final states, and what
the backward pass needs; or gradients. Imports torch and the rest of the backend.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from recurry.backends.cpu.evaluate import Evaluator
from recurry.backends.cpu.frame import Sizes, Split, launch
from recurry.backends.cpu.kernels import Kernel, Kernels
from recurry.backends.cpu.packing import pack_group, pack_vectors, padded_size, stack_rows
from recurry.backends.cpu.rows import RowTables, put, take
from recurry.backends.cpu.tasks import Forward, columns_of
from recurry.backends.weights import StackCache
from recurry.compiler.nodes import Binary, Input, Matmul, Node, State


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a forward pass leaves.

    Args:
        output: `h` of every row, (N, H).
        final: Last state of every stream, (B, H) by name.
        buffers: Memory that the backward pass reads, by name; empty where nothing was saved.
    """

    output: Tensor
    final: dict[str, Tensor]
    buffers: dict[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One sequence through one cell.

    Args:
        kernels: The kernels of the cell.
        parameters: Parameters by name.
        x: Input, (N, I).
        rows: Which rows belong to which step.
        split: How threads share the work.
        hidden_size: H.
        cache: Where packed weights outlive the call, if anywhere.
    """

    kernels: Kernels
    parameters: Mapping[str, Tensor]
    x: Tensor
    rows: RowTables
    hidden_size: int
    split: Split
    cache: StackCache | None = None

    @property
    def units(self) -> int:
        return self.kernels.tiling.units

    @property
    def padded(self) -> int:
        return padded_size(self.hidden_size, self.units)

    @property
    def sizes(self) -> Sizes:
        return Sizes(
            input_size=self.x.shape[1],
            hidden_size=self.hidden_size,
            padded_size=self.padded,
            units=self.units,
        )

    def packed(
        self, key: Hashable, names: Sequence[str], make: Callable[[list[Tensor]], Tensor]
    ) -> Tensor:
        """What `make` gives for some parameters, kept where there is a cache."""
        parts = [self.parameters[name] for name in names]
        if self.cache is None:
            return make(parts)
        return self.cache.get((key, self.units), parts, lambda: [make(parts)])[0]

    def stacked(self, names: tuple[str, ...]) -> Tensor:
        """Matrices on top of one another, padded to whole blocks of units."""
        return self.packed(("stack", names), names, lambda parts: stack_rows(parts, self.units))

    def evaluator(self, known: Mapping[Node, Tensor]) -> Evaluator:
        return Evaluator(self.parameters, {Input(): self.x, **known}, self.x)

    def weights(self, kernel: Kernel, vectors: Sequence[Node]) -> dict[str, Tensor]:
        """Packed matrices and vectors of a kernel."""
        found: dict[str, Tensor] = {}
        for group in kernel.schedule.groups:
            names = [name for matrices in group.matrices for name, _ in matrices]
            found[group.name] = self.packed(
                ("group", group.matrices),
                names,
                lambda _, g=group: pack_group(g, self.parameters, self.hidden_size, self.units),
            )
        if vectors:
            key = ("vectors", tuple(map(id, vectors)))
            found["vectors"] = self.packed(
                key, list(self.parameters), lambda _: self._pack_vectors(vectors)
            )
        return found

    def _pack_vectors(self, vectors: Sequence[Node]) -> Tensor:
        evaluator = self.evaluator({})
        values = [evaluator.value(node).to(self.x.dtype) for node in vectors]
        return pack_vectors(values, self.hidden_size, self.units)

    def widened(self, rows: Tensor) -> Tensor:
        """Rows of whole blocks."""
        missing = self.padded - rows.shape[-1]
        return pad(rows, (0, missing)) if missing > 0 else rows

    def empty(self, rows: int, columns: int = 1) -> Tensor:
        return self.x.new_empty(rows, columns * self.padded)


def run_forward(call: Call, initial: Mapping[str, Tensor], *, is_saving: bool) -> Made:
    """Forward over all steps."""
    kernels = call.kernels
    made = kernels.saving_pass if is_saving else kernels.forward_pass
    kernel = kernels.saving if is_saving else kernels.forward
    buffers = call.weights(kernel, made.vectors) | _forward_memory(call, kernel, initial)
    if "input" in kernel.schedule.buffers:
        is_read = Input() in kernel.schedule.places
        buffers["input"] = call.widened(call.x) if is_read else call.x
    if made.projected:
        buffers["projected"] = _project(call, made)
    launch(kernel, buffers, sizes=call.sizes, rows=call.rows, split=call.split)
    return _collect(call, buffers, initial, is_saving=is_saving)


def _forward_memory(call: Call, kernel: Kernel, initial: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """States with their initial values, and room for everything that the kernel writes."""
    schedule, rows = kernel.schedule, call.rows
    tables = {place.buffer: place.rows for place in schedule.places.values()}
    tables |= {p.buffer: p.rows for stage in schedule.stages for _, p in stage.stores}
    found: dict[str, Tensor] = {}
    for name in schedule.buffers:
        if name.startswith("state_"):
            start = call.widened(initial[name.removeprefix("state_")])
            if tables[name] in ("even", "odd"):
                found[name] = torch.cat([start, start])
            else:
                found[name] = call.empty(rows.history_rows)
                put(found[name], rows.initial, start)
        elif name in ("output", "saved", "spilled") or name.startswith("operand_"):
            in_turn = tables.get(name) in ("even", "odd")
            count = 2 * rows.num_streams if in_turn else rows.num_rows
            found[name] = call.empty(count, schedule.widths[name])
    return found


def _project(call: Call, made: Forward) -> Tensor:
    """Products with what does not wait for a state, for all rows at once."""
    evaluator = call.evaluator({})
    projected = call.empty(call.x.shape[0], len(made.projected))
    start = 0
    while start < len(made.projected):
        operand = made.projected[start].operand
        stop = start
        while stop < len(made.projected) and made.projected[stop].operand is operand:
            stop += 1
        names = tuple(product.matrix.name for product in made.projected[start:stop])
        stacked = call.stacked(names)
        into = projected[:, start * call.padded : stop * call.padded]
        torch.mm(evaluator.value(operand), stacked.t(), out=into)
        start = stop
    return projected


def _collect(
    call: Call, buffers: dict[str, Tensor], initial: Mapping[str, Tensor], *, is_saving: bool
) -> Made:
    rows, size = call.rows, call.hidden_size
    # Final states are copies, so that changing one in place changes no output.
    final: dict[str, Tensor] = {}
    for name in initial:
        history = buffers.get(f"state_{name}")
        if history is None:  # the state is not read, so it is not carried
            final[name] = initial[name].clone()
        elif history.shape[0] == rows.history_rows and (is_saving or not _is_in_turn(call, name)):
            final[name] = take(history, rows.final)[:, :size].clone()
        else:
            final[name] = _of_turn(history, rows.last_turn, rows.num_streams)[:, :size].clone()
    source = buffers.get("output")
    if source is None:
        source = take(buffers["state_h"], rows.new)
    kept = buffers if is_saving else {}
    return Made(output=source[:, :size].contiguous(), final=final, buffers=kept)


def _is_in_turn(call: Call, name: str) -> bool:
    place = call.kernels.forward_pass.schedule.places.get(State(name))
    return place is not None and place.rows == "even"


def _of_turn(pair: Tensor, turn: Tensor | int, streams: int) -> Tensor:
    """From two buffers used in turn, for every stream the row that was written last."""
    if isinstance(turn, int):
        return pair[turn * streams : (turn + 1) * streams]
    return pair.index_select(0, turn * streams + torch.arange(streams))


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


def run_backward(
    call: Call,
    buffers: Mapping[str, Tensor],
    output_gradient: Tensor,
    state_gradient: Mapping[str, Tensor],
    *,
    needs_x: bool,
) -> Gradients:
    """Back through all steps, then the products over all rows."""
    kernels, rows = call.kernels, call.rows
    made, kernel = kernels.backward_pass, kernels.backward
    schedule = kernel.schedule
    memory = dict(buffers) | call.weights(kernel, made.vectors)
    for name in call.kernels.plan.graph.states:
        start = call.widened(state_gradient[name])
        memory[f"adjoint_{name}"] = torch.cat([start, start])
    memory["output_gradient"] = call.widened(output_gradient)
    memory["adjoints"] = call.empty(rows.num_rows, max(1, len(made.kept)))
    memory["summed"] = call.x.new_zeros(
        call.split.num_threads, max(1, len(made.summed)) * call.padded
    )
    if "spilled" in schedule.buffers:
        memory["spilled"] = call.empty(2 * rows.num_streams, schedule.widths["spilled"])
    for name in schedule.buffers:
        if name.startswith("operand_") and name not in memory:
            memory[name] = call.empty(rows.num_rows)
    if "input" in schedule.buffers:
        memory["input"] = call.widened(call.x)
    launch(kernel, memory, sizes=call.sizes, rows=rows, split=call.split, is_backward=True)
    if call.padded > call.hidden_size:  # products over several columns read what lies between
        columns = memory["adjoints"].view(rows.num_rows, -1, call.padded)
        columns[:, :, call.hidden_size :] = 0
    return _Behind(call, memory).gradients(needs_x=needs_x)


class _Behind:
    """What follows a backward kernel: gradients by matrices, vectors and the input."""

    def __init__(self, call: Call, memory: Mapping[str, Tensor]) -> None:
        self.call, self.memory = call, memory
        self.made = call.kernels.backward_pass
        self.columns = {node: column for column, node in enumerate(self.made.kept)}
        self.adjoints = memory["adjoints"]
        self.evaluator = call.evaluator(
            {node: self._column(column, column + 1) for node, column in self.columns.items()}
        )

    def _column(self, start: int, stop: int) -> Tensor:
        """Columns of the adjoints; where several are padded, with the padding between them."""
        padded, size = self.call.padded, self.call.hidden_size
        end = stop * padded if stop - start > 1 else start * padded + size
        return self.adjoints[:, start * padded : end]

    def gradients(self, *, needs_x: bool) -> Gradients:
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
                totals[name] = value.sum(0) if value.dim() == 2 else value * call.x.shape[0]
        turn, streams = call.rows.first_turn, call.rows.num_streams
        state = {
            name: _of_turn(self.memory[f"adjoint_{name}"], turn, streams)[:, : call.hidden_size]
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
        value = self._operand(operand)
        kept = [(p, a) for p, a in products if a in self.columns and value.dim() == 2]
        kept.sort(key=lambda pair: self.columns[pair[1]])
        done = 0
        for start, stop in columns_of((a for _, a in kept), self.columns):
            grown = torch.mm(self._column(start, stop).t(), value)
            for number in range(stop - start):
                first = number * self.call.padded
                part = grown[first : first + self.call.hidden_size]
                _add(totals, kept[done][0].matrix.name, part)
                done += 1
        for product, adjoint in products:
            if adjoint not in self.columns or value.dim() != 2:
                left = self.evaluator.value(adjoint)
                if value.dim() == 2:
                    part = left.t() @ value
                else:
                    part = torch.outer(left.sum(0), value)
                _add(totals, product.matrix.name, part)

    def _operand(self, node: Node) -> Tensor:
        """The values of an operand for all rows."""
        call = self.call
        if isinstance(node, State):
            return take(self.memory[f"state_{node.name}"], call.rows.old)[:, : call.hidden_size]
        schedule = call.kernels.saving_pass.schedule
        if node in schedule.operands:
            return self.memory[schedule.operands[node].buffer][:, : call.hidden_size]
        for name, new in call.kernels.plan.next_state.items():
            if node is new:
                history = self.memory[f"state_{name}"]
                return take(history, call.rows.new)[:, : call.hidden_size]
        if node is call.kernels.plan.output and "output" in self.memory:
            return self.memory["output"][:, : call.hidden_size]
        return self.evaluator.value(node)

    def _input(self) -> Tensor:
        """The gradient by the input: stacked products first, then whatever else there is."""
        call = self.call
        terms = _terms(call.kernels.plan.backward.input)
        direct = [t for t in terms if isinstance(t, Matmul) and t.operand in self.columns]
        direct = [t for t in direct if t not in self.columns]
        direct.sort(key=lambda term: self.columns[term.operand])
        total: Tensor | None = None
        done = 0
        for start, stop in columns_of((t.operand for t in direct), self.columns):
            names = tuple(t.matrix.name for t in direct[done : done + stop - start])
            done += stop - start
            stacked = call.stacked(names)
            left = self._column(start, stop)
            stacked = stacked[: left.shape[1]]
            total = torch.mm(left, stacked) if total is None else total.addmm_(left, stacked)
        for term in terms:
            if term not in direct and term.size != "1":
                value = self.evaluator.value(term).expand_as(call.x)
                total = value.clone() if total is None else total.add_(value)
        return torch.zeros_like(call.x) if total is None else total


def _terms(node: Node) -> list[Node]:
    if isinstance(node, Binary) and node.function == "add":
        return [term for child in node.children for term in _terms(child)]
    return [node]


def _add(totals: dict[str, Tensor], name: str, part: Tensor) -> None:
    totals[name] = totals[name] + part if name in totals else part
