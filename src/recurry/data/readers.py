"""How each kind of symbol is read from a corpus: in units, with a vocabulary, to numbers.

Comes in: corpora. Goes out: a codec and streams of symbol numbers, at constant memory.
A unit is what a split counts: bytes, characters, or words.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from recurry.data.codec import Codec, byte_codec, make_tokeniser
from recurry.data.configuration import DataConfig
from recurry.data.corpus import CHUNK_BYTES, Corpus
from recurry.data.subwords import DEFAULT_SIZE, Subwords
from recurry.data.tokens import Characters, code_points, pieces
from recurry.data.vocabulary import Vocabulary
from recurry.data.words import UNKNOWN, Words, is_spaced

# A stream of units that can be started again: bytes, texts or arrays, all with len and slices.
Units = Callable[[], Iterator[Any]]
_NUM_CODE_POINTS = 0x110000


class Reader(Protocol):
    """Reads corpora as one kind of symbol."""

    def units(self, corpus: Corpus) -> Iterator[Any]:
        """The text in its units."""
        ...

    def make_codec(self, training: Units, *, everything: list[Units]) -> Codec:
        """The codec, its vocabulary from the training units or from all of them."""
        ...

    def numbers(self, units: Iterator[Any], codec: Codec) -> Iterator[np.ndarray]:
        """The symbol numbers of units."""
        ...


def make_reader(config: DataConfig) -> Reader:
    """The reader of a configuration."""
    kinds = {
        "bytes": ByteReader,
        "characters": CharacterReader,
        "words": WordReader,
        "bpe": SubwordReader,
    }
    return kinds[config.tokens](config)


def cut(units: Iterable[Any], start: int, stop: int) -> Iterator[Any]:
    """The units from `start` to before `stop` of a stream."""
    position = 0
    for chunk in units:
        if position >= stop:
            return
        part = chunk[max(start - position, 0) : stop - position]
        position += len(chunk)
        if len(part):
            yield part


class ByteReader:
    """Bytes are their own numbers; no text needs to be valid UTF-8."""

    def __init__(self, config: DataConfig) -> None:
        self._config = config

    def units(self, corpus: Corpus) -> Iterator[bytes]:
        """Chunks of bytes."""
        return corpus.chunks()

    def make_codec(self, training: Units, *, everything: list[Units]) -> Codec:
        """Always the same 256 symbols."""
        del training, everything
        return byte_codec(self._config)

    def numbers(self, units: Iterator[bytes], codec: Codec) -> Iterator[np.ndarray]:
        """The bytes."""
        return (np.frombuffer(chunk, dtype=np.uint8) for chunk in units)


class CharacterReader:
    """Characters, through a table from code points to numbers."""

    def __init__(self, config: DataConfig) -> None:
        self._config = config
        self._tokeniser = Characters(is_lower=config.is_lower)

    def units(self, corpus: Corpus) -> Iterator[str]:
        """Text, lower-cased if asked for, and then cut where that changes nothing."""
        return lowered(corpus, is_lower=self._config.is_lower)

    def make_codec(self, training: Units, *, everything: list[Units]) -> Codec:
        """All characters of all parts, or the frequent ones of the training part."""
        config = self._config
        is_limited = config.min_count > 1 or config.vocabulary_size is not None
        counts = count_characters(training() if is_limited else _chain(everything))
        vocabulary = Vocabulary.from_counts(
            counts,
            unknown=Characters.UNKNOWN if is_limited else None,
            min_count=config.min_count,
            max_size=config.vocabulary_size,
            order="symbol",
        )
        return Codec(config=config, tokeniser=self._tokeniser, vocabulary=vocabulary)

    def numbers(self, units: Iterator[str], codec: Codec) -> Iterator[np.ndarray]:
        """A table lookup for each chunk."""
        encode = Characters().encoder(codec.vocabulary)
        return (encode(text) for text in units)


class WordReader:
    """Words, numbered as they first appear and renumbered when all have been counted.

    The text is cut into words once; provisional numbers wait in a temporary file.
    """

    def __init__(self, config: DataConfig) -> None:
        self._config = config
        self._words: Words | None = None
        self._table = _Interned()
        self._spools: dict[int, tempfile._TemporaryFileWrapper] = {}

    def units(self, corpus: Corpus) -> Iterator[np.ndarray]:
        """Provisional numbers."""
        if id(corpus) not in self._spools:
            self._spools[id(corpus)] = self._spool(corpus)
        spool = self._spools[id(corpus)]
        spool.seek(0)
        while chunk := spool.read(CHUNK_BYTES):
            yield np.frombuffer(chunk, dtype=np.uint32)

    def _spool(self, corpus: Corpus) -> Any:
        spool = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the reader
        for text in pieces(corpus.texts()):
            if self._words is None:
                self._words = make_words(self._config, text)
                self._table.words = self._words
            surfaces = self._words.surfaces(text)
            table = self._table
            spool.write(np.array([table[word] for word in surfaces], dtype=np.uint32).data)
        return spool

    def make_codec(self, training: Units, *, everything: list[Units]) -> Codec:
        """The words of the training part, with an unknown word for all others."""
        del everything
        totals = np.zeros(len(self._table.numbers), dtype=np.int64)
        for numbers in training():
            found = np.bincount(numbers)
            totals[: len(found)] += found
        counts = {
            word: int(count)
            for word, count in zip(self._table.numbers, totals, strict=True)
            if count
        }
        vocabulary = Vocabulary.from_counts(
            counts,
            unknown=UNKNOWN,
            min_count=self._config.min_count,
            max_size=self._config.vocabulary_size,
        )
        words = self._words or make_words(self._config, "")
        return Codec(config=self._config, tokeniser=words, vocabulary=vocabulary)

    def numbers(self, units: Iterator[np.ndarray], codec: Codec) -> Iterator[np.ndarray]:
        """Final numbers for provisional ones."""
        known, unknown = codec.vocabulary.numbers, codec.vocabulary.unknown
        final = [known.get(word, unknown) for word in self._table.numbers]
        table = np.array(final, dtype=np.int64)
        return (table[chunk] for chunk in units)


class _Interned(dict[str, int]):
    """Word as it stands in the text -> provisional number of its normal form."""

    words: Words

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __missing__(self, surface: str) -> int:
        word = self.words.normalise(surface)
        number = self[surface] = self.numbers.setdefault(word, len(self.numbers))
        return number


class SubwordReader:
    """Pieces of words, learned from the training part."""

    def __init__(self, config: DataConfig) -> None:
        self._config = config

    def units(self, corpus: Corpus) -> Iterator[str]:
        """Text, lower-cased if asked for; the split counts characters."""
        return lowered(corpus, is_lower=self._config.is_lower)

    def make_codec(self, training: Units, *, everything: list[Units]) -> Codec:
        """Learn the pieces."""
        del everything
        config = self._config
        size = config.vocabulary_size or DEFAULT_SIZE
        subwords = Subwords.learn(pieces(training()), size=size, is_lower=config.is_lower)
        zeros = (0,) * len(subwords.symbols)
        vocabulary = Vocabulary(symbols=subwords.symbols, counts=zeros)
        return Codec(config=config, tokeniser=subwords, vocabulary=vocabulary)

    def numbers(self, units: Iterator[str], codec: Codec) -> Iterator[np.ndarray]:
        """Each piece of text, cut where BPE cannot tell it from the whole."""
        return (codec.encode(text) for text in pieces(units))


def make_words(config: DataConfig, start: str) -> Words:
    """The tokeniser of words for a text with this beginning."""
    words = make_tokeniser(config, is_spaced=is_spaced(start))
    assert isinstance(words, Words), "only called for words"
    return words


def lowered(corpus: Corpus, *, is_lower: bool) -> Iterator[str]:
    """The text of a corpus, in lower case if asked for."""
    if not is_lower:
        return corpus.texts()
    return (text.lower() for text in pieces(corpus.texts()))


def count_characters(texts: Iterable[str]) -> Counter[str]:
    """How often each character occurs."""
    totals = np.zeros(_NUM_CODE_POINTS, dtype=np.int64)
    for text in texts:
        found = np.bincount(code_points(text))
        totals[: len(found)] += found
    return Counter({chr(point): int(totals[point]) for point in np.flatnonzero(totals)})


def _chain(streams: list[Units]) -> Iterator[Any]:
    for stream in streams:
        yield from stream()
