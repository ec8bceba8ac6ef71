"""Scores of many symbols and their loss in one go, some rows at a time.

Comes in: vectors `(N, F)`, the matrix `(V, F)` behind them, targets. Goes out: nats. The scores of
all rows at once would be the largest thing that a network with many symbols makes. Here they exist
for some rows at a time, and the gradients are made while they do.
"""

from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.autograd.function import once_differentiable

_CHUNK = 1 << 21  # scores at a time: few enough to stay near the processor
_ENOUGH_ROWS = 64  # from so many on, a matrix is laid out anew for the compiled products


def linear_cross_entropy(
    rows: Float[Tensor, "N F"],
    weight: Float[Tensor, "V F"],
    bias: Float[Tensor, "V"],
    targets: Int64[Tensor, "N"],
    *,
    smoothing: float = 0.0,
    is_rounded: bool = False,
) -> Float[Tensor, ""]:
    """The cross-entropy of `softmax(weight @ row + bias)`, summed over rows, in nats.

    Args:
        rows: Vectors.
        weight: The matrix that makes scores of them.
        bias: Added to the scores.
        targets: The symbol of each row, from 0 to V - 1.
        smoothing: The share of the target that is spread over all symbols (Szegedy et al. 2016).
        is_rounded: Whether products read numbers rounded to bfloat16; all else stays as it is.
    """
    is_learning = torch.is_grad_enabled()
    found = _LinearCrossEntropy.apply(
        rows, weight, bias, targets, smoothing, is_rounded, is_learning
    )
    assert isinstance(found, Tensor)
    return found


class _LinearCrossEntropy(torch.autograd.Function):
    """The loss; the gradients by its inputs are ready before they are asked for."""

    @staticmethod
    def forward(
        ctx: Any,
        rows: Tensor,
        weight: Tensor,
        bias: Tensor,
        targets: Tensor,
        smoothing: float,
        is_rounded: bool,
        is_learning: bool,
    ) -> Tensor:
        kind = torch.bfloat16 if is_rounded else weight.dtype
        x = rows.to(kind)
        gradients = None
        if is_learning and any(ctx.needs_input_grad):
            gradients = torch.empty_like(rows), torch.zeros_like(weight), torch.zeros_like(bias)
        total = rows.new_zeros(())
        size = max(1, _CHUNK // len(weight))
        matrix = weight.to(kind)
        scoring = _find_scoring(matrix, bias, x, smoothing=smoothing, most=min(size, len(rows)))
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            errors, nats = scoring.errors(x[part], targets[part])
            total += nats
            if gradients is not None:
                narrow = errors.to(kind)
                _put_product(gradients[0][part], narrow, matrix)
                _add_product(gradients[1], narrow.t(), x[part])
                gradients[2].add_(errors.sum(0))
        ctx.save_for_backward(*(gradients or ()))
        return total

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, ...]:
        found = tuple(value * gradients[0] for value in ctx.saved_tensors)
        return (*found, None, None, None, None)


@runtime_checkable
class _Scoring(Protocol):
    """What makes of some rows the gradients by their scores and their loss."""

    def errors(self, rows: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]: ...


def _find_scoring(
    matrix: Tensor, bias: Tensor, rows: Tensor, *, smoothing: float, most: int
) -> _Scoring:
    """The compiled way where there is one and rows enough to pay for it."""
    kinds = (torch.bfloat16, torch.float32) if bias.dtype == torch.float32 else (bias.dtype,)
    is_compiled = matrix.is_cpu and matrix.dtype in kinds and len(rows) >= _ENOUGH_ROWS
    if is_compiled and bias.dtype in (torch.float32, torch.float64):
        try:
            from recurry.backends.cpu.likelihood import Scoring
        except ImportError:  # without llvmlite
            pass
        else:
            return Scoring(matrix, bias, smoothing=smoothing, most=most)
    return _PlainScoring(matrix, bias, smoothing=smoothing, most=most)


class _PlainScoring:
    """The same by operations of torch."""

    def __init__(self, matrix: Tensor, bias: Tensor, *, smoothing: float, most: int) -> None:
        self._matrix, self._bias, self._smoothing = matrix, bias, smoothing
        # Memory fresh from the system would be cleared at every turn.
        self._room = matrix.new_empty(most, len(matrix))

    def errors(self, rows: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        products = torch.mm(rows, self._matrix.t(), out=self._room[: len(rows)])
        scores = products.to(self._bias.dtype).add_(self._bias)
        return scores, _to_errors(scores, targets, self._smoothing)


def _to_errors(scores: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """Turn scores into their gradients, in place; the loss of the rows."""
    num_symbols, columns = scores.shape[1], targets.unsqueeze(1)
    wanted = scores.gather(1, columns)
    spread = scores.sum() if smoothing else 0.0
    best = scores.amax(1, keepdim=True)
    torch.softmax(scores, 1, out=scores)
    # The largest share is at least one in V, so its logarithm is exact.
    partition = best - scores.amax(1, keepdim=True).log()
    loss = partition.sum() - (1 - smoothing) * wanted.sum() - smoothing / num_symbols * spread
    if smoothing:
        scores.sub_(smoothing / num_symbols)
    scores.scatter_add_(1, columns, scores.new_full((1, 1), smoothing - 1.0).expand_as(columns))
    return loss


def _put_product(target: Tensor, a: Tensor, b: Tensor) -> None:
    """Write a product of two matrices, which may be of a narrower type."""
    if a.dtype == target.dtype:
        torch.mm(a, b, out=target)
    else:
        target.copy_(a @ b)


def _add_product(total: Tensor, a: Tensor, b: Tensor) -> None:
    """Add a product of two matrices, which may be of a narrower type."""
    if a.dtype == total.dtype:
        total.addmm_(a, b)
    else:
        total.add_(a @ b)
