"""Sequences laid end to end in time, without their padding, and the order of the steps.

Comes in: lengths. Goes out: rows (one for each valid step of each stream, step by step, the longest
streams first) and the pieces a time loop works on. Imports torch only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import torch
from jaxtyping import Float, Int, Num
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Which streams take part in which step.

    Streams are sorted by falling length, so that the ones alive at step t are rows 0 to `sizes[t]`
    of every state, and the rows of all steps fill a matrix without gaps.

    Args:
        sizes: Number of streams at each step; never zero and never rising.
        num_streams: Number of streams, the empty ones included.
        is_reversed: Whether time runs from the last step to the first.
    """

    sizes: tuple[int, ...]
    num_streams: int
    is_reversed: bool = False

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Worked out once: there is a number for each step."""
        return hash((self.sizes, self.num_streams, self.is_reversed))

    @cached_property
    def num_rows(self) -> int:
        """Number of valid steps of all streams together."""
        return sum(self.sizes)

    @cached_property
    def is_even(self) -> bool:
        """Whether all streams take part in all steps."""
        return all(size == self.num_streams for size in self.sizes)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The steps in the order in which they run."""
        steps = range(len(self.sizes))
        return tuple(reversed(steps)) if self.is_reversed else tuple(steps)

    def turned(self) -> "Timeline":
        """The same steps in the other order."""
        return make_timeline(self.sizes, self.num_streams, not self.is_reversed)

    def split(self, rows: Tensor) -> tuple[Tensor, ...]:
        """A matrix with a row for each valid step, cut into its steps."""
        return rows.split(self.num_streams if self.is_even else list(self.sizes))

    def starting(self, at: int) -> tuple[int, int]:
        """The streams that begin at a place of the order: from the first to before the last."""
        size = self.sizes[self.order[at]]
        return (self.sizes[self.order[at - 1]] if at else 0, size)

    def previous(self, states: Tensor, initial: Tensor) -> Tensor:
        """For each row, the state before it: that of the step before, or the initial one."""
        rows = self._previous_rows.to(states.device)
        return torch.cat([states, initial]).index_select(0, rows)

    @cached_property
    def _previous_rows(self) -> Tensor:
        sizes = torch.tensor(self.sizes, dtype=torch.long, device="cpu")
        starts = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
        found = []
        for at, step in enumerate(self.order):
            streams = torch.arange(self.sizes[step], device="cpu")
            before = self.order[at - 1] if at else step
            alive = self.sizes[before] if at else 0
            old, new = starts[before] + streams, self.num_rows + streams
            found.append(torch.where(streams < alive, old, new))
        found = found[::-1] if self.is_reversed else found
        return torch.cat(found) if found else sizes.new_zeros(0)


@lru_cache(maxsize=256)
def make_timeline(sizes: tuple[int, ...], num_streams: int, is_reversed: bool) -> Timeline:
    """A timeline; equal ones are one object, so that what they know is worked out once."""
    return Timeline(sizes=sizes, num_streams=num_streams, is_reversed=is_reversed)


@lru_cache(maxsize=256)
def even_timeline(num_steps: int, num_streams: int, is_reversed: bool) -> Timeline:
    """The timeline of streams that all take part in all steps."""
    return make_timeline((num_streams,) * num_steps, num_streams, is_reversed)


@dataclass(frozen=True, kw_only=True)
class Packing:
    """The way from a padded batch to rows and back.

    Args:
        timeline: Who takes part in which step.
        streams: The streams by falling length.
        rows: For each row its place `t * B + b` in the padded batch.
        num_steps: Steps of the padded batch.
    """

    timeline: Timeline
    streams: Int[Tensor, "B"]
    rows: Int[Tensor, "N"]
    num_steps: int

    def pack(self, x: Num[Tensor, "T B F"]) -> Num[Tensor, "N F"]:
        """The valid steps of a padded batch."""
        return x.flatten(0, 1).index_select(0, self.rows)

    def unpack(self, rows: Float[Tensor, "N F"]) -> Float[Tensor, "T B F"]:
        """A padded batch with zeros where there is padding."""
        num_streams = self.timeline.num_streams
        empty = rows.new_zeros(self.num_steps * num_streams, rows.shape[1])
        filled = empty.index_copy(0, self.rows, rows)
        return filled.view(self.num_steps, num_streams, rows.shape[1])

    def flipped(self, lengths: Sequence[int]) -> "Packing":
        """The same streams, each with its valid steps in the other order."""
        num_streams = len(lengths)
        last = torch.tensor(lengths, dtype=torch.long, device=self.rows.device) - 1
        steps, streams = self.rows // num_streams, self.rows % num_streams
        return replace(self, rows=(last[streams] - steps) * num_streams + streams)

    def sort(self, state: Float[Tensor, "B H"]) -> Float[Tensor, "B H"]:
        """A state with its streams by falling length."""
        return state.index_select(0, self.streams)

    def unsort(self, state: Float[Tensor, "B H"]) -> Float[Tensor, "B H"]:
        """A state with its streams as they came."""
        return torch.empty_like(state).index_copy(0, self.streams, state)


@lru_cache(maxsize=64)
def make_packing(
    lengths: tuple[int, ...], num_steps: int, is_reversed: bool, device: torch.device
) -> Packing:
    """The packing of a batch whose streams have these lengths, at most `num_steps`."""
    given = torch.tensor(lengths, dtype=torch.long, device="cpu")
    found, streams = given.sort(descending=True, stable=True)
    is_valid = torch.arange(max(lengths, default=0), device="cpu")[:, None] < found
    steps, ranks = is_valid.nonzero(as_tuple=True)
    return Packing(
        timeline=make_timeline(tuple(is_valid.sum(1).tolist()), len(lengths), is_reversed),
        streams=streams.to(device),
        rows=(steps * len(lengths) + streams[ranks]).to(device),
        num_steps=num_steps,
    )


def is_padded(lengths: Sequence[int] | None, num_steps: int) -> bool:
    """Whether any stream is shorter than the batch."""
    return lengths is not None and any(length != num_steps for length in lengths)
