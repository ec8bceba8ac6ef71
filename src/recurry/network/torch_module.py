"""Recurrent layers given back as `torch.nn` modules.

Comes in: a recurrent layer. Goes out: a module of torch that computes the same.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from recurry.backends.fused import Match, find_kernel
from recurry.errors import UsageError
from recurry.network.dropout import Dropout
from recurry.network.layer import CellWeights, Layer

_MODULES = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn_tanh": nn.RNN, "rnn_relu": nn.RNN}


def to_torch(layer: Any) -> nn.RNN | nn.LSTM | nn.GRU:
    """The torch module that computes what a layer does, with a copy of its weights.

    Args:
        layer: A `Recurrent`, which asks for this by `layer.to_torch()`.

    Raises:
        UsageError: torch has no module with these equations or these options.
    """
    found = kernel_of(layer)
    _check_layer(layer)
    kind = _MODULES[found.kernel.name]
    facts = {"nonlinearity": found.kernel.name[4:]} if kind is nn.RNN else {}
    module = kind(
        layer.input_size,
        layer.hidden_size,
        layer.num_layers,
        bidirectional=layer.bidirectional,
        dropout=layer.dropout.between if layer.num_layers > 1 else 0.0,
        batch_first=layer.batch_first,
        dtype=layer.dtype,
        device=layer.device,
        **facts,  # type: ignore[arg-type]
    )
    for weights, suffix in directions_of(layer):
        _give(weights, module, suffix, find=found)
    return module.train(layer.training)


def kernel_of(layer: Any) -> Match:
    """The kernel of torch that computes the cell of a recurrent layer."""
    found = find_kernel(layer.cell.plan)
    if found is None:
        raise UsageError(
            f"torch has no module that computes the cell {layer.cell.name!r}.",
            accepted="cells with the equations of lstm, gru_after, rnn or rnn_relu",
        )
    return found


def _check_layer(layer: Any) -> None:
    others = layer.dropout.model_copy(update={"between": 0.0})
    reasons = {
        "has_residual": layer.has_residual,
        "dropout other than between layers": others != Dropout(),
        "precision='bfloat16'": layer.precision == "bfloat16",
    }
    found = [reason for reason, is_so in reasons.items() if is_so]
    if found:
        raise UsageError("torch's modules cannot do what this layer does.", got=", ".join(found))


def directions_of(layer: Any) -> Iterator[tuple[CellWeights, str]]:
    """The weights of each layer and direction, with torch's suffix for them."""
    for number, one in enumerate(layer.layers):
        assert isinstance(one, Layer)
        for weights, suffix in zip(one.directions(), ("", "_reverse"), strict=False):
            yield weights, f"l{number}{suffix}"


@torch.no_grad()
def _give(weights: CellWeights, module: nn.Module, suffix: str, *, find: Match) -> None:
    """Copy the parameters of the equations into torch's stacked weights."""
    own = weights.tensors()
    names = {"W": "weight_ih", "U": "weight_hh", "b": "bias_ih", "c": "bias_hh"}
    for prefix, name in names.items():
        stacked: Tensor = getattr(module, f"{name}_{suffix}")
        gates = find.stacked(prefix)
        for gate, part in zip(gates, stacked.chunk(len(gates)), strict=True):
            part.zero_() if gate is None else part.copy_(own[gate])
