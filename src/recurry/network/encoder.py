"""The reading half of an encoder and decoder.

Comes in: symbols `(S, B)` and lengths. Goes out: a step for each symbol, and the state in which
writing begins.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from recurry.backends import Symbols
from recurry.errors import ShapeError
from recurry.network.recurrent import Recurrent
from recurry.network.state import State


class Encoder(nn.Module):
    """Layers that read both ways, and a bridge from their last states to those of a decoder.

    The states of both directions, one beside the other, are as wide as those of a decoder; a linear
    map for each layer and state leads from the ones to the others.

    Args:
        layers: Bidirectional layers.

    Raises:
        ShapeError: The layers read one way.
    """

    def __init__(self, layers: Recurrent) -> None:
        super().__init__()
        if not layers.bidirectional:
            raise ShapeError("An encoder reads both ways.", accepted="bidirectional=True")
        self.layers, self.output_size = layers, layers.output_size
        count = len(layers.cell.states) * layers.num_layers
        self.bridge = nn.ModuleList(
            nn.Linear(self.output_size, self.output_size, dtype=layers.dtype) for _ in range(count)
        )

    def forward(
        self, x: Float[Tensor, "S B I"] | Symbols, lengths: Sequence[int] | None = None
    ) -> tuple[Float[Tensor, "S B M"], State]:
        """A vector for each step, zero in padding; and a state for a decoder of as many layers.

        Raises:
            ShapeError: The lengths do not fit.
        """
        output, state = self.layers(x, lengths=lengths)
        maps = iter(self.bridge)
        tensors = {}
        for name in state.names:
            pairs = state[name].unflatten(0, (self.layers.num_layers, 2))
            both = [next(maps)(torch.cat([one, other], 1)) for one, other in pairs]
            tensors[name] = torch.stack(both)
        return output, State(tensors=tensors)
