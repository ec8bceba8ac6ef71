"""Convolutions along time: features of neighbouring steps, and the largest of each.

Comes in: vectors or symbols `(T, B, I)` of any length. Goes out: `(T, B, P)`, or `(B, P)`.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from recurry.backends import Symbols, as_vectors
from recurry.network.checks import check_sizes
from recurry.network.padding import Steps

_WIDTHS = (3, 4, 5)


class Convolution(nn.Module):
    """Features of each step and its neighbours; what lies beyond a sequence counts as zeros.

    A feature is `relu(w . window + b)`. A window of width w holds (w - 1) // 2 steps before its
    own and w // 2 behind it.

    Args:
        input_size: Size I of the vectors.
        size: Number of features of each width.
        widths: Width of the windows, one or several.
        dtype: Of the parameters.

    Raises:
        ShapeError: A size or a width below 1.
    """

    def __init__(
        self,
        input_size: int,
        size: int,
        *,
        widths: Sequence[int] = _WIDTHS,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        check_sizes({"input_size": input_size, "size": size, "number of widths": len(widths)})
        for width in widths:
            check_sizes({"width": width})
        self.input_size, self.output_size = input_size, size * len(widths)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(input_size, size, width, padding=width // 2, dtype=dtype) for width in widths
        )

    def forward(
        self, x: Float[Tensor, "T B I"] | Symbols, lengths: Sequence[int] | None = None
    ) -> Float[Tensor, "T B P"]:
        """The features of each step; zero in padding.

        Raises:
            ShapeError: The lengths do not fit.
        """
        vectors = as_vectors(x)
        steps = Steps.of(vectors, lengths)
        found = self.features(vectors, steps).permute(2, 0, 1)
        return found if steps.is_full else found.masked_fill(~steps.mask().unsqueeze(2), 0)

    def features(self, vectors: Float[Tensor, "T B I"], steps: Steps) -> Float[Tensor, "B P T"]:
        """The features of each step, time last; something or other in padding."""
        if not vectors.numel():
            size = (steps.batch_size, self.output_size, steps.num_steps)
            return vectors.new_zeros(size)
        if not steps.is_full:
            vectors = torch.where(steps.mask().unsqueeze(2), vectors, 0)
        rows = vectors.permute(1, 2, 0)
        # Where a width is even, one window too many begins before the first step.
        found = [one(rows)[..., -steps.num_steps :] for one in self.convolutions]
        return functional.relu(found[0] if len(found) == 1 else torch.cat(found, 1))


class Convolved(nn.Module):
    """The largest value of each feature over a whole sequence; zeros for an empty one.

    Args:
        input_size: Size I of the vectors.
        size: Number of features of each width.
        widths: Width of the windows; sequences may be shorter.
        dtype: Of the parameters.

    Raises:
        ShapeError: A size or a width below 1.

    Source: Kim (2014).

    Example:
        >>> front = Convolved(8, 16, widths=(2, 3))
        >>> front(torch.randn(1, 4, 8)).shape
        torch.Size([4, 32])
    """

    def __init__(
        self,
        input_size: int,
        size: int,
        *,
        widths: Sequence[int] = _WIDTHS,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.convolution = Convolution(input_size, size, widths=widths, dtype=dtype)
        self.output_size = self.convolution.output_size

    def forward(
        self, x: Float[Tensor, "T B I"] | Symbols, lengths: Sequence[int] | None = None
    ) -> Float[Tensor, "B P"]:
        """One vector a sequence.

        Raises:
            ShapeError: The lengths do not fit.
        """
        vectors = as_vectors(x)
        steps = Steps.of(vectors, lengths)
        if not steps.num_steps:
            return vectors.new_zeros(steps.batch_size, self.output_size)
        found = self.convolution.features(vectors, steps)
        if not steps.is_full:  # no feature is below zero, so zero is what padding must hold
            found = found.masked_fill(~steps.mask().t().unsqueeze(1), 0)
        return found.max(2).values
