"""A sequence from another one: encoder, attention, decoder.

Comes in: symbols `(S, B)` of one sequence, and of the other those before each step. Goes out: the
loss, or the log-probabilities of the next symbol. Without input feeding the decoder runs along time
as one layer and attends for all steps at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float, Int64
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from recurry.compiler.cell import Cell
from recurry.errors import ShapeError, UsageError
from recurry.network.attention import Attention, Memory
from recurry.network.checks import check_ids
from recurry.network.copying import Copying
from recurry.network.cross_entropy import linear_cross_entropy
from recurry.network.dropout import Dropout, drop
from recurry.network.encoder import Encoder
from recurry.network.front import Embedded
from recurry.network.padding import Steps
from recurry.network.recurrent import Recurrent
from recurry.network.rounded import linear, product
from recurry.network.state import State


class TranslatedConfig(BaseModel):
    """What an encoder and decoder are made of.

    Args:
        cell: A built-in cell, a path to an equation file, or equation text.
        embedding_size: Size of the vector of a symbol, on both sides.
        hidden_size: Number of units of a layer of the decoder; an even number, of which each
            direction of the encoder has half.
        num_layers: Number of layers on each side.
        attention: `general`, `dot` or `additive`.
        has_input_feeding: Whether the decoder also reads what it attended to one step before
            (Luong et al. 2015); training then goes step by step.
        has_copying: Whether it may copy symbols of the source.
        is_tied: Whether the vectors of target symbols also make their scores.
        smoothing: Share of a target that is spread over all symbols; not with copying.
        precision: As for `Recurrent`; in `bfloat16` attention and scores are made of rounded
            products, too, where all steps are there at once; what is written symbol by symbol
            would lose by it.
        backend: As for `Recurrent`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cell: str = "lstm"
    embedding_size: int = Field(default=256, ge=1)
    hidden_size: int = Field(default=512, ge=2, multiple_of=2)
    num_layers: int = Field(default=1, ge=1)
    attention: Literal["general", "dot", "additive"] = "general"
    has_input_feeding: bool = False
    has_copying: bool = False
    is_tied: bool = False
    smoothing: float = Field(default=0.0, ge=0.0, lt=1.0)
    precision: Literal["float64", "float32", "bfloat16"] = "float32"
    backend: str = "auto"


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """What is read.

    Args:
        ids: Symbols, (S, B).
        lengths: Number of symbols of each sequence; all S when not given.
        copies: The same as symbols of the target for a decoder that copies, (S, B); numbers from
            V on are words that have no symbol there.
    """

    ids: Int64[Tensor, "S B"]
    lengths: Sequence[int] | None = None
    copies: Int64[Tensor, "S B"] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoded:
    """What was read, ready to be attended to.

    Args:
        memory: Its steps.
        state: The state in which writing begins.
        copies: The symbols that can be copied, (B, S); None without copying.
    """

    memory: Memory
    state: State
    copies: Int64[Tensor, "B S"] | None


class Translated(nn.Module):
    """An encoder that reads both ways, and a decoder that attends to it.

    What the decoder gives at a step and the context it attends to make the attentional vector,
    `tanh(W_c context + W_h output)`, and that the scores of symbols.

    Args:
        config: Sizes and options.
        num_source: Number of symbols that are read.
        num_target: Number V of symbols that are written.
        begin: The symbol of the target that stands before the first; it is read, never written.
        unknown: The symbol of the target that is read where a word without symbol was copied.
        dropout: Rates of encoder and decoder; `output` acts on the attentional vector.
        cell: The cell of all layers in the place of the configuration's.

    Source: Luong, Pham and Manning (2015).
    """

    def __init__(
        self,
        config: TranslatedConfig,
        *,
        num_source: int,
        num_target: int,
        begin: int,
        unknown: int = 0,
        dropout: Dropout | None = None,
        cell: Cell | None = None,
    ) -> None:
        super().__init__()
        self.config, self.num_target = config, num_target
        self._cell = cell or config.cell
        self.begin, self.unknown, self.dropout = begin, unknown, dropout or Dropout()
        self._check()
        size, hidden = config.embedding_size, config.hidden_size
        self.vector_size = size if config.is_tied else hidden
        fed = self.vector_size if config.has_input_feeding else 0
        self.encoder = Encoder(self._layers(size, hidden // 2, bidirectional=True))
        self.decoder = self._layers(size + fed, hidden, bidirectional=False)
        dtype = self.decoder.dtype
        self.source = Embedded(num_source, size, dtype=dtype)
        self.target = Embedded(num_target, size, dtype=dtype)
        self.attention = Attention(hidden, hidden, kind=config.attention, dtype=dtype)
        self.by_context = nn.Linear(hidden, self.vector_size, bias=False, dtype=dtype)
        self.by_output = nn.Linear(hidden, self.vector_size, dtype=dtype)
        self.bias = nn.Parameter(torch.zeros(num_target, dtype=dtype))
        self.weight = None
        if config.is_tied:
            nn.init.normal_(self.target.weight, std=size**-0.5)
        else:
            self.weight = nn.Parameter(torch.empty(num_target, self.vector_size, dtype=dtype))
            nn.init.xavier_uniform_(self.weight)
        self.copying = Copying(self.vector_size, dtype=dtype) if config.has_copying else None

    def _check(self) -> None:
        for name, symbol in (("begin", self.begin), ("unknown", self.unknown)):
            if not 0 <= symbol < self.num_target:
                raise ShapeError(
                    f"The symbol {name} is not one of the target.",
                    got=str(symbol),
                    accepted=f"from 0 to {self.num_target - 1}",
                )
        if self.config.has_copying and self.config.smoothing:
            raise UsageError(
                "Targets cannot be smoothed over symbols that are copied.", hint="smoothing = 0"
            )

    def _layers(self, input_size: int, size: int, *, bidirectional: bool) -> Recurrent:
        config = self.config
        return Recurrent(
            self._cell,
            input_size,
            size,
            config.num_layers,
            bidirectional,
            self.dropout.model_copy(update={"output": 0.0}),
            backend=config.backend,
            precision=config.precision,
        )

    @property
    def is_rounded(self) -> bool:
        """Whether products of many steps at once read numbers rounded to bfloat16."""
        return self.config.precision == "bfloat16"

    @property
    def _matrix(self) -> Tensor:
        """What makes scores of attentional vectors."""
        return self.target.weight if self.weight is None else self.weight

    def encode(self, source: Source) -> Encoded:
        """Read.

        Raises:
            ShapeError: Lengths do not fit.
            UsageError: A model that copies gets nothing to copy.
        """
        if self.copying is not None and source.copies is None:
            raise UsageError(
                "A model that copies needs the source as symbols of the target.",
                where="copies",
                hint="number_copies(...) makes them",
            )
        output, state = self.encoder(self.source(source.ids), source.lengths)
        return Encoded(
            memory=self.attention.prepare(output, source.lengths),
            state=state,
            copies=None if self.copying is None or source.copies is None else source.copies.t(),
        )

    def attend(
        self, encoded: Encoded, inputs: Int64[Tensor, "T B"], lengths: Sequence[int] | None = None
    ) -> tuple[Float[Tensor, "T B A"], Float[Tensor, "T B S"]]:
        """The attentional vector of each step of the decoder, and its weights over the source.

        Args:
            encoded: What was read.
            inputs: The symbol before each step.
            lengths: Number of steps of each sequence; all T when not given.
        """
        if not self.config.has_input_feeding:
            output, _ = self.decoder(self._read(inputs), encoded.state, lengths)
            return self._vectors(output, encoded.memory, is_rounded=self.is_rounded)
        state, vectors, weights = encoded.state, [self._nothing_fed(inputs.shape[1])], []
        for at in self._read(inputs).vectors():
            output, state = self.decoder.step(torch.cat([at, vectors[-1]], 1), state)
            vector, weight = self._vectors(output.unsqueeze(0), encoded.memory)
            vectors.append(vector[0])
            weights.append(weight[0])
        return torch.stack(vectors[1:]), torch.stack(weights)

    def _read(self, inputs: Tensor):
        """What stands for the vectors of symbols, those of the source for the unknown one."""
        if self.copying is not None:
            inputs = torch.where(inputs < self.num_target, inputs, self.unknown)
        return self.target(inputs)

    def _nothing_fed(self, batch_size: int) -> Tensor:
        return self.bias.new_zeros(batch_size, self.vector_size)

    def _vectors(
        self, output: Tensor, memory: Memory, *, is_rounded: bool = False
    ) -> tuple[Tensor, Tensor]:
        contexts, weights = self.attention(output, memory, is_rounded=is_rounded)
        parts = ((contexts, self.by_context), (output, self.by_output))
        one, other = (linear(x, layer, is_rounded=is_rounded) for x, layer in parts)
        found = torch.tanh(one + other)
        if self.training:
            found = drop(found, self.dropout.output, is_locked=self.dropout.is_locked)
        return found, weights

    def loss(
        self, source: Source, targets: Int64[Tensor, "T B"], lengths: Sequence[int] | None = None
    ) -> tuple[Float[Tensor, ""], int]:
        """The loss summed over all real steps, in nats, and their number.

        Args:
            source: What is read.
            targets: What shall be written, with the symbol for its end and without the one for its
                beginning; anything in padding.
            lengths: Number of target symbols of each sequence; all T when not given.

        Raises:
            ShapeError: Lengths or symbols do not fit.
            UsageError: A model that copies gets nothing to copy.
        """
        steps = Steps.of(targets, lengths)
        known = steps.pick(targets)
        if self.copying is None:
            check_ids("targets", known, self.num_target)
        encoded = self.encode(source)
        before = steps.spread(known, self.begin).roll(1, 0)
        before[:1] = self.begin
        vectors, weights = self.attend(encoded, before, steps.lengths)
        rows = steps.pick(vectors)
        if self.copying is None:
            nats = linear_cross_entropy(
                rows,
                self._matrix,
                self.bias,
                known,
                smoothing=self.config.smoothing if self.training else 0.0,
                is_rounded=self.is_rounded,
            )
            return nats, steps.count
        assert encoded.copies is not None
        copies = encoded.copies.expand(steps.num_steps, -1, -1)
        likelihoods = self.copying.log_likelihood(
            rows,
            self._scores(rows, is_rounded=self.is_rounded),
            steps.pick(weights),
            steps.pick(copies),
            known,
        )
        return -likelihoods.sum(), steps.count

    def _scores(
        self, rows: Float[Tensor, "N A"], *, is_rounded: bool = False
    ) -> Float[Tensor, "N V"]:
        return product(rows, self._matrix, is_rounded=is_rounded) + self.bias

    def writer(self, source: Source) -> "TranslationWriter":
        """What a search over translations steps through, one row a sequence of the source."""
        return TranslationWriter(self, self.encode(source))


@dataclass(frozen=True, kw_only=True, eq=False)
class TranslationState:
    """Where each row of a search stands.

    Args:
        recurrent: The state of the decoder.
        owners: The sequence of the source that each row translates, (R,).
        memory: What each row attends to.
        copies: The symbols that each row can copy, (R, S); None without copying.
        fed: The last attentional vector of each row, (R, A).
        weights: The last attention of each row, (R, S); None before the first step.
    """

    recurrent: State
    owners: Int64[Tensor, "R"]
    memory: Memory
    copies: Int64[Tensor, "R S"] | None
    fed: Float[Tensor, "R A"]
    weights: Float[Tensor, "R S"] | None = None

    def reorder(self, rows: Int64[Tensor, "N"]) -> "TranslationState":
        """Let each row go on from another one."""
        owners = self.owners[rows]
        # Rows mostly move within their sequence, and then what they attend to stays as it is.
        is_same = torch.equal(owners, self.owners)
        return TranslationState(
            recurrent=self.recurrent.index(rows),
            owners=owners,
            memory=self.memory if is_same else self.memory.index(rows),
            copies=self.copies if is_same or self.copies is None else self.copies[rows],
            fed=self.fed[rows],
            weights=None if self.weights is None else self.weights[rows],
        )


class TranslationWriter:
    """Steps of a decoder, for a search.

    Args:
        model: The model; in evaluation mode nothing is dropped.
        encoded: What was read.
    """

    def __init__(self, model: Translated, encoded: Encoded) -> None:
        self.model, self.encoded, self.begin = model, encoded, model.begin
        self.num_sequences = len(encoded.memory.values)
        copies = encoded.copies
        most = -1 if copies is None or not copies.numel() else int(copies.max())
        self.num_symbols = max(model.num_target, most + 1)

    def start(self) -> TranslationState:
        """One row for each sequence of the source, before the first step."""
        return TranslationState(
            recurrent=self.encoded.state,
            owners=torch.arange(self.num_sequences, device=self.model.bias.device),
            memory=self.encoded.memory,
            copies=self.encoded.copies,
            fed=self.model._nothing_fed(self.num_sequences),
        )

    def step(
        self, symbols: Int64[Tensor, "R"], state: TranslationState
    ) -> tuple[Float[Tensor, "R V"], TranslationState]:
        """The log-probabilities of the next symbol of each row, and where it stands then."""
        model = self.model
        x = model._read(symbols.unsqueeze(0)).vectors()[0]
        if model.config.has_input_feeding:
            x = torch.cat([x, state.fed], 1)
        output, recurrent = model.decoder.step(x, state.recurrent)
        vectors, weights = (found[0] for found in model._vectors(output[None], state.memory))
        scores = model._scores(vectors)
        new = replace(state, recurrent=recurrent, fed=vectors, weights=weights)
        if model.copying is None:
            return scores.log_softmax(1), new
        assert state.copies is not None
        logs = model.copying.log_probabilities(
            vectors, scores, weights, state.copies, num_symbols=self.num_symbols
        )
        return logs, new
