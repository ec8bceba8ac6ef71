"""What a layer refuses, each with a message that says what would be accepted.

Comes in: what a user gave. Goes out: the same, checked, or an error.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from recurry.backends import PRECISIONS
from recurry.errors import ShapeError, UsageError, unknown_name
from recurry.network.dropout import Dropout
from recurry.network.state import State


def check_sizes(sizes: Mapping[str, object]) -> None:
    """Sizes are whole numbers from 1."""
    for name, size in sizes.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ShapeError(
                f"{name} must be a whole number of at least 1.", where=name, got=repr(size)
            )


def check_precision(precision: str) -> None:
    """The precision is one that the backends know."""
    if precision not in PRECISIONS:
        raise unknown_name("precision", precision, known=PRECISIONS)


def check_rate(rate: float) -> Dropout:
    """A rate between layers as a dropout record."""
    if not 0.0 <= rate < 1.0:
        raise UsageError(
            "dropout is not a rate.",
            where="dropout",
            got=repr(rate),
            accepted="a number from 0 to below 1, or a Dropout record",
        )
    return Dropout(between=rate)


def check_input(x: Tensor, input_size: int, dtype: torch.dtype) -> None:
    """The input has three axes, the layer's input size and the layer's type."""
    if x.dim() != 3 or x.shape[2] != input_size:
        raise ShapeError(
            "The input does not fit the layer.",
            got=f"shape {tuple(x.shape)}",
            accepted=f"(steps, batch, {input_size}), or batch before steps with batch_first=True",
            hint="x.unsqueeze(1) makes a batch of one sequence" if x.dim() == 2 else None,
        )
    if x.dtype != dtype:
        raise ShapeError(
            "The input is of another type than the layer's weights.",
            got=str(x.dtype),
            accepted=str(dtype),
            hint=f"x.to({dtype}), or a layer with another precision",
        )


def check_state(
    state: object, names: tuple[str, ...], shape: tuple[int, int, int], dtype: torch.dtype
) -> None:
    """The state has the tensors of the layer, for this batch."""
    if not isinstance(state, State):
        raise ShapeError(
            "The state is not a State record.",
            got=type(state).__name__,
            accepted="what a layer returned, or State(tensors={...})",
            hint="layer.initial_state(batch_size)",
        )
    wanted = dict.fromkeys(names, shape)
    got = {name: tuple(tensor.shape) for name, tensor in state.tensors.items()}
    if got != wanted:
        raise ShapeError(
            "The state does not fit the layer and the batch.",
            got=_shown(got),
            accepted=_shown(wanted),
            hint="layer.initial_state(batch_size), or state.index(streams) to pick streams",
        )
    for name, tensor in state.tensors.items():
        if tensor.dtype != dtype:
            raise ShapeError(
                "The state is of another type than the layer's weights.",
                where=name,
                got=str(tensor.dtype),
                accepted=str(dtype),
            )


def _shown(shapes: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "no state"


def check_lengths(
    lengths: Sequence[int] | Tensor | None, *, num_steps: int, batch_size: int
) -> tuple[int, ...] | None:
    """The lengths as plain numbers: one a sequence, from 0 to the number of steps."""
    if lengths is None:
        return None
    found = tuple(lengths.tolist() if isinstance(lengths, Tensor) else lengths)
    is_whole = all(isinstance(n, int) and not isinstance(n, bool) for n in found)
    if len(found) == batch_size and is_whole and all(0 <= n <= num_steps for n in found):
        return found
    raise ShapeError(
        "The lengths do not fit the batch.",
        where="lengths",
        got=f"{len(found)} of them, from {min(found, default=0)} to {max(found, default=0)}",
        accepted=f"{batch_size} whole numbers from 0 to {num_steps}",
    )


def refuse_step() -> UsageError:
    """The error for a step of a layer that must know the future."""
    return UsageError(
        "A bidirectional layer cannot run step by step: its second direction starts at the end.",
        hint="forward over whole sequences, or a layer with bidirectional=False",
    )
