"""Word vectors as the word2vec program writes them in binary: sizes, then words and raw numbers.

Comes in: a stream of bytes. Goes out: words and a matrix; and the way back.
"""

from typing import BinaryIO

import numpy as np

from recurry.data.vector_text import check_word
from recurry.data.vectors import WordVectors
from recurry.errors import DataError

_CHUNK_BYTES = 1 << 22
_LONGEST_WORD = 1 << 16


def read_binary(file: BinaryIO, name: str, *, count: int, size: int) -> WordVectors:
    """The vectors of a stream, which stands behind the line of sizes.

    Args:
        file: A stream of bytes.
        name: What the file is called in errors.
        count: Words to read.
        size: Numbers of a vector.

    Raises:
        DataError: The stream ends too soon, or a word does not end.
    """
    words: list[str] = []
    matrix = np.empty((count, size), dtype=np.float32)
    row_bytes = 4 * size
    buffer, place = b"", 0
    while len(words) < count:
        space = buffer.find(b" ", place, place + _LONGEST_WORD)
        if space < 0 or len(buffer) < space + 1 + row_bytes:
            more = file.read(max(_CHUNK_BYTES, row_bytes))
            if not more:
                raise _broken(name, len(words), count=count, size=size)
            if space < 0 and len(buffer) - place > _LONGEST_WORD:
                raise _broken(name, len(words), count=count, size=size)
            buffer, place = buffer[place:] + more, 0
            continue
        # A newline ends each row in the files of the original program and in no others.
        words.append(buffer[place:space].lstrip(b"\n").decode(errors="replace"))
        matrix[len(words) - 1] = np.frombuffer(buffer, "<f4", size, space + 1)
        place = space + 1 + row_bytes
    _check_finite(matrix, words, name)
    return WordVectors(words=tuple(words), matrix=matrix)


def write_binary(vectors: WordVectors, file: BinaryIO) -> None:
    """Write the sizes, and for each word its numbers as they are in memory."""
    file.write(f"{len(vectors)} {vectors.size}\n".encode())
    for word, row in zip(vectors.words, vectors.matrix, strict=True):
        check_word(word)
        file.write(word.encode() + b" " + row.astype("<f4").tobytes() + b"\n")


def _check_finite(matrix: np.ndarray, words: list[str], name: str) -> None:
    for start in range(0, len(words), 1 << 16):
        is_finite = np.isfinite(matrix[start : start + (1 << 16)]).all(axis=1)
        if not is_finite.all():
            number = start + int(np.argmin(is_finite))
            raise DataError(
                "A word vector holds a number that is not finite.",
                where=f"{name}, word {number + 1:,}",
                got=repr(words[number]),
                hint="fetch the file again; its numbers should be 32-bit, lowest byte first",
            )


def _broken(name: str, found: int, *, count: int, size: int) -> DataError:
    return DataError(
        "The binary file of word vectors is cut off or damaged.",
        where=f"{name}, word {found + 1:,}",
        got=f"{found:,} whole words",
        accepted=f"{count:,} words with {size} numbers each, as its first line says",
        hint="fetch the file again",
    )
