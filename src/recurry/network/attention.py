"""Attention: for each query a mean of the steps of another sequence, weighted by how they match.

Comes in: queries `(T, B, Q)` and the steps of a memory. Goes out: contexts `(T, B, M)` and the
weights `(T, B, S)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from recurry.errors import ShapeError, unknown_name
from recurry.network.checks import check_sizes
from recurry.network.padding import Steps
from recurry.network.rounded import batch_product, linear

KINDS = ("dot", "general", "additive")


@dataclass(frozen=True, kw_only=True, eq=False)
class Memory:
    """The steps of the sequences that can be attended to, made ready once; sequences first.

    Args:
        values: What contexts are means of, (B, S, M); zero in padding.
        keys: What queries are compared with, (B, S, A).
        padding: True where a sequence has no step, (B, S); None without padding.
    """

    values: Float[Tensor, "B S M"]
    keys: Float[Tensor, "B S A"]
    padding: Bool[Tensor, "B S"] | None

    def index(self, sequences: Int64[Tensor, "R"]) -> "Memory":
        """The memory of some sequences, in the order asked."""
        values = self.values.index_select(0, sequences)
        is_same = self.keys is self.values
        return Memory(
            values=values,
            keys=values if is_same else self.keys.index_select(0, sequences),
            padding=None if self.padding is None else self.padding.index_select(0, sequences),
        )


class Attention(nn.Module):
    """Weights over the steps of a memory for each query, and the mean under them.

    A query q and a step m match by `q . m` (`dot`), `q . W m` (`general`) or
    `v . tanh(W q + U m + b)` (`additive`); weights are the softmax over the steps of a sequence.
    Where there is no step, weights and context are zero.

    Args:
        query_size: Size Q of a query.
        memory_size: Size M of a step; equal to Q for `dot`.
        kind: How they are compared.
        dtype: Of the parameters.

    Raises:
        UsageError: There is no such kind.
        ShapeError: A size below 1, or sizes that differ for `dot`.

    Source: Luong, Pham and Manning (2015) for `dot` and `general`; Bahdanau, Cho and Bengio (2015)
    for `additive`, here with a hidden size of Q.
    """

    def __init__(
        self,
        query_size: int,
        memory_size: int,
        *,
        kind: str = "general",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        check_sizes({"query_size": query_size, "memory_size": memory_size})
        if kind not in KINDS:
            raise unknown_name("kind of attention", kind, known=KINDS)
        if kind == "dot" and query_size != memory_size:
            raise ShapeError(
                "Dot attention compares vectors of one size.",
                got=f"queries of {query_size}, steps of {memory_size}",
                hint="kind='general', which has a matrix between them",
            )
        self.kind = kind
        self.query = self.key = self.match = None
        if kind == "general":
            self.query = nn.Linear(query_size, memory_size, bias=False, dtype=dtype)
        if kind == "additive":
            self.query = nn.Linear(query_size, query_size, dtype=dtype)
            self.key = nn.Linear(memory_size, query_size, bias=False, dtype=dtype)
            self.match = nn.Parameter(torch.empty(query_size, dtype=dtype))
            nn.init.uniform_(self.match, -(query_size**-0.5), query_size**-0.5)

    def prepare(
        self, memory: Float[Tensor, "S B M"], lengths: Sequence[int] | None = None
    ) -> Memory:
        """What all queries of a batch share.

        Raises:
            ShapeError: The lengths do not fit.
        """
        steps = Steps.of(memory, lengths)
        values, padding = memory.transpose(0, 1), None
        if not steps.is_full:
            padding = ~steps.mask().t()
            values = values.masked_fill(padding.unsqueeze(2), 0)
        return Memory(
            values=values, keys=values if self.key is None else self.key(values), padding=padding
        )

    def forward(
        self, queries: Float[Tensor, "T B Q"], memory: Memory, *, is_rounded: bool = False
    ) -> tuple[Float[Tensor, "T B M"], Float[Tensor, "T B S"]]:
        """The context of each query, and its weights.

        Args:
            queries: What asks.
            memory: What `prepare` gave.
            is_rounded: Whether products read numbers rounded to bfloat16, which is of use where
                there are many queries.
        """
        scores = self._scores(queries.transpose(0, 1), memory.keys, is_rounded=is_rounded)
        if memory.padding is None:
            weights = scores.softmax(2)
        else:
            hidden = memory.padding.unsqueeze(1)
            # A finite number, so that a sequence without steps gives no NaN.
            weights = scores.masked_fill(hidden, torch.finfo(scores.dtype).min).softmax(2)
            weights = weights.masked_fill(hidden, 0)
        contexts = batch_product(weights, memory.values, is_rounded=is_rounded)
        return contexts.transpose(0, 1), weights.transpose(0, 1)

    def _scores(self, queries: Tensor, keys: Tensor, *, is_rounded: bool) -> Tensor:
        """How each query matches each step, (B, T, S)."""
        if self.match is not None:
            assert self.query is not None
            return (self.query(queries).unsqueeze(2) + keys.unsqueeze(1)).tanh() @ self.match
        asked = queries
        if self.query is not None:
            asked = linear(queries, self.query, is_rounded=is_rounded)
        return batch_product(asked, keys.transpose(1, 2), is_rounded=is_rounded)
