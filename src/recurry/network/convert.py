"""`torch.nn.RNN`, `LSTM` and `GRU` taken over with their weights, and given back.

Comes in: a torch module or a recurrent layer. Goes out: the other one, computing the same.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from recurry.backends.fused import Match, find_kernel
from recurry.errors import UsageError
from recurry.network.dropout import Dropout
from recurry.network.layer import CellWeights, Layer
from recurry.network.recurrent import Recurrent

_CELLS = {"LSTM": "lstm", "GRU": "gru_after", "RNN_TANH": "rnn", "RNN_RELU": "rnn_relu"}
_MODULES = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn_tanh": nn.RNN, "rnn_relu": nn.RNN}


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
    for weights, suffix in _directions(layer):
        _take(weights, module, suffix, find=_kernel(layer))
    return layer.train(module.training)


def to_torch(layer: Recurrent) -> nn.RNN | nn.LSTM | nn.GRU:
    """The torch module that computes what a layer does, with a copy of its weights.

    Raises:
        UsageError: torch has no module with these equations or these options.
    """
    found = _kernel(layer)
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
    for weights, suffix in _directions(layer):
        _give(weights, module, suffix, find=found)
    return module.train(layer.training)


def _kernel(layer: Recurrent) -> Match:
    found = find_kernel(layer.cell.plan)
    if found is None:
        raise UsageError(
            f"torch has no module that computes the cell {layer.cell.name!r}.",
            accepted="cells with the equations of lstm, gru_after, rnn or rnn_relu",
        )
    return found


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


def _check_layer(layer: Recurrent) -> None:
    others = layer.dropout.model_copy(update={"between": 0.0})
    reasons = {
        "has_residual": layer.has_residual,
        "dropout other than between layers": others != Dropout(),
        "precision='bfloat16'": layer.precision == "bfloat16",
    }
    found = [reason for reason, is_so in reasons.items() if is_so]
    if found:
        raise UsageError("torch's modules cannot do what this layer does.", got=", ".join(found))


def _directions(layer: Recurrent) -> Iterator[tuple[CellWeights, str]]:
    """The weights of each layer and direction, with torch's suffix for them."""
    for number, one in enumerate(layer.layers):
        assert isinstance(one, Layer)
        for weights, suffix in zip(one.directions(), ("", "_reverse"), strict=False):
            yield weights, f"l{number}{suffix}"


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
