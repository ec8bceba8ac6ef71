"""A sequence whose backward pass runs every chunk of steps forward again: memory for time.

Comes in: what a recurrence is given. Goes out: output and states, with gradients. Imports torch,
passes, recurrence and the chunks of `backends/recompute`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from recurry.backends.cpu.call import Call
from recurry.backends.cpu.passes import Ends, Gradients, run_backward, run_forward
from recurry.backends.cpu.recurrence import Facts, Part, in_order, keep, kept_parts, parts_of
from recurry.backends.recompute import Chunk, chunk_steps, cut
from recurry.backends.timeline import Timeline
from recurry.backends.weights import StackCache


class Recomputed(torch.autograd.Function):
    """Kernels behind autograd that keep the states between chunks alone; first derivatives only."""

    @staticmethod
    def forward(
        ctx: Any, facts: tuple[Facts, ...], caches: Sequence[StackCache], *tensors: Tensor | None
    ) -> tuple[Tensor, ...]:
        found, borders = list[Tensor](), list[list[Tensor]]()
        ctx.caches = caches
        for fact, cache, part in zip(facts, caches, parts_of(facts, tensors), strict=True):
            chunks = _Chunks(fact, cache, part)
            state = dict(zip(fact.states, fact.state(part), strict=True))
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
        found: list[Tensor | None] = [None, None]
        for part, cache in zip(parts, ctx.caches, strict=True):
            totals, state = _go_back(part, cache)
            made = ([*totals.parameters.values()], totals.x, [*state.values()])
            found += in_order(part, [*totals.parameters], made)
        return tuple(found)


class _Chunks:
    """The calls of all chunks; they share packed weights."""

    def __init__(self, fact: Facts, cache: StackCache, tensors: Sequence[Any]) -> None:
        self.fact, self.cache, self.tensors = fact, cache, tensors
        timeline = fact.timeline
        self.chunks = cut(timeline, chunk_steps(len(timeline.sizes)))
        self._facts: dict[Timeline, Facts] = {}

    def call(self, chunk: Chunk) -> Call:
        """The call of a chunk."""
        given = self.fact.given(self.tensors).part(chunk.rows)
        tensors = [given.values, given.picks, *self.tensors[2:]]
        facts = self._facts.get(chunk.timeline)
        if facts is None:
            facts = self._facts[chunk.timeline] = replace(self.fact, timeline=chunk.timeline)
        return facts.call(tensors, self.cache, teams=1)


def _go_back(part: Part, cache: StackCache) -> tuple["_Totals", dict[str, Tensor]]:
    """Gradients by everything, and by the first state."""
    chunks, names = _Chunks(part.facts, cache, part.tensors), part.facts.states
    x, output, needs_x = part.tensors[0], part.ends[0], part.needs[0]
    state: Mapping[str, Any] = dict(zip(names, part.ends[1:], strict=True))
    totals = _Totals(x if needs_x else None, is_picked=part.tensors[1] is not None)
    for number, chunk in reversed(list(enumerate(chunks.chunks))):
        call = chunks.call(chunk)
        before = part.kept[number * len(names) : (number + 1) * len(names)]
        made = run_forward(call, dict(zip(names, before, strict=True)), is_saving=True)
        of_chunk = None if output is None else output[chunk.rows]
        ends = Ends(buffers=made.buffers, output=of_chunk, state=state, needs_x=needs_x)
        found = run_backward(call, ends)
        totals.add(found, chunk.rows)
        state = found.state
    return totals, dict(state)


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
