"""Who takes part in a measurement: the interface, and the numbers that all are given.

Comes in: a case. Goes out: input, gradient and a layer whose weights everybody takes over. Imports
network, case, clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from recurry.backends.options import Precision
from recurry.measurement.case import Case
from recurry.measurement.clock import Run
from recurry.network.recurrent import Recurrent

DTYPES: dict[Precision, torch.dtype] = {
    "float64": torch.float64,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
}


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What everybody computes with.

    Args:
        case: What is measured.
        backend: Who runs the layer of ours.
    """

    case: Case
    backend: str = "eager"

    @cached_property
    def layer(self) -> Recurrent:
        """The layer of ours."""
        case = self.case
        return Recurrent(
            case.cell,
            case.shape.input_size,
            case.shape.hidden_size,
            backend=self.backend,
            precision=case.precision,
            memory=case.memory,
        )

    @cached_property
    def x(self) -> Tensor:
        """Input: (T, B, I), or (B, I) for a step."""
        shape = self.case.shape
        sizes = (shape.num_steps, shape.batch_size, shape.input_size)
        return self._normal(sizes[1:] if self.case.kind == "step" else sizes)

    @cached_property
    def gradient(self) -> Tensor:
        """Gradient by the output: (T, B, H)."""
        shape = self.case.shape
        return self._normal((shape.num_steps, shape.batch_size, shape.hidden_size))

    def _normal(self, sizes: tuple[int, ...]) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return torch.randn(sizes, generator=generator, dtype=self.layer.dtype)

    @property
    def weights(self) -> dict[str, Tensor]:
        """Parameters of the layer by their names in the equations."""
        found = self.layer.named_parameters()
        return {name.rsplit(".", 1)[1]: value.detach() for name, value in found}


class Peer(Protocol):
    """Someone who can compute what a layer computes."""

    @property
    def name(self) -> str:
        """What the table calls it."""
        ...

    def refusal(self, case: Case) -> str | None:
        """Why it cannot run a case, as the end of a sentence; None where it can."""
        ...

    def prepare(self, numbers: Numbers) -> Run:
        """A function that runs the case once.

        It returns the output, or in training the gradients by the input and by its own weights.
        """
        ...


def run_torch(
    case: Case,
    forward: Callable[[Tensor], Tensor],
    numbers: Numbers,
    *,
    weights: Sequence[Tensor],
    dtype: torch.dtype,
) -> Run:
    """A pass over a sequence by anything that is made of torch."""
    if case.kind != "training":
        x = numbers.x.to(dtype)

        def infer() -> Tensor:
            with torch.no_grad():
                return forward(x)

        return infer
    x = numbers.x.detach().to(dtype).requires_grad_()
    gradient = numbers.gradient.to(dtype)
    wanted = [x, *weights]

    def train() -> tuple[Tensor, ...]:
        return torch.autograd.grad(forward(x), wanted, gradient, allow_unused=True)

    return train
