"""Weights in groups that are trained at rates of their own, and from epochs of their own on.

Comes in: names of weights. Goes out: groups, as the optimiser and the loop take them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Group:
    """Weights that are trained alike.

    Attributes:
        names: Their names in the network.
        rate_factor: What the learning rate is multiplied by.
        first_epoch: Passes over the data that lie before their first update.
    """

    names: tuple[str, ...]
    rate_factor: float = 1.0
    first_epoch: float = 0.0


def make_groups(
    stages: Sequence[Collection[str]], *, layer_rate: float, unfreeze_epochs: float
) -> tuple[Group, ...]:
    """A group for each stage that has weights.

    Args:
        stages: Names of weights, those that are trained first at the front.
        layer_rate: The learning rate of each stage, as a fraction of that of the stage before.
        unfreeze_epochs: Epochs between the beginning of one stage and that of the next.

    Example:
        >>> groups = make_groups(["a", "b"], layer_rate=0.5, unfreeze_epochs=0.0)
        >>> [group.rate_factor for group in groups]
        [1.0, 0.5]
    """
    filled = [stage for stage in stages if stage]
    return tuple(
        Group(
            names=tuple(stage),
            rate_factor=layer_rate**depth,
            first_epoch=unfreeze_epochs * depth,
        )
        for depth, stage in enumerate(filled)
    )
