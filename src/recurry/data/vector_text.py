"""Word vectors as text: a word and its numbers on each line, after a line of sizes or without one.

Comes in: a stream of bytes. Goes out: words and a matrix; and the way back. The word2vec program
and fastText (.vec) write the sizes, GloVe does not.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

import numpy as np

from recurry.data.vectors import WordVectors
from recurry.errors import DataError

_BLOCK_LINES = 4096
# No line is read beyond this: such a file is no list of vectors.
_LONGEST_LINE = 1 << 20
_GREATEST = float(np.finfo(np.float32).max)


def read_sizes(line: bytes) -> tuple[int, int] | None:
    """The number of words and of numbers for each, if a first line says so."""
    fields = line.split()
    if len(fields) != 2 or not all(field.isdigit() and len(field) < 16 for field in fields):
        return None
    return int(fields[0]), int(fields[1])


def count_lines(file: BinaryIO) -> int:
    """Lines that are not empty, from here to the end."""
    return sum(1 for line in _lines(file) if line.strip())


def read_text(
    file: BinaryIO, name: str, *, count: int, size: int | None = None, first_line: int = 1
) -> WordVectors:
    """The vectors of a stream, which stands at its first word.

    Args:
        file: A stream of lines.
        name: What the file is called in errors.
        count: How many words there are to read.
        size: Numbers of a vector; None where no first line has said so. Then the first word has no
            space inside and tells.
        first_line: The number of the line at which the stream stands.

    Raises:
        DataError: A line has another number of numbers, or something else; with `file:line`.
    """
    form = _Form(name=name, size=size or 0, is_said=size is not None)
    words: list[str] = []
    matrix = np.empty((count, form.size), dtype=np.float32)
    lines = enumerate(_lines(file), first_line)
    filled = ((number, line) for number, line in lines if line.strip())
    while len(words) < count:
        block = list(islice(filled, min(_BLOCK_LINES, count - len(words))))
        if not block:
            raise _too_few(name, count, found=len(words))
        if not form.size:
            form = _Form(name=name, size=_size_of(name, *block[0]), is_said=False)
            matrix = np.empty((count, form.size), dtype=np.float32)
        matrix[len(words) : len(words) + len(block)] = form.parse(block)
        words += [form.word(line).decode(errors="replace") for _, line in block]
    return WordVectors(words=tuple(words), matrix=matrix)


def write_text(vectors: WordVectors, file: BinaryIO, *, has_sizes: bool) -> None:
    """Write a line for each word; the numbers read back as the same float32."""
    for word in vectors.words:
        check_word(word)
    if has_sizes:
        file.write(f"{len(vectors)} {vectors.size}\n".encode())
    for word, row in zip(vectors.words, vectors.matrix, strict=True):
        numbers = " ".join(map("%.9g".__mod__, row.tolist()))
        file.write(f"{word} {numbers}\n".encode())


def check_word(word: str) -> None:
    """Words may be written that are read back as they were.

    Raises:
        DataError: The word is empty or holds white space that ends it.
    """
    if not word or any(sign in word for sign in " \n\0"):
        raise DataError(
            "A word cannot be written into a file of word vectors.",
            got=repr(word),
            accepted="words without spaces and newlines",
        )


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(_LONGEST_LINE):
        yield line.rstrip(b"\r\n").rstrip(b" ").replace(b"\t", b" ")


@dataclass(frozen=True, kw_only=True)
class _Form:
    """What every line of a file has to look like.

    Args:
        name: Of the file.
        size: Numbers of a vector.
        is_said: Whether a first line says so; then words hold no spaces.
    """

    name: str
    size: int
    is_said: bool

    def word(self, line: bytes) -> bytes:
        """What stands before the numbers; GloVe has words with spaces inside."""
        return line.rsplit(b" ", self.size)[0]

    def parse(self, block: list[tuple[int, bytes]]) -> np.ndarray:
        """The numbers of some lines at once; where that fails, the broken line is named."""
        words = [self.word(line) for _, line in block]
        if not any(b" " in word for word in words):
            rests = [line[len(word) :] for (_, line), word in zip(block, words, strict=True)]
            found = _numbers(b" ".join(rests).decode("latin-1"))
            if len(found) == len(block) * self.size and np.isfinite(found).all():
                return found.reshape(len(block), self.size)
        rows = [self._parse_line(number, line) for number, line in block]
        return np.array(rows, dtype=np.float32)

    def _parse_line(self, line_number: int, line: bytes) -> list[float]:
        where = f"{self.name}:{line_number}"
        word, *fields = line.rsplit(b" ", self.size)
        beyond = word.split(b" ")[1:]
        if len(fields) < self.size or (beyond and (self.is_said or all(map(_is_number, beyond)))):
            raise DataError(
                "A line of the word vectors has another size than the others.",
                where=where,
                got=f"{len(line.split(b' ')) - 1} numbers: {_start(line)}",
                accepted=f"a word and {self.size} numbers, "
                + ("as the first line says" if self.is_said else "as on the first line"),
            )
        for field in fields:
            if not _is_number(field):
                raise DataError(
                    "A line of the word vectors is broken.",
                    where=where,
                    got=f"{field.decode(errors='replace')!r} in place of a number",
                    accepted=f"a word and {self.size} numbers, separated by single spaces",
                )
        numbers = [float(field) for field in fields]
        if not all(abs(number) <= _GREATEST for number in numbers):
            raise DataError(
                "A word vector holds a number that is not finite.", where=where, got=_start(line)
            )
        return numbers


def _numbers(text: str) -> np.ndarray:
    """The numbers of a text, or fewer than it has if something in it is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # NumPy before 2.3 only warns
        try:
            return np.fromstring(text, dtype=np.float32, sep=" ")
        except ValueError:
            return np.empty(0, dtype=np.float32)


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _size_of(name: str, number: int, line: bytes) -> int:
    """Numbers of a vector, from the first line of a file without sizes."""
    word, *fields = line.split(b" ")
    if not fields or not word or not all(map(_is_number, fields)):
        raise DataError(
            "The file holds no word vectors in a known format.",
            where=f"{name}:{number}",
            got=_start(line),
            accepted="word2vec (text or binary), GloVe, or fastText (.vec or .bin); each of them "
            "also packed by gzip",
        )
    return len(fields)


def _start(line: bytes) -> str:
    text = line[:60].decode(errors="replace")
    return repr(text + (" ..." if len(line) > 60 else ""))


def _too_few(name: str, count: int, *, found: int) -> DataError:
    return DataError(
        "The file of word vectors is cut off.",
        where=name,
        got=f"{found:,} words",
        accepted=f"{count:,} words, as its first line says",
        hint="fetch the file again",
    )
