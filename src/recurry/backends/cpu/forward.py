"""The forward pass of every call of one shape: its commands, and the memory that it fills.

Comes in: a call as an example of its shape. Goes out: launches for calls of this shape, and what
they leave. Imports torch, arena, call, commands, kernels, matrices, rows, tasks, writer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import SymInt, Tensor

from recurry.backends.autocast import without_autocast
from recurry.backends.cpu.arena import Block, external
from recurry.backends.cpu.call import Call, Packs
from recurry.backends.cpu.commands import CommandList, Launch
from recurry.backends.cpu.kernels import Kernel, Kernels, dtype_of
from recurry.backends.cpu.packing import row_stride, steps_of
from recurry.backends.cpu.projection import is_plain, project
from recurry.backends.cpu.rows import Rows, turn_rows
from recurry.backends.cpu.scratch import borrow, find_matrix
from recurry.backends.cpu.tasks import Forward
from recurry.backends.cpu.writer import Panels, Writer
from recurry.compiler.nodes import Input


@dataclass(frozen=True, slots=True)
class Begun:
    """A pass whose kernel has not run yet.

    Args:
        launch: What is to run.
        output: `h` of every row, (N, H), when it has run.
        final: Last states then.
        scratch: Memory that it gives back then.
        memory: What else it needs until then: buffers, initial states, weights, and what torch has
            worked out.
    """

    launch: Launch
    output: Tensor
    final: list[Tensor]
    scratch: Tensor
    memory: tuple[list[Tensor], list[Tensor], Packs, list[Tensor]]


class ForwardPass:
    """The forward pass of calls of one shape.

    Args:
        call: An example.
        is_saving: Whether the backward pass can follow.
    """

    main: str
    main_number: int
    view: tuple[tuple[int, int], tuple[int, int], int] | None
    panels: tuple[str, ...]
    commands: CommandList
    scratch_bytes: int

    def __init__(self, call: Call, *, is_saving: bool) -> None:
        kernels = call.kernels
        # Calls find a pass by who these are.
        self.kernels, self.split = kernels, call.split
        self.tables: list[Tensor] = []
        self.output_shape = (call.rows.num_rows, call.hidden_size)
        self.is_saving, self.made = is_saving, _made(kernels, is_saving)
        self.kernel = kernels.saving if is_saving else kernels.forward
        self.states = kernels.plan.graph.states
        self.buffers: dict[str, tuple[int, int, torch.dtype]] = {}
        self.externals: list[str] = []
        self.kept = kept_names(kernels) if is_saving else ()
        self.dtype = dtype_of(kernels.bits)
        _ForwardWriter(self, call).write()

    def start(self, call: Call, initial: Sequence[Tensor]) -> Begun:
        """Everything but the run itself; initial states come in the order of the cell."""
        given = [value.contiguous() for value in initial]
        weights = call.packed_for(self, lambda: self._weights(call))
        externals = [self._external(call, given, name) for name in self.externals]
        return self.launch(call.input.values, call.input.picks, given, weights, externals)

    def launch(
        self,
        x: Tensor,
        picks: Tensor | None,
        given: list[Tensor],
        weights: Packs,
        externals: list[Tensor],
    ) -> Begun:
        """The same with everything at hand: input, initial states, packed weights, and the rest."""
        dtype = self.dtype
        scratch = borrow(self.scratch_bytes)
        buffers = [find_matrix(shape, kind) for *shape, kind in self.buffers.values()]
        if self.view is None:
            output = find_matrix(self.output_shape, dtype)
        else:
            output = buffers[self.main_number].as_strided(*self.view)
        final = [torch.empty(value.shape, dtype=dtype, device="cpu") for value in given]
        memories = [0, scratch.data_ptr(), output.data_ptr(), x.data_ptr()]
        memories.append(0 if picks is None else picks.data_ptr())
        memories += [value.data_ptr() for value in (*given, *final, *buffers)]
        memories += weights.addresses
        memories += [value.data_ptr() for value in externals]
        memory = (buffers, given, weights, externals)
        return Begun(self.commands.launch(memories), output, final, scratch, memory)

    def kept_of(self, begun: Begun) -> list[Tensor]:
        """The memory that the backward pass reads, in the order of `kept`."""
        buffers, _, _, externals = begun.memory
        own = list(self.buffers)
        return [
            buffers[own.index(name)] if name in self.buffers
            else externals[self.externals.index(name)]
            for name in self.kept
        ]  # fmt: skip

    def _weights(self, call: Call) -> list[Tensor]:
        found = list(call.weights(self.kernel, self.made.vectors).values())
        if self.panels:
            found.append(call.row_panels(self.panels))
        return found

    @without_autocast
    def _external(self, call: Call, given: list[Tensor], name: str) -> Tensor:
        """What is worked out by torch before the commands run."""
        if name == "input_rounded":
            return call.rounded_x
        if name == "projected":
            return project(call, self.made)
        return given[self.states.index(name)].bfloat16()


class _ForwardWriter:
    """Writes the commands of a forward pass."""

    def __init__(self, owner: ForwardPass, call: Call) -> None:
        self.owner, self.call, self.writer = (
            owner,
            call,
            Writer(bits=call.kernels.bits, threads=call.threads),
        )
        self.kernel: Kernel = owner.kernel
        self.schedule = owner.kernel.schedule
        streams, size = call.rows.num_streams, call.hidden_size
        self.numbers = {"output": 2, "x": 3, "picks": 4}
        for kind in ("initial", "final"):
            for name in owner.states:
                self._number(f"{kind} {name}")
        self.initial = {
            name: external(self.numbers[f"initial {name}"], streams, size, owner.dtype)
            for name in owner.states
        }
        self.final = {
            name: external(self.numbers[f"final {name}"], streams, size, owner.dtype)
            for name in owner.states
        }
        self.blocks: dict[str, Block] = {}

    def _number(self, name: str) -> int:
        return self.numbers.setdefault(name, 2 + len(self.numbers))

    def write(self) -> None:
        """Room for all buffers, the copies before the kernel, the kernel, and those behind it."""
        owner, call = self.owner, self.call
        owner.main = "output" if "output" in self.schedule.buffers else "state_h"
        rows = self._view()
        owner.view = None
        self._place_buffers(has_view=rows is not None)
        if rows is not None:
            owner.main_number = list(owner.buffers).index(owner.main)
            size = call.hidden_size
            owner.view = (owner.output_shape, (size, 1), rows.start * size)
        self._place_weights()
        self._begin_states()
        self._begin_input()
        self.writer.kernel(
            self.kernel, self.blocks, sizes=call.sizes, rows=call.rows, split=call.split
        )
        self._end()
        owner.commands, owner.tables = self.writer.finish(), self.writer.tables
        owner.scratch_bytes = max(self.writer.scratch.end, owner.commands.end)

    def _view(self) -> slice | None:
        """Rows of the main buffer that are the output as they are."""
        call, owner = self.call, self.owner
        rows = slice(0, call.rows.num_rows) if owner.main == "output" else call.rows.new
        size, number = call.hidden_size, owner.dtype.itemsize
        is_dense = call.padded == size and row_stride(size, number) == size
        return rows if is_dense and isinstance(rows, slice) else None

    def _place_buffers(self, *, has_view: bool) -> None:
        """Buffers that outlive the call get memory of their own, others some of the scratch."""
        call, owner, schedule = self.call, self.owner, self.schedule
        rows = call.rows
        for name in schedule.buffers:
            is_state = name.startswith(("state_", "rounded_"))
            is_other = name in ("output", "saved", "spilled") or name.startswith("operand_")
            is_made = name == "projected" and is_plain(call, owner.made)
            if not (is_state or is_other or is_made):
                continue
            in_turn = self._is_in_turn(name)
            count = 2 * rows.num_streams if in_turn else rows.num_rows
            count = rows.history_rows if is_state and not in_turn else count
            width = schedule.widths.get(name, 1) * call.padded
            width = len(owner.made.projected) * call.padded if is_made else width
            dtype = torch.bfloat16 if name in schedule.rounded else owner.dtype
            if name in owner.kept or (name == owner.main and has_view):
                stride = row_stride(width, dtype.itemsize)
                owner.buffers[name] = (count, stride, dtype)
                number = self._number(f"buffer {name}")
                self.blocks[name] = Block(number, 0, count, width, stride, dtype)
            else:
                self.blocks[name] = self.writer.scratch.block(count, width, dtype)

    def _place_weights(self) -> None:
        owner, call = self.owner, self.call
        names = [group.name for group in self.schedule.groups]
        for name in (*names, *(["vectors"] if owner.made.vectors else [])):
            self.blocks[name] = external(self._number(f"weights {name}"), 0, 0, owner.dtype)
        is_plainly_projected = bool(owner.made.projected) and is_plain(call, owner.made)
        projected = owner.made.projected if is_plainly_projected else ()
        owner.panels = tuple(product.matrix.name for product in projected)
        if owner.panels:
            self._number("row panels")

    def _external(self, name: str, rows: int, width: int, dtype: torch.dtype) -> Block:
        """Something that torch works out before the commands run."""
        if name not in self.owner.externals:
            self.owner.externals.append(name)
        return external(self._number(f"external {name}"), rows, width, dtype)

    def _begin_states(self) -> None:
        """Initial states where the kernel looks for them."""
        rows, streams = self.call.rows, self.call.rows.num_streams
        for name, block in list(self.blocks.items()):
            if not name.startswith(("state_", "rounded_")):
                continue
            state = name.split("_", 1)[1]
            source = self.initial[state]
            if name in self.schedule.rounded:
                source = self._external(state, streams, source.width, torch.bfloat16)
            if self._is_in_turn(name):
                for turn in (0, 1):
                    self.writer.copy(
                        source, block.part(slice(turn * streams, (turn + 1) * streams))
                    )
            else:
                self._put(source, block, rows.initial)

    def _put(self, source: Block, target: Block, rows: Rows) -> None:
        if isinstance(rows, slice):
            self.writer.copy(source, target.part(rows))
        else:
            self.writer.copy(source, target, go=rows)

    def _begin_input(self) -> None:
        """The input, widened where pointwise work reads it, and products with it."""
        call, owner, blocks = self.call, self.owner, self.blocks
        count, width = call.x.shape
        x = external(self.numbers["x"], count, width, owner.dtype)
        needs_rounded = "input_rounded" in self.schedule.buffers
        if call.kernels.is_rounded and (needs_rounded or owner.panels):
            blocks["input_rounded"] = self._external("input_rounded", count, width, torch.bfloat16)
        if "input" in self.schedule.buffers:
            is_read = any(Input() in stage.leaves for stage in self.schedule.stages)
            blocks["input"] = x
            if is_read and call.padded > width:
                blocks["input"] = self.writer.scratch.block(count, call.padded, owner.dtype)
                self.writer.copy(x, blocks["input"])
        if call.input.picks is not None:
            blocks["picks"] = external(self.numbers["picks"], 0, 0, torch.int64)
        if owner.panels:
            tiling = call.tiling
            stride = steps_of(width, tiling) * tiling.terms * tiling.units
            blocks_each = call.sizes.blocks
            panels = Panels(
                memory=self.numbers["row panels"],
                count=len(owner.panels) * blocks_each,
                stride=stride,
            )
            source = blocks["input_rounded"] if call.kernels.is_rounded else x
            self.writer.multiply(source, panels, blocks["projected"])
        elif owner.made.projected:
            wide = len(owner.made.projected) * call.padded
            block = self._external("projected", count, wide, owner.dtype)
            stride = row_stride(wide, owner.dtype.itemsize)
            blocks["projected"] = Block(block.memory, 0, count, wide, stride, owner.dtype)

    def _end(self) -> None:
        """Copies of outputs and final states: changing one in place changes nothing else."""
        call, owner, blocks, rows = self.call, self.owner, self.blocks, self.call.rows
        if owner.view is None:
            output = external(self.numbers["output"], rows.num_rows, call.hidden_size, owner.dtype)
            new = slice(0, rows.num_rows) if owner.main == "output" else rows.new
            self._take(blocks[owner.main], output, new)
        for name, target in self.final.items():
            history = blocks.get(f"state_{name}")
            if history is None:  # the state is not read, so it is not carried
                self.writer.copy(self.initial[name], target)
            elif self._is_in_turn(f"state_{name}"):
                self._take(history, target, turn_rows(rows.last_turn, rows.num_streams))
            else:
                self._take(history, target, rows.final)

    def _take(self, source: Block, target: Block, rows: Rows) -> None:
        if isinstance(rows, slice):
            self.writer.copy(source.part(rows), target)
        else:
            self.writer.copy(source, target, come=rows)

    def _is_in_turn(self, buffer: str) -> bool:
        return self.schedule.tables.get(buffer) in ("even", "odd")


def _made(kernels: Kernels, is_saving: bool) -> Forward:
    return kernels.saving_pass if is_saving else kernels.forward_pass


def kept_names(kernels: Kernels) -> tuple[str, ...]:
    """The memory of a saving forward pass that its backward pass reads."""
    read = {*kernels.backward_pass.schedule.buffers, "output"}
    names = kernels.saving_pass.schedule.buffers
    always = tuple(n for n in names if n.startswith(("state_", "rounded_", "operand_")))
    return (*always, *(n for n in ("output", "saved", "projected") if n in names and n in read))


def memory_shape(
    kernels: Kernels,
    name: str,
    *,
    rows: int | SymInt,
    streams: int | SymInt,
    padded: int,
) -> tuple[int | SymInt, int, torch.dtype]:
    """Rows, numbers from one to the next, and type of a buffer of the saving forward pass."""
    schedule = kernels.saving_pass.schedule
    is_history = schedule.tables.get(name) in ("before", "after")
    dtype = torch.bfloat16 if name in schedule.rounded else dtype_of(kernels.bits)
    stride = row_stride(schedule.widths.get(name, 1) * padded, dtype.itemsize)
    return (rows + streams if is_history else rows, stride, dtype)
