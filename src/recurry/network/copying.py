"""Copying: a decoder that may write what it reads, also words that it has no symbol for.

Comes in: what a decoder would write and where it attends to. Goes out: log-probabilities over its
symbols and those of the source.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

_NEVER = -1e30  # a finite log of nothing, so that no gradient is NaN


class Copying(nn.Module):
    """Mixes what a decoder writes with what it attends to.

    A symbol has probability `g p_write + (1 - g) p_copy`, where `p_copy` is the attention to the
    places of the source where it stands, and g is learnt. Symbols from V on stand for words of
    the source that have no symbol.

    Args:
        size: Size A of the vector that g is made of.
        dtype: Of the parameters.

    Source: See, Liu and Manning (2017); here g is made of the attentional vector.
    """

    def __init__(self, size: int, *, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.gate = nn.Linear(size, 1, dtype=dtype)

    def log_likelihood(
        self,
        vectors: Float[Tensor, "N A"],
        scores: Float[Tensor, "N V"],
        weights: Float[Tensor, "N S"],
        copies: Int64[Tensor, "N S"],
        targets: Int64[Tensor, "N"],
    ) -> Float[Tensor, "N"]:
        """The log-probability of each target.

        Args:
            vectors: What g is made of.
            scores: Logits of symbols.
            weights: The attention to each place of the source; zero in padding.
            copies: The symbol at each place.
            targets: Symbols; from V on those of the source.
        """
        write, copy = self._gates(vectors)
        is_symbol = targets < scores.shape[1]
        columns = torch.where(is_symbol, targets, 0).unsqueeze(1)
        written = scores.gather(1, columns).squeeze(1) - scores.logsumexp(1)
        written = torch.where(is_symbol, written, _NEVER)
        copied = weights.masked_fill(copies != targets.unsqueeze(1), 0).sum(1)
        return torch.logaddexp(write + written, copy + _log(copied))

    def log_probabilities(
        self,
        vectors: Float[Tensor, "N A"],
        scores: Float[Tensor, "N V"],
        weights: Float[Tensor, "N S"],
        copies: Int64[Tensor, "N S"],
        *,
        num_symbols: int,
    ) -> Float[Tensor, "N W"]:
        """The log-probability of every symbol, W of them with those of the source."""
        write, copy = (gate.unsqueeze(1) for gate in self._gates(vectors))
        more = num_symbols - scores.shape[1]
        written = functional.pad(scores.log_softmax(1), (0, more), value=_NEVER)
        copied = scores.new_zeros(len(scores), num_symbols)
        copied = copied.scatter_add(1, copies, weights)
        return torch.logaddexp(write + written, copy + _log(copied))

    def _gates(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """The logs of g and of 1 - g."""
        found = self.gate(vectors).squeeze(1)
        return functional.logsigmoid(found), functional.logsigmoid(-found)


def _log(shares: Tensor) -> Tensor:
    """The log, finite also of nothing."""
    tiny = torch.finfo(shares.dtype).tiny
    return torch.where(shares > 0, shares.clamp(min=tiny).log(), _NEVER)


def number_copies(
    sources: Sequence[Sequence[str]], known: dict[str, int], num_symbols: int
) -> tuple[Int64[Tensor, "S B"], list[list[str]]]:
    """The symbols of words as a decoder that copies knows them.

    Args:
        sources: Words.
        known: The symbols of the decoder.
        num_symbols: Number V of them.

    Returns:
        The symbol of each word, (S, B), with 0 in padding; and for each sequence the words that
        have none: the first of them is V, the next V + 1.

    Example:
        >>> numbers, new = number_copies([["the", "zyx", "the", "wvu"]], {"the": 3}, 10)
        >>> numbers[:, 0].tolist(), new
        ([3, 10, 3, 11], [['zyx', 'wvu']])
    """
    found = np.zeros((max(map(len, sources), default=0), len(sources)), dtype=np.int64)
    more: list[list[str]] = []
    for stream, source in enumerate(sources):
        new: dict[str, int] = {}
        for place, word in enumerate(source):
            number = known.get(word)
            if number is None:
                number = new.setdefault(word, num_symbols + len(new))
            found[place, stream] = number
        more.append(list(new))
    return torch.from_numpy(found), more
