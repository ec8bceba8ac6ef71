"""How each kind of symbol is read from a corpus: in units, with a vocabulary, to numbers.

Comes in: corpora. Goes out: a codec and streams of symbol numbers, at constant memory.
A unit is what a split counts: bytes, characters, or words.
"""

import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, Protocol

import numpy as np

from recurry.data.codec import Codec, byte_codec, make_tokeniser
from recurry.data.configuration import DataConfig
from recurry.data.corpus import CHUNK_BYTES, Corpus
from recurry.data.ids import smallest_dtype
from recurry.data.subwords import DEFAULT_SIZE, Subwords
from recurry.data.tokens import NUM_CODE_POINTS, Characters, code_points, lower_each, pieces
from recurry.data.vocabulary import Vocabulary
from recurry.data.words import UNKNOWN, Words, is_spaced


class Reader(Protocol):
    """Reads corpora as one kind of symbol; every corpus is measured before anything else."""

    def measure(self, corpus: Corpus) -> int:
        """How many units a text has."""
        ...

    def units(self, corpus: Corpus) -> Iterator[Any]:
        """The units of a text in chunks that have a length and can be sliced."""
        ...

    def make_codec(self, training: Iterator[Any]) -> Codec:
        """The codec, with a vocabulary from the training part or from all that was measured."""
        ...

    def numbers(self, units: Iterator[Any], codec: Codec) -> Iterator[np.ndarray]:
        """The symbol numbers of units."""
        ...


def make_reader(config: DataConfig) -> Reader:
    """The reader of a configuration."""
    kinds: dict[str, Callable[[DataConfig], Reader]] = {
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

    def measure(self, corpus: Corpus) -> int:
        """Bytes."""
        return corpus.num_bytes

    def units(self, corpus: Corpus) -> Iterator[bytes]:
        """Chunks of bytes."""
        return corpus.chunks()

    def make_codec(self, training: Iterator[bytes]) -> Codec:
        """Always the same 256 symbols."""
        return byte_codec(self._config)

    def numbers(self, units: Iterator[bytes], codec: Codec) -> Iterator[np.ndarray]:
        """The bytes."""
        return (np.frombuffer(chunk, dtype=np.uint8) for chunk in units)


class CharacterReader:
    """Characters, through a table from code points to numbers."""

    def __init__(self, config: DataConfig) -> None:
        self._config = config
        self._is_seen = np.zeros(NUM_CODE_POINTS, dtype=np.bool_)

    def measure(self, corpus: Corpus) -> int:
        """Characters; which ones there are is noted on the way."""
        size = 0
        for text in corpus.texts():
            size += len(text)
            self._is_seen[code_points(text)] = True
        return size

    def units(self, corpus: Corpus) -> Iterator[str]:
        """Text."""
        return corpus.texts()

    def make_codec(self, training: Iterator[str]) -> Codec:
        """All characters that were measured, or the frequent ones of the training part."""
        config = self._config
        is_limited = config.min_count > 1 or config.vocabulary_size is not None
        counts = count_characters(training) if is_limited else self._seen()
        vocabulary = Vocabulary.from_counts(
            _lower_counts(counts) if config.is_lower else counts,
            unknown=Characters.UNKNOWN if is_limited else None,
            min_count=config.min_count,
            max_size=config.vocabulary_size,
            order="symbol",
        )
        tokeniser = Characters(is_lower=config.is_lower)
        return Codec(config=config, tokeniser=tokeniser, vocabulary=vocabulary)

    def _seen(self) -> Counter[str]:
        return Counter({chr(point): 1 for point in np.flatnonzero(self._is_seen)})

    def numbers(self, units: Iterator[str], codec: Codec) -> Iterator[np.ndarray]:
        """A table lookup for each chunk."""
        table = Characters(is_lower=self._config.is_lower).table(codec.vocabulary)
        # Every character was measured, so the narrow type never has to hold the -1.
        table = table.astype(smallest_dtype(codec.num_symbols))
        return (table[code_points(text)] for text in units)


class WordReader:
    """Words, numbered as they first appear and renumbered when all have been counted.

    The text is cut into words once; provisional numbers wait in a temporary file.
    """

    def __init__(self, config: DataConfig) -> None:
        self._config = config
        self._words: Words | None = None
        self._numbers: dict[str, int] = {}
        self._spools: dict[Corpus, BinaryIO] = {}

    def measure(self, corpus: Corpus) -> int:
        """Words; this is where the text is cut."""
        spool = self._spools[corpus] = tempfile.TemporaryFile()  # noqa: SIM115 - read later
        weakref.finalize(self, spool.close)
        numbers = self._numbers
        encode: Callable[[str], np.ndarray] | None = None
        for text in pieces(corpus.texts()):
            if encode is None:
                self._words = self._words or make_words(self._config, text)
                encode = self._words.numbering(lambda w: numbers.setdefault(w, len(numbers)))
            spool.write(encode(text).astype(np.uint32).data)
        return spool.tell() // 4

    def units(self, corpus: Corpus) -> Iterator[np.ndarray]:
        """Provisional numbers."""
        spool = self._spools[corpus]
        spool.seek(0)
        while chunk := spool.read(CHUNK_BYTES):
            yield np.frombuffer(chunk, dtype=np.uint32)

    def make_codec(self, training: Iterator[np.ndarray]) -> Codec:
        """The words of the training part, with an unknown word for all others."""
        totals = np.zeros(len(self._numbers), dtype=np.int64)
        for numbers in training:
            found = np.bincount(numbers)
            totals[: len(found)] += found
        counted = zip(self._numbers, totals.tolist(), strict=True)
        vocabulary = Vocabulary.from_counts(
            {word: count for word, count in counted if count},
            unknown=UNKNOWN,
            min_count=self._config.min_count,
            max_size=self._config.vocabulary_size,
        )
        words = self._words or make_words(self._config, "")
        return Codec(config=self._config, tokeniser=words, vocabulary=vocabulary)

    def numbers(self, units: Iterator[np.ndarray], codec: Codec) -> Iterator[np.ndarray]:
        """Final numbers for provisional ones."""
        known, unknown = codec.vocabulary.numbers, codec.vocabulary.unknown
        final = [known.get(word, unknown) for word in self._numbers]
        table = np.array(final, dtype=smallest_dtype(codec.num_symbols))
        return (table[chunk] for chunk in units)


class SubwordReader:
    """Pieces of words, learned from the training part; a split counts characters."""

    def __init__(self, config: DataConfig) -> None:
        self._config = config

    def measure(self, corpus: Corpus) -> int:
        """Characters."""
        return sum(map(len, corpus.texts()))

    def units(self, corpus: Corpus) -> Iterator[str]:
        """Text."""
        return corpus.texts()

    def make_codec(self, training: Iterator[str]) -> Codec:
        """Learn the pieces."""
        config = self._config
        size = config.vocabulary_size or DEFAULT_SIZE
        subwords = Subwords.learn(pieces(training), size=size, is_lower=config.is_lower)
        zeros = (0,) * len(subwords.symbols)
        vocabulary = Vocabulary(symbols=subwords.symbols, counts=zeros)
        return Codec(config=config, tokeniser=subwords, vocabulary=vocabulary)

    def numbers(self, units: Iterator[str], codec: Codec) -> Iterator[np.ndarray]:
        """Each stretch of text, cut where BPE cannot tell it from the whole."""
        return (codec.encode(text) for text in pieces(units))


def make_words(config: DataConfig, start: str) -> Words:
    """The tokeniser of words for a text with this beginning."""
    words = make_tokeniser(config, is_spaced=is_spaced(start))
    assert isinstance(words, Words), "only called for words"
    return words


def count_characters(texts: Iterable[str]) -> Counter[str]:
    """How often each character occurs."""
    totals = np.zeros(NUM_CODE_POINTS, dtype=np.int64)
    for text in texts:
        found = np.bincount(code_points(text))
        totals[: len(found)] += found
    return Counter({chr(point): int(totals[point]) for point in np.flatnonzero(totals)})


def _lower_counts(counts: Counter[str]) -> Counter[str]:
    merged: Counter[str] = Counter()
    for symbol, count in counts.items():
        merged[lower_each(symbol)] += count
    return merged
