"""The backward pass of every call of one shape: its commands, and the gradients that they fill.

Comes in: a call as an example of its shape. Goes out: launches for calls of this shape, and the
gradients that they leave. Imports torch, arena, call, commands, gradients, kernels, rows, scratch,
writer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from recurry.backends.cpu.arena import Block, external
from recurry.backends.cpu.call import Call, Packs
from recurry.backends.cpu.commands import SCRATCH, Launch
from recurry.backends.cpu.forward import kept_names, memory_shape
from recurry.backends.cpu.gradients import GradientWriter, Rest
from recurry.backends.cpu.kernels import dtype_of
from recurry.backends.cpu.rows import turn_rows
from recurry.backends.cpu.scratch import borrow, give_back
from recurry.backends.cpu.writer import Writer


@dataclass(frozen=True, kw_only=True)
class Ends:
    """What a backward pass starts from.

    Args:
        buffers: What the saving forward pass left.
        output: The gradient by the output, (N, H); None where it is zero.
        state: The gradient by the final states, (B, H) by name; None where it is zero.
        needs_x: Whether the gradient by the input is asked for.
    """

    buffers: Mapping[str, Tensor]
    output: Tensor | None
    state: Mapping[str, Tensor | None]
    needs_x: bool = True


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


@dataclass(frozen=True, slots=True)
class Started:
    """A backward pass whose kernel has not run yet.

    Args:
        launch: What is to run.
        call: The call.
        memories: What lies where, by the number of the memory.
        gradients: Room for gradients by parameters, a piece each.
        x: Room for the gradient by the input.
        state: Room for those by states.
    """

    launch: Launch
    call: Call
    memories: dict[int, Tensor]
    gradients: list[Tensor]
    x: Tensor | None
    state: dict[str, Tensor]


class BackwardPass:
    """The backward pass of calls of one shape.

    Args:
        call: An example.
        needs_x: Whether the gradient by the input is asked for.
    """

    def __init__(self, call: Call, *, needs_x: bool) -> None:
        kernels = call.kernels
        # Calls find a pass by who these are.
        self.kernels, self.split = kernels, call.split
        self.tables: list[Tensor] = []
        self.kernel, self.made = kernels.backward, kernels.backward_pass
        self.states, self.needs_x = kernels.plan.graph.states, needs_x
        self.dtype = dtype_of(kernels.bits)
        self.kept = kept_names(kernels)
        self.rests: Rest | None = None
        _BackwardWriter(self, call).write()

    def prepare(self, call: Call) -> Packs:
        """The weights that it reads, packed."""
        return call.packed_for(self, lambda: self._weights(call))

    def _weights(self, call: Call) -> list[Tensor]:
        found = list(call.weights(self.kernel, self.made.vectors).values())
        return [*found, *(call.column_panels(names) for names in self.panels)]

    def begin(self, call: Call, ends: Ends) -> Started:
        """Everything but the run itself."""
        dtype, streams, size = self.dtype, call.rows.num_streams, call.hidden_size
        scratch = borrow(self.scratch_bytes)
        given = [ends.output, *[ends.state[name] for name in self.states]]
        for number, value in enumerate(given):
            if value is None:
                rows = streams if number else call.rows.num_rows
                given[number] = _zeros(rows, size, dtype)
            elif not value.is_contiguous():
                given[number] = value.contiguous()
        x = torch.empty(call.x.shape, dtype=dtype) if self.needs_x else None
        state = {name: torch.empty(streams, size, dtype=dtype) for name in self.states}
        gradients = [torch.empty(shape, dtype=dtype) for shape in self.shapes]
        weights, picks = self.prepare(call), call.input.picks
        externals = [call.rounded_x] if self.needs_rounded else []
        tensors = [
            *(scratch, call.x, picks, x, *given, *state.values(), *gradients),
            *[ends.buffers[name].contiguous() for name in self.kept],
            *weights.tensors,
            *externals,
        ]
        memories = [0, *[0 if value is None else value.data_ptr() for value in tensors]]
        launch = self.commands.launch(memories)
        kept = {number: v for number, v in enumerate(tensors, 1) if v is not None}
        return Started(launch, call, kept, gradients, x, state)

    def finish(self, begun: Started) -> Gradients:
        """The gradients, once the launch has run."""
        parts = [
            part
            for piece, names in zip(begun.gradients, self.names, strict=True)
            for part in (piece.unbind() if len(names) > 1 else (piece,))
        ]
        parameters = dict(zip(self.order, parts, strict=True))
        if self.rests is not None:
            self.rests.add(begun.call, begun.memories, parameters, begun.x)
        give_back(begun.memories[SCRATCH])
        return Gradients(parameters=parameters, x=begun.x, state=begun.state)


@lru_cache(maxsize=32)
def _zeros(rows: int, width: int, dtype: torch.dtype) -> Tensor:
    """A gradient that nobody has asked for; read only."""
    with torch.inference_mode(False):
        return torch.zeros(rows, width, dtype=dtype)


class _BackwardWriter:
    """Writes the commands of a backward pass."""

    def __init__(self, owner: BackwardPass, call: Call) -> None:
        self.owner, self.call = owner, call
        self.schedule = owner.kernel.schedule
        self.writer = Writer(bits=call.kernels.bits, threads=call.threads)
        self.numbers = {"x": 2, "picks": 3, "x gradient": 4, "output gradient": 5}
        for kind in ("last", "first"):
            for name in owner.states:
                self._number(f"{kind} {name}")
        self.blocks: dict[str, Block] = {}

    def _number(self, name: str) -> int:
        return self.numbers.setdefault(name, 2 + len(self.numbers))

    def _external(self, name: str, rows: int, width: int) -> Block:
        return external(self._number(name), rows, width, self.owner.dtype)

    def write(self) -> None:
        """Adjoints at the end of time, the kernel, and the products that follow it."""
        owner, call, writer = self.owner, self.call, self.writer
        products = GradientWriter(call, writer, needs_x=owner.needs_x)
        owner.shapes = products.shapes
        owner.names = [
            [name for name, piece, _ in products.places if piece == number]
            for number in range(len(owner.shapes))
        ]
        owner.order = [name for names in owner.names for name in names]
        for piece in range(len(owner.shapes)):
            self._number(f"piece {piece}")
        self._place_buffers()
        self._place_weights(products.panels)
        self._begin()
        writer.kernel(
            owner.kernel,
            self.blocks,
            sizes=call.sizes,
            rows=call.rows,
            split=call.split,
            is_backward=True,
        )
        self._clear_padding()
        count, width = call.x.shape
        self.blocks["x"] = self._external("x", count, width)
        self.blocks["x gradient"] = self._external("x gradient", count, width)
        owner.needs_rounded = call.kernels.is_rounded and products.reads_input
        if owner.needs_rounded:
            number = self._number("rounded input")
            self.blocks["x"] = external(number, count, width, torch.bfloat16)
        products.write(self.blocks, self.numbers)
        self._end()
        owner.rests = products.rest(self.blocks)
        owner.panels, owner.commands = products.panels, writer.finish()
        owner.tables = writer.tables
        owner.scratch_bytes = max(writer.scratch.end, owner.commands.end)

    def _place_buffers(self) -> None:
        """What the forward pass has left, and room for what the kernel writes."""
        call, made, owner, writer = self.call, self.owner.made, self.owner, self.writer
        rows, padded = call.rows, call.padded
        for name in kept_names(call.kernels):
            of_rows = rows.num_rows if name != "projected" else call.x.shape[0]
            count, width, dtype = memory_shape(
                call.kernels, name, rows=of_rows, streams=rows.num_streams, padded=padded
            )
            self.blocks[name] = external(self._number(f"kept {name}"), count, width, dtype)
        adjoints = torch.bfloat16 if call.kernels.is_rounded else owner.dtype
        room = writer.scratch.block
        self.blocks["adjoints"] = room(rows.num_rows, max(1, len(made.kept)) * padded, adjoints)
        if made.exact:
            self.blocks["exact"] = room(rows.num_rows, len(made.exact) * padded, owner.dtype)
        width = max(1, len(made.summed)) * padded
        self.blocks["summed"] = room(call.split.num_threads, width, owner.dtype)
        for name in self.schedule.buffers:
            if name == "spilled":
                width = self.schedule.widths[name] * padded
                self.blocks[name] = room(2 * rows.num_streams, width, owner.dtype)
            elif name.startswith("operand_") and name not in self.blocks:
                is_rounded = name in self.schedule.rounded
                dtype = torch.bfloat16 if is_rounded else owner.dtype
                self.blocks[name] = room(rows.num_rows, padded, dtype)

    def _place_weights(self, panels: list[tuple[str, ...]]) -> None:
        names = [group.name for group in self.schedule.groups]
        for name in (*names, *(["vectors"] if self.owner.made.vectors else [])):
            self.blocks[name] = self._external(f"weights {name}", 0, 0)
        for number in range(len(panels)):
            self._number(f"panels {number}")

    def _begin(self) -> None:
        """Gradients by output and last states where the kernel looks for them."""
        call, writer, owner = self.call, self.writer, self.owner
        streams, size, padded = call.rows.num_streams, call.hidden_size, call.padded
        for name in owner.states:
            block = writer.scratch.block(2 * streams, padded, owner.dtype)
            source = self._external(f"last {name}", streams, size)
            for turn in (0, 1):
                writer.copy(source, block.part(slice(turn * streams, (turn + 1) * streams)))
            self.blocks[f"adjoint_{name}"] = block
        source = self._external("output gradient", call.rows.num_rows, size)
        self.blocks["output_gradient"] = self._widened(source)
        if "input" in self.schedule.buffers:
            count, width = call.x.shape
            self.blocks["input"] = self._widened(self._external("x", count, width))
        if call.input.picks is not None:
            self.blocks["picks"] = external(self.numbers["picks"], 0, 0, torch.int64)
        writer.clear(self.blocks["summed"])

    def _widened(self, source: Block) -> Block:
        """Rows of whole blocks of units."""
        if source.width >= self.call.padded:
            return source
        block = self.writer.scratch.block(source.rows, self.call.padded, source.dtype)
        self.writer.copy(source, block)
        return block

    def _clear_padding(self) -> None:
        """Products over several columns read what lies between them."""
        padded, size = self.call.padded, self.call.hidden_size
        if padded > size:
            for column in range(len(self.owner.made.kept)):
                start = column * padded
                self.writer.clear(self.blocks["adjoints"].columns(start + size, start + padded))

    def _end(self) -> None:
        """Gradients by the first states."""
        rows, size = self.call.rows, self.call.hidden_size
        for name in self.owner.states:
            source = self.blocks[f"adjoint_{name}"]
            target = self._external(f"first {name}", rows.num_streams, size)
            turn = turn_rows(rows.first_turn, rows.num_streams)
            if isinstance(turn, slice):
                self.writer.copy(source.part(turn), target)
            else:
                self.writer.copy(source, target, come=turn)
