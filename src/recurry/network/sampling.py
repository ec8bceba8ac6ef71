"""From logits to symbols: temperature, top-k, top-p.

Comes in: logits of some rows and one uniform number a row. Goes out: one symbol a row. Every row
is treated alone, so its symbol never depends on the others. Imports NumPy and errors.
"""

import math
from dataclasses import dataclass

import numpy as np

from recurry.errors import TrainingError, UsageError

_GREEDY = "temperature 0 always takes the most probable symbol"


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How a symbol is drawn from the probabilities of a model.

    Logits are divided by the temperature, then top-k keeps the k most probable symbols, then
    top-p keeps the smallest set of the most probable ones that together have at least
    probability p; what is left is scaled to sum to 1. Among equals the lower symbol number is
    kept.

    Args:
        temperature: Finite and at least 0; below 1 is bolder, above 1 more surprising, 0 always
            takes the most probable symbol.
        top_k: At least 1; None keeps all symbols.
        top_p: Above 0 and at most 1; None keeps all symbols.

    Raises:
        UsageError: A value is out of range, or temperature 0 is combined with top-k or top-p.
    """

    temperature: float | int = 1.0
    top_k: int | None = None
    top_p: float | int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise _out_of_range("temperature", self.temperature, "a number from 0, such as 0.8")
        if self.top_k is not None and self.top_k < 1:
            raise _out_of_range("top-k", self.top_k, "a whole number from 1, such as 20")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise _out_of_range("top-p", self.top_p, "a number above 0 and at most 1, such as 0.9")
        if self.temperature == 0 and (self.top_k is not None or self.top_p is not None):
            raise UsageError(
                f"{_GREEDY}, so top-k and top-p would have no effect.".capitalize(),
                hint="leave top-k and top-p out, or raise the temperature",
            )

    def draw(self, logits: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        """One symbol for each row.

        Args:
            logits: -inf marks a symbol that may not be drawn.
            uniforms: Numbers from 0 up to but not including 1.

        Shapes:
            logits (R, V) float64, uniforms (R,), returns (R,) int64.

        Raises:
            TrainingError: A row of logits holds NaN or no number that is finite.
        """
        if self.temperature == 0:
            best_logits(logits)
            return logits.argmax(axis=1)
        return _invert(self._weights(logits), uniforms)

    def shares(self, logits: np.ndarray) -> np.ndarray:
        """The probability with which each symbol is drawn, (R, V).

        Args:
            logits: As for `draw`, (R, V) float64.

        Raises:
            TrainingError: A row of logits holds NaN or no number that is finite.
        """
        if self.temperature == 0:
            best_logits(logits)
            return np.eye(logits.shape[1])[logits.argmax(axis=1)]
        weights = self._weights(logits)
        return weights / weights.sum(axis=1, keepdims=True)

    def _weights(self, logits: np.ndarray) -> np.ndarray:
        """Numbers in proportion to the probabilities, the largest 1."""
        with np.errstate(over="ignore", under="ignore"):
            weights = np.exp((logits - best_logits(logits)) / self.temperature)
        if self.top_k is not None and self.top_k < weights.shape[1]:
            weights = _keep_most_probable(weights, self.top_k)
        if self.top_p is not None and self.top_p < 1:
            weights = _keep_nucleus(weights, self.top_p)
        return weights


def best_logits(logits: np.ndarray) -> np.ndarray:
    """The largest of each row, (R, 1).

    Raises:
        TrainingError: A row holds NaN or no number that is finite.
    """
    best = logits.max(axis=1, keepdims=True)
    if not np.isfinite(best).all():
        raise TrainingError(
            "The model's output is not a number, so no symbol can be chosen from it.",
            hint="use an earlier checkpoint, or train again with a lower learning rate",
        )
    return best


def _out_of_range(option: str, got: object, accepted: str) -> UsageError:
    return UsageError(f"The {option} is out of range.", got=str(got), accepted=accepted)


def _keep_most_probable(weights: np.ndarray, count: int) -> np.ndarray:
    """Zero for all but `count` symbols of each row."""
    place = weights.shape[1] - count
    threshold = np.partition(weights, place, axis=1)[:, place : place + 1]
    above, level = weights > threshold, weights == threshold
    room = count - above.sum(axis=1, keepdims=True)
    return weights * (above | (level & (level.cumsum(axis=1) <= room)))


def _keep_nucleus(weights: np.ndarray, share: float) -> np.ndarray:
    """Zero for all but the most probable symbols that together reach a share of the total."""
    order = np.argsort(-weights, axis=1, kind="stable")
    ranked = np.take_along_axis(weights, order, axis=1)
    before = ranked.cumsum(axis=1) - ranked
    kept = before < share * ranked.sum(axis=1, keepdims=True)
    kept[:, 0] = True
    result = np.zeros_like(weights)
    np.put_along_axis(result, order, ranked * kept, axis=1)
    return result


def _invert(weights: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """The first symbol whose cumulative weight exceeds the uniform's share of the total."""
    cumulative = weights.cumsum(axis=1)
    total = cumulative[:, -1]
    # Rounding could make the product the total itself, which no symbol exceeds.
    reached = np.minimum(uniforms * total, np.nextafter(total, 0))
    return (cumulative <= reached[:, None]).sum(axis=1)
