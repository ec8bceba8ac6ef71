"""A sequence whose backward pass runs every chunk of steps forward again: memory for time.

Comes in: what a recurrence is given. Goes out: output and states, with gradients. Imports torch,
passes, recurrence and the chunks of `backends/recompute`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from recurry.backends.cpu.call import Call
from recurry.backends.cpu.backward import Ends, Gradients
from recurry.backends.cpu.passes import run_backward, run_forward
from recurry.backends.cpu.recurrence import Facts, Part, in_order, keep, kept_parts, parts_of
from recurry.backends.recompute import Chunk, chunk_steps, cut
from recurry.compiler.plan import Plan


class Recomputed(torch.autograd.Function):
    """Kernels behind autograd that keep the states between chunks alone; first derivatives only."""

    @staticmethod
    def forward(
        ctx: Any, plan: Plan, facts: tuple[Facts, ...], *tensors: Tensor | None
    ) -> tuple[Tensor, ...]:
        ctx.plan = plan
        found, borders = list[Tensor](), list[list[Tensor]]()
        for fact, part in zip(facts, parts_of(facts, tensors), strict=True):
            chunks, state = _Chunks(plan, fact, part), fact.state(part)
            output = part[0].new_empty(fact.timeline.num_rows, fact.hidden_size)
            borders.append([])
            for chunk in chunks.chunks:
                borders[-1] += state.values()
                made = run_forward(chunks.call(chunk), state, is_saving=False)
                output[chunk.rows], state = made.output, made.final
            found += [output, *state.values()]
        keep(ctx, facts, tensors, borders)
        return tuple(found)

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: Any, *gradients: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        parts = kept_parts(ctx, gradients)
        return in_order((part.facts, _go_back(ctx.plan, part)) for part in parts)


class _Chunks:
    """The calls of all chunks; they share packed weights."""

    def __init__(self, plan: Plan, fact: Facts, tensors: Sequence[Any]) -> None:
        self.plan, self.fact, self.tensors = plan, fact, tensors
        timeline = fact.timeline
        self.chunks = cut(timeline, chunk_steps(len(timeline.sizes)))

    def call(self, chunk: Chunk) -> Call:
        """The call of a chunk."""
        given = self.fact.given(self.tensors).part(chunk.rows)
        tensors = [given.values, given.picks, *self.tensors[2:]]
        fact = replace(self.fact, timeline=chunk.timeline)
        return fact.call(self.plan, tensors, teams=1)


def _go_back(plan: Plan, part: Part) -> Gradients:
    """Gradients by everything, and by the first state."""
    chunks, names, state = _Chunks(plan, part.facts, part.tensors), part.facts.states, part.state
    totals = _Totals(part.tensors[0] if part.needs_x else None, is_picked=part.tensors[1] is not None)
    for number, chunk in reversed(list(enumerate(chunks.chunks))):
        call = chunks.call(chunk)
        before = part.kept[number * len(names) : (number + 1) * len(names)]
        made = run_forward(call, dict(zip(names, before, strict=True)), is_saving=True)
        output = None if part.output is None else part.output[chunk.rows]
        ends = Ends(buffers=made.buffers, output=output, state=state, needs_x=part.needs_x)
        found = run_backward(call, ends)
        totals.add(found, chunk.rows)
        state = found.state
    return Gradients(parameters=totals.parameters, x=totals.x, state=state)  # type: ignore[arg-type]


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
