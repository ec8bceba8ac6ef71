"""Layers run at little cost where nothing but their equations is asked for.

Comes in: the layers' weights, an input and a state. Goes out: the output and the new state, or
nothing where the way of `Recurrent.forward` has to be taken: it also says what is wrong.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from recurry.backends import CpuBackend, Memory
from recurry.backends.cpu.traced import needs_operator
from recurry.compiler.plan import Plan
from recurry.network.state import State, trusted_state

_BACKEND = CpuBackend()
# Shapes of input whose way is remembered.
_MOST_SHAPES = 64


class QuickLayers:
    """The layers of a module whose facts do not change; each change makes another one.

    Args:
        plan: The cell.
        layers: The weights of each layer, the lowest first.
        hidden_size: H.
        has_residual: Whether each layer after the first adds its input to its output.
        is_rounded: Whether products read numbers rounded to bfloat16.
        memory: How much is kept for the backward pass.
    """

    def __init__(
        self,
        plan: Plan,
        layers: nn.ModuleList,
        hidden_size: int,
        *,
        has_residual: bool,
        is_rounded: bool,
        memory: Memory,
    ) -> None:
        self.plan, self.names, self.hidden_size = plan, plan.graph.states, hidden_size
        self.layers = layers
        self.has_residual, self.is_rounded = has_residual, is_rounded
        self.memory: Memory = memory
        self._routes: dict[tuple[Any, ...], Any] = {}

    def run(self, x: Tensor, state: State | None) -> tuple[Tensor, State] | None:
        """Output and state; None where it has to be done in the ordinary way.

        Args:
            x: Input, (T, B, I); (B, I) for a single step, whose output has no time axis either.
            state: State of all layers; zeros when not given.
        """
        weights_of = [layer.directions() for layer in self.layers._modules.values()]  # type: ignore[union-attr]
        rows = self._rows(x, state, len(weights_of) * len(weights_of[0]))
        if rows is None or 0 in x.shape:
            return None
        last: list[dict[str, Tensor]] = []
        for number, weights in enumerate(weights_of):
            count = len(weights)
            tensors = [one.tensors() for one in weights]
            caches = [one.cache for one in weights]
            route = self._route(number, x, tensors)
            mine = rows[number * count : (number + 1) * count]
            outputs, new = route.run(x, mine, tensors, caches)
            output = outputs[0] if count == 1 else torch.cat(outputs, 2)
            x = x + output if self.has_residual and number else output
            last += new
        if len(last) == 1:
            return x, trusted_state(last[0])
        return x, trusted_state({n: torch.cat([one[n] for one in last]) for n in self.names})

    def _route(self, number: int, x: Tensor, tensors: Sequence[Mapping[str, Tensor]]) -> Any:
        key = (number, x.shape)
        found = self._routes.get(key)
        if found is None:
            if len(self._routes) >= _MOST_SHAPES:
                self._routes.clear()
            found = self._routes[key] = _BACKEND.route(
                self.plan,
                tuple(x.shape),
                tensors[0],
                self.hidden_size,
                directions=len(tensors),
                is_rounded=self.is_rounded,
                memory=self.memory,
            )
        return found

    def _rows(
        self, x: Tensor, state: State | None, count: int
    ) -> Sequence[Mapping[str, Tensor]] | None:
        """The state of each layer and direction, (1, B, H); None where there is none that fits."""
        if state is None:
            zeros = _zeros(x.shape[-2], self.hidden_size, x.dtype)
            return [dict.fromkeys(self.names, zeros)] * count
        if type(state) is not State or state.names != self.names:
            return None
        shape = (count, x.shape[-2], self.hidden_size)
        tensors = state.tensors
        dtype = x.dtype
        for value in tensors.values():
            if type(value) is not Tensor or value.shape != shape:
                return None
            if value.dtype != dtype or not value.is_cpu:
                return None
        if count == 1:
            return [tensors]
        return [{n: v[at : at + 1] for n, v in tensors.items()} for at in range(count)]


class QuickModule(nn.Module):
    """A module that knows its layers in the quick way, until something about it changes."""

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__["_known"] = {}
        super().__setattr__(name, value)

    def _apply(self, *given: Any, **named: Any) -> "QuickModule":
        """What moves weights or changes their type."""
        self.__dict__["_known"] = {}
        return super()._apply(*given, **named)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_known": {}}

    def find_quick(self) -> QuickLayers | None:
        """The layers as they are now; None where they have to be run in the ordinary way."""
        raise NotImplementedError

    def quick_layers(self, x: object, num_axes: int) -> QuickLayers | None:
        """The layers, where an input of so many axes can take the quick way."""
        if type(x) is not Tensor or x.dim() != num_axes or needs_operator((x,)):
            return None
        layers, known, dtype = self._modules["layers"], self.__dict__["_known"], x.dtype
        if not x.is_cpu or torch.is_autocast_enabled("cpu") or x.shape[-1] != self.input_size:
            return None
        if dtype not in known:
            known[dtype] = self.find_quick() if dtype == self.dtype else None
        found = known[dtype]
        if found is not None and found.layers is not layers:
            return None  # a replica, which has taken over all records of the module
        return found


@lru_cache(maxsize=32)
def _zeros(streams: int, size: int, dtype: torch.dtype) -> Tensor:
    """The state that a sequence begins with; read only, so one serves all."""
    with torch.inference_mode(False):
        return torch.zeros(1, streams, size, dtype=dtype, device="cpu")
