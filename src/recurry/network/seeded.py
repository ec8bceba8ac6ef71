"""A sequence from one vector: what is written about a class, a picture, a thought.

Comes in: vectors `(B, F)`, symbols `(T, B)`. Goes out: logits `(T, B, V)`, loss, steps of a writer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from recurry.errors import UsageError, unknown_name
from recurry.network.checks import check_ids, check_sizes
from recurry.network.cross_entropy import linear_cross_entropy
from recurry.network.front import Embedded
from recurry.network.padding import Steps
from recurry.network.recurrent import Recurrent
from recurry.network.state import State

FEEDS = ("first", "every")


class Seeded(nn.Module):
    """Next-symbol scores of sequences that each start from a vector.

    Args:
        layers: Layers that read one way. Their input is the vector of a symbol; with `every` the
            second half of it is made of the vector.
        num_symbols: Number V of symbols.
        vector_size: Size F of the vectors.
        feed: `first`: the layers read the vector, through a linear map, in place of a symbol before
            the first (Vinyals et al. 2015); `every`: they read it beside each symbol.
        begin: The symbol that stands before the first; it is read, never written.

    Raises:
        UsageError: There is no such way to feed, or the layers read both ways.
        ShapeError: A size below 1, or layers whose input is too small to be shared.

    Example:
        >>> model = Seeded(Recurrent("gru", 8, 16), 30, vector_size=5, begin=0)
        >>> vectors, symbols = torch.randn(2, 5), torch.randint(30, (7, 2))
        >>> nats, count = model.loss(vectors, symbols, [7, 3])
        >>> count, model(vectors, symbols).shape
        (10, torch.Size([7, 2, 30]))
    """

    def __init__(
        self,
        layers: Recurrent,
        num_symbols: int,
        *,
        vector_size: int,
        feed: str = "first",
        begin: int,
    ) -> None:
        super().__init__()
        sizes = {"num_symbols": num_symbols, "vector_size": vector_size}
        check_sizes({**sizes, "half of input_size": layers.input_size // 2})
        if feed not in FEEDS:
            raise unknown_name("way to feed a vector", feed, known=FEEDS)
        self.layers, self.num_symbols, self.feed, self.begin = layers, num_symbols, feed, begin
        check_ids("begin", torch.tensor([begin], device="cpu"), num_symbols)
        if layers.bidirectional:
            raise UsageError("Layers that write read one way.", accepted="bidirectional=False")
        size = layers.input_size // 2 if feed == "every" else layers.input_size
        self.seed = nn.Linear(vector_size, size, dtype=layers.dtype)
        self.symbols = Embedded(
            num_symbols, layers.input_size - size if feed == "every" else size, dtype=layers.dtype
        )
        self.head = nn.Linear(layers.output_size, num_symbols, dtype=layers.dtype)
        nn.init.xavier_uniform_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(
        self,
        vectors: Float[Tensor, "B F"],
        targets: Int64[Tensor, "T B"],
        lengths: Sequence[int] | None = None,
    ) -> Float[Tensor, "T B V"]:
        """The logits of each symbol, given the vector and the symbols before.

        Args:
            vectors: What sequences start from.
            targets: The symbols, without the one for the beginning; anything in padding.
            lengths: Number of symbols of each sequence; all T when not given.

        Raises:
            ShapeError: Lengths or symbols do not fit.
        """
        steps = Steps.of(targets, lengths)
        return self.head(self._run(vectors, targets, steps))

    def loss(
        self,
        vectors: Float[Tensor, "B F"],
        targets: Int64[Tensor, "T B"],
        lengths: Sequence[int] | None = None,
    ) -> tuple[Float[Tensor, ""], int]:
        """The loss summed over all real symbols, in nats, and their number; as for `forward`."""
        steps = Steps.of(targets, lengths)
        rows = steps.pick(self._run(vectors, targets, steps))
        is_rounded = self.layers.precision == "bfloat16"
        nats = linear_cross_entropy(
            rows, self.head.weight, self.head.bias, steps.pick(targets), is_rounded=is_rounded
        )
        return nats, steps.count

    def _run(self, vectors: Tensor, targets: Tensor, steps: Steps) -> Tensor:
        """The output of the layers before each symbol."""
        known = steps.pick(targets)
        check_ids("targets", known, self.num_symbols)
        before = steps.spread(known, self.begin).roll(1, 0)
        before[:1] = self.begin
        seed, x = self.seed(vectors), self.symbols(before)
        if self.feed == "every":
            beside = seed.expand(steps.num_steps, -1, -1)
            x, state = torch.cat([x.vectors(), beside], 2), None
        else:
            _, state = self.layers(seed.unsqueeze(0))
        output, _ = self.layers(x, state, steps.lengths)
        return output

    def writer(self, vectors: Float[Tensor, "B F"]) -> "SeededWriter":
        """What a search steps through, one row a vector."""
        return SeededWriter(self, vectors)


@dataclass(frozen=True, kw_only=True, eq=False)
class SeededState:
    """Where each row of a search stands.

    Args:
        recurrent: The state of the layers.
        seed: What each row starts from, (R, S).
    """

    recurrent: State
    seed: Float[Tensor, "R S"]

    def reorder(self, rows: Int64[Tensor, "N"]) -> "SeededState":
        """Let each row go on from another one."""
        return SeededState(recurrent=self.recurrent.index(rows), seed=self.seed[rows])


class SeededWriter:
    """Steps of the layers, for a search.

    Args:
        model: The model.
        vectors: What sequences start from.
    """

    def __init__(self, model: Seeded, vectors: Float[Tensor, "B F"]) -> None:
        self.model, self.begin, self.num_sequences = model, model.begin, len(vectors)
        self._vectors = vectors

    def start(self) -> SeededState:
        """One row for each vector, before the first symbol."""
        model, seed = self.model, self.model.seed(self._vectors)
        state = model.layers.initial_state(len(seed))
        if model.feed == "first":
            _, state = model.layers.step(seed, state)
        return SeededState(recurrent=state, seed=seed)

    def step(
        self, symbols: Int64[Tensor, "R"], state: SeededState
    ) -> tuple[Float[Tensor, "R V"], SeededState]:
        """The log-probabilities of the next symbol of each row, and where it stands then."""
        model = self.model
        x = functional.embedding(symbols, model.symbols.weight)
        if model.feed == "every":
            x = torch.cat([x, state.seed], 1)
        output, recurrent = model.layers.step(x, state.recurrent)
        return model.head(output).log_softmax(1), replace(state, recurrent=recurrent)
