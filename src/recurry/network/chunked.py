"""Long sequences in overlapping chunks whose predictions are stitched.

Comes in: sequences `(T, B, ...)` and what predicts something at each step. Goes out: what it
predicts, `(T, B, ...)`. A step is predicted by the chunk in which it is farther from a border, so
that at least half of the overlap was seen on each side.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from recurry.errors import ShapeError
from recurry.network.checks import check_sizes
from recurry.network.padding import Steps


class Chunked(nn.Module):
    """What predicts something at each step, run over chunks.

    Args:
        inside: Called with chunks `(size, C, ...)` and the length of each, gives `(size, C, ...)`.
        size: Number of steps of a chunk. A sequence that is not longer is one chunk, as it is.
        overlap: Number of steps that neighbours share, at least; below `size`. The last chunk of a
            sequence ends where it ends and shares more.
        num_together: Number of chunks that are run at once.

    Raises:
        ShapeError: A size below 1, or an overlap that is not below it.

    Example:
        >>> tagger = lambda x, lengths: x.cumsum(0)
        >>> Chunked(tagger, size=4, overlap=2)(torch.ones(7, 1, 1)).flatten().tolist()
        [1.0, 2.0, 3.0, 2.0, 2.0, 3.0, 4.0]
    """

    def __init__(self, inside, *, size: int, overlap: int, num_together: int = 64) -> None:
        super().__init__()
        check_sizes({"size": size, "num_together": num_together})
        if not 0 <= overlap < size:
            raise ShapeError(
                "Chunks cannot overlap so much.",
                where="overlap",
                got=str(overlap),
                accepted=f"from 0 to {size - 1}",
            )
        self.inside, self.size, self.overlap = inside, size, overlap
        self.num_together = num_together

    def forward(
        self, x: Shaped[Tensor, "T B *F"], lengths: Sequence[int] | None = None
    ) -> Shaped[Tensor, "T B *K"]:
        """The predictions at each step; zero in padding.

        Raises:
            ShapeError: The lengths do not fit.
        """
        steps = Steps.of(x, lengths)
        if steps.num_steps <= self.size:
            found = self.inside(x, steps.lengths)
            return found if steps.is_full else steps.spread(steps.pick(found))
        starts = [_starts(n, self.size, self.overlap) for n in steps.lengths]
        parts = [self._run(x, *one) for one in self._batches(starts, steps.lengths)]
        predictions = torch.cat(parts, 1)
        times, chunks = _origins(starts, steps.lengths, self.size)
        rows = predictions[times.to(x.device), chunks.to(x.device)]
        order = torch.from_numpy(np.flatnonzero(steps.mask().t().cpu().numpy())).to(x.device)
        whole = rows.new_zeros(steps.batch_size * steps.num_steps, *rows.shape[1:])
        whole = whole.index_copy(0, order, rows)
        return whole.unflatten(0, (steps.batch_size, steps.num_steps)).transpose(0, 1)

    def _batches(self, starts: list[np.ndarray], lengths: Sequence[int]):
        """The stream, the start and the length of some chunks at a time."""
        streams = np.repeat(np.arange(len(starts)), [len(own) for own in starts])
        first = np.concatenate([*starts, np.zeros(0, dtype=np.int64)])
        counts = np.minimum(self.size, np.array(lengths)[streams] - first)
        for number in range(0, len(first), self.num_together):
            here = slice(number, number + self.num_together)
            yield streams[here], first[here], counts[here]

    def _run(
        self, x: Tensor, streams: np.ndarray, starts: np.ndarray, counts: np.ndarray
    ) -> Tensor:
        times = np.minimum(np.arange(self.size)[:, None] + starts, len(x) - 1)
        chunks = x[torch.from_numpy(times).to(x.device), torch.from_numpy(streams).to(x.device)]
        return self.inside(chunks, tuple(counts.tolist()))


def _starts(length: int, size: int, overlap: int) -> np.ndarray:
    """Where the chunks of a sequence begin; none for an empty one."""
    if length <= size:
        return np.zeros(min(length, 1), dtype=np.int64)
    found = np.arange(0, length - overlap, size - overlap)
    return np.minimum(found, length - size)


def _origins(starts: list[np.ndarray], lengths: Sequence[int], size: int) -> tuple[Tensor, Tensor]:
    """For each real step, sequence by sequence, its place in a chunk and the chunk's number."""
    times, chunks, count = [], [], 0
    for own, length in zip(starts, lengths, strict=True):
        steps = np.arange(length)
        borders = (own[1:] + own[:-1] + size) // 2  # the middle of what two chunks share
        mine = np.searchsorted(borders, steps, side="right")
        times.append(steps - own[mine] if length else steps)
        chunks.append(mine + count)
        count += len(own)
    return torch.from_numpy(np.concatenate(times)), torch.from_numpy(np.concatenate(chunks))
