"""Linear-chain conditional random fields: label sequences that are scored as a whole.

Comes in: a score for each label at each step, and for each pair of neighbours. Goes out: the
log of the sum over all label sequences, with gradients; the best sequence; marginals.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from recurry.network.padding import PADDING, Steps


class Chain(nn.Module):
    """Scores of neighbouring labels, of the first and of the last.

    All start at 0. A sequence y of scores s has the score
    `first[y_1] + sum_t s_t[y_t] + sum_t transitions[y_t, y_t+1] + last[y_T]`.

    Args:
        num_labels: Number K of labels.
        dtype: Of the parameters.

    Source: Lafferty, McCallum and Pereira (2001); start and end scores as in Lample et al. (2016).
    """

    def __init__(self, num_labels: int, *, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.transitions = nn.Parameter(torch.zeros(num_labels, num_labels, dtype=dtype))
        self.first = nn.Parameter(torch.zeros(num_labels, dtype=dtype))
        self.last = nn.Parameter(torch.zeros(num_labels, dtype=dtype))

    def log_likelihood(
        self, scores: Float[Tensor, "T B K"], labels: Int64[Tensor, "T B"], steps: Steps
    ) -> Float[Tensor, "B"]:
        """The log-probability of each label sequence; 0 for an empty one."""
        partition = _Partition.apply(scores, self.transitions, self.first, self.last, steps)
        assert isinstance(partition, Tensor)
        return self._score(scores, labels, steps) - partition

    def _score(self, scores: Tensor, labels: Tensor, steps: Steps) -> Tensor:
        """The score of each label sequence."""
        mask = steps.mask()
        labels = labels.masked_fill(~mask, 0)
        found = scores.gather(2, labels.unsqueeze(2)).squeeze(2)
        pairs = self.transitions.flatten()[labels[:-1] * len(self.first) + labels[1:]]
        ends = labels.gather(0, steps.ends()[None])[0]
        total = found.masked_fill(~mask, 0).sum(0) + pairs.masked_fill(~mask[1:], 0).sum(0)
        total = total + self.first[labels[0]] + self.last[ends]
        return total.masked_fill(~mask[0], 0)

    def marginals(self, scores: Float[Tensor, "T B K"], steps: Steps) -> Float[Tensor, "T B K"]:
        """The probability of each label at each step; zero in padding."""
        with torch.no_grad():
            return _forward_backward(scores, self.transitions, self.first, self.last, steps).singles


def best_path(
    scores: Float[Tensor, "T B K"],
    transitions: Float[Tensor, "K K"],
    first: Float[Tensor, "K"],
    last: Float[Tensor, "K"],
    steps: Steps,
) -> Int64[Tensor, "T B"]:
    """The label sequence of the highest score; -1 in padding.

    Scores of minus infinity mark what may not come. Among equals the lower label is taken.

    Source: Viterbi (1967).
    """
    num_steps, batch_size, _ = scores.shape
    if num_steps == 0:
        return torch.empty(0, batch_size, dtype=torch.long, device=scores.device)
    with torch.no_grad():
        moves = transitions.t().contiguous()
        totals, origins = [scores[0] + first], []
        for at in scores[1:]:
            best, origin = (totals[-1].unsqueeze(1) + moves).max(2)
            totals.append(best + at)
            origins.append(origin)
        ends = steps.ends()[None, :, None].expand(1, -1, scores.shape[2])
        final = (torch.stack(totals).gather(0, ends)[0] + last).argmax(1)
    found = _trace([origin.cpu().numpy() for origin in origins], final.cpu().numpy(), steps)
    return torch.from_numpy(found).to(scores.device)


def _trace(origins: list[np.ndarray], final: np.ndarray, steps: Steps) -> np.ndarray:
    """The labels from the last of each sequence back to its first."""
    streams, lengths = np.arange(steps.batch_size), np.array(steps.lengths)
    found = np.full((steps.num_steps, steps.batch_size), PADDING, dtype=np.int64)
    labels = final
    for t in range(steps.num_steps - 1, -1, -1):
        if t < len(origins):
            labels = np.where(t + 1 < lengths, origins[t][streams, labels], labels)
        found[t] = np.where(t < lengths, labels, PADDING)
    return found


class _Tables:
    """What running through a chain from both ends gives.

    Attributes:
        partition: The log of the sum over all sequences, (B,).
        singles: The probability of each label at each step, (T, B, K).
        pairs: The expected number of each pair of neighbours, (B, K, K).
    """

    def __init__(self, partition: Tensor, singles: Tensor, pairs: Tensor) -> None:
        self.partition, self.singles, self.pairs = partition, singles, pairs


def _forward_backward(
    scores: Tensor, transitions: Tensor, first: Tensor, last: Tensor, steps: Steps
) -> _Tables:
    """Sums over all sequences from the start and, at the same time, from the end.

    In float64, so that a label a few hundred nats below the best of its step still counts.
    """
    dtype = scores.dtype
    scores, transitions, first, last = (x.double() for x in (scores, transitions, first, last))
    places = steps.reversed_places().unsqueeze(2).expand_as(scores)
    both = torch.stack([scores, scores.gather(0, places)], 1)  # (T, 2, B, K)
    moves = transitions.exp()
    found = _sums(both, torch.stack([moves, moves.t()]), torch.stack([first, last]).unsqueeze(1))
    ahead, behind = found.unbind(1)
    ends = steps.ends()[None, :, None].expand(1, -1, scores.shape[2])
    partition = torch.logsumexp(ahead.gather(0, ends)[0] + last, 1)
    mask = steps.mask()
    behind = behind.gather(0, places)  # from step t to the end
    singles = (ahead + behind - scores - partition[None, :, None]).exp_()
    # What a best label and its followers have in common is taken from the one and given to the
    # others, so that no exponent is large.
    best = ahead[:-1].amax(2, keepdim=True)
    before = (ahead[:-1] - best).exp_()
    after = (behind[1:] + best - partition[:, None]).exp_()
    after = after.masked_fill_(~mask[1:].unsqueeze(2), 0)
    pairs = torch.bmm(before.permute(1, 2, 0), after.transpose(0, 1)) * moves
    return _Tables(
        partition.masked_fill(~mask[0], 0).to(dtype),
        singles.masked_fill_(~mask.unsqueeze(2), 0).to(dtype),
        pairs.to(dtype),
    )


def _sums(scores: Tensor, moves: Tensor, first: Tensor) -> Tensor:
    """The logs of the sums over all beginnings that reach each label, as `scores` is shaped."""
    sums = torch.empty_like(scores)
    torch.add(scores[0], first, out=sums[0])
    for before, at, now in zip(sums[:-1], scores[1:], sums[1:], strict=True):
        best = before.amax(2, keepdim=True)
        torch.bmm((before - best).exp_(), moves, out=now)
        now.log_().add_(best).add_(at)
    return sums


class _Partition(torch.autograd.Function):
    """The log of the sum over all label sequences, whose gradients are marginals."""

    @staticmethod
    def forward(
        ctx: Any, scores: Tensor, transitions: Tensor, first: Tensor, last: Tensor, steps: Steps
    ) -> Tensor:
        found = _forward_backward(scores, transitions, first, last, steps)
        ends = steps.ends()[None, :, None].expand(1, -1, scores.shape[2])
        ctx.save_for_backward(found.singles, found.pairs, found.singles.gather(0, ends)[0])
        return found.partition

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, ...]:
        singles, pairs, ends = ctx.saved_tensors
        (weights,) = gradients
        by_pairs = torch.tensordot(weights, pairs, 1)
        return singles * weights[:, None], by_pairs, weights @ singles[0], weights @ ends, None
