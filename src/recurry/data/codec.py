"""Text to symbol numbers and back: a tokeniser and its vocabulary.

Comes in: text or numbers. Goes out: numbers or text. Stored with every model.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from recurry.data.configuration import DataConfig
from recurry.data.ids import check_numbers
from recurry.data.stemming import languages
from recurry.data.subwords import Subwords
from recurry.data.tokens import Bytes, Characters, StreamingDecoder, Tokeniser
from recurry.data.vocabulary import Vocabulary, damaged
from recurry.data.words import Words

_KEYS = {"data", "is_spaced", "vocabulary", "merges"}


@dataclass(frozen=True, kw_only=True)
class Codec:
    """Text to symbol numbers and back.

    Attributes:
        config: How the text was cut.
        tokeniser: Cuts and joins.
        vocabulary: Number <-> symbol.
    """

    config: DataConfig
    tokeniser: Tokeniser
    vocabulary: Vocabulary

    @property
    def num_symbols(self) -> int:
        """Size of the vocabulary (V)."""
        return len(self.vocabulary)

    @cached_property
    def _encoder(self) -> Callable[[str], np.ndarray]:
        return self.tokeniser.encoder(self.vocabulary)

    def encode(self, text: str) -> np.ndarray:
        """The symbol numbers of a text, as int64.

        Raises:
            DataError: The text holds symbols that are not in a vocabulary without an unknown
                symbol (they are named), or half a surrogate pair.
        """
        if not text:  # for which byte pairs need no extra package
            return np.empty(0, dtype=np.int64)
        return self._encoder(text).astype(np.int64)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of symbol numbers; bytes that are no UTF-8 become U+FFFD.

        Raises:
            DataError: A number is outside the vocabulary.
        """
        return "".join(self.decode_each(ids))

    def decode_each(self, ids: Iterable[int]) -> list[str]:
        """The text that belongs to each number; joined, it is what `decode` gives.

        A character of several symbols belongs to the last of them.

        Raises:
            DataError: A number is outside the vocabulary.
        """
        numbers = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids)).reshape(-1)
        if numbers.size == 0:
            return []
        check_numbers(numbers, self.num_symbols)
        decoder = self.streaming_decoder()
        texts = [decoder.feed(number) for number in numbers.tolist()]
        texts[-1] += decoder.flush()
        return texts

    def streaming_decoder(self) -> StreamingDecoder:
        """A decoder that takes one number at a time and never gives half a character."""
        return self.tokeniser.decoder(self.vocabulary)

    def to_dict(self) -> dict[str, Any]:
        """A value that JSON can hold, enough to build the codec again."""
        merges = self.tokeniser.merges if isinstance(self.tokeniser, Subwords) else ()
        return {
            "data": self.config.model_dump(mode="json"),
            "is_spaced": isinstance(self.tokeniser, Words) and self.tokeniser.is_spaced,
            "vocabulary": self.vocabulary.to_dict(),
            "merges": [list(pair) for pair in merges],
        }

    @classmethod
    def from_dict(cls, data: Any) -> "Codec":
        """Read `to_dict`'s value back, trusting nothing in it.

        Raises:
            DataError: Anything in it is missing, damaged or contradicts the rest.
        """
        if not isinstance(data, Mapping) or set(data) != _KEYS:
            raise damaged("it is no table of " + ", ".join(sorted(_KEYS)))
        if not isinstance(data["is_spaced"], bool):
            raise damaged("is_spaced is neither true nor false")
        try:
            config = DataConfig.model_validate(data["data"])
        except (ValueError, RecursionError) as error:  # ValidationError is a ValueError
            raise damaged("its data table is not valid") from error
        if config.stem is not None and config.stem not in languages():
            raise damaged("its stemming language is unknown")
        vocabulary = Vocabulary.from_dict(data["vocabulary"])
        _check_fit(config, vocabulary)
        if config.tokens == "bpe":
            tokeniser = Subwords.from_merges(
                data["merges"], symbols=vocabulary.symbols, is_lower=config.is_lower
            )
        else:
            tokeniser = make_tokeniser(config, is_spaced=data["is_spaced"])
        return cls(config=config, tokeniser=tokeniser, vocabulary=vocabulary)


def make_tokeniser(config: DataConfig, *, is_spaced: bool = False) -> Bytes | Characters | Words:
    """The tokeniser of a configuration that needs no learning."""
    if config.tokens == "bytes":
        return Bytes()
    if config.tokens == "characters":
        return Characters(is_lower=config.is_lower)
    return Words(is_lower=config.is_lower, stem=config.stem, is_spaced=is_spaced)


def byte_codec(config: DataConfig | None = None) -> Codec:
    """The codec in which every byte is a symbol; it needs no text."""
    config = config or DataConfig(tokens="bytes")
    vocabulary = Vocabulary(symbols=Bytes.symbols(), counts=(0,) * 256)
    return Codec(config=config, tokeniser=Bytes(), vocabulary=vocabulary)


def _check_fit(config: DataConfig, vocabulary: Vocabulary) -> None:
    """The vocabulary is one that this kind of symbol can have."""
    if config.tokens == "bytes" and vocabulary.symbols != Bytes.symbols():
        raise damaged("it is not the list of the 256 bytes")
    if config.tokens == "characters" and any(len(symbol) != 1 for symbol in vocabulary.symbols):
        raise damaged("a character of it is longer than one")
    if (config.tokens == "words") and vocabulary.unknown is None:
        raise damaged("a vocabulary of words needs its unknown symbol")
    if config.tokens in ("bytes", "bpe") and vocabulary.unknown is not None:
        raise damaged("a vocabulary of all bytes has no unknown symbol")
