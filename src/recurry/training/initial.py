"""Initial values that a recipe asks for in place of those of the cell.

Comes in: a network and one specification. Goes out: the network with new matrices.
"""

import numpy as np
import torch
from torch import nn

from recurry.compiler.initial import draw_initial


@torch.no_grad()
def draw_matrices(network: nn.Module, specification: str, *, seed: int) -> None:
    """Draw every matrix of a network anew: embedding, cells and head. Vectors stay as they are.

    Args:
        network: Changed in place.
        specification: For instance "uniform(-0.1, 0.1)" or "normal(0.01)".
        seed: Governs the values.

    Raises:
        RecurryError: The specification is none.
    """
    generator = np.random.default_rng(seed)
    for weight in network.parameters():
        if weight.dim() > 1:
            values = draw_initial(specification, tuple(weight.shape), generator)
            weight.copy_(torch.from_numpy(values))
