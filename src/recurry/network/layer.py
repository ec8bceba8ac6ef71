"""The weights of one layer: a set of parameters for each direction, named as in the equations.

Comes in: a cell and sizes. Goes out: modules that hold parameters and compute nothing.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recurry.backends import StackCache
from recurry.compiler.cell import Cell
from recurry.compiler.graph import Matmul, State, dependents

DIRECTIONS = ("forward", "backward")


class CellWeights(nn.Module):
    """One tensor for every parameter of a cell, under its name in the equations."""

    def __init__(self, values: Mapping[str, Tensor]) -> None:
        super().__init__()
        self._cache = StackCache()
        self._names = tuple(values)
        for name, value in values.items():
            # register_parameter refuses names such as `type`, which are legal in equations.
            self._parameters[name] = nn.Parameter(value)

    def __setattr__(self, name: str, value: Any) -> None:
        """`training` may be a parameter and is also the flag that every module sets."""
        if isinstance(value, bool):
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    @property
    def cache(self) -> StackCache:
        """Where stacked weights are kept; a property, so that no parameter can take its place."""
        return self._cache

    def tensors(self) -> dict[str, Tensor]:
        """The parameters in the order of the equations, computed where torch parametrizes them."""
        for hook in self._forward_pre_hooks.values():
            hook(self, ())  # pruning and old norms of weights compute them there
        own = self._parameters
        if (*own,) == self._names:
            return own.copy()  # type: ignore[return-value]
        return {name: own[name] if name in own else getattr(self, name) for name in self._names}  # type: ignore[misc]


class Layer(nn.Module):
    """The weights of a layer, `forward` and, where it has two directions, `backward`."""

    def __init__(self, directions: Mapping[str, CellWeights]) -> None:
        super().__init__()
        for name, weights in directions.items():
            self.add_module(name, weights)

    @property
    def forward(self) -> CellWeights:  # type: ignore[override]
        """The weights of the forward direction; a layer of weights is not called."""
        found = self._modules.get("forward")
        if not isinstance(found, CellWeights):
            raise AttributeError("this layer has no forward direction yet")
        return found

    def directions(self) -> list[CellWeights]:
        """The weights of each direction, forward first."""
        return [found for found in self._modules.values() if isinstance(found, CellWeights)]


def make_layers(
    cell: Cell, sizes: list[int], hidden_size: int, *, num_directions: int, dtype: torch.dtype
) -> nn.ModuleList:
    """Layers with fresh initial values, drawn under torch's global generator.

    Where torch's default device is "meta" they have shapes and no values.

    Args:
        cell: The cell.
        sizes: Input size of each layer.
        hidden_size: Number of units.
        num_directions: 1 or 2.
        dtype: Of the parameters.
    """
    is_blank = torch.get_default_device().type == "meta"  # shapes are asked for, not values
    seed = 0 if is_blank else int(torch.randint(2**62, ()).item())
    generator = np.random.default_rng(seed)

    def fresh(size: int) -> CellWeights:
        if is_blank:
            shapes = cell.parameter_shapes(size, hidden_size)
            return CellWeights({n: torch.empty(shape, dtype=dtype) for n, shape in shapes.items()})
        values = cell.initial_values(size, hidden_size, generator)
        return CellWeights({name: torch.tensor(v, dtype=dtype) for name, v in values.items()})

    names = DIRECTIONS[:num_directions]
    return nn.ModuleList(Layer({name: fresh(size) for name in names}) for size in sizes)


def recurrent_matrices(cell: Cell) -> frozenset[str]:
    """The matrices that multiply a value which depends on a state."""
    nodes = cell.graph.nodes
    moving = dependents(nodes, [node for node in nodes if isinstance(node, State)])
    products = (node for node in nodes if isinstance(node, Matmul))
    return frozenset(p.matrix.name for p in products if p.operand in moving)
