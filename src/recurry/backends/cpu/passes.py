"""Forward and backward over whole sequences, found once a shape and run on the memory of a call.

Comes in: calls, initial states or gradients. Goes out: rows of output, final states and what the
backward pass needs; or gradients. Imports torch, backward, call, commands, forward.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from recurry.backends.cpu.backward import BackwardPass
from recurry.backends.cpu.call import Call
from recurry.backends.cpu.commands import run_launches
from recurry.backends.cpu.forward import ForwardPass
from recurry.backends.cpu.scratch import give_back


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


def run_forward(call: Call, initial: Mapping[str, Tensor], *, is_saving: bool) -> Made:
    """Forward over all steps."""
    states = call.kernels.plan.graph.states
    one = forward_pass(call, is_saving=is_saving)
    ((output, final, kept),) = run_forwards([(call, [initial[name] for name in states])], [one])
    return Made(
        output=output,
        final=dict(zip(states, final, strict=True)),
        buffers=dict(zip(one.kept, kept, strict=True)),
    )


def run_forwards(
    given: Sequence[tuple[Call, Sequence[Tensor]]], passes: Sequence[ForwardPass]
) -> list[tuple[Tensor, list[Tensor], list[Tensor]]]:
    """Output, last states and what is kept of sequences that do not wait for one another.

    Args:
        given: Calls with initial states, in the order of the cell.
        passes: The pass of each.
    """
    begun = [one.start(*both) for one, both in zip(passes, given, strict=True)]
    run_launches([one.launch for one in begun])
    for one in begun:
        give_back(one.scratch)
    kept = [it.kept_of(one) if it.is_saving else [] for it, one in zip(passes, begun, strict=True)]
    return [(one.output, one.final, of_it) for one, of_it in zip(begun, kept, strict=True)]


def run_backward(call: Call, ends: Ends) -> Gradients:
    """Back through all steps, then the products over all rows."""
    states = call.kernels.plan.graph.states
    one = backward_pass(call, needs_x=ends.needs_x)
    buffers = [ends.buffers[name] for name in one.kept]
    gradients = [ends.output, *[ends.state[name] for name in states]]
    ((parameters, x, state),) = run_backwards([(call, buffers, gradients)], [one])
    return Gradients(
        parameters=dict(zip(one.names, parameters, strict=True)),
        x=x,
        state=dict(zip(states, state, strict=True)),
    )


def run_backwards(
    given: Sequence[tuple[Call, Sequence[Tensor], Sequence[Tensor | None]]],
    passes: Sequence[BackwardPass],
    *,
    needs_state: bool = True,
) -> list[tuple[list[Tensor], Tensor | None, list[Tensor]]]:
    """Gradients by parameters, by the input and by first states, each in the order of its pass.

    Args:
        given: Calls, what their forward passes kept, and the gradients by outputs and last states.
        passes: The pass of each.
        needs_state: Whether gradients by first states are asked for.
    """
    begun = [
        one.start(*all_, needs_state=needs_state) for one, all_ in zip(passes, given, strict=True)
    ]
    run_launches([one.launch for one in begun])
    return [(one.finish(it), it.x, it.state) for one, it in zip(passes, begun, strict=True)]


def forward_pass(call: Call, *, is_saving: bool) -> ForwardPass:
    """The forward pass of calls of this shape."""
    key = (is_saving, call.input.values.shape, call.input.is_identity)
    found = call.passes.get(key)
    if found is None:
        found = call.passes[key] = ForwardPass(call, is_saving=is_saving)
    return found


def backward_pass(call: Call, *, needs_x: bool) -> BackwardPass:
    """The backward pass that follows it."""
    key = (None, needs_x, call.input.values.shape, call.input.is_identity)
    found = call.passes.get(key)
    if found is None:
        found = call.passes[key] = BackwardPass(call, needs_x=needs_x)
    return found
