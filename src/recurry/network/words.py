"""Words beside their spelling: a vector that is looked up, and one that is read from characters.

Comes in: the words of a batch and how they are spelt. Goes out: what a `Recurrent` takes. Every
word that a batch holds is read once, however often it stands there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from recurry.backends import Symbols
from recurry.errors import unknown_name
from recurry.network.convolved import Convolved
from recurry.network.front import Embedded
from recurry.network.recurrent import Recurrent

READERS = ("recurrent", "convolutional")


@dataclass(frozen=True, kw_only=True, eq=False)
class Words:
    """The sentences of a batch, by the different words in it.

    Args:
        ids: The number of each different word, (W,).
        characters: The numbers of its characters, (C, W).
        lengths: How many there are, W of them.
        places: Which of the words stands at each step, (T, B); anything in padding.
    """

    ids: Int64[Tensor, "W"]
    characters: Int64[Tensor, "C W"]
    lengths: Sequence[int]
    places: Int64[Tensor, "T B"]

    @classmethod
    def of(
        cls,
        sentences: Sequence[Sequence[str]],
        *,
        words: Mapping[str, int],
        characters: Mapping[str, int],
        unknown: int = 0,
    ) -> "Words":
        """The words of some sentences.

        Args:
            sentences: Words as they are spelt.
            words: The number of each known word.
            characters: The number of each known character.
            unknown: The number of words and of characters that are not known.

        Example:
            >>> batch = Words.of([["a", "bat"], ["a"]], words={"a": 1}, characters={"a": 1, "b": 2})
            >>> batch.ids.tolist(), batch.characters[:, 1].tolist(), batch.places.tolist()
            ([1, 0], [2, 1, 0], [[0, 0], [1, 0]])
        """
        different = {word: 0 for sentence in sentences for word in sentence} or {"": 0}
        for number, word in enumerate(different):
            different[word] = number
        places = np.zeros((max(map(len, sentences), default=0), len(sentences)), dtype=np.int64)
        for stream, sentence in enumerate(sentences):
            places[: len(sentence), stream] = [different[word] for word in sentence]
        lengths = [len(word) for word in different]
        spelt = np.zeros((max(lengths), len(different)), dtype=np.int64)
        for number, word in enumerate(different):
            spelt[: len(word), number] = [characters.get(c, unknown) for c in word]
        return cls(
            ids=torch.tensor([words.get(word, unknown) for word in different]),
            characters=torch.from_numpy(spelt),
            lengths=lengths,
            places=torch.from_numpy(places),
        )


class Spelling(nn.Module):
    """A vector for each word, read from its characters.

    Args:
        num_characters: Number of characters.
        size: Size of the vector that comes out; even for `recurrent`, which reads both ways.
        character_size: Size of the vector of a character.
        reader: `recurrent` (both directions of an LSTM, Lample et al. 2016) or `convolutional`
            (windows of three characters and the largest of each feature, Ma and Hovy 2016).
        dtype: Of the parameters.

    Raises:
        UsageError: There is no such reader.
    """

    def __init__(
        self,
        num_characters: int,
        size: int,
        *,
        character_size: int = 32,
        reader: str = "recurrent",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        if reader not in READERS:
            raise unknown_name("reader of characters", reader, known=READERS)
        self.characters = Embedded(num_characters, character_size, dtype=dtype)
        if reader == "convolutional":
            self.layer, self.pool = None, Convolved(character_size, size, widths=(3,), dtype=dtype)
            self.output_size = self.pool.output_size
        else:
            self.layer = Recurrent(
                "lstm",
                character_size,
                -(-size // 2),
                bidirectional=True,
                precision="float64" if dtype == torch.float64 else "float32",
            )
            self.pool, self.output_size = None, self.layer.output_size

    def forward(
        self, characters: Int64[Tensor, "C W"], lengths: Sequence[int]
    ) -> Float[Tensor, "W P"]:
        """One vector a word."""
        x = self.characters(characters)
        if self.layer is None:
            assert self.pool is not None
            return self.pool(x, lengths)
        _, state = self.layer(x, lengths=lengths)  # what each direction has read last
        return torch.cat([*state["h"]], 1)


class WordsWithCharacters(nn.Module):
    """The vector of each word beside one read from its spelling, so that no word is unknown.

    Args:
        words: The vectors of words.
        spelling: What reads characters.
        unknown: The number of words that are not known.
        word_dropout: Share of the different words of a batch that are taken for unknown in
            training, so that the spelling learns to stand for them.

    Example:
        >>> front = WordsWithCharacters(Embedded(100, 16), Spelling(30, 8))
        >>> batch = Words.of([["a", "bat"], ["a"]], words={"a": 1}, characters={"a": 1, "b": 2})
        >>> front(batch).shape
        torch.Size([2, 2, 24])
    """

    def __init__(
        self, words: Embedded, spelling: Spelling, *, unknown: int = 0, word_dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.words, self.spelling = words, spelling
        self.unknown, self.word_dropout = unknown, word_dropout
        self.output_size = words.output_size + spelling.output_size

    def forward(self, batch: Words) -> Symbols:
        """What stands for the vector of each word of a batch."""
        ids = batch.ids
        if self.training and self.word_dropout:
            is_dropped = torch.rand(ids.shape, device=ids.device) < self.word_dropout
            ids = ids.masked_fill(is_dropped, self.unknown)
        looked_up = nn.functional.embedding(ids, self.words.weight)
        table = torch.cat([looked_up, self.spelling(batch.characters, batch.lengths)], 1)
        return Symbols(ids=batch.places, table=table, num_symbols=len(ids), dtype=table.dtype)
