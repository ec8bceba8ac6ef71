"""Byte-level BPE: frequent pieces of words as symbols, through the package `tokenizers`.

Comes in: text. Goes out: pieces, whose bytes joined give the text back exactly. The package
is needed to learn and to encode; decoding needs nothing.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from types import ModuleType
from typing import Any

import numpy as np

from recurry.data.tokens import ByteDecoder, StreamingDecoder, lower_each, utf8
from recurry.data.vocabulary import Vocabulary, damaged
from recurry.errors import DataError, MissingExtra

DEFAULT_SIZE = 1024
_MOST_STRETCHES = 1 << 19
# No piece of byte-level BPE reaches from a word into the white space after it.
_STRETCH = re.compile(r"\s*\S+|\s+")


@dataclass(frozen=True, kw_only=True)
class Subwords:
    """Pieces of words, learned by merging the most frequent neighbours again and again.

    Attributes:
        symbols: All pieces in byte-level spelling.
        merges: Pairs of pieces in the order in which they are merged.
        is_lower: Whether the text is lower-cased first.
    """

    symbols: tuple[str, ...]
    merges: tuple[tuple[str, str], ...]
    is_lower: bool = False

    @classmethod
    def learn(cls, texts: Iterable[str], *, size: int, is_lower: bool) -> "Subwords":
        """Learn pieces from a text that is given in pieces.

        Raises:
            MissingExtra: The package `tokenizers` is not installed.
        """
        package = _package()
        with _guarded("learned"):
            tokenizer = _byte_level(package, package.models.BPE())
            trainer = package.trainers.BpeTrainer(
                vocab_size=size,
                show_progress=False,
                initial_alphabet=sorted(byte_spelling()),
                special_tokens=[],
            )
            tokenizer.train_from_iterator(_short(texts, is_lower=is_lower), trainer=trainer)
            model = json.loads(tokenizer.to_str())["model"]
        symbols = sorted(model["vocab"], key=model["vocab"].__getitem__)
        merges = tuple((left, right) for left, right in model["merges"])
        return cls(symbols=tuple(symbols), merges=merges, is_lower=is_lower)

    @classmethod
    def from_merges(cls, merges: Any, *, symbols: tuple[str, ...], is_lower: bool) -> "Subwords":
        """Read stored merges, trusting nothing in them.

        Raises:
            DataError: A symbol has no byte-level spelling, or a merge does not make a symbol.
        """
        known = set(symbols)
        if not known >= set(byte_spelling()) or not set("".join(symbols)) <= set(byte_spelling()):
            raise damaged("its pieces are not spelled in all 256 bytes")
        if not isinstance(merges, list) or len(merges) > len(symbols):
            raise damaged("its merges are no list, or more than its symbols")
        for pair in merges:
            if not isinstance(pair, list) or len(pair) != 2 or not _is_merge(pair, known):
                raise damaged("a merge is no pair of symbols that makes a symbol")
        pairs = tuple((left, right) for left, right in merges)
        return cls(symbols=symbols, merges=pairs, is_lower=is_lower)

    def split(self, text: str) -> list[str]:
        """The pieces of a text in byte-level spelling (a space is written Ġ)."""
        return [self.symbols[number] for number in self._encode(text)]

    def encoder(self, vocabulary: Vocabulary) -> Callable[[str], np.ndarray]:
        """From text to numbers of pieces."""

        def encode(text: str) -> np.ndarray:
            return np.fromiter(self._encode(text), dtype=np.int64)

        return encode

    def decoder(self, vocabulary: Vocabulary) -> StreamingDecoder:
        """From pieces to characters, through their bytes."""
        spelling = byte_spelling()
        return ByteDecoder([bytes(spelling[c] for c in symbol) for symbol in self.symbols])

    def _encode(self, text: str) -> Iterator[int]:
        """White space with the word after it is cut once and then looked up."""
        utf8(text)
        if len(self._stretches) > _MOST_STRETCHES:
            self._stretches.clear()
        stretches = _STRETCH.findall(lower_each(text) if self.is_lower else text)
        return chain.from_iterable(map(self._stretches.__getitem__, stretches))

    @cached_property
    def _stretches(self) -> "_Stretches":
        return _Stretches(self._tokenizer)

    @cached_property
    def _tokenizer(self) -> Any:
        package = _package()
        with _guarded("used"):
            numbers = {symbol: number for number, symbol in enumerate(self.symbols)}
            model = package.models.BPE(vocab=numbers, merges=list(self.merges))
            return _byte_level(package, model)


class _Stretches(dict[str, tuple[int, ...]]):
    """White space and the word after it -> the numbers of its pieces."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def __missing__(self, stretch: str) -> tuple[int, ...]:
        with _guarded("used"):
            numbers = tuple(self._tokenizer.encode(stretch).ids)
        self[stretch] = numbers
        return numbers


@cache
def byte_spelling() -> dict[str, int]:
    """The printable character that stands for each byte, as GPT-2 writes them.

    Source: Radford et al. 2019, encoder.py (bytes_to_unicode).
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    spelling = {chr(byte): byte for byte in printable}
    return spelling | {chr(256 + place): byte for place, byte in enumerate(others)}


def _short(texts: Iterable[str], *, is_lower: bool) -> Iterator[str]:
    """The same texts in short pieces: the package takes much memory for a long one."""
    for text in texts:
        stretches = _STRETCH.findall(lower_each(text) if is_lower else text)
        for start in range(0, len(stretches), 256):
            yield "".join(stretches[start : start + 256])


def _is_merge(pair: list, known: set[str]) -> bool:
    left, right = pair
    if not isinstance(left, str) or not isinstance(right, str):
        return False
    return left in known and right in known and left + right in known


def _package() -> ModuleType:
    try:
        import tokenizers
        import tokenizers.models
        import tokenizers.pre_tokenizers
        import tokenizers.trainers
    except ImportError as error:
        raise MissingExtra('tokens = "bpe"', package="tokenizers", extra="text") from error
    return tokenizers


def _byte_level(package: ModuleType, model: Any) -> Any:
    tokenizer = package.Tokenizer(model)
    tokenizer.pre_tokenizer = package.pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


@contextmanager
def _guarded(doing: str) -> Iterator[None]:
    """A panic inside the package, which is no Exception, becomes an error of ours."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, DataError):
        raise
    except BaseException as error:
        raise DataError(
            f"The BPE vocabulary could not be {doing}.",
            got=f"{type(error).__name__}: {error}",
            hint='tokens = "characters" or "words" need no extra package',
        ) from error
