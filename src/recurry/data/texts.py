"""The texts of records as symbol numbers, with a count of what could not be kept as it was.

Comes in: texts. Goes out: a codec, and sequences of numbers.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from recurry.data.codec import Codec, byte_codec, make_tokeniser
from recurry.data.examples import Ragged
from recurry.data.record_configuration import TextConfig
from recurry.data.subwords import DEFAULT_SIZE, Subwords
from recurry.data.tokens import Bytes, Characters
from recurry.data.vocabulary import Vocabulary
from recurry.data.words import UNKNOWN
from recurry.errors import DataError


def learn_codec(config: TextConfig, texts: Sequence[str]) -> Codec:
    """The codec of the texts to learn from; symbols that they lack become the unknown one.

    Raises:
        DataError: The texts hold no symbol, or all are rarer than `min_count`.
        MissingExtra: BPE is asked for without its package.
    """
    data = config.as_data()
    if config.tokens == "bytes":
        return byte_codec(data)
    if config.tokens == "bpe":
        size = config.vocabulary_size or DEFAULT_SIZE
        subwords = Subwords.learn(iter(texts), size=size, is_lower=data.is_lower)
        zeros = (0,) * len(subwords.symbols)
        vocabulary = Vocabulary(symbols=subwords.symbols, counts=zeros)
        return Codec(config=data, tokeniser=subwords, vocabulary=vocabulary)
    tokeniser = make_tokeniser(data)
    assert not isinstance(tokeniser, Bytes)
    counts = Counter(symbol for text in texts for symbol in tokeniser.split(text))
    if not counts:
        raise DataError("The texts hold no symbol.", got=f"{len(texts):,} empty texts")
    vocabulary = Vocabulary.from_counts(
        counts,
        unknown=UNKNOWN if config.tokens == "words" else Characters.UNKNOWN,
        min_count=config.min_count,
        max_size=config.vocabulary_size,
    )
    return Codec(config=data, tokeniser=tokeniser, vocabulary=vocabulary)


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """Texts as numbers.

    Attributes:
        numbers: A sequence for each text; that of an empty one is a single unknown symbol.
        is_empty: For each text, whether it has no symbol.
        is_cut: Whether it was longer than may be.
        is_strange: Whether all of its symbols are unknown.
    """

    numbers: Ragged
    is_empty: np.ndarray
    is_cut: np.ndarray
    is_strange: np.ndarray

    def remarks(self, number: int) -> list[str]:
        """What is to be said of one text: empty, cut, unknown."""
        marks = (("empty", self.is_empty), ("cut", self.is_cut), ("unknown", self.is_strange))
        return [word for word, is_so in marks if is_so[number]]

    def notes(self, part: str, *, longest: int) -> list[str]:
        """What is worth knowing of these texts."""
        found = []
        num_empty, num_cut = int(self.is_empty.sum()), int(self.is_cut.sum())
        if num_empty:
            found.append(f"{num_empty:,} texts of the {part} part are empty")
        if num_cut:
            found.append(
                f"{num_cut:,} texts of the {part} part are longer than {longest:,} symbols "
                "and were cut (text.longest)"
            )
        return found


def encode_texts(codec: Codec, texts: Iterable[str], *, longest: int) -> Encoded:
    """Texts as numbers, each at least one symbol and at most `longest` long."""
    unknown = codec.vocabulary.unknown
    sequences: list[np.ndarray] = []
    marks: list[tuple[bool, bool, bool]] = []
    for text in texts:
        numbers = codec.encode(text)
        is_empty, is_cut = not len(numbers), len(numbers) > longest
        marks.append((is_empty, is_cut, not is_empty and bool((numbers == unknown).all())))
        sequences.append(np.array([unknown or 0]) if is_empty else numbers[:longest])
    empty, cut, strange = np.array(marks, dtype=bool).reshape(-1, 3).T
    numbers = Ragged.from_sequences(sequences)
    return Encoded(numbers=numbers, is_empty=empty, is_cut=cut, is_strange=strange)


def check_overlap(encoded: Encoded, codec: Codec, *, where: str) -> None:
    """Refuse texts that share no symbol with a vocabulary.

    Raises:
        DataError: Every symbol is unknown.
    """
    if encoded.is_strange.any() and (encoded.is_strange | encoded.is_empty).all():
        known = ", ".join(repr(symbol) for symbol in codec.vocabulary.symbols[:8])
        raise DataError(
            "The texts and the vocabulary have no symbol in common.",
            where=where,
            got=f"{len(encoded.numbers):,} texts of unknown symbols alone",
            accepted=f"texts with some of the {len(codec.vocabulary):,} symbols {known}, ...",
            hint="texts in the language and the writing that the model was trained on",
        )
