"""`torch.nn.RNN`, `LSTM` and `GRU` taken over with their weights.

Comes in: a module of torch. Goes out: a recurrent layer that computes the same.
"""

import torch
from torch import Tensor, nn

from recurry.backends.fused import Match
from recurry.errors import UsageError
from recurry.network.layer import CellWeights
from recurry.network.recurrent import Recurrent
from recurry.network.torch_module import directions_of, kernel_of

_CELLS = {"LSTM": "lstm", "GRU": "gru_after", "RNN_TANH": "rnn", "RNN_RELU": "rnn_relu"}


def from_torch(module: nn.Module) -> Recurrent:
    """A recurrent layer that computes what a torch module does, with a copy of its weights.

    Biases that torch keeps twice are added up; a module without biases gets zeros.

    Args:
        module: A `torch.nn.RNN`, `LSTM` or `GRU`, also with several layers or two directions.

    Raises:
        UsageError: Another kind of module, projections (`proj_size`), or a type other than
            float32 and float64.
    """
    module, weight = _check_module(module)
    layer = Recurrent(
        _CELLS[module.mode],
        module.input_size,
        module.hidden_size,
        module.num_layers,
        module.bidirectional,
        float(module.dropout),
        module.batch_first,
        precision="float64" if weight.dtype == torch.float64 else "float32",
    ).to(weight.device)
    for weights, suffix in directions_of(layer):
        _take(weights, module, suffix, find=kernel_of(layer))
    return layer.train(module.training)


def _check_module(module: nn.Module) -> tuple[nn.RNN | nn.LSTM | nn.GRU, Tensor]:
    """A module that can be taken over, and its first weight."""
    if not isinstance(module, nn.RNN | nn.LSTM | nn.GRU):
        raise UsageError(
            "Only recurrent modules of torch can be taken over.",
            got=type(module).__name__,
            accepted="torch.nn.RNN, torch.nn.LSTM, torch.nn.GRU",
        )
    if module.proj_size:
        raise UsageError(
            "Projections cannot be taken over: no cell here has an output smaller than its state.",
            where="proj_size",
            got=str(module.proj_size),
            accepted="proj_size=0",
        )
    weight = module.get_parameter("weight_ih_l0")
    if weight.dtype not in (torch.float32, torch.float64):
        raise UsageError(
            "Weights of this type cannot be taken over.",
            got=str(weight.dtype),
            accepted="torch.float32, torch.float64",
            hint="from_torch(module.float())",
        )
    return module, weight


@torch.no_grad()
def _take(weights: CellWeights, module: nn.Module, suffix: str, *, find: Match) -> None:
    """Copy torch's stacked weights into the parameters of the equations."""
    own = weights.tensors()
    for prefix, name in (("W", "weight_ih"), ("U", "weight_hh")):
        _spread(own, find.stacked(prefix), getattr(module, f"{name}_{suffix}"))
    if not hasattr(module, f"bias_ih_{suffix}"):
        for name in (*find.stacked("b"), *find.stacked("c")):
            if name is not None:
                own[name].zero_()
        return
    inner, outer = getattr(module, f"bias_hh_{suffix}"), getattr(module, f"bias_ih_{suffix}")
    apart = find.stacked("c")
    _spread(own, find.stacked("b"), outer)
    _spread(own, apart, inner)
    for name, other, part in zip(find.stacked("b"), apart, inner.chunk(len(apart)), strict=True):
        if name is not None and other is None:
            own[name].add_(part)


def _spread(own: dict[str, Tensor], names: tuple[str | None, ...], stacked: Tensor) -> None:
    for name, part in zip(names, stacked.chunk(len(names)), strict=True):
        if name is not None:
            own[name].copy_(part)
