"""An exponential average of the weights, and a way to look at a network through it.

Comes in: named weights after each update. Goes out: their average, swapped in and out exactly.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn


class WeightAverage:
    """average = decay * average + (1 - decay) * weights, after each update.

    Early on the decay is (1 + n) / (10 + n) after n updates if that is less, so that the average
    does not remember the initial weights.

    Args:
        weights: The named weights that are trained.
        decay: Between 0 and 1.

    Source: the ramp is that of TensorFlow's ExponentialMovingAverage.
    """

    def __init__(self, weights: Mapping[str, Tensor], decay: float) -> None:
        self.tensors = {name: weight.detach().clone() for name, weight in weights.items()}
        self._decay = decay

    @torch.no_grad()
    def follow(self, weights: Mapping[str, Tensor], *, num_updates: int) -> None:
        """Take in the weights as they are after `num_updates` updates."""
        decay = 1 - self.following(num_updates)
        current = [weights[name] for name in self.tensors]
        get_ema_multi_avg_fn(decay)(list(self.tensors.values()), current, None)

    def following(self, num_updates: int) -> float:
        """The share of the weights in the average, as they are after `num_updates` updates."""
        return 1 - min(self._decay, (1 + num_updates) / (10 + num_updates))


@contextmanager
def swapped(weights: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> Iterator[None]:
    """Within the context weights hold the values of others; after it, their own, to the bit.

    Args:
        weights: Changed in place.
        others: Values for all or some of them, by name.
    """
    own = {name: weights[name].detach().clone() for name in others}
    copy_into(weights, others)
    try:
        yield
    finally:
        copy_into(weights, own)


@torch.no_grad()
def copy_into(weights: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    """Overwrite, in place, the weights that have a value."""
    for name, value in values.items():
        weights[name].copy_(value)
