"""What a layer refuses, each with a message that says what would be accepted.

Comes in: what a user gave. Goes out: the same, checked, or an error.
"""

from collections.abc import Iterable, Mapping
from operator import index

from torch import Tensor

from recurry.backends import MEMORIES, PRECISIONS, Symbols
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


def check_memory(memory: str) -> None:
    """The memory is one that the backends know."""
    if memory not in MEMORIES:
        raise unknown_name("memory", memory, known=MEMORIES)


def check_rate(rate: object) -> Dropout:
    """A rate between layers as a dropout record."""
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0.0 <= rate < 1.0:
        raise UsageError(
            "dropout is not a rate.",
            where="dropout",
            got=repr(rate),
            accepted="a number from 0 to below 1, or a Dropout record",
        )
    return Dropout(between=rate)


def check_input(x: object, axes: tuple[str, ...], input_size: int, *, like: Tensor) -> None:
    """The input has these axes and the input size behind, and is like the weights."""
    wanted = f"({', '.join(axes)}, {input_size})"
    if not isinstance(x, Tensor | Symbols):
        raise ShapeError(
            "The input is not a tensor.",
            got=type(x).__name__,
            accepted=f"a tensor {wanted}",
            hint="torch.as_tensor(x)",
        )
    if len(x.shape) != len(axes) + 1 or x.shape[-1] != input_size:
        is_single = len(x.shape) == len(axes) and "batch" in axes
        raise ShapeError(
            "The input does not fit the layer.",
            got=f"shape {tuple(x.shape)}",
            accepted=wanted,
            hint=f"x.unsqueeze({axes.index('batch')}) makes a batch of one" if is_single else None,
        )
    if x.dtype != like.dtype:
        raise ShapeError(
            "The input is of another type than the layer's weights.",
            got=str(x.dtype),
            accepted=str(like.dtype),
            hint=f"x.to({like.dtype}), or a layer with another precision",
        )
    if x.device != like.device:
        raise ShapeError(
            "The input is on another device than the layer's weights.",
            got=str(x.device),
            accepted=str(like.device),
            hint=f"x.to({str(like.device)!r}), or layer.to({str(x.device)!r})",
        )


def check_state(
    state: object, names: tuple[str, ...], shape: tuple[int, int, int], *, like: Tensor | Symbols
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
        if (tensor.dtype, tensor.device) != (like.dtype, like.device):
            raise ShapeError(
                "The state is of another type, or on another device, than the layer's weights.",
                where=name,
                got=f"{tensor.dtype} on {tensor.device}",
                accepted=f"{like.dtype} on {like.device}",
            )


def _shown(shapes: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "no state"


def check_lengths(lengths: object, *, num_steps: int, batch_size: int) -> tuple[int, ...] | None:
    """The lengths as plain numbers: one a sequence, from 0 to the number of steps."""
    if lengths is None:
        return None
    found = _whole_numbers(lengths)
    if found is not None and len(found) == batch_size and all(0 <= n <= num_steps for n in found):
        return found
    shown = f"{len(found)} of them, from {min(found)} to {max(found)}" if found else ""
    raise ShapeError(
        "The lengths do not fit the batch.",
        where="lengths",
        got=shown or repr(lengths)[:80],
        accepted=f"{batch_size} whole numbers from 0 to {num_steps}",
    )


def _whole_numbers(values: object) -> tuple[int, ...] | None:
    """Numbers of any kind of integer as plain ones; None where one is of another kind."""
    values = values.tolist() if isinstance(values, Tensor) else values
    if not isinstance(values, Iterable):
        return None
    values = list(values)
    try:
        return None if any(isinstance(n, bool) for n in values) else tuple(map(index, values))
    except TypeError:
        return None


def check_ids(name: str, ids: Tensor, count: int) -> None:
    """Ids are from 0 to below a number."""
    if ids.numel() and not (ids.min() >= 0 and ids.max() < count):
        raise ShapeError(
            f"The {name} are out of range.",
            where=name,
            got=f"from {int(ids.min())} to {int(ids.max())}",
            accepted=f"from 0 to {count - 1}",
        )


def refuse_lengths() -> UsageError:
    """The error for lengths beside a packed sequence, which has its own."""
    return UsageError(
        "A packed sequence has its own lengths.",
        where="lengths",
        accepted="a packed sequence alone, or a padded tensor with lengths",
    )


def refuse_step() -> UsageError:
    """The error for a step of a layer that must know the future."""
    return UsageError(
        "A bidirectional layer cannot run step by step: its second direction starts at the end.",
        hint="forward over whole sequences, or a layer with bidirectional=False",
    )
