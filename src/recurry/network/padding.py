"""Which steps of a padded batch are real, and only those.

Comes in: a batch `(T, B, F)` and the length of each sequence. Goes out: the rows of real steps
`(N, F)`, and back. What is done a step at a time is then done for real steps alone, so that
padding neither costs anything nor changes an answer, whatever stands in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int64, Shaped
from torch import Tensor

from recurry.network.checks import check_lengths

PADDING = -1  # stands in answers where there is no step


@dataclass(frozen=True, kw_only=True, eq=False)
class Steps:
    """The real steps of a batch.

    Args:
        num_steps: T.
        batch_size: B.
        lengths: Number of real steps of each sequence.
        device: Where the batch is.
    """

    num_steps: int
    batch_size: int
    lengths: tuple[int, ...]
    device: torch.device

    @classmethod
    def of(cls, batch: Shaped[Tensor, "T B *F"], lengths: Sequence[int] | None) -> "Steps":
        """The real steps of a batch, time first; all of them where no lengths are given.

        Raises:
            ShapeError: The lengths do not fit the batch.
        """
        num_steps, batch_size = batch.shape[:2]
        found = check_lengths(lengths, num_steps=num_steps, batch_size=batch_size)
        return cls(
            num_steps=num_steps,
            batch_size=batch_size,
            lengths=(num_steps,) * batch_size if found is None else found,
            device=batch.device,
        )

    @property
    def count(self) -> int:
        """Number N of real steps."""
        return sum(self.lengths)

    @property
    def is_full(self) -> bool:
        """Whether there is no padding."""
        return self.count == self.num_steps * self.batch_size

    def mask(self) -> Bool[Tensor, "T B"]:
        """True where a sequence has a step."""
        return torch.from_numpy(self._mask()).to(self.device)

    def _mask(self) -> np.ndarray:
        return np.arange(self.num_steps)[:, None] < np.array(self.lengths, dtype=np.int64)[None]

    def ends(self) -> Int64[Tensor, "B"]:
        """The last step of each sequence; 0 for an empty one."""
        return torch.tensor([max(n - 1, 0) for n in self.lengths], device=self.device).long()

    def reversed_places(self) -> Int64[Tensor, "T B"]:
        """For each step the one as far from the end as it is from the start; 0 for padding."""
        times = torch.arange(self.num_steps, device=self.device)[:, None]
        return (self.ends() - times).clamp_(min=0)

    def pick(self, x: Shaped[Tensor, "T B *F"]) -> Shaped[Tensor, "N *F"]:
        """What stands at real steps, in the order of time."""
        if self.is_full:
            return x.flatten(0, 1)
        found = _Pick.apply(x, torch.from_numpy(np.flatnonzero(self._mask())).to(self.device))
        assert isinstance(found, Tensor)
        return found

    def spread(
        self, rows: Shaped[Tensor, "N *F"], fill: int | float = 0
    ) -> Shaped[Tensor, "T B *F"]:
        """What `pick` took, at its place again; padding is filled."""
        shape = (self.num_steps, self.batch_size)
        if self.is_full:
            return rows.unflatten(0, shape)
        places = torch.from_numpy(np.flatnonzero(self._mask())).to(self.device)
        found = _Spread.apply(rows, places, shape, fill)
        assert isinstance(found, Tensor)
        return found


class _Pick(torch.autograd.Function):
    """Rows at places of which no two are the same, so that going back adds nothing up."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        ctx.shape = tuple(x.shape[:2])
        return x.flatten(0, 1).index_select(0, places)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, None]:
        (places,) = ctx.saved_tensors
        return _Spread.apply(gradients[0], places, ctx.shape, 0), None


class _Spread(torch.autograd.Function):
    """The inverse of `_Pick`."""

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, places: Tensor, shape: tuple[int, int], fill: int | float
    ) -> Tensor:
        ctx.save_for_backward(places)
        whole = rows.new_full((shape[0] * shape[1], *rows.shape[1:]), fill)
        whole[places] = rows
        return whole.unflatten(0, shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, None, None, None]:
        (places,) = ctx.saved_tensors
        return _Pick.apply(gradients[0], places), None, None, None
