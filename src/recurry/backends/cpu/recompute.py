"""A sequence whose backward pass runs every chunk of steps forward again: memory for time.

Comes in: what a recurrence is given. Goes out: output and states, with gradients. Imports torch,
calls, inputs, passes and the chunks of `backends/recompute`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from recurry.backends.cpu.call import Call
from recurry.backends.cpu.calls import make_call
from recurry.backends.cpu.gradients import Gradients
from recurry.backends.cpu.inputs import InputRows
from recurry.backends.cpu.passes import run_backward, run_forward
from recurry.backends.recompute import Chunk, chunk_steps, cut
from recurry.backends.refusals import refuse_second_derivatives
from recurry.backends.weights import StackCache


class Recomputed(torch.autograd.Function):
    """Kernels behind autograd that keep the states between chunks alone; first derivatives only."""

    @staticmethod
    def forward(
        ctx: Any, facts: tuple, x: Tensor, picks: Tensor | None, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        names = facts[3]
        states, parameters = tensors[: len(names)], tensors[len(names) :]
        chunks = _Chunks(facts, x, picks, parameters)
        output = x.new_empty(chunks.timeline.num_rows, chunks.hidden_size)
        state, borders = dict(zip(names, states, strict=True)), list[Tensor]()
        for chunk in chunks.chunks:
            borders += state.values()
            made = run_forward(chunks.call(chunk), state, is_saving=False)
            output[chunk.rows], state = made.output, made.final
        ctx.facts = facts
        ctx.save_for_backward(x, picks, *parameters, *borders)
        return (output, *state.values())

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise refuse_second_derivatives()
        _, _, parameters, names, *_ = ctx.facts
        x, picks, *saved = ctx.saved_tensors
        values, borders = saved[: len(parameters)], saved[len(parameters) :]
        chunks = _Chunks(ctx.facts, x, picks, values)
        output, *final = gradients
        state = dict(zip(names, final, strict=True))
        totals = _Totals(x if ctx.needs_input_grad[1] else None, is_picked=picks is not None)
        for number, chunk in reversed(list(enumerate(chunks.chunks))):
            call = chunks.call(chunk)
            before = borders[number * len(names) : (number + 1) * len(names)]
            made = run_forward(call, dict(zip(names, before, strict=True)), is_saving=True)
            found = run_backward(
                call,
                made.buffers,
                output[chunk.rows],
                state,
                needs_x=ctx.needs_input_grad[1],
            )
            totals.add(found, chunk.rows)
            state = found.state
        by_state = [state[name] for name in names]
        return (None, totals.x, None, *by_state, *(totals.parameters.get(n) for n in parameters))


class _Chunks:
    """The calls of all chunks; they share packed weights."""

    def __init__(
        self, facts: tuple, x: Tensor, picks: Tensor | None, parameters: Sequence[Tensor]
    ) -> None:
        self.plan, self.timeline, names, _, self.hidden_size, how = facts
        is_identity, self.is_rounded = how
        self.given = InputRows(values=x, picks=picks, is_identity=is_identity)
        self.parameters: Mapping[str, Tensor] = dict(zip(names, parameters, strict=True))
        self.chunks = cut(self.timeline, chunk_steps(len(self.timeline.sizes)))
        self._cache = StackCache()

    def call(self, chunk: Chunk) -> Call:
        """The call of a chunk."""
        return make_call(
            self.plan,
            chunk.timeline,
            self.parameters,
            self.given.part(chunk.rows),
            self.hidden_size,
            cache=self._cache,
            is_rounded=self.is_rounded,
        )


class _Totals:
    """Gradients added up over chunks."""

    def __init__(self, x: Tensor | None, *, is_picked: bool) -> None:
        self.parameters: dict[str, Tensor] = {}
        self.is_picked = is_picked
        self.x = None if x is None else torch.zeros_like(x) if is_picked else torch.empty_like(x)

    def add(self, found: Gradients, rows: slice) -> None:
        """Take in the gradients of a chunk, as copies: parts of one product share memory."""
        for name, part in found.parameters.items():
            if name in self.parameters:
                self.parameters[name] += part
            else:
                self.parameters[name] = part.clone(memory_format=torch.contiguous_format)
        if self.x is not None and found.x is not None:
            if self.is_picked:
                self.x += found.x
            else:
                self.x[rows] = found.x
