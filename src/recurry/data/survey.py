"""What a text is made of: its symbols, their counts, and the tables that a lecture draws.

Comes in: paths and a configuration. Goes out: one record to print or to store as JSON.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np

from recurry.data.codec import Codec
from recurry.data.configuration import DataConfig
from recurry.data.corpus import CHUNK_BYTES, Corpus
from recurry.data.readers import Reader, make_reader
from recurry.data.tokens import pieces
from recurry.data.words import UNKNOWN, Words
from recurry.errors import DataError

_START_CHARACTERS = 4096


@dataclass(frozen=True, kw_only=True)
class CountTable:
    """How often each symbol occurs in each document: files if there are several, else lines.

    Attributes:
        documents: Names of the rows.
        counts: (documents, V) int64.
    """

    documents: tuple[str, ...]
    counts: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What was found in a text.

    Attributes:
        corpus: The files.
        codec: The vocabulary, with the counts of the whole text.
        num_symbols: Length of the text in symbols.
        start: The first symbols of the text, as the model sees them.
        forms: Stem -> words of the beginning of the text that have it; empty without stemming.
    """

    corpus: Corpus
    codec: Codec
    num_symbols: int
    start: tuple[str, ...]
    forms: dict[str, tuple[str, ...]]

    @property
    def ranked(self) -> list[int]:
        """The numbers of all symbols that occur, the most frequent first."""
        vocabulary = self.codec.vocabulary
        seen = [number for number, count in enumerate(vocabulary.counts) if count]
        return sorted(seen, key=lambda n: (-vocabulary.counts[n], vocabulary.symbols[n]))


def survey(config: DataConfig) -> Survey:
    """Read a text once through and count its symbols; no part is held out.

    Raises:
        DataError: The text is missing, not UTF-8, or holds no symbol.
    """
    corpus = Corpus.open(config.paths, is_utf8=config.tokens != "bytes")
    reader = make_reader(config)
    reader.measure(corpus)
    codec = reader.make_codec(reader.units(corpus))
    totals = _count(reader, corpus, codec)
    if not totals.any():
        raise _no_symbols(corpus, config)
    codec = replace(codec, vocabulary=replace(codec.vocabulary, counts=tuple(totals.tolist())))
    beginning = _beginning(corpus, config)
    return Survey(
        corpus=corpus,
        codec=codec,
        num_symbols=int(totals.sum()),
        start=_start(codec, beginning),
        forms=_forms(codec, beginning),
    )


def count_table(found: Survey, *, rows: int) -> CountTable:
    """The counts of the first `rows` documents: the bag-of-words matrix."""
    codec = found.codec
    documents = list(islice(_documents(found), rows))
    counts = np.zeros((len(documents), codec.num_symbols), dtype=np.int64)
    for row, (_, texts) in enumerate(documents):
        for text in texts:
            counts[row] += np.bincount(codec.encode(text), minlength=codec.num_symbols)
    return CountTable(documents=tuple(name for name, _ in documents), counts=counts)


def _count(reader: Reader, corpus: Corpus, codec: Codec) -> np.ndarray:
    totals = np.zeros(codec.num_symbols, dtype=np.int64)
    for numbers in reader.numbers(reader.units(corpus), codec):
        totals += np.bincount(numbers, minlength=len(totals))
    return totals


def _beginning(corpus: Corpus, config: DataConfig) -> str:
    """About the first mebibyte, or all there is."""
    beginning = ""
    for piece in pieces(_texts(corpus, config)):
        beginning += piece
        if len(beginning) >= CHUNK_BYTES // 2:
            break
    return beginning


def _start(codec: Codec, beginning: str) -> tuple[str, ...]:
    """The first symbols, whole ones; what is not in the vocabulary is the unknown one."""
    text = beginning
    if len(beginning) > _START_CHARACTERS:
        text = next(pieces([beginning[:_START_CHARACTERS]]))
    return tuple(codec.vocabulary.symbols[number] for number in codec.encode(text).tolist())


def _forms(codec: Codec, beginning: str) -> dict[str, tuple[str, ...]]:
    words = codec.tokeniser
    if not isinstance(words, Words) or words.stem is None:
        return {}
    forms: dict[str, dict[str, None]] = {}
    for surface in dict.fromkeys(words.surfaces(beginning)):
        stem = words.normalise(surface)
        if surface[0].isalpha() and stem != UNKNOWN:
            forms.setdefault(stem, {})[surface.lower()] = None
    return {stem: tuple(found) for stem, found in forms.items() if found.keys() != {stem}}


def _documents(found: Survey) -> Iterator[tuple[str, Iterator[str]]]:
    """Name and text of each document."""
    sources = found.corpus.sources
    if len(sources) > 1:
        files = [os.path.abspath(source.name) for source in sources if source.spool is None]
        folder = os.path.commonpath([os.path.dirname(name) for name in files] or ["/"])
        for source in sources:
            name = source.name if source.spool else os.path.relpath(source.name, folder)
            corpus = Corpus([source], skipped=())
            yield name, pieces(_texts(corpus, found.codec.config))
        return
    lines = chain.from_iterable(
        text.splitlines() for text in _whole_lines(_texts(found.corpus, found.codec.config))
    )
    for line in lines:
        if line.strip():
            yield line.strip().encode(errors="replace").decode(), iter([line])


def _no_symbols(corpus: Corpus, config: DataConfig) -> DataError:
    return DataError(
        f"The text holds no {config.tokens}.",
        where=", ".join(source.name for source in corpus.sources[:3]),
        got=f"{corpus.num_bytes:,} bytes of white space",
        hint="name a file with text, or look at it with --tokens bytes",
    )


def _texts(corpus: Corpus, config: DataConfig) -> Iterator[str]:
    """Text; of bytes that are none in the way that `Bytes` takes back."""
    if config.tokens == "bytes":
        return (chunk.decode(errors="surrogateescape") for chunk in corpus.chunks())
    return corpus.texts()


def _whole_lines(texts: Iterator[str]) -> Iterator[str]:
    """The text in pieces that end at a newline, but never wait for more than a few chunks."""
    pending = ""
    for text in texts:
        pending += text
        cut = pending.rfind("\n") + 1 or (len(pending) if len(pending) > 1 << 22 else 0)
        yield pending[:cut]
        pending = pending[cut:]
    yield pending
