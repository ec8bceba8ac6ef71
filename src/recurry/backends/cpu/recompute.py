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
from recurry.backends.cpu.gradients import Gradients
from recurry.backends.cpu.passes import Ends, run_backward, run_forward
from recurry.backends.cpu.recurrence import Facts, parts_of
from recurry.backends.recompute import Chunk, chunk_steps, cut
from recurry.backends.refusals import refuse_second_derivatives
from recurry.compiler.plan import Plan


class Recomputed(torch.autograd.Function):
    """Kernels behind autograd that keep the states between chunks alone; first derivatives only."""

    @staticmethod
    def forward(
        ctx: Any, plan: Plan, facts: tuple[Facts, ...], *tensors: Tensor | None
    ) -> tuple[Tensor, ...]:
        ctx.plan, ctx.facts, ctx.num_borders = plan, facts, list[int]()
        found, borders = list[Tensor](), list[Tensor]()
        for fact, part in zip(facts, parts_of(facts, tensors), strict=True):
            chunks, state, before = _Chunks(plan, fact, part), fact.state(part), len(borders)
            output = part[0].new_empty(fact.timeline.num_rows, fact.hidden_size)
            for chunk in chunks.chunks:
                borders += state.values()
                made = run_forward(chunks.call(chunk), state, is_saving=False)
                output[chunk.rows], state = made.output, made.final
            ctx.num_borders.append(len(borders) - before)
            found += [output, *state.values()]
        ctx.save_for_backward(*tensors, *borders)
        return tuple(found)

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise refuse_second_derivatives()
        saved, passed = iter(ctx.saved_tensors), iter(gradients)
        parts = [[next(saved) for _ in range(fact.num_tensors)] for fact in ctx.facts]
        found: list[Tensor | None] = [None, None]
        is_needed = parts_of(ctx.facts, ctx.needs_input_grad[2:])
        facts = zip(ctx.facts, parts, is_needed, ctx.num_borders, strict=True)
        for fact, part, needs, count in facts:
            borders = [next(saved) for _ in range(count)]
            output, state = next(passed), {name: next(passed) for name in fact.states}
            chunks = _Chunks(ctx.plan, fact, part)
            totals, state = _go_back(chunks, borders, output, state, needs_x=bool(needs[0]))
            found += [totals.x, None, *(state[name] for name in fact.states)]
            found += [totals.parameters.get(name) for name in fact.parameters]
        return tuple(found)


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


def _go_back(
    chunks: _Chunks,
    borders: Sequence[Tensor],
    output: Tensor,
    state: dict[str, Tensor],
    *,
    needs_x: bool,
) -> tuple["_Totals", dict[str, Tensor]]:
    """Gradients by everything, and by the first state."""
    names, (x, picks, *_) = chunks.fact.states, chunks.tensors
    totals = _Totals(x if needs_x else None, is_picked=picks is not None)
    for number, chunk in reversed(list(enumerate(chunks.chunks))):
        call = chunks.call(chunk)
        before = borders[number * len(names) : (number + 1) * len(names)]
        made = run_forward(call, dict(zip(names, before, strict=True)), is_saving=True)
        ends = Ends(buffers=made.buffers, output=output[chunk.rows], state=state, needs_x=needs_x)
        found = run_backward(call, ends)
        totals.add(found, chunk.rows)
        state = found.state
    return totals, state


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
