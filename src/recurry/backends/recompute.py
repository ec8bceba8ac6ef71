"""Memory for time: a sequence in chunks of steps, of which the backward pass runs each again.

Comes in: a sequence, and what runs one. Goes out: output and state, with gradients. Between the
passes only the states at the borders of chunks are kept. Imports torch, symbols and timeline.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from recurry.backends.timeline import Timeline, make_timeline

# From the valid steps (T, B, I) of a chunk, their lengths and a state to output and state.
Run = Callable[
    [Tensor, Sequence[int] | None, Mapping[str, Tensor]], tuple[Tensor, dict[str, Tensor]]
]


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some steps of a timeline.

    Args:
        timeline: These steps; a stream that has ended before takes part in none.
        rows: The rows of these steps among those of the whole timeline.
    """

    timeline: Timeline
    rows: slice


def chunk_steps(num_steps: int) -> int:
    """Steps of a chunk: as many as there are chunks, so that neither fills the memory."""
    return math.isqrt(max(0, num_steps - 1)) + 1


def cut(timeline: Timeline, steps: int) -> list[Chunk]:
    """A timeline in chunks of so many steps, in the order in which they run."""
    found: list[Chunk] = []
    begin = 0
    for first in range(0, len(timeline.sizes), steps):
        sizes = timeline.sizes[first : first + steps]
        part = make_timeline(sizes, timeline.num_streams, timeline.is_reversed)
        found.append(Chunk(timeline=part, rows=slice(begin, begin + part.num_rows)))
        begin += part.num_rows
    return found[::-1] if timeline.is_reversed else found


def run_in_chunks(
    run: Run,
    x: Float[Tensor, "T B I"],
    state: Mapping[str, Tensor],
    *,
    lengths: Sequence[int] | None,
    is_reversed: bool,
) -> tuple[Float[Tensor, "T B H"], dict[str, Tensor]]:
    """Run a sequence so that gradients need the memory of one chunk and of the states between.

    Args:
        run: Runs one chunk; random numbers that it draws are drawn again.
        x: Input.
        state: The state before the first step.
        lengths: Number of valid steps of each sequence.
        is_reversed: Whether `run` goes from the last valid step to the first.
    """
    names, size = tuple(state), chunk_steps(x.shape[0])

    def _run(part: Tensor, within: list[int] | None, *values: Tensor) -> tuple[Tensor, ...]:
        output, new = run(part, within, dict(zip(names, values, strict=True)))
        return (output, *(new[name] for name in names))

    values, outputs = tuple(state.values()), list[Tensor]()
    parts = list(enumerate(x.split(size)))
    for number, part in parts[::-1] if is_reversed else parts:
        left = None
        if lengths is not None:
            left = [min(max(n - number * size, 0), len(part)) for n in lengths]
        output, *values = checkpoint(_run, part, left, *values, use_reentrant=False)
        outputs.append(output)
    ordered = outputs[::-1] if is_reversed else outputs
    return torch.cat(ordered), dict(zip(names, values, strict=True))
