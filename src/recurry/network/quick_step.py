"""One step of a stack of layers where no gradient is asked for, at little cost.

Comes in: the layers' weights, an input and a state. Goes out: the output and the new state, or
nothing where the way of `Recurrent.forward` has to be taken: it also says what is wrong.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from recurry.backends import CpuBackend
from recurry.compiler.plan import Plan
from recurry.network.layer import Layer
from recurry.network.state import State, trusted_state

_STEPS = CpuBackend()


def quick_step(
    plan: Plan,
    layers: nn.ModuleList,
    x: Tensor,
    state: State | None,
    *,
    has_residual: bool,
) -> tuple[Tensor, State] | None:
    """A step, or None where it has to be taken in the ordinary way.

    Args:
        plan: The cell.
        layers: The weights of each layer, the lowest first.
        x: Input, (B, I).
        state: State of all layers; with none, the step is taken in the ordinary way.
        has_residual: Whether each layer after the first adds its input to its output.
    """
    names = plan.graph.states
    rows = _rows(names, len(layers), x, state)
    if rows is None:
        return None
    finals: list[dict[str, Tensor]] = []
    for row, layer in zip(rows, layers, strict=True):
        assert isinstance(layer, Layer)
        own = layer.forward
        made = _STEPS.step(plan, own.tensors(), x, row, cache=own.cache)
        if made is None:
            return None
        x = x + made[0] if has_residual and finals else made[0]
        finals.append(made[1])
    if len(finals) == 1:
        return x, trusted_state(finals[0])
    return x, trusted_state({name: torch.cat([f[name] for f in finals]) for name in names})


def _rows(
    names: Sequence[str], num_layers: int, x: Tensor, state: State | None
) -> list[dict[str, Tensor]] | None:
    """The state of each layer, (1, B, H); None where there is none that fits."""
    if type(x) is not Tensor or x.dim() != 2 or not x.is_cpu:
        return None
    if not isinstance(state, State) or state.names != names:
        return None
    for value in state.tensors.values():
        if value.shape[:2] != (num_layers, len(x)) or value.dtype != x.dtype or not value.is_cpu:
            return None
    if num_layers == 1:
        return [dict(state.tensors)]
    return [{n: v[at : at + 1] for n, v in state.tensors.items()} for at in range(num_layers)]
