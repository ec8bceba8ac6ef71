"""What stands before recurrent layers: symbols with a vector for each, or vectors as they are.

Comes in: ids `(T, B)` or vectors `(T, B, I)`. Goes out: what a `Recurrent` takes.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from recurry.backends import Symbols
from recurry.errors import ShapeError
from recurry.network.checks import check_sizes


class Embedded(nn.Module):
    """A vector for each symbol.

    What comes out stands for vectors without being any, so that the first layer can multiply each
    vector once instead of once a step.

    Args:
        num_symbols: Number V of symbols.
        size: Size I of a vector.
        vectors: Vectors to begin with, (V, I), of which a copy is taken; drawn from a standard
            normal distribution when not given, as in `torch.nn.Embedding`.
        is_frozen: Whether the vectors stay as they are.
        dtype: Of the vectors.

    Raises:
        ShapeError: A size below 1, or vectors of another shape.

    Example:
        >>> from recurry.network.recurrent import Recurrent
        >>> front, layer = Embedded(30, 8), Recurrent("gru", 8, 16)
        >>> output, _ = layer(front(torch.randint(30, (5, 2))))
        >>> output.shape
        torch.Size([5, 2, 16])
    """

    def __init__(
        self,
        num_symbols: int,
        size: int,
        *,
        vectors: Float[Tensor, "V I"] | None = None,
        is_frozen: bool = False,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        check_sizes({"num_symbols": num_symbols, "size": size})
        if vectors is None:
            vectors = torch.randn(num_symbols, size, dtype=dtype)
        if vectors.shape != (num_symbols, size):
            raise ShapeError(
                "The vectors do not fit the symbols.",
                got=f"shape {tuple(vectors.shape)}",
                accepted=f"({num_symbols}, {size})",
            )
        self.num_symbols, self.output_size = num_symbols, size
        self.weight = nn.Parameter(vectors.to(dtype, copy=True), requires_grad=not is_frozen)

    def forward(self, ids: Int64[Tensor, "T B"]) -> Symbols:
        """What stands for the vector of each symbol."""
        return Symbols(
            ids=ids, table=self.weight, num_symbols=self.num_symbols, dtype=self.weight.dtype
        )


class Vectors(nn.Module):
    """Vectors that were made before, as they are or through a learnt linear map.

    Args:
        input_size: Size of the vectors that come in.
        size: Size of those that go out; None hands them on as they are.
        dtype: Of both.

    Raises:
        ShapeError: A size below 1.
    """

    def __init__(
        self, input_size: int, size: int | None = None, *, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        self.input_size, self.output_size = input_size, size or input_size
        check_sizes({"input_size": input_size, "size": self.output_size})
        self.linear = None if size is None else nn.Linear(input_size, size, dtype=dtype)

    def forward(self, x: Float[Tensor, "T B I"]) -> Float[Tensor, "T B O"]:
        """A vector a step.

        Raises:
            ShapeError: Vectors of another size.
        """
        if x.shape[2] != self.input_size:
            raise ShapeError(
                "The vectors are of another size than was said.",
                got=str(x.shape[2]),
                accepted=str(self.input_size),
            )
        return x if self.linear is None else self.linear(x)
