"""Files of word vectors: which format one is in, reading it, and writing one.

Comes in: a path. Goes out: `WordVectors`. The formats are word2vec (text and binary), GloVe, and
fastText (.vec and .bin); any of them may be packed by gzip. Nothing in them is ever unpickled.
"""

import gzip
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from recurry.data.fasttext import is_fasttext, read_fasttext, write_fasttext
from recurry.data.vector_binary import read_binary, write_binary
from recurry.data.vector_text import count_lines, read_sizes, read_text, write_text
from recurry.data.vectors import WordVectors
from recurry.data.whole_file import whole_file
from recurry.errors import DataError, unknown_name

FORMATS = ("text", "binary", "glove", "fasttext")
"""Formats that are written: word2vec text (also .vec), word2vec binary, GloVe, fastText .bin."""
_GZIP = b"\x1f\x8b"
_PROBE_BYTES = 1 << 16
# Deflate packs no more than this many bytes into one.
_MOST_PACKED = 1032


def load_vectors(path: str | os.PathLike, *, limit: int | None = None) -> WordVectors:
    """Read a file of word vectors; its format is found by what it holds, not by its name.

    Args:
        path: The file.
        limit: Only so many words from its start; files begin with the frequent ones.

    Raises:
        DataError: The file is missing, cut off, of no known format, or a line in it is broken.
    """
    name = os.fspath(path)
    try:
        with _open(path) as file:
            start = file.read(_PROBE_BYTES)
            file.seek(0)
            if is_fasttext(start):
                return _read_fasttext(file, path, limit=limit)
            return _read_words(file, start, name, limit=limit)
    except FileNotFoundError:
        raise DataError("There is no such file of word vectors.", where=name) from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            "The file of word vectors cannot be read.",
            where=name,
            got=getattr(error, "strerror", None) or str(error),
        ) from error


def save_vectors(
    vectors: WordVectors, path: str | os.PathLike, *, format: str | None = None
) -> None:
    """Write a file of word vectors; it appears whole or not at all.

    Args:
        vectors: Words and their vectors.
        path: The file; packed by gzip if its name ends in `.gz`.
        format: One of `FORMATS`; None is binary for names in `.bin`, else text.

    Raises:
        UsageError: There is no such format.
        DataError: A word holds a space, or the file cannot be written.
    """
    target = Path(path)
    is_packed = target.suffix == ".gz"
    inner = target.with_suffix("") if is_packed else target
    format = format or ("binary" if inner.suffix == ".bin" else "text")
    if format not in FORMATS:
        raise unknown_name("format of word vectors", format, known=FORMATS)
    try:
        with whole_file(target) as plain:
            opened = gzip.GzipFile(fileobj=plain, mode="wb", mtime=0) if is_packed else plain
            file = cast(BinaryIO, opened)
            if format == "fasttext":
                write_fasttext(vectors, file)
            elif format == "binary":
                write_binary(vectors, file)
            else:
                write_text(vectors, file, has_sizes=format == "text")
            if is_packed:
                file.close()
    except OSError as error:
        raise DataError(
            "The word vectors cannot be written.",
            where=os.fspath(path),
            got=error.strerror or str(error),
            hint="free some space, or name another file",
        ) from error


@contextmanager
def _open(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """A stream of what a file holds, unpacked if it is packed."""
    with open(path, "rb") as plain:
        is_packed = plain.read(2) == _GZIP
        plain.seek(0)
        if not is_packed:
            yield plain
            return
        with gzip.GzipFile(fileobj=plain) as unpacked:
            yield cast(BinaryIO, unpacked)


def _read_fasttext(file: BinaryIO, path: str | os.PathLike, *, limit: int | None) -> WordVectors:
    """From the file itself, or, if it is packed, from a temporary file that holds it unpacked."""
    if not isinstance(file, gzip.GzipFile):
        return read_fasttext(path, limit=limit)
    with tempfile.NamedTemporaryFile(suffix=".bin") as unpacked:
        shutil.copyfileobj(file, unpacked)
        unpacked.flush()
        return read_fasttext(unpacked.name, limit=limit)


def _read_words(file: BinaryIO, start: bytes, name: str, *, limit: int | None) -> WordVectors:
    head, _, rest = start.partition(b"\n")
    sizes = read_sizes(head)
    if sizes is None:
        if b"\0" in start:
            raise _unknown(name)
        count = count_lines(file)
        file.seek(0)
        if not count:
            raise DataError("The file of word vectors is empty.", where=name)
        return read_text(file, name, count=min(count, limit or count))
    count, size = sizes
    is_text = _is_text(rest, size)
    _check_sizes(file, name, count=count, size=size, least=2 if is_text else 4)
    count = min(count, limit or count)
    file.seek(len(head) + 1)
    if is_text:
        return read_text(file, name, count=count, size=size, first_line=2)
    return read_binary(file, name, count=count, size=size)


def _is_text(rest: bytes, size: int) -> bool:
    """Whether what follows the sizes are lines of text."""
    line = rest[: 64 * (size + 2)].partition(b"\n")[0]
    try:
        list(map(float, line.split(b" ")[1:3]))
    except ValueError:
        return False
    # Numbers in binary hold signs that no text has, such as those below the space.
    return not any(sign < 32 and sign not in b"\t\r" for sign in line)


def _check_sizes(file: BinaryIO, name: str, *, count: int, size: int, least: int) -> None:
    """A file holds as much as its first line says, before memory is asked for."""
    plain = file.fileobj if isinstance(file, gzip.GzipFile) else file
    held = os.fstat(cast(BinaryIO, plain).fileno()).st_size
    held *= _MOST_PACKED if isinstance(file, gzip.GzipFile) else 1
    if not size or not count:
        raise _unknown(name)
    if count * (2 + least * size) > held + 2 * count:
        raise DataError(
            "The file of word vectors is cut off.",
            where=name,
            got=f"{held:,} bytes",
            accepted=f"{count:,} words with {size} numbers each, as its first line says",
            hint="fetch the file again",
        )


def _unknown(name: str) -> DataError:
    return DataError(
        "The file holds no word vectors in a known format.",
        where=name,
        accepted="word2vec (text or binary), GloVe, or fastText (.vec or .bin); each of them also "
        "packed by gzip",
    )
