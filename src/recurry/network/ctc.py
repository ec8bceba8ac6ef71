"""Connectionist temporal classification: the loss of sequences without an alignment.

Comes in: log-probabilities of labels and of a blank at each step; label sequences. Goes out: nats,
with gradients. A label sequence is what remains of a path when repeats are merged and blanks taken
out; its probability is the sum over all its paths.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from recurry.network.padding import Steps

BLANK = 0


def ctc_losses(
    logs: Float[Tensor, "T B K"],
    labels: Int64[Tensor, "U B"],
    steps: Steps,
    label_lengths: Sequence[int],
) -> Float[Tensor, "B"]:
    """The negative log-probability of each label sequence; infinite where it does not fit.

    Args:
        logs: Log-probabilities; label 0 is the blank.
        labels: From 1 to K - 1; anything in padding.
        steps: The real steps.
        label_lengths: Number of labels of each sequence.

    Source: Graves et al. (2006); sequences that do not fit as in torch.nn.functional.ctc_loss.
    """
    found = _Losses.apply(logs, labels, steps, tuple(label_lengths))
    assert isinstance(found, Tensor)
    return found


def fits(
    labels: Int64[Tensor, "U B"], lengths: Sequence[int], label_lengths: Sequence[int]
) -> Bool[Tensor, "B"]:
    """Whether each label sequence has a path: a step for each label, and one between equals."""
    repeats = (labels[1:] == labels[:-1]).cpu().numpy()
    inside = np.arange(1, max(len(labels), 1))[:, None] < np.array(label_lengths)
    needed = np.array(label_lengths) + (repeats & inside).sum(0)
    return torch.from_numpy(needed <= np.array(lengths))


class _Lattice:
    """Label sequences with blanks around their labels, and the same from the end.

    Attributes:
        symbols: The label or blank at each place, (2, B, S) with S = 2U + 1.
        skips: 0 where a path may come from two places before, else minus infinity, (2, B, S).
        lasts: The last place of each sequence, (B,).
    """

    def __init__(self, labels: Tensor, lengths: Sequence[int], like: Tensor) -> None:
        known = Steps.of(labels, lengths)
        inside = known.mask()
        ways = [labels, labels.gather(0, known.reversed_places()) if len(labels) else labels]
        both = torch.stack(ways).masked_fill(~inside, BLANK).transpose(1, 2)  # (2, B, U)
        self.symbols = labels.new_full((2, len(lengths), 2 * len(labels) + 1), BLANK)
        self.symbols[..., 1::2] = both
        is_closed = torch.ones_like(self.symbols, dtype=torch.bool)
        is_closed[..., 3::2] = both[..., 1:] == both[..., :-1]
        self.skips = like.new_zeros(self.symbols.shape).masked_fill(is_closed, -torch.inf)
        self.lasts = 2 * torch.tensor(lengths, device=labels.device).long()

    def sums(self, logs: Tensor, steps: Steps) -> tuple[Tensor, Tensor]:
        """The logs at each place and of all beginnings that reach it, both (T, 2, B, S)."""
        num_labels = logs.shape[2]
        places = steps.reversed_places().unsqueeze(2).expand(-1, -1, num_labels)
        both = torch.stack([logs, logs.gather(0, places)], 1)
        at = both.gather(3, self.symbols.expand(len(both), -1, -1, -1))
        first = torch.full_like(at[0], -torch.inf)
        first[..., :2] = at[0, ..., :2]
        found = [first]
        for here in at[1:]:
            padded = functional.pad(found[-1], (2, 0), value=-torch.inf)
            stay = torch.logaddexp(padded[..., 2:], padded[..., 1:-1])
            found.append(torch.logaddexp(stay, padded[..., :-2] + self.skips).add_(here))
        return at, torch.stack(found)

    def totals(self, ahead: Tensor, steps: Steps) -> Tensor:
        """The log-probability of each label sequence, (B,)."""
        streams = torch.arange(steps.batch_size, device=ahead.device)
        final = ahead[steps.ends(), streams]
        last = final.gather(1, self.lasts[:, None])[:, 0]
        before = final.gather(1, (self.lasts - 1).clamp(min=0)[:, None])[:, 0]
        found = torch.logaddexp(last, before.masked_fill(self.lasts == 0, -torch.inf))
        nothing = torch.zeros_like(found).masked_fill(self.lasts > 0, -torch.inf)
        return torch.where(steps.mask()[0], found, nothing)


class _Losses(torch.autograd.Function):
    """The losses; gradients are shares of paths, made in the same walk over time."""

    @staticmethod
    def forward(
        ctx: Any, logs: Tensor, labels: Tensor, steps: Steps, label_lengths: tuple[int, ...]
    ) -> Tensor:
        if not steps.num_steps:
            is_empty = torch.tensor([not n for n in label_lengths], device=logs.device)
            ctx.save_for_backward(torch.zeros_like(logs))
            return logs.new_full((logs.shape[1],), torch.inf).masked_fill(is_empty, 0)
        lattice = _Lattice(labels, label_lengths, logs)
        at, found = lattice.sums(logs, steps)
        ahead, behind = found.unbind(1)
        totals = lattice.totals(ahead, steps)
        ctx.save_for_backward(
            _shares(lattice, at[:, 0], ahead, behind, steps, totals, torch.zeros_like(logs))
        )
        return -totals

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, ...]:
        (shares,) = ctx.saved_tensors
        weights = gradients[0]
        return shares * -weights[:, None], None, None, None


def _shares(
    lattice: _Lattice,
    at: Tensor,
    ahead: Tensor,
    behind: Tensor,
    steps: Steps,
    totals: Tensor,
    zeros: Tensor,
) -> Tensor:
    """The probability that a path of the labels is at each label at each step, (T, B, K)."""
    num_places = at.shape[2]
    from_end = lattice.lasts[:, None] - torch.arange(num_places, device=at.device)
    is_place = (from_end >= 0) & torch.isfinite(totals)[:, None]
    times = steps.reversed_places().unsqueeze(2).expand_as(at)
    behind = behind.gather(0, times).gather(2, from_end.clamp(min=0).expand_as(at))
    # Where a place has no path, or a label no probability, both sides are minus infinity.
    logs = ahead + (behind - at).nan_to_num(nan=-torch.inf) - totals[:, None]
    is_real = is_place & steps.mask().unsqueeze(2)
    shares = logs.exp().masked_fill(~is_real, 0)
    # They sum to 1 at each step, but for the rounding of logs that may be far from zero.
    shares /= shares.sum(2, keepdim=True).clamp(min=torch.finfo(shares.dtype).tiny)
    return zeros.scatter_add_(2, lattice.symbols[0].expand_as(shares), shares)
