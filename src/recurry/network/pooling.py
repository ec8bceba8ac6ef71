"""One vector from all steps of a sequence.

Comes in: outputs `(T, B, F)` and lengths. Goes out: `(B, P)`.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from recurry.errors import ShapeError, unknown_name
from recurry.network.checks import check_sizes
from recurry.network.padding import Steps

POOLINGS = ("last", "mean", "max", "concatenated", "attention")


class Pooling(nn.Module):
    """A sequence as one vector; zeros for an empty one.

    `last` takes what each direction read last: the forward direction at the end of the sequence,
    the backward one at its start. `concatenated` puts last, mean and max beside one another (Howard
    and Ruder 2018). `attention` is a mean whose weights are learnt: the softmax over time of
    `v . tanh(W h + b)` (Yang et al. 2016).

    Args:
        size: Size F of an output; both directions together.
        pooling: Which way.
        num_directions: Number of directions, 1 or 2, in equal shares of F.
        dtype: Of the parameters.

    Raises:
        UsageError: There is no such pooling.
        ShapeError: A size below 1, or one that the directions cannot share.
    """

    def __init__(
        self,
        size: int,
        pooling: str = "last",
        *,
        num_directions: int = 1,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        check_sizes({"size": size, "num_directions": num_directions})
        if pooling not in POOLINGS:
            raise unknown_name("pooling", pooling, known=POOLINGS)
        if num_directions > 2 or size % num_directions:
            raise ShapeError(
                "The directions cannot share the outputs.",
                got=f"{num_directions} directions, size {size}",
                accepted="1 direction, or 2 with an even size",
            )
        self.pooling, self.size, self.num_directions = pooling, size, num_directions
        self.output_size = 3 * size if pooling == "concatenated" else size
        self.attention = None
        if pooling == "attention":
            hidden = nn.Linear(size, size, dtype=dtype)
            self.attention = nn.Sequential(
                hidden, nn.Tanh(), nn.Linear(size, 1, bias=False, dtype=dtype)
            )

    def forward(
        self, output: Float[Tensor, "T B F"], lengths: Sequence[int] | None = None
    ) -> Float[Tensor, "B P"]:
        """One vector a sequence.

        Raises:
            ShapeError: The lengths do not fit.
        """
        steps = Steps.of(output, lengths)
        if not steps.num_steps:
            return output.new_zeros(steps.batch_size, self.output_size)
        if self.attention is not None:
            return self._weighted(output, steps)
        ways = {"last": self._last, "mean": _mean, "max": _max}
        names = ways if self.pooling == "concatenated" else (self.pooling,)
        found = [ways[name](output, steps) for name in names]
        return found[0] if len(found) == 1 else torch.cat(found, 1)

    def weights(
        self, output: Float[Tensor, "T B F"], lengths: Sequence[int] | None = None
    ) -> Float[Tensor, "T B"]:
        """How much each step counts in `attention`: they sum to 1, and are zero in padding."""
        return self._weights(output, Steps.of(output, lengths))

    def _weights(self, output: Tensor, steps: Steps) -> Tensor:
        assert self.attention is not None
        scores = steps.spread(self.attention(steps.pick(output)), -torch.inf).squeeze(2)
        if steps.is_full:
            return scores.softmax(0)
        empty = torch.tensor([not n for n in steps.lengths], device=output.device)
        found = scores.masked_fill(empty, 0).softmax(0)
        return found.masked_fill(empty, 0)

    def _weighted(self, output: Tensor, steps: Steps) -> Tensor:
        weights = self._weights(output, steps)
        return torch.einsum("tb,tbf->bf", weights, _filled(output, steps, 0.0))

    def _last(self, output: Tensor, steps: Steps) -> Tensor:
        ends, streams = steps.ends(), torch.arange(steps.batch_size, device=output.device)
        found = output[ends, streams]
        if self.num_directions == 2:
            half = self.size // 2
            found = torch.cat([found[:, :half], output[0, :, half:]], 1)
        return found if all(steps.lengths) else torch.where(steps.mask()[0, :, None], found, 0)


def _mean(output: Tensor, steps: Steps) -> Tensor:
    counts = torch.tensor([max(n, 1) for n in steps.lengths], device=output.device)
    return _filled(output, steps, 0.0).sum(0) / counts[:, None]


def _max(output: Tensor, steps: Steps) -> Tensor:
    found = _filled(output, steps, -torch.inf).max(0).values
    return found if all(steps.lengths) else torch.where(steps.mask()[0, :, None], found, 0)


def _filled(output: Tensor, steps: Steps, value: float) -> Tensor:
    """The outputs with a number in place of what stands in padding."""
    return output if steps.is_full else torch.where(steps.mask().unsqueeze(2), output, value)
