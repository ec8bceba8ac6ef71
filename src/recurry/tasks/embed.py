"""Word vectors from a text: each word is learnt from the words around it.

Comes in: a prepared text of words and settings. Goes out: progress after every stretch, and the
vectors as they are at any moment. Touches no file.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recurry.backends.cpu.word_updates import PIECE_WORDS, WordSettings, WordUpdates
from recurry.data.codec import Codec
from recurry.data.ids import IdFile
from recurry.data.vectors import WordVectors
from recurry.data.words import END_OF_LINE
from recurry.errors import DataError, TrainingError

# Of 10,000 words, between two reports: about a fifth of a second.
_PIECES_AT_ONCE = 32


@dataclass(frozen=True, kw_only=True)
class EmbedProgress:
    """How far learning has come.

    Attributes:
        epoch: From 0.
        num_epochs: In all.
        num_words: Words gone over so far, every epoch counted.
        num_words_in_all: At the end.
        seconds: Spent on that.
        num_threads: That took part.
    """

    epoch: int
    num_epochs: int
    num_words: int
    num_words_in_all: int
    seconds: float
    num_threads: int

    @property
    def words_per_second(self) -> float:
        """Since the start."""
        return self.num_words / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float:
        """At the speed since the start."""
        left = self.num_words_in_all - self.num_words
        return left / self.words_per_second if self.num_words else 0.0


class Embedding:
    """Vectors that are being learnt.

    Words that are not in the vocabulary are passed over, as if they were not in the text.

    Args:
        ids: The text.
        codec: Its words.
        settings: How vectors are learnt.
        num_epochs: How often the text is gone over.
        sample: The share of the text from which on a word is left out now and then; 0 keeps all.
        is_across_lines: Whether the words around a word may be on other lines.

    Raises:
        DataError: The text has fewer than two different words that are in the vocabulary.
    """

    def __init__(
        self,
        ids: IdFile,
        codec: Codec,
        settings: WordSettings,
        *,
        num_epochs: int = 5,
        sample: float = 1e-3,
        is_across_lines: bool = False,
    ) -> None:
        vocabulary = codec.vocabulary
        border = vocabulary.numbers.get(END_OF_LINE, -1)
        counts = np.array(vocabulary.counts, dtype=np.int64)
        counts[[number for number in (border, vocabulary.unknown) if number not in (None, -1)]] = 0
        self._ids, self._num_epochs = ids, num_epochs
        self._symbols, self._is_word = vocabulary.symbols, counts > 0
        self.num_words = int(counts.sum())
        if self._is_word.sum() < 2:
            raise DataError(
                "Word vectors need at least two different words.",
                got=f"{int(self._is_word.sum())} that are frequent enough, "
                f"in a text of {len(ids):,} words",
                hint="a longer text, or a smaller --min-count",
            )
        self._pieces = -(-len(ids) // PIECE_WORDS)
        self._updates = WordUpdates(
            counts,
            settings,
            sample=sample,
            border=-1 if is_across_lines else border,
            num_pieces=num_epochs * self._pieces,
        )

    def learn(self) -> Iterator[EmbedProgress]:
        """Go over the text, with a report after every stretch; stop by no longer asking for more.

        Raises:
            TrainingError: Vectors are no longer finite.
        """
        seconds, share = 0.0, self.num_words / len(self._ids)
        stretch = _PIECES_AT_ONCE * PIECE_WORDS
        for epoch in range(self._num_epochs):
            for start in range(0, len(self._ids), stretch):
                ids = self._ids.read(start, min(stretch, len(self._ids) - start))
                piece = epoch * self._pieces + start // PIECE_WORDS
                begun = time.perf_counter()
                threads = self._updates.learn(ids, piece)
                seconds += time.perf_counter() - begun
                done = epoch * len(self._ids) + start + len(ids)
                yield EmbedProgress(
                    epoch=epoch,
                    num_epochs=self._num_epochs,
                    num_words=round(done * share),
                    num_words_in_all=self._num_epochs * self.num_words,
                    seconds=seconds,
                    num_threads=threads,
                )
            self._check_finite()

    def _check_finite(self) -> None:
        if not np.isfinite(self._updates.vectors).all():
            raise TrainingError(
                "The word vectors are no longer finite numbers.",
                hint="a smaller --rate",
            )

    def vectors(self) -> WordVectors:
        """The words and their vectors as they are now, frequent words first."""
        kept = np.flatnonzero(self._is_word)
        words = tuple(self._symbols[number] for number in kept.tolist())
        return WordVectors(words=words, matrix=self._updates.vectors[kept])
