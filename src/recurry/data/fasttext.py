"""The .bin files of fastText: words with counts, their rows, and the rows of their parts.

Comes in: a path. Goes out: `WordVectors` that compose unknown words; and the way back. The rows of
parts stay on the disk until they are asked for.
"""

import os
import struct
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np

from recurry.data.subword_vectors import SubwordVectors
from recurry.data.vector_text import check_word
from recurry.data.vectors import WordVectors
from recurry.errors import DataError

MAGIC = struct.pack("<i", 793712314)
_VERSION = 12
# Settings in their order in a file; files of before 2017 have neither magic number nor version.
_SETTINGS = (
    *("size", "window", "epochs", "min_count", "negatives", "word_grams", "loss", "model"),
    *("buckets", "shortest", "longest", "update_rate"),
)
_MOST_WORDS = 1 << 28
_LONGEST_WORD = 1 << 16
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class _Head:
    """What stands before the matrices."""

    settings: dict[str, int]
    words: list[str]
    is_new: bool


def is_fasttext(start: bytes) -> bool:
    """Whether a file begins as a .bin of fastText does, of today or of before 2017."""
    if start.startswith(MAGIC):
        return True
    if len(start) < 8:
        return False
    size, window = struct.unpack_from("<ii", start)
    return 0 < size < 1 << 16 and 0 < window < 256


def read_fasttext(path: str | os.PathLike, *, limit: int | None = None) -> WordVectors:
    """The words of a file, with what vectors of unknown words are composed of.

    Raises:
        DataError: The file is cut off, damaged, quantised, or of a later version.
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        head = _read_head(file, name)
        start, rows = _find_matrix(file, head, name)
    size, words = head.settings["size"], head.words
    matrix = np.memmap(path, dtype="<f4", mode="r", offset=start, shape=(rows, size))
    settings = head.settings
    subwords = None
    if settings["longest"] and rows > len(words):
        subwords = SubwordVectors(
            rows=matrix[len(words) :],
            shortest=settings["shortest"],
            longest=settings["longest"],
            is_end_whole=head.is_new,
        )
    kept = words[:limit]
    own = matrix[: len(kept)]
    whole = subwords.compose_known(kept, own) if subwords else np.array(own)
    if not np.isfinite(whole).all():
        raise DataError("A word vector holds a number that is not finite.", where=name)
    return WordVectors(words=tuple(kept), matrix=whole, subwords=subwords)


def write_fasttext(vectors: WordVectors, file: BinaryIO) -> None:
    """Write a model of fastText that gives these vectors; its output rows are 0.

    Rows of parts are written where there are any; what a word's own row adds to them is worked out
    again, so composed vectors may differ in the last digit.
    """
    parts = vectors.subwords
    rows = parts.rows if parts else np.empty((0, vectors.size), dtype=np.float32)
    own = _own_rows(vectors)
    settings = dict.fromkeys(_SETTINGS, 5) | {
        "size": vectors.size,
        "min_count": 1,
        "word_grams": 1,
        "loss": 2,  # negative sampling
        "model": 2,  # skip-gram
        "buckets": len(rows),
        "update_rate": 100,
        "shortest": parts.shortest if parts else 0,
        "longest": parts.longest if parts else 0,
    }
    file.write(MAGIC + struct.pack("<13i", _VERSION, *settings.values()))
    count = len(vectors)
    file.write(struct.pack("<diiiqq", 1e-4, count, count, 0, count * (count + 1) // 2, -1))
    for number, word in enumerate(vectors.words):
        check_word(word)
        file.write(word.encode() + b"\0" + struct.pack("<qb", count - number, 0))
    file.write(struct.pack("<?qq", False, count + len(rows), vectors.size))
    for matrix in (own, rows):
        for start in range(0, len(matrix), 1 << 16):
            file.write(matrix[start : start + (1 << 16)].astype("<f4").tobytes())
    file.write(struct.pack("<?qq", False, count, vectors.size))
    file.write(bytes(4 * vectors.size) * count)


def _own_rows(vectors: WordVectors) -> np.ndarray:
    """The rows that, averaged with those of its parts, give each word its vector."""
    if vectors.subwords is None:
        return vectors.matrix
    parts = replace(vectors.subwords, is_end_whole=True)
    shares = parts.compose_known(vectors.words, np.zeros_like(vectors.matrix))
    owners, _ = parts.parts(vectors.words)
    counts = 1 + np.bincount(owners, minlength=len(vectors))[:, None]
    return ((vectors.matrix - shares) * counts).astype(np.float32)


def _read_head(file: BinaryIO, name: str) -> _Head:
    is_new = file.read(4) == MAGIC
    if is_new:
        (version,) = _take(file, "i", name)
        if version not in (11, 12):
            raise DataError(
                "The fastText file is of an unknown version.",
                where=name,
                got=str(version),
                accepted="versions 11 and 12, and the files of before 2017 that have none",
            )
    else:
        file.seek(0)
    settings = dict(zip(_SETTINGS, _take(file, "12i", name), strict=True))
    _take(file, "d", name)
    entries, num_words, num_labels, _ = _take(file, "iiiq", name)
    pruned = _take(file, "q", name)[0] if is_new else -1
    is_sane = (
        0 < settings["size"] < 1 << 16
        and 0 <= num_words <= entries <= _MOST_WORDS
        and entries == num_words + num_labels
        and 0 <= settings["longest"] < 1 << 10
        and 0 <= settings["shortest"] < 1 << 10
    )
    if not is_sane:
        raise _damaged(name, "sizes that no model has")
    if pruned > 0:
        raise _quantised(name)
    words = _read_words(file, entries, num_words, name)
    return _Head(settings=settings, words=words, is_new=is_new)


def _read_words(file: BinaryIO, entries: int, num_words: int, name: str) -> list[str]:
    """The words; labels of a classifier, which stand behind them, are passed over."""
    found: list[str] = []
    buffer, place, begin = b"", 0, file.tell()
    for _ in range(entries):
        end = buffer.find(b"\0", place)
        while end < 0 or len(buffer) < end + 10:
            more = file.read(_CHUNK_BYTES)
            if not more or (end < 0 and len(buffer) - place > _LONGEST_WORD):
                raise _damaged(name, f"{len(found):,} of {num_words:,} words")
            begin, buffer, place = begin + place, buffer[place:] + more, 0
            end = buffer.find(b"\0", place)
        if len(found) < num_words:
            found.append(buffer[place:end].decode(errors="replace"))
        place = end + 10  # a count of 8 bytes and a kind of 1
    file.seek(begin + place)
    return found


def _find_matrix(file: BinaryIO, head: _Head, name: str) -> tuple[int, int]:
    """Where the rows begin, and how many there are."""
    if head.is_new and _take(file, "?", name)[0]:
        raise _quantised(name)
    rows, size = _take(file, "qq", name)
    start = file.tell()
    left = file.seek(0, os.SEEK_END) - start
    if size != head.settings["size"] or rows < len(head.words):
        raise _damaged(name, f"a matrix of {rows:,} rows of {size} numbers")
    if rows * size * 4 > left:
        raise _damaged(name, f"{left:,} bytes in place of {rows * size * 4:,} for its rows")
    return start, rows


def _take(file: BinaryIO, form: str, name: str) -> tuple:
    form = "<" + form
    found = file.read(struct.calcsize(form))
    if len(found) < struct.calcsize(form):
        raise _damaged(name, "an early end")
    return struct.unpack(form, found)


def _damaged(name: str, got: str) -> DataError:
    return DataError(
        "The fastText file is cut off or damaged.",
        where=name,
        got=got,
        hint="fetch the file again",
    )


def _quantised(name: str) -> DataError:
    return DataError(
        "The fastText file is quantised (.ftz), which cannot be read.",
        where=name,
        accepted=".bin files as they are before `fasttext quantize`, and .vec files",
    )
