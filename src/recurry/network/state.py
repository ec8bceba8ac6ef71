"""What a layer carries from one step to the next: one tensor for each state of its cell.

Comes in: tensors `(L*D, B, H)`. Goes out: the same, moved, detached, indexed or saved.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils._pytree import register_pytree_node

from recurry.errors import ShapeError, unknown_name


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """The only memory of a stream: a tensor `(L*D, B, H)` for every state of the cell.

    Row `layer * D + direction` belongs to that layer and direction, as in `torch.nn.LSTM`.

    Args:
        tensors: State name (as in the equations) to tensor.

    Raises:
        ShapeError: the tensors are not three-dimensional or differ in shape.
    """

    tensors: Mapping[str, Tensor]

    def __post_init__(self) -> None:
        object.__setattr__(self, "tensors", MappingProxyType(dict(self.tensors)))
        shapes = {name: tuple(tensor.shape) for name, tensor in self.tensors.items()}
        first = next(iter(shapes.values()), (0, 0, 0))
        if len(first) != 3 or any(shape != first for shape in shapes.values()):
            raise ShapeError(
                "The tensors of a state do not fit together.",
                got=", ".join(f"{name} {shape}" for name, shape in shapes.items()),
                accepted="one shape (layers * directions, batch, hidden size) for all of them",
            )

    @classmethod
    def zeros(
        cls,
        names: Sequence[str],
        *,
        num_layers: int,
        batch_size: int,
        hidden_size: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> "State":
        """A state of zeros; `num_layers` counts layers times directions."""
        shape = (num_layers, batch_size, hidden_size)
        tensors = {name: torch.zeros(shape, dtype=dtype, device=device) for name in names}
        return cls(tensors=tensors)

    @classmethod
    def from_dict(cls, tensors: Mapping[str, Tensor]) -> "State":
        """The state that `to_dict` wrote."""
        return cls(tensors=tensors)

    def to_dict(self) -> dict[str, Tensor]:
        """State name to tensor `(L*D, B, H)`, ready for a tensor file."""
        return dict(self.tensors)

    def __getitem__(self, name: str) -> Float[Tensor, "LD B H"]:
        if name not in self.tensors:
            raise unknown_name("state", name, known=tuple(self.tensors))
        return self.tensors[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The states of the cell, `h` first if it is one."""
        return tuple(self.tensors)

    @property
    def batch_size(self) -> int:
        """Number of streams; 0 for a cell without any state."""
        return next((tensor.shape[1] for tensor in self.tensors.values()), 0)

    def detach(self) -> "State":
        """The same values, cut off from the graph of gradients: where truncation happens."""
        return State(tensors={name: value.detach() for name, value in self.tensors.items()})

    def clone(self) -> "State":
        """A copy that shares no memory."""
        return State(tensors={name: value.clone() for name, value in self.tensors.items()})

    def to(self, device: torch.device | str) -> "State":
        """The same state on another device."""
        return State(tensors={name: value.to(device) for name, value in self.tensors.items()})

    def index(self, streams: Tensor | Sequence[int]) -> "State":
        """The state of some streams, in the order asked; a stream may be asked for twice.

        Raises:
            ShapeError: A number that is not whole, or a stream that there is not.
        """
        picked = {name: _pick(value, streams) for name, value in self.tensors.items()}
        return State(tensors=picked)

    def __reduce__(self) -> tuple:
        return (State.from_dict, (self.to_dict(),))

    def __repr__(self) -> str:
        shapes = (f"{name}: {tuple(value.shape)}" for name, value in self.tensors.items())
        return f"State({', '.join(shapes)})"


def _flatten(state: State) -> tuple[list[Tensor], tuple[str, ...]]:
    return list(state.tensors.values()), state.names


def stacked(rows: Sequence[Tensor]) -> Tensor:
    """The final states of all layers and directions, one on top of the other."""
    return rows[0].unsqueeze(0) if len(rows) == 1 else torch.stack(list(rows))


def trusted_state(tensors: dict[str, Tensor]) -> State:
    """A state of tensors that are known to fit together; nothing is looked at again."""
    state = object.__new__(State)
    object.__setattr__(state, "tensors", MappingProxyType(tensors))
    return state


def _unflatten(tensors: Iterable[Tensor], names: Iterable[str]) -> State:
    # Torch also puts other things than tensors in their places.
    return trusted_state(dict(zip(names, tensors, strict=True)))


# So that exported programs may take and return states.
register_pytree_node(
    State,
    _flatten,
    _unflatten,
    serialized_type_name="recurry.network.state.State",
    to_dumpable_context=list,
    from_dumpable_context=tuple,
)


def _pick(value: Tensor, streams: Tensor | Sequence[int]) -> Tensor:
    rows = torch.as_tensor(streams, device=value.device)
    is_whole = not (rows.is_floating_point() or rows.is_complex() or rows.dtype == torch.bool)
    is_known = not rows.numel() or (is_whole and rows.min() >= 0 and rows.max() < value.shape[1])
    if rows.dim() > 1 or not is_known:
        raise ShapeError(
            "A state was indexed with a stream that it does not have.",
            got=f"streams {rows.flatten().tolist()[:10]}",
            accepted=f"a list of numbers from 0 to {value.shape[1] - 1}",
            hint="mask.nonzero().flatten() turns a mask into numbers"
            if rows.dtype == torch.bool
            else None,
        )
    return value.index_select(1, rows.to(torch.long))
