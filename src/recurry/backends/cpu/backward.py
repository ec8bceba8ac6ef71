"""The backward pass of every call of one shape: its commands, and the gradients that they fill.

Comes in: a call as an example of its shape. Goes out: launches for calls of this shape, and the
gradients that they leave. Imports torch, arena, call, commands, gradients, kernels, rows, scratch,
writer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from recurry.backends.autocast import without_autocast
from recurry.backends.cpu.arena import Block, external
from recurry.backends.cpu.call import Call, Packs
from recurry.backends.cpu.commands import CommandList, Launch
from recurry.backends.cpu.forward import kept_names, memory_shape
from recurry.backends.cpu.gradients import GradientWriter, Rest
from recurry.backends.cpu.kernels import dtype_of
from recurry.backends.cpu.rows import turn_rows
from recurry.backends.cpu.scratch import borrow, find_matrix, give_back
from recurry.backends.cpu.writer import Writer


@dataclass(frozen=True, slots=True)
class Started:
    """A backward pass whose kernel has not run yet.

    Args:
        launch: What is to run.
        call: The call.
        scratch: Memory that it gives back when it has run.
        pieces: Room for gradients by parameters.
        x: Room for the gradient by the input.
        state: Room for those by states.
        memory: What else it needs until then.
    """

    launch: Launch
    call: Call
    scratch: Tensor
    pieces: list[Tensor]
    x: Tensor | None
    state: list[Tensor]
    memory: tuple[list[Tensor], list[Tensor], Packs, list[Tensor]]


class BackwardPass:
    """The backward pass of calls of one shape.

    Args:
        call: An example.
        needs_x: Whether the gradient by the input is asked for.
    """

    shapes: list[tuple[int, ...]]
    counts: list[int]
    names: list[str]
    panels: list[tuple[str, ...]]
    commands: CommandList
    scratch_bytes: int
    unasked: int
    needs_rounded: bool

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

    def start(
        self,
        call: Call,
        buffers: Sequence[Tensor],
        ends: Sequence[Tensor | None],
        *,
        needs_state: bool = True,
    ) -> Started:
        """Everything but the run itself.

        Args:
            call: The call.
            buffers: What the forward pass kept, in the order of `kept`.
            ends: The gradient by the output and those by the last states; None where it is zero.
            needs_state: Whether the gradients by the first states are asked for.
        """
        dtype, size, packs = self.dtype, call.hidden_size, call.packs
        streams, inputs = call.rows.num_streams, call.input
        scratch = borrow(self.scratch_bytes)
        given = [
            _zeros(streams if number else call.rows.num_rows, size, dtype)
            if value is None
            else value.contiguous()
            for number, value in enumerate(ends)
        ]
        # Where nobody asks for them, there is a place that all may write to.
        state = (
            [torch.empty(value.shape, dtype=dtype, device="cpu") for value in given[1:]]
            if needs_state
            else []
        )
        pieces = [find_matrix(shape, dtype) for shape in self.shapes]
        x = find_matrix(inputs.values.shape, dtype) if self.needs_x else None
        weights = None if packs is None else packs.get(self)
        if weights is None:
            weights = self.prepare(call)
        externals = [call.rounded_x] if self.needs_rounded else []
        kept = [buffer.contiguous() for buffer in buffers]
        memories = [0, scratch.data_ptr(), inputs.values.data_ptr()]
        memories.append(0 if inputs.picks is None else inputs.picks.data_ptr())
        memories.append(0 if x is None else x.data_ptr())
        memories += [value.data_ptr() for value in given]
        unasked = [scratch.data_ptr() + self.unasked] * len(self.states)
        memories += [value.data_ptr() for value in state] if needs_state else unasked
        memories += [value.data_ptr() for value in (*pieces, *kept)]
        memories += weights.addresses
        memories += [value.data_ptr() for value in externals]
        memory = (given, kept, weights, externals)
        return Started(self.commands.launch(memories), call, scratch, pieces, x, state, memory)

    def finish(self, begun: Started) -> list[Tensor]:
        """The gradients by parameters in the order of `names`, once the launch has run."""
        found: list[Tensor] = []
        for piece, count in zip(begun.pieces, self.counts, strict=True):
            found += piece.unbind() if count > 1 else (piece,)
        if self.rests is not None:
            found = self._add_rest(begun, found)
        give_back(begun.scratch)
        return found

    @without_autocast
    def _add_rest(self, begun: Started, found: list[Tensor]) -> list[Tensor]:
        given, kept, weights, externals = begun.memory
        inputs = begun.call.input
        tensors = [
            *(begun.scratch, inputs.values, inputs.picks, begun.x, *given),
            *(begun.state or [None] * len(self.states)),
            *(*begun.pieces, *kept, *weights.tensors, *externals),
        ]
        memories = {number: v for number, v in enumerate(tensors, 1) if v is not None}
        parameters = dict(zip(self.names, found, strict=False))
        assert self.rests is not None
        self.rests.add(begun.call, memories, parameters, begun.x)
        return [parameters[name] for name in self.names]


@lru_cache(maxsize=32)
def _zeros(rows: int, width: int, dtype: torch.dtype) -> Tensor:
    """A gradient that nobody has asked for; read only."""
    with torch.inference_mode(False):
        return torch.zeros(rows, width, dtype=dtype, device="cpu")


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
        by_piece = [
            [name for name, piece, _ in products.places if piece == number]
            for number in range(len(owner.shapes))
        ]
        owner.counts = [len(names) for names in by_piece]
        owner.names = [name for names in by_piece for name in names]
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
        if owner.rests is not None:
            owner.names += [name for name in owner.rests.names if name not in owner.names]
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
            self.blocks[name] = external(self._number(f"kept {name}"), int(count), width, dtype)
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
        number_bytes = self.owner.dtype.itemsize
        room = self.call.rows.num_streams * self.call.hidden_size * number_bytes
        self.owner.unasked = self.writer.scratch.room(room)
        rows, size = self.call.rows, self.call.hidden_size
        for name in self.owner.states:
            source = self.blocks[f"adjoint_{name}"]
            target = self._external(f"first {name}", rows.num_streams, size)
            turn = turn_rows(rows.first_turn, rows.num_streams)
            if isinstance(turn, slice):
                self.writer.copy(source.part(turn), target)
            else:
                self.writer.copy(source, target, come=turn)
