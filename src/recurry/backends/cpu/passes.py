"""Forward and backward over a whole sequence: memory, kernel calls, products before the loop.

Comes in: a call, initial states or gradients. Goes out: rows of output, final states and what the
backward pass needs; or gradients. Imports torch, call, frame, gradients, kernels, rows, tasks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from recurry.backends.autocast import without_autocast
from recurry.backends.cpu.call import Call
from recurry.backends.cpu.frame import Launch, make_launch, run_launches
from recurry.backends.cpu.gradients import GradientProducts, Gradients
from recurry.backends.cpu.kernels import Kernel, Kernels, dtype_of
from recurry.backends.cpu.matrices import panel_product
from recurry.backends.cpu.rows import of_turn, put, take
from recurry.backends.cpu.scratch import Loan, borrow, find_matrix, give_back
from recurry.backends.cpu.tasks import Forward
from recurry.compiler.nodes import Input, State


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
class _Begun:
    """A pass whose kernel has not run yet."""

    call: Call
    memory: dict[str, Tensor]
    launch: Launch
    adjoints: Loan | None = None


def run_forward(call: Call, initial: Mapping[str, Tensor], *, is_saving: bool) -> Made:
    """Forward over all steps."""
    return run_forwards([(call, initial)], is_saving=is_saving)[0]


@without_autocast
def run_forwards(
    given: Sequence[tuple[Call, Mapping[str, Tensor]]], *, is_saving: bool
) -> list[Made]:
    """Forward over all steps of sequences that do not wait for one another."""
    begun = [_begin_forward(call, initial, is_saving=is_saving) for call, initial in given]
    run_launches([one.launch for one in begun])
    return [
        _collect(one.call, one.memory, initial, is_saving=is_saving)
        for one, (_, initial) in zip(begun, given, strict=True)
    ]


def _begin_forward(call: Call, initial: Mapping[str, Tensor], *, is_saving: bool) -> _Begun:
    kernels = call.kernels
    made = kernels.saving_pass if is_saving else kernels.forward_pass
    kernel = kernels.saving if is_saving else kernels.forward
    buffers = call.weights(kernel, made.vectors) | forward_memory(call, kernel, initial)
    if "input" in kernel.schedule.buffers:
        is_read = any(Input() in stage.leaves for stage in kernel.schedule.stages)
        buffers["input"] = call.widened(call.x) if is_read else call.x
    if "input_rounded" in kernel.schedule.buffers:
        buffers["input_rounded"] = call.rounded_x
    if made.projected:
        buffers["projected"] = _projected(call, made)
    if call.input.picks is not None:
        buffers["picks"] = call.input.picks
    launch = make_launch(kernel, buffers, sizes=call.sizes, rows=call.rows, split=call.split)
    return _Begun(call=call, memory=buffers, launch=launch)


def forward_memory(call: Call, kernel: Kernel, initial: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """States with their initial values, and room for everything that the kernel writes."""
    schedule, rows = kernel.schedule, call.rows
    tables = schedule.tables
    found: dict[str, Tensor] = {}
    for name in schedule.buffers:
        is_rounded = name in schedule.rounded
        if name.startswith(("state_", "rounded_")):
            start = call.widened(initial[name.split("_", 1)[1]])
            start = call.rounded(start) if is_rounded else start
            if tables[name] in ("even", "odd"):
                found[name] = torch.cat([start, start])
            else:
                found[name] = call.empty(rows.history_rows, is_rounded=is_rounded)
                put(found[name], rows.initial, start)
        elif name in ("output", "saved", "spilled") or name.startswith("operand_"):
            in_turn = tables.get(name) in ("even", "odd")
            count = 2 * rows.num_streams if in_turn else rows.num_rows
            found[name] = call.empty(count, schedule.widths[name], is_rounded=is_rounded)
    return found


def _projected(call: Call, made: Forward) -> Tensor:
    """Products with what does not wait for a state; those of a table serve many calls."""
    if call.input.picks is None:
        return _project(call, made)
    key = ("projected", *(product.matrix.name for product in made.projected))
    return call.kept(key, lambda: _project(call, made))


def _project(call: Call, made: Forward) -> Tensor:
    """Products with what does not wait for a state, for all rows of the input at once."""
    evaluator = call.input_evaluator()
    projected = call.empty(call.x.shape[0], len(made.projected))
    start = 0
    while start < len(made.projected):
        operand = made.projected[start].operand
        stop = start
        while stop < len(made.projected) and made.projected[stop].operand is operand:
            stop += 1
        names = tuple(product.matrix.name for product in made.projected[start:stop])
        into = projected[:, start * call.padded : stop * call.padded]
        if call.input.is_identity and isinstance(operand, Input):
            _turn([call.as_read(call.parameters[name].detach()) for name in names], into)
        else:
            rows = call.rounded_x if isinstance(operand, Input) else evaluator.value(operand)
            panel_product(call.rounded(rows), call.row_panels(names), into=into)
        start = stop
    return projected


def _turn(matrices: list[Tensor], into: Tensor) -> None:
    """Products of matrices with the identity: their columns as rows, matrix beside matrix."""
    size = matrices[0].shape[0]
    parts = into.unflatten(1, (len(matrices), -1))
    parts[:, :, size:] = 0
    for number, matrix in enumerate(matrices):
        parts[:, number, :size] = matrix.detach().t()


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
            final[name] = of_turn(history, rows.last_turn, rows.num_streams)[:, :size].clone()
    source = buffers.get("output")
    if source is None:
        source = take(buffers["state_h"], rows.new)
    kept = {name: buffers[name] for name in kept_names(call.kernels)} if is_saving else {}
    output = source[:, :size]
    if not output.is_contiguous():
        output = find_matrix(len(output), size, output.dtype).copy_(output)
    return Made(output=output, final=final, buffers=kept)


def kept_names(kernels: Kernels) -> tuple[str, ...]:
    """The memory of a saving forward pass that its backward pass reads."""
    read = {*kernels.backward_pass.schedule.buffers, "output"}
    names = kernels.saving_pass.schedule.buffers
    always = tuple(n for n in names if n.startswith(("state_", "rounded_", "operand_")))
    return (*always, *(n for n in ("output", "saved", "projected") if n in names and n in read))


def memory_shape(
    kernels: Kernels, name: str, rows: int | torch.SymInt, streams: int
) -> tuple[int | torch.SymInt, int, torch.dtype]:
    """Rows, columns of one hidden size, and type of a buffer of the saving forward pass."""
    schedule = kernels.saving_pass.schedule
    is_history = schedule.tables.get(name) in ("before", "after")
    dtype = torch.bfloat16 if name in schedule.rounded else dtype_of(kernels.bits)
    return (rows + streams if is_history else rows, schedule.widths.get(name, 1), dtype)


def _is_in_turn(call: Call, name: str) -> bool:
    place = call.kernels.forward_pass.schedule.places.get(State(name))
    return place is not None and place.rows == "even"


@dataclass(frozen=True, kw_only=True)
class Ends:
    """What a backward pass starts from.

    Args:
        buffers: What the saving forward pass left.
        output: The gradient by the output, (N, H).
        state: The gradient by the final states, (B, H) by name.
        needs_x: Whether the gradient by the input is asked for.
    """

    buffers: Mapping[str, Tensor]
    output: Tensor
    state: Mapping[str, Tensor]
    needs_x: bool = True


def run_backward(call: Call, ends: Ends) -> Gradients:
    """Back through all steps, then the products over all rows."""
    return run_backwards([(call, ends)])[0]


@without_autocast
def run_backwards(given: Sequence[tuple[Call, Ends]]) -> list[Gradients]:
    """Back through sequences that do not wait for one another."""
    begun = [_begin_backward(call, ends) for call, ends in given]
    run_launches([one.launch for one in begun])
    return [
        _finish_backward(one, needs_x=ends.needs_x)
        for one, (_, ends) in zip(begun, given, strict=True)
    ]


def _begin_backward(call: Call, ends: Ends) -> _Begun:
    kernels, rows = call.kernels, call.rows
    made, kernel = kernels.backward_pass, kernels.backward
    schedule = kernel.schedule
    memory = dict(ends.buffers) | call.weights(kernel, made.vectors)
    for name in call.kernels.plan.graph.states:
        start = call.widened(ends.state[name])
        memory[f"adjoint_{name}"] = torch.cat([start, start])
    memory["output_gradient"] = call.widened(ends.output.contiguous())
    dtype = torch.bfloat16 if kernels.is_rounded else call.x.dtype
    adjoints = borrow(rows.num_rows, max(1, len(made.kept)) * call.padded, dtype)
    memory["adjoints"] = adjoints.rows
    if made.exact:
        memory["exact"] = call.empty(rows.num_rows, len(made.exact))
    memory["summed"] = call.x.new_zeros(
        call.split.num_threads, max(1, len(made.summed)) * call.padded
    )
    if "spilled" in schedule.buffers:
        memory["spilled"] = call.empty(2 * rows.num_streams, schedule.widths["spilled"])
    for name in schedule.buffers:
        if name.startswith("operand_") and name not in memory:
            memory[name] = call.empty(rows.num_rows, is_rounded=name in schedule.rounded)
    if "input" in schedule.buffers:
        memory["input"] = call.widened(call.x)
    if call.input.picks is not None:
        memory["picks"] = call.input.picks
    launch = make_launch(
        kernel, memory, sizes=call.sizes, rows=rows, split=call.split, is_backward=True
    )
    return _Begun(call=call, memory=memory, launch=launch, adjoints=adjoints)


def _finish_backward(begun: _Begun, *, needs_x: bool) -> Gradients:
    call, memory = begun.call, begun.memory
    if call.padded > call.hidden_size:  # products over several columns read what lies between
        columns = memory["adjoints"].view(call.rows.num_rows, -1, call.padded)
        columns[:, :, call.hidden_size :] = 0
    found = GradientProducts(call, memory).gradients(needs_x=needs_x)
    if begun.adjoints is not None:
        give_back(begun.adjoints)
    return found
