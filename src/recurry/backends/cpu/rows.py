"""Which row of which buffer belongs to each step: any lengths, both directions.

Comes in: a timeline. Goes out: tables that kernels read, and where initial, old, new and final
states lie in a history. Imports torch and timeline.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import torch
from torch import Tensor

from recurry.backends.timeline import Timeline

# A stretch of rows, or the rows one by one.
Rows = slice | Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class RowTables:
    """The rows of one timeline, step by step in the order in which they run.

    A history holds a state before and after every step in `num_streams + num_rows` rows. Its blocks
    lie so that the old states of all steps, or the new ones, or both, are one stretch of rows.

    Args:
        num_steps: Steps of the time loop.
        num_streams: Streams, the empty ones included.
        num_rows: Valid steps of all streams together.
        sizes: Streams at each step.
        rows: First row of each step in the matrices of all rows.
        before: First row in a history of the states before each step.
        after: First row in a history of the states after each step.
        initial: Rows of a history that initial states are written to, first stream to last.
        old: Rows of a history that hold, for every row, the state before it.
        new: Rows of a history that hold, for every row, the state after it.
        final: Rows of a history that hold, for every stream, its last state.
        last_turn: For every stream, which of two buffers used in turn was written last forward.
        first_turn: The same backward.
    """

    num_steps: int
    num_streams: int
    num_rows: int
    sizes: Tensor
    rows: Tensor
    before: Tensor
    after: Tensor
    initial: Rows
    old: Rows
    new: Rows
    final: Rows
    last_turn: Tensor | int
    first_turn: Tensor | int

    @cached_property
    def decisions(self) -> dict[Hashable, Any]:
        """What has been decided for calls over these rows."""
        return {}

    @cached_property
    def each(self) -> Tensor:
        """The number of every row: picks of rows that each read their own."""
        return torch.arange(self.num_rows, dtype=torch.int64, device="cpu")

    @property
    def history_rows(self) -> int:
        """Rows of a history."""
        return self.num_streams + self.num_rows


@lru_cache(maxsize=64)
def make_rows(timeline: Timeline) -> RowTables:
    """The tables of a timeline."""
    return _even_rows(timeline) if timeline.is_even else _uneven_rows(timeline)


def _even_rows(timeline: Timeline) -> RowTables:
    """All streams at all steps: old and new states are both stretches, one block apart."""
    steps, streams = len(timeline.sizes), timeline.num_streams
    rows = torch.arange(steps, dtype=torch.int64, device="cpu") * streams
    early, late = slice(0, steps * streams), slice(streams, (steps + 1) * streams)
    start, end = slice(0, streams), slice(steps * streams, (steps + 1) * streams)
    turned = timeline.is_reversed
    return RowTables(
        num_steps=steps,
        num_streams=streams,
        num_rows=timeline.num_rows,
        sizes=torch.full((steps,), streams, dtype=torch.int64, device="cpu"),
        rows=rows.flip(0) if turned else rows,
        before=(rows.flip(0) + streams) if turned else rows,
        after=rows.flip(0) if turned else rows + streams,
        initial=end if turned else start,
        old=late if turned else early,
        new=early if turned else late,
        final=start if turned else end,
        last_turn=steps % 2,
        first_turn=steps % 2,
    )


def _uneven_rows(timeline: Timeline) -> RowTables:
    """Streams by falling length: forward in time they leave one by one, backward they join."""
    streams = timeline.num_streams
    sizes = torch.tensor(timeline.sizes, dtype=torch.int64, device="cpu")
    starts = sizes.cumsum(0) - sizes
    lengths = (torch.arange(streams, device="cpu")[:, None] < sizes).sum(1)
    ends = torch.where(lengths > 0, starts[(lengths - 1).clamp(min=0)], 0)
    stream = torch.arange(streams, device="cpu")
    last = torch.where(lengths > 0, streams + ends + stream, stream)
    whole = slice(streams, streams + timeline.num_rows)
    if timeline.is_reversed:
        # Block t holds the states before step t; block 0 of the history the final ones.
        after = torch.cat([torch.zeros(1, dtype=torch.int64, device="cpu"), streams + starts[:-1]])
        return RowTables(
            num_steps=len(sizes),
            num_streams=streams,
            num_rows=timeline.num_rows,
            sizes=sizes.flip(0).contiguous(),
            rows=starts.flip(0).contiguous(),
            before=(starts + streams).flip(0).contiguous(),
            after=after.flip(0).contiguous(),
            initial=last,
            old=whole,
            new=_each_row(after, sizes),
            final=slice(0, streams),
            last_turn=torch.full_like(lengths, len(sizes) % 2),
            first_turn=lengths % 2,
        )
    before = torch.cat([torch.zeros(1, dtype=torch.int64, device="cpu"), streams + starts[:-1]])
    return RowTables(
        num_steps=len(sizes),
        num_streams=streams,
        num_rows=timeline.num_rows,
        sizes=sizes,
        rows=starts,
        before=before,
        after=starts + streams,
        initial=slice(0, streams),
        old=_each_row(before, sizes),
        new=whole,
        final=last,
        last_turn=lengths % 2,
        first_turn=torch.full_like(lengths, len(sizes) % 2),
    )


def _each_row(first: Tensor, sizes: Tensor) -> Tensor:
    """Step by step `first[t]`, `first[t] + 1`, ..., as many as `sizes[t]`."""
    starts = sizes.cumsum(0) - sizes
    steps = torch.repeat_interleave(torch.arange(len(sizes), device="cpu"), sizes)
    return first[steps] + torch.arange(int(sizes.sum()), device="cpu") - starts[steps]


def take(history: Tensor, rows: Rows) -> Tensor:
    """Some rows of a history, without a copy where they are a stretch."""
    return history[rows] if isinstance(rows, slice) else history.index_select(0, rows)


def turn_rows(turn: Tensor | int, streams: int) -> Rows:
    """Of two buffers used in turn, for every stream the row that was written last."""
    if isinstance(turn, int):
        return slice(turn * streams, (turn + 1) * streams)
    return turn * streams + torch.arange(streams, device="cpu")
