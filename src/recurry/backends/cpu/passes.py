"""Forward and backward over whole sequences, found once a shape and run on the memory of a call.

Comes in: calls, initial states or gradients. Goes out: rows of output, final states and what the
backward pass needs; or gradients. Imports torch, backward, call, commands, forward.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor

from recurry.backends.autocast import without_autocast
from recurry.backends.cpu.backward import BackwardPass, Ends, Gradients
from recurry.backends.cpu.call import Call
from recurry.backends.cpu.commands import run_launches
from recurry.backends.cpu.forward import ForwardPass, Made
from recurry.backends.cpu.scratch import give_back


def run_forward(call: Call, initial: Mapping[str, Tensor], *, is_saving: bool) -> Made:
    """Forward over all steps."""
    return run_forwards([(call, initial)], is_saving=is_saving)[0]


@without_autocast
def run_forwards(
    given: Sequence[tuple[Call, Mapping[str, Tensor]]], *, is_saving: bool
) -> list[Made]:
    """Forward over all steps of sequences that do not wait for one another."""
    begun = [
        forward_pass(call, is_saving=is_saving).begin(call, initial) for call, initial in given
    ]
    run_launches([one.launch for one in begun])
    for one in begun:
        give_back(one.scratch)
    return [one.made for one in begun]


def run_backward(call: Call, ends: Ends) -> Gradients:
    """Back through all steps, then the products over all rows."""
    return run_backwards([(call, ends)])[0]


@without_autocast
def run_backwards(given: Sequence[tuple[Call, Ends]]) -> list[Gradients]:
    """Back through sequences that do not wait for one another."""
    passes = [
        backward_pass(call, needs_x=ends.needs_x) for call, ends in given
    ]
    begun = [one.begin(*both) for one, both in zip(passes, given, strict=True)]
    run_launches([one.launch for one in begun])
    return [one.finish(it) for one, it in zip(passes, begun, strict=True)]


def forward_pass(call: Call, *, is_saving: bool) -> ForwardPass:
    """The forward pass of calls of this shape."""
    key = (is_saving, *call.shape)
    found = call.rows.passes.get(key)
    if found is None:
        found = call.rows.passes[key] = ForwardPass(call, is_saving=is_saving)
    return found


def backward_pass(call: Call, *, needs_x: bool) -> BackwardPass:
    """The backward pass that follows it."""
    key = (None, needs_x, *call.shape)
    found = call.rows.passes.get(key)
    if found is None:
        found = call.rows.passes[key] = BackwardPass(call, needs_x=needs_x)
    return found
