"""Any cell along time in torch operations, with its own backward pass, on any device.

Comes in: a plan, parameters, input and state. Goes out: output and state, with gradients. The loop
computes only what must wait for the step before; weight gradients are one product over all steps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from recurry.backends.autocast import without_autocast
from recurry.backends.options import Request, RunOptions
from recurry.backends.program import stacks
from recurry.backends.recompute import run_in_chunks
from recurry.backends.refusals import refuse_second_derivatives
from recurry.backends.rewrite import (
    OUTPUT_GRADIENT,
    Targets,
    backward_program,
    forward_program,
    zoned,
    zoneout_mask,
)
from recurry.backends.scan import Scan
from recurry.backends.symbols import Symbols, as_vectors
from recurry.backends.timeline import Timeline, is_padded, make_packing, make_timeline
from recurry.backends.weights import Weights
from recurry.compiler.nodes import Adjoint, Input, Node, State
from recurry.compiler.plan import Plan


class EagerBackend:
    """Runs every plan, on every device, in every precision."""

    name = "eager"

    def refusal(self, request: Request) -> str | None:
        """Why this request cannot be run, as the end of a sentence; None where it can."""
        return None

    def is_fast(self, request: Request) -> bool:
        """Whether this backend is expected to beat the ones after it in the table."""
        return True

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
        """Run a plan along time; see `Backend`."""
        x = as_vectors(x)
        if options.memory == "low" and torch.is_grad_enabled():
            whole = replace(options, memory="default")
            return run_in_chunks(
                lambda x, lengths, state: self.run(
                    plan, parameters, x, state, lengths=lengths, options=whole
                ),
                x,
                state,
                lengths=lengths,
                is_reversed=options.is_reversed,
            )
        num_steps, batch_size, _ = x.shape
        if not is_padded(lengths, num_steps):
            sizes = (batch_size,) * num_steps if batch_size else ()
            timeline = make_timeline(sizes, batch_size, options.is_reversed)
            rows, new = _run_rows(plan, parameters, x.flatten(0, 1), state, timeline, options)
            return rows.view(num_steps, batch_size, rows.shape[1]), new
        packing = make_packing(tuple(lengths or ()), num_steps, options.is_reversed, x.device)
        state = {name: packing.sort(value) for name, value in state.items()}
        rows, new = _run_rows(plan, parameters, packing.pack(x), state, packing.timeline, options)
        return packing.unpack(rows), {name: packing.unsort(value) for name, value in new.items()}


class _Call:
    """Everything about one call that is no tensor with a gradient."""

    def __init__(
        self, plan: Plan, timeline: Timeline, options: RunOptions, *, names: tuple[str, ...]
    ) -> None:
        self.plan, self.timeline, self.options = plan, timeline, options
        self.names = names
        self.masks: dict[Node, Tensor] = {}

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(self.plan.next_state)

    def size(self, x: Tensor, parameters: Sequence[Tensor]) -> int:
        """Number of units H; a cell without parameters has as many as its input."""
        return parameters[0].shape[0] if parameters else x.shape[-1]

    def weights(self, parameters: Sequence[Tensor], *, is_cached: bool) -> Weights:
        """The matrices of this call; stacks may be kept where no gradient is asked for."""
        if not is_cached:  # an update may follow, and torch's fused optimisers count no version
            self.options.cache.clear()
        return Weights(
            dict(zip(self.names, parameters, strict=True)),
            is_rounded=self.options.precision == "bfloat16",
            cache=self.options.cache if is_cached else None,
        )

    def leaves(self, x: Tensor, parameters: Sequence[Tensor]) -> dict[Node, Tensor]:
        """The values of input, vectors and masks."""
        vectors = {
            self.plan.graph.parameters[name]: value
            for name, value in zip(self.names, parameters, strict=True)
            if value.dim() == 1
        }
        return {Input(): x, **vectors, **self.masks}


def _run_rows(
    plan: Plan,
    parameters: Mapping[str, Tensor],
    x: Float[Tensor, "N I"],
    state: Mapping[str, Tensor],
    timeline: Timeline,
    options: RunOptions,
) -> tuple[Float[Tensor, "N H"], dict[str, Tensor]]:
    """Run rows without padding."""
    draws = options.zoneout > 0.0 and options.is_training
    if options.zoneout > 0.0:
        plan = zoned(plan, None if draws else options.zoneout)
    call = _Call(plan, timeline, options, names=tuple(parameters))
    if draws:
        call.masks = _draw_masks(plan, x, state, options.zoneout)
    values = tuple(parameters.values())
    states = tuple(state[name] for name in call.states)
    if torch.is_grad_enabled() and any(t.requires_grad for t in (x, *states, *values)):
        output, *new = _Recurrence.apply(call, x, *states, *values)
    else:
        with torch.no_grad():
            scan = _scan_forward(call, x, states, values, is_kept=False)
            output, *new = _results(scan, call, x)
    return output, dict(zip(call.states, new, strict=True))


def _draw_masks(
    plan: Plan, x: Tensor, state: Mapping[str, Tensor], rate: float
) -> dict[Node, Tensor]:
    return {
        zoneout_mask(name): x.new_empty(x.shape[0], state[name].shape[1]).bernoulli_(rate)
        for name in plan.next_state
    }


def _scan_forward(
    call: _Call,
    x: Tensor,
    states: Sequence[Tensor],
    parameters: Sequence[Tensor],
    *,
    is_kept: bool,
) -> Scan:
    initial: dict[Node, Tensor] = {
        State(name): value for name, value in zip(call.states, states, strict=True)
    }
    scan = Scan(
        forward_program(call.plan, is_kept),
        call.timeline,
        known=call.leaves(x, parameters),
        initial=initial,
        weights=call.weights(parameters, is_cached=not is_kept),
        size=call.size(x, parameters),
    )
    scan.run()
    return scan


def _results(scan: Scan, call: _Call, x: Tensor) -> tuple[Tensor, ...]:
    """The output at all steps and the final states."""
    output = scan.value(call.plan.output)
    if output is x or output.shape[0] != x.shape[0] or output.dim() == 1:
        output = output.expand(x.shape[0], output.shape[-1]).clone()
    return (output, *(scan.final[State(name)] for name in call.states))


class _Recurrence(torch.autograd.Function):
    """A scan with gradients by the derived backward step."""

    @staticmethod
    def forward(ctx: Any, call: _Call, x: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        states, parameters = tensors[: len(call.states)], tensors[len(call.states) :]
        scan = _scan_forward(call, x, states, parameters, is_kept=True)
        ctx.call, ctx.weights = call, scan.weights
        kept = [scan.value(node) for node in call.plan.saved]
        ctx.save_for_backward(x, *kept, *parameters, *call.masks.values())
        ctx.masks, call.masks = tuple(call.masks), {}
        return _results(scan, call, x)

    @staticmethod
    @without_autocast
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore
        if torch.is_grad_enabled():
            raise refuse_second_derivatives()
        call: _Call = ctx.call
        x, *rest = ctx.saved_tensors
        kept, rest = rest[: len(call.plan.saved)], rest[len(call.plan.saved) :]
        parameters, masks = rest[: len(call.names)], rest[len(call.names) :]
        program, targets = backward_program(call.plan, ctx.needs_input_grad[1])
        known = call.leaves(x, parameters) | dict(zip(call.plan.saved, kept, strict=True))
        known |= dict(zip(ctx.masks, masks, strict=True))
        known[OUTPUT_GRADIENT] = gradients[0]
        names = zip(call.states, gradients[1:], strict=True)
        scan = Scan(
            program,
            call.timeline.turned(),
            known=known,
            initial={Adjoint(name): value for name, value in names},
            weights=ctx.weights,
            size=call.size(x, parameters),
        )
        scan.run()
        return (None, *_gradients(scan, targets, call=call, x=x, parameters=parameters))


def _gradients(
    scan: Scan, targets: Targets, *, call: _Call, x: Tensor, parameters: Sequence[Tensor]
) -> tuple[Tensor | None, ...]:
    """The gradients by x, the old states and the parameters, in this order."""
    found = _matrix_gradients(scan, targets, call=call, parameters=parameters)
    for name, node in targets.vectors.items():
        if name in call.names:
            found[name] = _over_rows(scan.value(node), x.shape[0]).sum(0)
    by_x = None
    if targets.input is not None:
        by_x = scan.value(targets.input).expand(x.shape)
    states = (scan.final[Adjoint(name)] for name in call.states)
    return (by_x, *states, *(found[name] for name in call.names))


def _over_rows(value: Tensor, num_rows: int) -> Tensor:
    return value if value.dim() == 2 else value.expand(num_rows, value.shape[-1])


def _matrix_gradients(
    scan: Scan, targets: Targets, *, call: _Call, parameters: Sequence[Tensor]
) -> dict[str, Tensor]:
    """The gradients by the matrices: one product for all steps and neighbouring matrices."""
    groups: dict[Node, list[tuple[int, str]]] = {}
    shapes = dict(zip(call.names, parameters, strict=True))
    found: dict[str, Tensor] = {}
    for product, adjoint in targets.products.items():
        name = product.matrix.name
        if adjoint in scan.program.places:
            place = scan.program.places[adjoint]
            groups.setdefault(product.operand, []).append((place, name))
        else:
            found.setdefault(name, torch.zeros_like(shapes[name]))
    for operand, places in groups.items():
        value = _over_rows(scan.value(operand), scan.timeline.num_rows)
        for start, stop, names in stacks(places):
            gradient = scan.rounded(scan.column(start, stop)).t() @ scan.rounded(value)
            for name, part in zip(names, gradient.chunk(stop - start), strict=True):
                _accumulate(found, name, part)
    return found


def _accumulate(found: dict[str, Tensor], name: str, part: Tensor) -> None:
    found[name] = found[name] + part if name in found else part
