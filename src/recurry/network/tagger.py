"""A network that reads a sentence and answers for each of its words.

Comes in: words with their characters, and lengths. Goes out: a label a word.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from recurry.compiler.cell import Cell
from recurry.data.lexicon import Lexicon
from recurry.network.aligned import Aligned
from recurry.network.configuration import SpellingConfig, TaggerConfig
from recurry.network.configured import make_layers
from recurry.network.dropout import Dropout
from recurry.network.front import Embedded
from recurry.network.transitions import Transitions
from recurry.network.words import Spelling, Words, WordsWithCharacters


class Tagger(nn.Module):
    """Words beside their spelling, recurrent layers in one or two directions, a label a word.

    Args:
        cell: The cell of the layers that read words.
        config: Sizes and options; its `cell` is not read.
        front: What reads words and characters, as `make_front` makes it.
        dropout: Rates, of the layers that read words.
        num_labels: Number K of labels.
        crf: Whether labels are scored as a sequence, not alone.
        allowed: Which labels may follow one another.

    Source: Lample et al. (2016).
    """

    def __init__(
        self,
        cell: Cell,
        config: TaggerConfig,
        *,
        front: WordsWithCharacters,
        dropout: Dropout,
        num_labels: int,
        crf: bool = False,
        allowed: Transitions | None = None,
    ) -> None:
        super().__init__()
        self.front = front
        size = self.front.output_size
        self.recurrent = make_layers(cell, config, input_size=size, dropout=dropout)
        self.head = Aligned(
            self.recurrent.output_size,
            num_labels,
            crf=crf,
            allowed=allowed,
            dtype=self.recurrent.dtype,
        )

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.head.linear.weight.device

    def forward(self, words: Words, lengths: Sequence[int]) -> Float[Tensor, "T B F"]:
        """What the head reads at each word: `head.loss` and `head.decode` go on from there."""
        return self.recurrent(self.front(words), lengths=lengths)[0]

    def loss(
        self, words: Words, labels: Int64[Tensor, "T B"], lengths: Sequence[int]
    ) -> tuple[Float[Tensor, ""], int]:
        """The loss summed over all words, in nats, and their number."""
        return self.head.loss(self(words, lengths), labels, lengths)


def make_front(
    config: TaggerConfig, spelling: SpellingConfig, lexicon: Lexicon
) -> WordsWithCharacters:
    """What reads the words of a lexicon, and the characters of any word.

    Args:
        config: Size of the vectors of words, and the precision; they start normal with deviation
            0.1.
        spelling: How characters are read.
        lexicon: Known words and characters.
    """
    dtype = torch.float64 if config.precision == "float64" else torch.float32
    words = Embedded(len(lexicon.words), config.embedding_size, dtype=dtype)
    nn.init.normal_(words.weight, std=0.1)
    speller = Spelling(
        len(lexicon.characters),
        spelling.size,
        character_size=spelling.character_size,
        reader=spelling.reader,
        dtype=dtype,
    )
    return WordsWithCharacters(
        words, speller, unknown=lexicon.unknown_word, word_dropout=spelling.word_dropout
    )
