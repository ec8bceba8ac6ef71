"""Symbols in place of vectors: what a first layer reads, before anything is looked up.

Comes in: ids and the vector of each symbol. Goes out: a record that a backend can read as it is,
or as the vectors that it stands for. Imports torch only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional


def as_vectors(x: "Tensor | Symbols") -> Tensor:
    """Vectors as they are, and those that symbols stand for."""
    return x.vectors() if isinstance(x, Symbols) else x


@dataclass(frozen=True, kw_only=True, eq=False)
class Symbols:
    """A sequence of vectors of which there are only V different ones.

    A backend may multiply V rows instead of T * B. What can be asked of the vectors (T, B, I) can
    be asked here by the same name.

    Args:
        ids: Symbols from 0 to V - 1, (T, B).
        table: The vector of each symbol, (V, I); None for one-hot vectors, where I is V.
        num_symbols: V.
        dtype: Type of the vectors.
    """

    ids: Int[Tensor, "T B"]
    table: Float[Tensor, "V I"] | None
    num_symbols: int
    dtype: torch.dtype

    @property
    def input_size(self) -> int:
        """I."""
        return self.num_symbols if self.table is None else self.table.shape[1]

    @property
    def shape(self) -> torch.Size:
        """(T, B, I)."""
        return torch.Size((*self.ids.shape, self.input_size))

    @property
    def device(self) -> torch.device:
        """Where the ids are."""
        return self.ids.device

    @property
    def requires_grad(self) -> bool:
        """Whether the vectors are learnt."""
        return self.table is not None and self.table.requires_grad

    def numel(self) -> int:
        """T * B * I."""
        return self.shape.numel()

    def new_zeros(self, *shape: int) -> Tensor:
        """Zeros of the type of the vectors, beside them."""
        return torch.zeros(shape, dtype=self.dtype, device=self.device)

    def transpose(self, one: int, other: int) -> "Symbols":
        """The same with two axes of the ids exchanged."""
        return replace(self, ids=self.ids.transpose(one, other))

    def tensor_split(self, steps: Sequence[int]) -> tuple["Symbols", ...]:
        """Pieces, cut before some steps."""
        return tuple(replace(self, ids=ids) for ids in self.ids.tensor_split(steps))

    def vectors(self) -> Float[Tensor, "T B I"]:
        """The vector of every symbol."""
        if self.table is None:
            return functional.one_hot(self.ids, self.num_symbols).to(self.dtype)
        return functional.embedding(self.ids, self.table)
