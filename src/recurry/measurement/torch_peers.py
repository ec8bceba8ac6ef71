"""What torch offers: its own module for a cell, or the equations step by step.

Comes in: a case. Goes out: runs. Imports network, peer, plain.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from recurry.backends.fused import find_kernel
from recurry.measurement.case import Case
from recurry.measurement.clock import Run
from recurry.measurement.peer import DTYPES, Numbers, run_torch
from recurry.measurement.plain import make_step, torch_functions
from recurry.network.recurrent import Recurrent


class TorchModule:
    """`torch.nn.LSTM`, `GRU` or `RNN` in the same type of numbers."""

    name = "torch"

    def refusal(self, case: Case) -> str | None:
        """Most cells have no module in torch."""
        return None if find_kernel(case.cell.plan) else "torch has no module of this cell"

    def prepare(self, numbers: Numbers) -> Run:
        """The module along time; sequences of unequal length are packed."""
        case, dtype = numbers.case, DTYPES[numbers.case.precision]
        module = torch_module(numbers).to(dtype)
        if case.kind == "step":
            return _module_steps(module, numbers.x.to(dtype))
        return run_torch(
            case,
            lambda x: _run_module(module, x, case.lengths),
            numbers,
            weights=list(module.parameters()),
            dtype=dtype,
        )


def torch_module(numbers: Numbers) -> nn.RNN | nn.LSTM | nn.GRU:
    """The module with the weights of the layer, in float32 at most."""
    layer = numbers.layer
    if layer.precision == "bfloat16":  # it keeps float32 weights, and so does a copy of them
        same = Recurrent(layer.cell, layer.input_size, layer.hidden_size)
        same.load_state_dict(layer.state_dict())
        layer = same
    return layer.to_torch()


def _run_module(module: nn.Module, x: Tensor, lengths: tuple[int, ...] | None) -> Tensor:
    if lengths is None:
        return module(x)[0]
    packed = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
    return pad_packed_sequence(module(packed)[0], total_length=x.shape[0])[0]


def _module_steps(module: nn.Module, x: Tensor) -> Run:
    state = None

    def once() -> Tensor:
        nonlocal state
        with torch.no_grad():
            output, state = module(x[None], state)
        return output[0]

    return once


class PlainTorch:
    """The equations as one would write them, in a loop over time, with autograd."""

    name = "plain"

    def refusal(self, case: Case) -> str | None:
        """It knows no lengths."""
        return "a plain loop knows no lengths" if case.lengths is not None else None

    def prepare(self, numbers: Numbers) -> Run:
        """The loop, or one step after another."""
        case, dtype = numbers.case, DTYPES[numbers.case.precision]
        step = make_step(case.cell, torch_functions())
        is_training = case.kind == "training"
        weights = {
            name: value.to(dtype, copy=True).requires_grad_(is_training)
            for name, value in numbers.weights.items()
        }
        start = torch.zeros(case.shape.batch_size, case.shape.hidden_size, dtype=dtype)
        state = (start,) * len(case.cell.states)

        def along_time(x: Tensor) -> Tensor:
            outputs, carried = [], state
            for x_t in x.unbind():
                output, carried = step(x_t, *carried, **weights)
                outputs.append(output)
            return torch.stack(outputs)

        if case.kind == "step":
            return _plain_steps(lambda x, carried: step(x, *carried, **weights), numbers.x, state)
        return run_torch(case, along_time, numbers, weights=list(weights.values()), dtype=dtype)


def _plain_steps(step, x: Tensor, state: tuple[Tensor, ...]) -> Run:
    def once() -> Tensor:
        nonlocal state
        with torch.no_grad():
            output, state = step(x, state)
        return output

    return once
