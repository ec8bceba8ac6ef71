"""The compiled backend: any cell along time in machine code made for this processor.

Comes in: what every backend gets. Goes out: output and state, with gradients. Imports torch and the
rest of the folder.
"""

import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from recurry.backends.cpu.inputs import InputRows, pick_rows
from recurry.backends.cpu.traced import needs_operator, run_operator
from recurry.backends.options import Request, RunOptions
from recurry.backends.refusals import refuse_second_derivatives
from recurry.backends.rewrite import zoned
from recurry.backends.symbols import Symbols, as_vectors
from recurry.backends.timeline import Timeline, is_padded, make_packing, make_timeline
from recurry.backends.weights import hidden_size
from recurry.compiler.plan import Plan


class CpuBackend:
    """Runs every plan on the processor in every precision."""

    name = "cpu"

    def refusal(self, request: Request) -> str | None:
        """Why a request cannot be run, if it cannot."""
        if request.device != "cpu":
            return "it runs on the processor only"
        if request.options.zoneout > 0.0 and request.options.is_training:
            return "it draws no masks for zoneout in training"
        return _MISSING

    def is_fast(self, request: Request) -> bool:
        """Wherever there is something to run."""
        return not request.has_empty

    def run(
        self,
        plan: Plan,
        parameters: Mapping[str, Tensor],
        x: Float[Tensor, "T B I"] | Symbols,
        state: Mapping[str, Tensor],
        *,
        lengths: Sequence[int] | None,
        options: RunOptions,
    ) -> tuple[Float[Tensor, "T B H"], dict[str, Tensor]]:
        """The output and the state after the last step."""
        if options.zoneout > 0.0:
            plan = zoned(plan, options.zoneout)
        num_steps, batch_size, _ = x.shape
        is_empty = 0 in x.shape or (lengths is not None and not any(lengths))
        if is_empty or needs_operator((x, *state.values())):
            values = as_vectors(x)
            return run_operator(plan, parameters, values, state, lengths=lengths, options=options)
        if not is_padded(lengths, num_steps):
            sizes = (batch_size,) * num_steps if batch_size else ()
            timeline = make_timeline(sizes, batch_size, options.is_reversed)
            found = _input_rows(x, lambda value: value.flatten(0, 1), timeline, parameters)
            rows, new = _run_rows(plan, parameters, found, state, timeline, options)
            return rows.view(num_steps, batch_size, rows.shape[1]), new
        packing = make_packing(tuple(lengths or ()), num_steps, options.is_reversed, x.device)
        state = {name: packing.sort(value) for name, value in state.items()}
        found = _input_rows(x, packing.pack, packing.timeline, parameters)
        rows, new = _run_rows(plan, parameters, found, state, packing.timeline, options)
        return packing.unpack(rows), {name: packing.unsort(value) for name, value in new.items()}


def _input_rows(
    x: Tensor | Symbols,
    flatten: Callable[[Tensor], Tensor],
    timeline: Timeline,
    parameters: Mapping[str, Tensor],
) -> InputRows:
    """What each row reads."""
    if not isinstance(x, Symbols):
        return InputRows(values=flatten(x))
    from recurry.backends.cpu.cost import should_project

    is_picked = should_project(
        x.num_symbols,
        timeline.num_rows,
        is_one_hot=x.table is None,
        is_kept=not _is_recorded((x, *parameters.values())),
    )
    return pick_rows(x, flatten) if is_picked else InputRows(values=flatten(x.vectors()))


def _is_recorded(values: Iterable[Tensor | Symbols]) -> bool:
    """Whether gradients will be asked for."""
    return torch.is_grad_enabled() and any(value.requires_grad for value in values)


# What this computer lacks, if anything; looked for once, where no traced program sees it.
_MISSING = (
    "it needs the package llvmlite (pip install llvmlite)"
    if importlib.util.find_spec("llvmlite") is None
    else None
)


def _run_rows(
    plan: Plan,
    parameters: Mapping[str, Tensor],
    given: InputRows,
    state: Mapping[str, Tensor],
    timeline: Timeline,
    options: RunOptions,
) -> tuple[Float[Tensor, "N H"], dict[str, Tensor]]:
    """Run rows without padding."""
    from recurry.backends.cpu.calls import check_tensors, make_call
    from recurry.backends.cpu.passes import run_forward

    x = given.values
    size = hidden_size(parameters, state, x)
    check_tensors(state, dict.fromkeys(state, (timeline.num_streams, size)), x.dtype)
    values, states = tuple(parameters.values()), tuple(state.values())
    is_rounded = options.precision == "bfloat16"
    if _is_recorded((x, *states, *values)):
        # An update may follow, and torch's fused optimisers count no version.
        options.cache.clear()
        how = (given.is_identity, is_rounded)
        facts = (plan, timeline, tuple(parameters), tuple(state), size, how)
        output, *final = _recurrence(options).apply(facts, x, given.picks, *states, *values)
        return output, dict(zip(state, final, strict=True))
    with torch.no_grad():
        call = make_call(
            plan, timeline, parameters, given, size, cache=options.cache, is_rounded=is_rounded
        )
        made = run_forward(call, state, is_saving=False)
    return made.output, made.final


def _recurrence(options: RunOptions) -> type[torch.autograd.Function]:
    """What runs the kernels behind autograd."""
    if options.memory == "default":
        return _Recurrence
    from recurry.backends.cpu.recompute import Recomputed

    return Recomputed


class _Recurrence(torch.autograd.Function):
    """Kernels behind autograd: first derivatives only."""

    @staticmethod
    def forward(
        ctx: Any, facts: tuple, x: Tensor, picks: Tensor | None, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        from recurry.backends.cpu.calls import make_call
        from recurry.backends.cpu.passes import run_forward

        plan, timeline, names, states, size, (is_identity, is_rounded) = facts
        initial = dict(zip(states, tensors, strict=False))
        parameters = dict(zip(names, tensors[len(states) :], strict=True))
        given = InputRows(values=x, picks=picks, is_identity=is_identity)
        call = make_call(plan, timeline, parameters, given, size, cache=None, is_rounded=is_rounded)
        made = run_forward(call, initial, is_saving=True)
        ctx.facts, ctx.kept = facts, tuple(made.buffers)
        ctx.save_for_backward(x, picks, *tensors[len(states) :], *made.buffers.values())
        return (made.output, *made.final.values())

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, ...]:
        from recurry.backends.cpu.calls import make_call
        from recurry.backends.cpu.passes import run_backward

        if torch.is_grad_enabled():
            raise refuse_second_derivatives()
        plan, timeline, names, states, size, (is_identity, is_rounded) = ctx.facts
        x, picks, *saved = ctx.saved_tensors
        parameters = dict(zip(names, saved, strict=False))
        buffers = dict(zip(ctx.kept, saved[len(names) :], strict=True))
        given = InputRows(values=x, picks=picks, is_identity=is_identity)
        call = make_call(plan, timeline, parameters, given, size, cache=None, is_rounded=is_rounded)
        output, *final = gradients
        found = run_backward(
            call,
            buffers,
            output,
            dict(zip(states, final, strict=True)),
            needs_x=ctx.needs_input_grad[1],
        )
        by_state = [found.state.get(name) for name in states]
        return (None, found.x, None, *by_state, *(found.parameters.get(name) for name in names))
