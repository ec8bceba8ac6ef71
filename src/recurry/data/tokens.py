"""What a symbol is: bytes and characters here, words and subwords beside; one interface.

Comes in: text. Goes out: symbols or their numbers, and text again.
"""

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from recurry.data.vocabulary import Vocabulary
from recurry.errors import DataError

# A stretch without any white space longer than this is cut anyway, to bound memory.
_LONGEST_RUN = 1 << 20
NUM_CODE_POINTS = 0x110000


class StreamingDecoder(Protocol):
    """Turns one symbol number after the other into text; never gives half a character."""

    def feed(self, number: int) -> str:
        """The text that is certain after this symbol, perhaps none."""
        ...

    def flush(self) -> str:
        """What remains at the end: U+FFFD for an unfinished character, else nothing."""
        ...


class Tokeniser(Protocol):
    """Cuts text into symbols and joins them again."""

    def split(self, text: str) -> list[str]:
        """The symbols of a text."""
        ...

    def encoder(self, vocabulary: Vocabulary) -> Callable[[str], np.ndarray]:
        """A function from text to symbol numbers, any unsigned or signed integer type."""
        ...

    def decoder(self, vocabulary: Vocabulary) -> StreamingDecoder:
        """A fresh decoder."""
        ...


def pieces(texts: Iterable[str]) -> Iterator[str]:
    """The same text in pieces that begin where a word ended, whatever the chunks were.

    Every cut lies between a character and the white space after it, so neither words nor BPE
    can tell the pieces from the whole. Only a run of more than 1,048,576 characters without
    such a place is cut elsewhere.
    """
    pending = ""
    for text in texts:
        pending += text
        cut = _last_cut(pending) or (len(pending) if len(pending) >= _LONGEST_RUN else 0)
        if cut:
            yield pending[:cut]
            pending = pending[cut:]
    if pending:
        yield pending


def _last_cut(text: str) -> int:
    """The last position with white space behind it and none before it, or 0."""
    for position in range(len(text) - 1, 0, -1):
        if text[position] in " \n" and not text[position - 1].isspace():
            return position
    return 0


def utf8(text: str, *, errors: str = "strict") -> bytes:
    """The text as UTF-8.

    Raises:
        DataError: The text holds half a surrogate pair, as a wrongly decoded file does.
    """
    try:
        return text.encode("utf-8", errors)
    except UnicodeEncodeError as error:
        raise DataError(
            "The text holds half a surrogate pair, which is no character.",
            where=f"character {error.start:,}",
            got=f"U+{ord(text[error.start]):04X}",
            hint="decode the text as UTF-8, or use --tokens bytes on the file itself",
        ) from error


def code_points(text: str) -> np.ndarray:
    """The code points of a text, as uint8 where all are ASCII, else as uint32."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


@dataclass(frozen=True, kw_only=True)
class Bytes:
    """Every byte of UTF-8 is a symbol, all 256 always, so that any text can be read.

    Bytes that are no UTF-8 may stand in a text as Python's "surrogateescape" writes them.
    """

    @staticmethod
    def symbols() -> tuple[str, ...]:
        """A printable name for each byte."""
        return tuple(chr(byte) if 32 < byte < 127 else f"<0x{byte:02X}>" for byte in range(256))

    def split(self, text: str) -> list[str]:
        """The names of the bytes of a text."""
        names = self.symbols()
        return [names[byte] for byte in utf8(text, errors="surrogateescape")]

    def encoder(self, vocabulary: Vocabulary) -> Callable[[str], np.ndarray]:
        """From text to bytes."""
        return lambda text: np.frombuffer(utf8(text, errors="surrogateescape"), dtype=np.uint8)

    def decoder(self, vocabulary: Vocabulary) -> StreamingDecoder:
        """From bytes to characters, each given out when its last byte has come."""
        return ByteDecoder([bytes([byte]) for byte in range(256)])


class ByteDecoder:
    """Joins the bytes of symbols into characters; invalid ones become U+FFFD."""

    def __init__(self, symbols: list[bytes]) -> None:
        self._symbols = symbols
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, number: int) -> str:
        """The characters that are complete after this symbol."""
        return self._decoder.decode(self._symbols[number])

    def flush(self) -> str:
        """U+FFFD where a character was left unfinished."""
        return self._decoder.decode(b"", final=True)


@dataclass(frozen=True, kw_only=True)
class Characters:
    """Every Unicode code point is a symbol.

    Attributes:
        is_lower: Whether the text is lower-cased first, each character by itself.
    """

    is_lower: bool = False

    UNKNOWN = "\N{REPLACEMENT CHARACTER}"

    def split(self, text: str) -> list[str]:
        """The characters of a text."""
        return list(lower_each(text) if self.is_lower else text)

    def table(self, vocabulary: Vocabulary) -> np.ndarray:
        """Code point -> symbol number; the unknown one, or -1, for all others.

        Shapes:
            returns: (1,114,112,) int32.
        """
        other = -1 if vocabulary.unknown is None else vocabulary.unknown
        table = np.full(NUM_CODE_POINTS, other, dtype=np.int32)
        table[[ord(symbol) for symbol in vocabulary.symbols]] = np.arange(len(vocabulary))
        return table[lower_code_points()] if self.is_lower else table

    def encoder(self, vocabulary: Vocabulary) -> Callable[[str], np.ndarray]:
        """A table lookup for all characters at once."""
        table = self.table(vocabulary)

        def encode(text: str) -> np.ndarray:
            points = code_points(text)
            numbers = table[points]
            if vocabulary.unknown is None and numbers.size and numbers.min() < 0:
                unseen = np.unique(points[numbers < 0])
                raise unseen_symbols([chr(point) for point in unseen], vocabulary)
            return numbers

        return encode

    def decoder(self, vocabulary: Vocabulary) -> StreamingDecoder:
        """Characters are complete at once."""
        return SymbolDecoder(vocabulary.symbols)


class SymbolDecoder:
    """Every symbol is its own text."""

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self._symbols = symbols

    def feed(self, number: int) -> str:
        """The symbol."""
        return self._symbols[number]

    def flush(self) -> str:
        """Nothing."""
        return ""


def lower_each(text: str) -> str:
    """Lower case in which every character stays one character, whatever stands around it.

    It differs from `str.lower` in two letters: Σ is always σ, and İ is i.
    """
    return text.replace("\u0130", "i").replace("\u03a3", "\u03c3").lower()


@cache
def lower_code_points() -> np.ndarray:
    """The same as a table from code point to code point.

    Shapes:
        returns: (1,114,112,) int32.
    """
    every = np.arange(NUM_CODE_POINTS, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    return code_points(lower_each(every)).astype(np.int32)


def unseen_symbols(symbols: list[str], vocabulary: Vocabulary) -> DataError:
    """The error for symbols that are not in a vocabulary without an unknown symbol."""
    names = [f"{symbol!r} (U+{ord(symbol):04X})" for symbol in symbols[:5]]
    more = f" and {len(symbols) - 5:,} more" if len(symbols) > 5 else ""
    known = "".join(vocabulary.symbols)
    return DataError(
        "The text holds characters that are not in the vocabulary.",
        got=", ".join(names) + more,
        accepted=f"{len(vocabulary):,} characters: "
        + (repr(known) if len(known) <= 100 else repr(known[:100]) + "..."),
        hint="leave them out; or train with --tokens bytes, which knows every text, "
        "or with min_count = 2, which makes an unknown symbol",
    )
