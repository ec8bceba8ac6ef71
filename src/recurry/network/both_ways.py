"""Two language models in one: what comes after the words before a place, and before those behind.

Comes in: words `(T, B)`. Goes out: nats of both directions, scores of the word at a place.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from recurry.compiler.cell import Cell
from recurry.network.checks import check_ids
from recurry.network.configuration import TwoReadersConfig
from recurry.network.configured import make_layers
from recurry.network.cross_entropy import linear_cross_entropy
from recurry.network.dropout import Dropout
from recurry.network.front import Embedded
from recurry.network.padding import Steps

_LOGITS = 1 << 22  # scores at a time where nothing is learnt


class BothWays(nn.Module):
    """A forward and a backward language model that share the vectors of words.

    Each direction has layers of its own; neither sees the other, so that the score of a sentence
    is a probability in each. The edge of a sentence is a symbol: both begin by reading it and end
    by expecting it.

    Args:
        cell: The cell of all layers.
        config: Sizes and options; its `cell` is not read.
        dropout: Rates; `input` acts on the vectors of words and `output` before the head.
        num_symbols: Number V of symbols, the edge included.
        edge: The symbol of the edge.

    Source: the vectors start normal, with deviation 1 / sqrt(E) where they are the head's as well
    (Press and Wolf 2017), the head Glorot uniform and its bias at 0.
    """

    def __init__(
        self,
        cell: Cell,
        config: TwoReadersConfig,
        *,
        dropout: Dropout,
        num_symbols: int,
        edge: int,
    ) -> None:
        super().__init__()
        check_ids("edge", torch.tensor([edge], device="cpu"), num_symbols)
        self.num_symbols, self.edge = num_symbols, edge
        size = config.embedding_size
        self.ahead, self.back = (
            make_layers(cell, config, input_size=size, dropout=dropout) for _ in range(2)
        )
        dtype = self.ahead.dtype
        deviation = size**-0.5 if config.is_tied else 1.0
        vectors = torch.randn(num_symbols, size, dtype=dtype) * deviation
        self.symbols = Embedded(num_symbols, size, vectors=vectors, dtype=dtype)
        self.weight = None
        if not config.is_tied:
            self.weight = nn.Parameter(torch.empty(num_symbols, config.hidden_size, dtype=dtype))
            nn.init.xavier_uniform_(self.weight)
        self.bias = nn.Parameter(torch.zeros(num_symbols, dtype=dtype))

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.bias.device

    def loss(
        self, words: Int64[Tensor, "T B"], lengths: Sequence[int]
    ) -> tuple[Float[Tensor, ""], int]:
        """The nats of all words and edges in both directions, and how many they are.

        Args:
            words: Sentences; anything in padding.
            lengths: Number of words of each.

        Raises:
            ShapeError: Lengths or symbols do not fit.
        """
        steps, texts = self._texts(words, lengths)
        rows = torch.cat([steps.pick(self._run(way, steps, texts[way])) for way in (0, 1)])
        targets = torch.cat([steps.pick(self._targets(text)) for text in texts])
        is_rounded = self.ahead.precision == "bfloat16"
        nats = linear_cross_entropy(rows, self._matrix(), self.bias, targets, is_rounded=is_rounded)
        return nats, len(rows)

    def log_probabilities(
        self,
        words: Int64[Tensor, "T B"],
        lengths: Sequence[int],
        *,
        before: Sequence[int] | None = None,
        behind: Sequence[int] | None = None,
    ) -> Float[Tensor, "2 B"]:
        """The log-probability of each sentence: forward, and backward.

        Args:
            words: Sentences; anything in padding.
            lengths: Number of words of each.
            before: Words at the beginning of each that do not count in the forward one, as
                sentences that are compared have them in common; none when not given.
            behind: Words at the end that do not count in the backward one.

        Raises:
            ShapeError: Lengths or symbols do not fit.
        """
        steps, texts = self._texts(words, lengths)
        times = torch.arange(steps.num_steps, device=words.device)[:, None]
        found = []
        for way, skipped in enumerate((before, behind)):
            least = torch.tensor(skipped or [0] * len(lengths), device=words.device)
            is_counted = steps.mask() & (times >= least)
            output, targets = self._run(way, steps, texts[way]), self._targets(texts[way])
            totals = output.new_zeros(is_counted.shape)
            totals[is_counted] = self._pick(output[is_counted], targets[is_counted])
            found.append(totals.sum(0))
        return torch.stack(found)

    def next_word(
        self, words: Int64[Tensor, "T B"], lengths: Sequence[int], *, is_backward: bool = False
    ) -> Float[Tensor, "B V"]:
        """The log-probabilities of the word that comes next.

        Args:
            words: What stands before it, or, for the backward model, behind it, in the order of
                the text.
            lengths: Number of words of each.
            is_backward: Whether the word before them is asked for.

        Raises:
            ShapeError: Lengths or symbols do not fit.
        """
        way = int(is_backward)
        steps, texts = self._texts(words, lengths)
        output = self._run(way, steps, texts[way])
        ends = torch.tensor(lengths, device=words.device).long()
        last = output[ends, torch.arange(len(lengths), device=words.device)]
        return functional.linear(last, self._matrix(), self.bias).log_softmax(1)

    def _texts(self, words: Tensor, lengths: Sequence[int]) -> tuple[Steps, list[Tensor]]:
        """Both readings of each sentence, the edge before it and in padding, and what counts."""
        inner = Steps.of(words, lengths)
        known = inner.pick(words)
        check_ids("words", known, self.num_symbols)
        clean, places = inner.spread(known, self.edge), inner.reversed_places()
        turned = clean.gather(0, places) if len(clean) else clean
        turned = torch.where(inner.mask(), turned, self.edge)
        row = words.new_full((1, words.shape[1]), self.edge)
        texts = [torch.cat([row, text, row]) for text in (clean, turned)]
        whole = Steps(
            num_steps=inner.num_steps + 1,
            batch_size=inner.batch_size,
            lengths=tuple(length + 1 for length in inner.lengths),
            device=inner.device,
        )
        return whole, texts

    def _run(self, way: int, steps: Steps, text: Tensor) -> Tensor:
        """What the layers of a direction give after each symbol but the last."""
        layers = self.back if way else self.ahead
        output, _ = layers(self.symbols(text[:-1]), None, steps.lengths)
        return output

    def _targets(self, text: Tensor) -> Tensor:
        return text[1:]

    def _matrix(self) -> Tensor:
        return self.symbols.weight if self.weight is None else self.weight

    def _pick(self, rows: Tensor, targets: Tensor) -> Tensor:
        """The log-probability of one symbol for each row, some rows at a time."""
        size, found = max(1, _LOGITS // self.num_symbols), []
        for some, wanted in zip(rows.split(size), targets.split(size), strict=True):
            logits = functional.linear(some, self._matrix(), self.bias)
            found.append(-functional.cross_entropy(logits, wanted, reduction="none"))
        return torch.cat(found) if found else rows.new_zeros(0)
