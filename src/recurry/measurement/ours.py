"""A layer of ours as one of those who take part in a measurement.

Comes in: the name of a backend. Goes out: runs. Imports backends, network, peer.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from recurry.backends import BACKENDS, Request, RunOptions
from recurry.measurement.case import Case
from recurry.measurement.clock import Run
from recurry.measurement.peer import Numbers, run_torch


class Ours:
    """A recurrent layer.

    Args:
        backend: Who runs it.
    """

    name = "recurry"

    def __init__(self, backend: str) -> None:
        self.backend = backend

    def refusal(self, case: Case) -> str | None:
        """What the backend says of the case."""
        request = Request(
            plan=case.cell.plan,
            options=RunOptions(
                precision=case.precision,
                is_training=case.kind == "training",
                memory=case.memory,
            ),
            num_steps=case.num_steps,
            batch_size=case.shape.batch_size,
            is_padded=case.lengths is not None,
            needs_gradient=case.kind == "training",
        )
        asked = (backend for backend in BACKENDS if backend.name == self.backend)
        return next((backend.refusal(request) for backend in asked), None)

    def prepare(self, numbers: Numbers) -> Run:
        """Whole sequences, or one step after another that each go on with the state."""
        case, layer = numbers.case, numbers.layer
        layer.train(case.kind == "training")
        if case.kind == "step":
            return _stepping(layer.step, numbers.x)
        weights = list(layer.parameters())
        return run_torch(
            case,
            lambda x: layer(x, lengths=case.lengths)[0],
            numbers,
            weights=weights,
            dtype=layer.dtype,
        )


class KeepsAll:
    """The same layer of ours without the option that saves memory."""

    name = "itself"

    def __init__(self, backend: str) -> None:
        self.backend = backend

    def refusal(self, case: Case) -> str | None:
        """Only beside a layer that saves memory is it another one."""
        return None if case.memory == "low" else "it is the layer itself"

    def prepare(self, numbers: Numbers) -> Run:
        """The same case with everything kept."""
        case = replace(numbers.case, memory="default")
        return Ours(self.backend).prepare(Numbers(case=case, backend=self.backend))


def kept_bytes(numbers: Numbers) -> int:
    """What a training pass of ours keeps between forward and backward, weights and input aside."""
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    layer, x = numbers.layer.train(), numbers.x.detach().requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        output = layer(x, lengths=numbers.case.lengths)[0]
    for tensor in (x, *layer.parameters()):
        kept.pop(tensor.untyped_storage().data_ptr(), None)
    del output
    return sum(kept.values())


def _stepping(step: Callable, x: Tensor) -> Run:
    """One step a call; the state is carried from call to call."""
    state = None

    def once() -> Tensor:
        nonlocal state
        with torch.no_grad():
            output, state = step(x, state)
        return output

    return once
