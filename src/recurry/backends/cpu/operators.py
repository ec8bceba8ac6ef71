"""The kernels as operators of torch, for programs that are traced, compiled or exported.

Comes in: tensors and the text of a cell, from which a fresh process can make the kernels again.
Goes out: tensors that share no memory. Imports torch and the rest of the folder.

Calls outside such programs do not come through here: `backend` runs kernels directly.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from recurry.backends.cpu.call import Call
from recurry.backends.cpu.calls import check_tensors, make_call
from recurry.backends.cpu.packing import padded_size
from recurry.backends.cpu.passes import kept_names, memory_shape, run_backward, run_forward
from recurry.backends.remember import once_a_plan
from recurry.backends.timeline import make_timeline
from recurry.compiler.parse import parse
from recurry.compiler.plan import Plan, make_plan
from recurry.compiler.print import equations

_FACTS = "str cell, int[] sizes, int streams, int hidden_size, bool is_reversed"
_LIBRARY = torch.library.Library("recurry", "DEF")
_LIBRARY.define(
    f"forward(Tensor x, Tensor[] states, Tensor[] parameters, {_FACTS}, bool is_saving) -> Tensor[]"
)
_LIBRARY.define(
    "backward(Tensor output_gradient, Tensor[] state_gradients, Tensor x, Tensor[] parameters, "
    f"Tensor[] kept, {_FACTS}) -> Tensor[]"
)

# Plans by the text that stands for them.
_PLANS: dict[str, Plan] = {}


@once_a_plan
def cell_text(plan: Plan) -> str:
    """The text by which operators know a plan."""
    text = equations(plan.graph)
    _PLANS[text] = plan
    return text


def _plan(cell: str) -> Plan:
    if cell not in _PLANS:
        _PLANS[cell] = make_plan(parse(cell))
    return _PLANS[cell]


def _call(x: Tensor, parameters: Sequence[Tensor], *facts: Any) -> Call:
    cell, sizes, streams, hidden_size, is_reversed = facts
    plan = _plan(cell)
    timeline = make_timeline(tuple(sizes), streams, is_reversed)
    named = dict(zip(plan.graph.parameters, parameters, strict=True))
    return make_call(plan, timeline, named, x, hidden_size, cache=None)


def _check_states(call: Call, states: Mapping[str, Tensor]) -> None:
    shape = (call.rows.num_streams, call.hidden_size)
    check_tensors(states, dict.fromkeys(states, shape), call.x.dtype)


def _forward(
    x: Tensor, states: list[Tensor], parameters: list[Tensor], *facts: Any
) -> list[Tensor]:
    *most, is_saving = facts
    call = _call(x, parameters, *most)
    initial = dict(zip(call.kernels.plan.graph.states, states, strict=True))
    _check_states(call, initial)
    made = run_forward(call, initial, is_saving=is_saving)
    output = made.output.clone() if is_saving else made.output
    return [output, *made.final.values(), *made.buffers.values()]


def _forward_shapes(
    x: Tensor, states: list[Tensor], parameters: list[Tensor], *facts: Any
) -> list[Tensor]:
    *most, is_saving = facts
    call = _call(x, parameters, *most)
    _, sizes, streams, size, _ = most
    num_rows = sum(sizes)
    found = [x.new_empty(num_rows, size), *(torch.empty_like(state) for state in states)]
    for name in kept_names(call.kernels) if is_saving else ():
        rows, columns = memory_shape(call.kernels, name, num_rows, streams)
        padded = padded_size(size, call.units)
        found.append(x.new_empty(rows, columns * padded))
    return found


def _backward(
    output_gradient: Tensor,
    state_gradients: list[Tensor],
    x: Tensor,
    parameters: list[Tensor],
    kept: list[Tensor],
    *facts: Any,
) -> list[Tensor]:
    call = _call(x, parameters, *facts)
    plan, rows = call.kernels.plan, call.rows
    buffers = dict(zip(kept_names(call.kernels), kept, strict=True))
    for name, buffer in buffers.items():
        count, columns = memory_shape(call.kernels, name, rows.num_rows, rows.num_streams)
        check_tensors({name: buffer}, {name: (count, columns * call.padded)}, x.dtype)
    ends = dict(zip(plan.graph.states, state_gradients, strict=True))
    _check_states(call, ends)
    check_tensors(
        {"output gradient": output_gradient},
        {"output gradient": (rows.num_rows, call.hidden_size)},
        x.dtype,
    )
    found = run_backward(
        call,
        buffers,
        output_gradient,
        ends,
        needs_x=True,
    )
    assert found.x is not None
    named = zip(plan.graph.parameters, parameters, strict=True)
    by_parameter = [found.parameters.get(name, torch.zeros_like(p)) for name, p in named]
    # Gradients that came out of one product share its memory.
    return [g.clone() for g in (found.x, *found.state.values(), *by_parameter)]


def _backward_shapes(
    output_gradient: Tensor,
    state_gradients: list[Tensor],
    x: Tensor,
    parameters: list[Tensor],
    kept: list[Tensor],
    *facts: Any,
) -> list[Tensor]:
    return [torch.empty(t.shape, dtype=t.dtype) for t in (x, *state_gradients, *parameters)]


def _keep(ctx: Any, inputs: tuple, output: list[Tensor]) -> None:
    x, states, parameters, *facts, _ = inputs
    ctx.facts, ctx.num_states = facts, len(states)
    ctx.save_for_backward(x, *parameters, *output[1 + len(states) :])
    ctx.num_parameters = len(parameters)


def _differentiate(ctx: Any, gradients: list[Tensor]) -> tuple:
    x, *saved = ctx.saved_tensors
    parameters, kept = saved[: ctx.num_parameters], saved[ctx.num_parameters :]
    found = torch.ops.recurry.backward(
        gradients[0], gradients[1 : 1 + ctx.num_states], x, parameters, kept, *ctx.facts
    )
    states = found[1 : 1 + ctx.num_states]
    return (found[0], states, found[1 + ctx.num_states :], *([None] * len(ctx.facts)), None)


for _name, _function, _shapes in (
    ("forward", _forward, _forward_shapes),
    ("backward", _backward, _backward_shapes),
):
    _LIBRARY.impl(_name, _function, "CPU")
    torch.library.register_fake(f"recurry::{_name}", _shapes, lib=_LIBRARY)
torch.library.register_autograd("recurry::forward", _differentiate, setup_context=_keep)
