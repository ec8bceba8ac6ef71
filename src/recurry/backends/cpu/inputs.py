"""The input of every row: a row of its own, or one of a table that many rows read.

Comes in: vectors, or symbols that stand for them. Goes out: one record for both. Imports torch
and symbols.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from recurry.backends.symbols import Symbols
from recurry.errors import ShapeError


@dataclass(frozen=True, slots=True)
class InputRows:
    """What a call reads.

    Args:
        values: The input of each row, (N, I); with picks, the rows to pick from, (V, I).
        picks: For each row of the call the row of `values` that it reads; None for its own.
        is_identity: Whether `values` is the identity matrix: products with it are no work.
    """

    values: Float[Tensor, "R I"]
    picks: Int64[Tensor, "N"] | None = None
    is_identity: bool = False

    @property
    def num_rows(self) -> int:
        """N."""
        return len(self.values if self.picks is None else self.picks)

    def part(self, rows: slice) -> "InputRows":
        """What some rows of the call read."""
        if self.picks is None:
            return replace(self, values=self.values[rows])
        return replace(self, picks=self.picks[rows])

    def by_row(self) -> Float[Tensor, "N I"]:
        """The input of each row."""
        return self.values if self.picks is None else self.values.index_select(0, self.picks)


def pick_rows(x: Symbols, flatten: Callable[[Tensor], Tensor]) -> InputRows:
    """The rows of a table that symbols read.

    Args:
        x: The symbols.
        flatten: From (T, B, ...) to the rows of a call, (N, ...).

    Raises:
        ShapeError: A symbol is not in the table.
    """
    picks = flatten(x.ids.unsqueeze(2)).squeeze(1).contiguous()
    _check(picks, x.num_symbols)
    picks = picks.long()
    if x.table is None:
        table = _identity(x.num_symbols, x.dtype)
        return InputRows(values=table, picks=picks, is_identity=True)
    return InputRows(values=x.table, picks=picks)


def _check(picks: Tensor, num_symbols: int) -> None:
    """Raise an error where kernels would read outside of the table."""
    first, last = torch.aminmax(picks) if len(picks) else (0, 0)
    if first < 0 or last >= num_symbols:
        raise ShapeError(
            "There are symbols that the table has no row for.",
            got=f"symbols from {int(first)} to {int(last)}",
            accepted=f"0 to {num_symbols - 1}",
        )


@lru_cache(maxsize=8)
def _identity(size: int, dtype: torch.dtype) -> Tensor:
    with torch.inference_mode(False):
        return torch.eye(size, dtype=dtype, device="cpu")
