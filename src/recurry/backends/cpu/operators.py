"""The kernels as operators of torch, for programs that are traced, compiled, exported or mapped.

Comes in: tensors and the text of a cell, from which a fresh process can make the kernels again.
Goes out: tensors that share no memory. Imports torch and the rest of the folder.

Calls outside such programs do not come through here: `backend` runs kernels directly.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from recurry.backends.cpu.call import Call
from recurry.backends.cpu.calls import check_tensors, find_kernels, make_call
from recurry.backends.cpu.forward import kept_names, memory_shape
from recurry.backends.cpu.kernels import bits_of
from recurry.backends.cpu.packing import padded_size
from recurry.backends.cpu.passes import Ends, run_backward, run_forward
from recurry.backends.refusals import refuse_second_derivatives
from recurry.backends.timeline import is_padded, make_packing, make_timeline
from recurry.backends.weights import hidden_size
from recurry.compiler.parse import parse
from recurry.compiler.plan import Plan, make_plan
from recurry.errors import UsageError

_FACTS = "str cell, int[]? lengths, bool is_reversed, bool is_rounded"
_LIBRARY = torch.library.Library("recurry", "DEF")
_LIBRARY.define(
    f"forward(Tensor x, Tensor[] states, Tensor[] parameters, {_FACTS}, bool is_saving) -> Tensor[]"
)
_LIBRARY.define(
    "backward(Tensor output_gradient, Tensor[] state_gradients, Tensor x, Tensor[] parameters, "
    f"Tensor[] kept, {_FACTS}) -> Tensor[]"
)


@lru_cache(maxsize=512)
def _plan(cell: str) -> Plan:
    return make_plan(parse(cell))


class _Run:
    """One sequence through one cell, from padded tensors to rows and back.

    Args:
        x: Input, (T, B, I).
        states: Initial states or their gradients, (B, H) each.
        parameters: Parameters in the order of the equations.
        facts: The cell, the lengths (None where all are T), whether time is turned, and whether
            products read bfloat16.
    """

    def __init__(
        self,
        x: Tensor,
        states: Sequence[Tensor],
        parameters: Sequence[Tensor],
        facts: tuple[str, Sequence[int] | None, bool, bool],
    ) -> None:
        cell, lengths, is_reversed, is_rounded = facts
        num_steps, num_streams, _ = self.shape = x.shape
        self.plan = _plan(cell)
        self.parameters = dict(zip(self.plan.graph.parameters, parameters, strict=True))
        self.size = hidden_size(self.parameters, dict(enumerate(states)), x)
        self.packing = None
        if lengths is not None and is_padded(lengths, num_steps):
            self.packing = make_packing(tuple(lengths), num_steps, is_reversed, x.device)
            timeline = self.packing.timeline
        else:
            sizes = (num_streams,) * num_steps if num_streams else ()
            timeline = make_timeline(sizes, num_streams, is_reversed)
        self.num_rows, self.num_streams = timeline.num_rows, num_streams
        self.call: Call | None = None
        if self.num_rows:
            rows = self.rows(x)
            self.call = make_call(
                self.plan,
                timeline,
                self.parameters,
                rows,
                self.size,
                cache=None,
                is_rounded=is_rounded,
            )

    def rows(self, padded: Tensor) -> Tensor:
        """The valid steps of all streams, (N, F)."""
        return padded.flatten(0, 1) if self.packing is None else self.packing.pack(padded)

    def padded(self, rows: Tensor) -> Tensor:
        """Rows among zeros, (T, B, F)."""
        if self.packing is not None:
            return self.packing.unpack(rows)
        return rows.view(*self.shape[:2], rows.shape[1])

    def states(self, states: Sequence[Tensor]) -> dict[str, Tensor]:
        """States or their gradients by name, streams in the order of the rows."""
        named = dict(zip(self.plan.graph.states, states, strict=True))
        shape = (self.num_streams, self.size)
        if self.call is not None:
            check_tensors(named, dict.fromkeys(named, shape), self.call.x.dtype)
        return {n: s if self.packing is None else self.packing.sort(s) for n, s in named.items()}

    def unsorted(self, states: Mapping[str, Tensor]) -> list[Tensor]:
        """States in the order of the equations, streams as they came."""
        found = (states[name] for name in self.plan.graph.states)
        return [s if self.packing is None else self.packing.unsort(s) for s in found]


def _forward(
    x: Tensor, states: list[Tensor], parameters: list[Tensor], *facts: Any
) -> list[Tensor]:
    *most, is_saving = facts
    run = _Run(x, states, parameters, tuple(most))
    if run.call is None:
        nothing = _forward_shapes(x, states, parameters, *facts)
        nothing[0].zero_()
        return [nothing[0], *(state.clone() for state in states), *nothing[1 + len(states) :]]
    made = run_forward(run.call, run.states(states), is_saving=is_saving)
    output = run.padded(made.output)
    is_shared = is_saving and run.packing is None
    final = run.unsorted(made.final)
    return [output.clone() if is_shared else output, *final, *made.buffers.values()]


def _forward_shapes(
    x: Tensor, states: list[Tensor], parameters: list[Tensor], *facts: Any
) -> list[Tensor]:
    cell, lengths, _, is_rounded, is_saving = facts
    num_steps, num_streams, input_size = x.shape
    size = hidden_size(dict(enumerate(parameters)), dict(enumerate(states)), x)
    found = [x.new_empty(num_steps, num_streams, size), *(s.new_empty(s.shape) for s in states)]
    if not is_saving:
        return found
    streams = int(num_streams)
    kernels = find_kernels(
        _plan(cell),
        streams=streams,
        sizes=(int(input_size), int(size)),
        bits=16 if is_rounded else bits_of(x.dtype),
    )
    num_rows = num_steps * num_streams if lengths is None else sum(lengths)
    for name in kept_names(kernels):
        padded = padded_size(int(size), kernels.tiling.units)
        rows, width, dtype = memory_shape(
            kernels, name, rows=num_rows, streams=streams, padded=padded
        )
        found.append(x.new_empty(rows, width, dtype=dtype))
    return found


def _backward(
    output_gradient: Tensor,
    state_gradients: list[Tensor],
    x: Tensor,
    parameters: list[Tensor],
    kept: list[Tensor],
    *facts: Any,
) -> list[Tensor]:
    run = _Run(x, state_gradients, parameters, facts)
    if run.call is None:
        made = _backward_shapes(output_gradient, state_gradients, x, parameters, kept, *facts)
        return [gradient.zero_() for gradient in made[:1]] + [
            *(gradient.clone() for gradient in state_gradients),
            *(gradient.zero_() for gradient in made[1 + len(state_gradients) :]),
        ]
    buffers = dict(zip(kept_names(run.call.kernels), kept, strict=True))
    for name, buffer in buffers.items():
        count, width, dtype = memory_shape(
            run.call.kernels,
            name,
            rows=run.num_rows,
            streams=run.num_streams,
            padded=run.call.padded,
        )
        check_tensors({name: buffer}, {name: (count, width)}, dtype)
    shape = (*run.shape[:2], run.size)
    check_tensors({"output gradient": output_gradient}, {"output gradient": shape}, x.dtype)
    output, states = run.rows(output_gradient), run.states(state_gradients)
    found = run_backward(run.call, Ends(buffers=buffers, output=output, state=states))
    assert found.x is not None
    named = zip(run.plan.graph.parameters, parameters, strict=True)
    by_parameter = [found.parameters.get(name, torch.zeros_like(p)) for name, p in named]
    # Gradients that came out of one product share its memory.
    gradients = (run.padded(found.x.contiguous()), *run.unsorted(found.state), *by_parameter)
    return [g.clone(memory_format=torch.contiguous_format) for g in gradients]


def _backward_shapes(
    output_gradient: Tensor,
    state_gradients: list[Tensor],
    x: Tensor,
    parameters: list[Tensor],
    kept: list[Tensor],
    *facts: Any,
) -> list[Tensor]:
    return [t.new_empty(t.shape) for t in (x, *state_gradients, *parameters)]


def _keep(ctx: Any, inputs: tuple, output: Sequence[Tensor]) -> None:
    x, states, parameters, *facts, is_saving = inputs
    ctx.facts, ctx.num_states, ctx.is_saving = facts, len(states), is_saving
    ctx.save_for_backward(x, *parameters, *output[1 + len(states) :])
    ctx.num_parameters = len(parameters)


def _given(ctx: Any, gradients: Sequence[Tensor]) -> tuple:
    """The tensors that the backward operator reads, from gradients by everything that came out."""
    if not ctx.is_saving:
        raise UsageError(
            "A program that was exported for inference gives no gradients.",
            got="backward",
            hint="train the layer itself, or compile it with torch.compile",
        )
    x, *saved = ctx.saved_tensors
    parameters, kept = saved[: ctx.num_parameters], saved[ctx.num_parameters :]
    return gradients[0], list(gradients[1 : 1 + ctx.num_states]), x, parameters, kept


def _differentiate(ctx: Any, gradients: list[Tensor]) -> tuple:
    found = torch.ops.recurry.backward(*_given(ctx, gradients), *ctx.facts)
    states = found[1 : 1 + ctx.num_states]
    return (found[0], states, found[1 + ctx.num_states :], *([None] * len(ctx.facts)), None)


def _refuse_second(ctx: Any, *gradients: Any) -> None:
    raise refuse_second_derivatives()


def _one_by_one(name: str) -> Callable[..., tuple[list[Tensor], list[int]]]:
    """The rule by which torch maps an operator: once for each entry, results side by side."""

    def run_each(info: Any, in_dims: tuple, *inputs: Any) -> tuple[list[Tensor], list[int]]:
        operator = getattr(torch.ops.recurry, name)
        entries = [
            operator(
                *(_entry(value, at, number) for value, at in zip(inputs, in_dims, strict=True))
            )
            for number in range(info.batch_size)
        ]
        found = [torch.stack(parts) for parts in zip(*entries, strict=True)]
        return found, [0] * len(found)

    return run_each


def _entry(value: Any, at: Any, number: int) -> Any:
    """One entry of a mapped tensor or list of tensors; anything else as it is."""
    if isinstance(at, list | tuple):
        return [_entry(one, where, number) for one, where in zip(value, at, strict=True)]
    return value if at is None else value.select(at, number)


for _name, _function, _shapes in (
    ("forward", _forward, _forward_shapes),
    ("backward", _backward, _backward_shapes),
):
    _LIBRARY.impl(_name, _function, "CPU")
    torch.library.register_fake(f"recurry::{_name}", _shapes, lib=_LIBRARY)
    torch.library.register_vmap(f"recurry::{_name}", _one_by_one(_name), lib=_LIBRARY)
torch.library.register_autograd(
    "recurry::forward", _differentiate, setup_context=_keep, lib=_LIBRARY
)
torch.library.register_autograd("recurry::backward", _refuse_second, lib=_LIBRARY)


class Transformed(torch.autograd.Function):
    """The forward operator as `torch.func` wants it: its transforms do not see those of a library.

    Arguments: facts, the number of states, then input, states and parameters.
    """

    generate_vmap_rule = False

    @staticmethod
    def forward(
        facts: Sequence[Any], num_states: int, x: Tensor, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        """Everything that the operator gives."""
        states, parameters = list(tensors[:num_states]), list(tensors[num_states:])
        return tuple(torch.ops.recurry.forward(x, states, parameters, *facts, True))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple[Tensor, ...]) -> None:
        """Note what the backward pass reads."""
        facts, num_states, x, *tensors = inputs
        ctx.mark_non_differentiable(*output[1 + num_states :])
        _keep(ctx, (x, tensors[:num_states], tensors[num_states:], *facts, True), output)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        """First derivatives."""
        output, states, x, parameters, kept = _given(ctx, gradients)
        counts = (len(states), len(parameters))
        tensors = (output, *states, x, *parameters, *kept)
        return (None, None, *_TransformedBackward.apply(ctx.facts, counts, *tensors))

    @staticmethod
    def vmap(info: Any, in_dims: tuple, *inputs: Any) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
        """The same for every entry of a mapped axis."""
        facts, count, x, *tensors = inputs
        _, _, at, *dims = in_dims
        found, places = _one_by_one("forward")(
            info,
            (at, dims[:count], dims[count:], *[None] * (len(facts) + 1)),
            *(x, tensors[:count], tensors[count:], *facts, True),
        )
        return tuple(found), tuple(places)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> None:  # type: ignore[override]
        """There is none."""
        raise _refuse_forward_mode()


class _TransformedBackward(torch.autograd.Function):
    """The backward operator in the same way: mapped, but not differentiated."""

    generate_vmap_rule = False

    @staticmethod
    def forward(
        facts: Sequence[Any], counts: Sequence[int], *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        return tuple(torch.ops.recurry.backward(*_grouped(tensors, counts), *facts))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple[Tensor, ...]) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> None:  # type: ignore[override]
        raise refuse_second_derivatives()

    @staticmethod
    def vmap(info: Any, in_dims: tuple, *inputs: Any) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
        facts, counts, *tensors = inputs
        dims = (*_grouped(in_dims[2:], counts), *[None] * len(facts))
        found, places = _one_by_one("backward")(info, dims, *_grouped(tensors, counts), *facts)
        return tuple(found), tuple(places)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> None:  # type: ignore[override]
        raise _refuse_forward_mode()


def _grouped(values: Sequence[Any], counts: Sequence[int]) -> tuple:
    """Output gradient, state gradients, x, parameters and what was kept, from a flat list."""
    states, parameters = counts
    at = 1 + states
    end = at + 1 + parameters
    return (
        values[0],
        list(values[1:at]),
        values[at],
        list(values[at + 1 : end]),
        list(values[end:]),
    )


def _refuse_forward_mode() -> UsageError:
    return UsageError(
        "The time loop has no forward-mode derivatives.",
        got="torch.func.jvp, torch.func.hessian or a dual number",
        accepted="reverse mode: backward, torch.func.grad, torch.func.jacrev",
    )
