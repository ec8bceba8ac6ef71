"""Text as the symbols of a codec, with the very text that each symbol stands for.

Comes in: a codec and text. Goes out: symbols, the unknown ones marked. Imports data and subject.
"""

from collections.abc import Iterable
from functools import cached_property

import numpy as np

from recurry.data.codec import Codec
from recurry.data.tokens import Bytes, Characters, code_points
from recurry.data.words import END_OF_LINE, Words
from recurry.inspection.subject import UNKNOWN, Symbols

_REPLACED = "\N{REPLACEMENT CHARACTER}"


class TextReader:
    """Reads any text with a codec; nothing is refused.

    Args:
        codec: From text to symbol numbers.
    """

    def __init__(self, codec: Codec) -> None:
        self.codec = codec

    @cached_property
    def _table(self) -> np.ndarray:
        assert isinstance(self.codec.tokeniser, Characters)
        return self.codec.tokeniser.table(self.codec.vocabulary)

    def read(self, text: str) -> Symbols:
        """A text as symbols; joined, their pieces are the text wherever symbols are not made of
        several characters that can only be told together."""
        if isinstance(self.codec.tokeniser, Characters):
            return self._symbols(self._table[code_points(text)].astype(np.int64), tuple(text))
        text = text.encode("utf-8", "replace").decode() if _has_halves(text) else text
        ids = self.codec.encode(text)
        return self._symbols(ids, self._pieces(text, ids))

    def number(self, ids: Iterable[int] | np.ndarray) -> Symbols:
        """Symbol numbers as symbols; -1 is an unknown one.

        Raises:
            DataError: A number is outside the vocabulary.
        """
        numbers = np.asarray(ids, dtype=np.int64).reshape(-1)
        is_known = numbers != UNKNOWN
        pieces = np.full(len(numbers), _REPLACED, dtype=object)
        pieces[is_known] = self.codec.decode_each(numbers[is_known])
        return self._symbols(numbers, tuple(pieces.tolist()))

    def _symbols(self, ids: np.ndarray, pieces: tuple[str, ...]) -> Symbols:
        unknown = self.codec.vocabulary.unknown
        is_known = ids != UNKNOWN
        if unknown is not None:
            is_known &= ids != unknown
        return Symbols(ids=ids, pieces=pieces, is_known=is_known)

    def _pieces(self, text: str, ids: np.ndarray) -> tuple[str, ...]:
        tokeniser = self.codec.tokeniser
        if isinstance(tokeniser, Bytes):
            return _byte_pieces(text)
        if isinstance(tokeniser, Words):
            found = cut_behind(text, tokeniser.surfaces(text), is_spaced=tokeniser.is_spaced)
            if len(found) == len(ids):
                return found
        return tuple(self.codec.decode_each(ids))


def cut_behind(text: str, words: Iterable[str], *, is_spaced: bool = True) -> tuple[str, ...]:
    """The text cut behind each of its words, what follows the last one with it.

    Args:
        text: The text.
        words: Its words, one after the other.
        is_spaced: Whether `<eos>` among the words may be a newline of the text.
    """
    found, start = [], 0
    for word in words:
        at = text.find(word, start)
        stop = at + len(word)
        if is_spaced and word == END_OF_LINE:
            line_end = text.find("\n", start)
            if line_end >= 0 and (at < 0 or line_end < at):
                stop = line_end + 1
        found.append(text[start:stop])
        start = stop
    if found:
        found[-1] += text[start:]
    return tuple(found)


def _byte_pieces(text: str) -> tuple[str, ...]:
    """A character for the last of its bytes, nothing for the others."""
    if text.isascii():
        return tuple(text)
    pieces: list[str] = []
    for character in text:
        size = len(character.encode("utf-8", "replace"))
        pieces += [""] * (size - 1)
        pieces.append(character)
    return tuple(pieces)


def _has_halves(text: str) -> bool:
    """Whether a text holds half of a surrogate pair, which is no character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
