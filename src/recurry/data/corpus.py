"""Texts of any size as one stream: files, folders, standard input.

Comes in: paths. Goes out: chunks of bytes or of text, at constant memory, with a hash.
"""

import codecs
import hashlib
import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from recurry.errors import DataError, UsageError

CHUNK_BYTES = 1 << 20
_OF_A_RUN = {"run.toml", ".lock"}  # files that every run folder holds from its first moment
_PROBE_BYTES = 1 << 13
# Some editors begin a file with this mark; it is no character of the text.
_BYTE_ORDER_MARK = "\ufeff"


def shakespeare_path() -> Path:
    """The bundled tiny Shakespeare: 1,115,394 characters, 65 of them distinct."""
    return Path(__file__).parent / "samples" / "tinyshakespeare.txt"


def novel_path() -> Path:
    """The bundled beginning of War and Peace: 399,983 characters, much of it in quotes."""
    return Path(__file__).parent / "samples" / "war-and-peace.txt"


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file of a corpus, or what came through a pipe (then `spool` holds it)."""

    name: str
    num_bytes: int
    ends_in_newline: bool
    spool: BinaryIO | None = None

    def chunks(self) -> Iterator[bytes]:
        """The bytes of the file, from its start."""
        if self.spool is not None:
            self.spool.seek(0)
            yield from _read_chunks(self.spool)
            return
        try:
            with open(self.name, "rb") as file:
                yield from _read_chunks(file)
        except OSError as error:
            raise _cannot_read(self.name, error) from error


class Corpus:
    """Several files read as one text, in the order given; folders in sorted order.

    Where a file does not end in a newline and another follows, one newline is put between.

    Args:
        sources: The files.
        skipped: Files of folders that are left out, each with the reason.
    """

    def __init__(self, sources: Sequence[Source], *, skipped: Sequence[tuple[str, str]]) -> None:
        self.sources, self.skipped = tuple(sources), tuple(skipped)

    @classmethod
    def open(cls, paths: Sequence[str | os.PathLike], *, is_utf8: bool = True) -> "Corpus":
        """Find the files behind paths; "-" is standard input, no paths the bundled Shakespeare.

        Args:
            paths: Files, folders (searched recursively), "-".
            is_utf8: Whether files in folders that are not UTF-8 text are skipped.

        Raises:
            DataError: A path is missing or unreadable, or there is no text at all.
            UsageError: "-" is named twice.
        """
        names = [os.fspath(path) for path in paths] or [os.fspath(shakespeare_path())]
        check_standard_input(names)
        sources: list[Source] = []
        skipped: list[tuple[str, str]] = []
        for name in names:
            if name != "-" and os.path.isdir(name):
                _search_folder(name, sources=sources, skipped=skipped, is_utf8=is_utf8)
            else:
                sources.append(_open_source(name))
        corpus = cls(sources, skipped=skipped)
        if corpus.num_bytes == 0:
            raise DataError(
                "There is no text: the input is empty.",
                where=", ".join("standard input" if name == "-" else name for name in names),
                got="0 bytes",
                hint="name a file with text, or no file for the bundled Shakespeare",
            )
        return corpus

    def __repr__(self) -> str:
        return f"Corpus({len(self.sources)} files, {self.num_bytes:,} bytes)"

    @cached_property
    def num_bytes(self) -> int:
        """Length of the whole text, newlines between files included."""
        filled = [source for source in self.sources if source.num_bytes]
        joints = sum(not source.ends_in_newline for source in filled[:-1])
        return sum(source.num_bytes for source in filled) + joints

    @cached_property
    def sha256(self) -> str:
        """The hash of the whole text; for one file what `sha256sum` prints."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """The whole text as bytes, about a mebibyte at a time.

        Raises:
            DataError: A file cannot be read, or has changed since it was opened.
        """
        for source, chunk in self._sourced_chunks():
            del source
            yield chunk

    def texts(self) -> Iterator[str]:
        """The whole text as strings that never end inside a character.

        A byte order mark at the start of a file is left out.

        Raises:
            DataError: As for `chunks`, or the bytes are not UTF-8 (file, byte and line named).
        """
        decoder = codecs.getincrementaldecoder("utf-8")()
        current, consumed, is_start = None, 0, True
        for source, chunk in self._sourced_chunks():
            if source is not current:
                _finish(decoder, current, consumed)
                current, consumed, is_start = source, 0, True
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError as error:
                raise _not_utf8(source, consumed - pending + error.start) from error
            consumed += len(chunk)
            yield text.removeprefix(_BYTE_ORDER_MARK) if is_start else text
            is_start = is_start and not text
        _finish(decoder, current, consumed)

    def _sourced_chunks(self) -> Iterator[tuple[Source, bytes]]:
        filled = [source for source in self.sources if source.num_bytes]
        for source in filled:
            size = 0
            for chunk in source.chunks():
                size += len(chunk)
                yield source, chunk
            if size != source.num_bytes:
                raise DataError(
                    "A text changed while it was being read.",
                    where=source.name,
                    got=f"{size:,} bytes, {source.num_bytes:,} when it was opened",
                    hint="copy the file first, then use the copy",
                )
            if not source.ends_in_newline and source is not filled[-1]:
                yield source, b"\n"


def check_standard_input(names: Sequence[str]) -> None:
    """Standard input is named at most once.

    Raises:
        UsageError: It is named more often.
    """
    if names.count("-") > 1:
        raise UsageError("Standard input can be read only once.", got=" ".join(names))


def _read_chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _open_source(name: str) -> Source:
    """A named file; what is no regular file (a pipe, a terminal) is kept in a temporary one."""
    try:
        if name == "-":
            return _spool(sys.stdin.buffer, "standard input")
        with open(name, "rb") as file:
            if not os.path.isfile(name):
                return _spool(file, name)
            return _describe(name, file)
    except (OSError, ValueError) as error:  # ValueError: the name holds a NUL character
        raise _cannot_read(name, error) from error


def _describe(name: str, file: BinaryIO, spool: BinaryIO | None = None) -> Source:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 1, 0))
    ends_in_newline = file.read(1) == b"\n"
    return Source(name=name, num_bytes=size, ends_in_newline=ends_in_newline, spool=spool)


def _spool(stream: BinaryIO, name: str) -> Source:
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as its Source
    shutil.copyfileobj(stream, spool, CHUNK_BYTES)
    source = _describe(name, spool, spool)
    weakref.finalize(source, spool.close)
    return source


def _search_folder(
    folder: str, *, sources: list[Source], skipped: list[tuple[str, str]], is_utf8: bool
) -> None:
    """All text files below a folder, in the sorted order of their paths."""
    found: list[Source] = []
    num_skipped = len(skipped)
    for path in _files_below(folder, skipped=skipped):
        reason = _why_no_text(path, is_utf8=is_utf8)
        if reason:
            skipped.append((path, reason))
        else:
            found.append(_open_source(path))
    if not found:
        reasons = skipped[num_skipped:]
        raise DataError(
            "The folder holds no text.",
            where=folder,
            got="; ".join(f"{os.path.relpath(path, folder)}: {why}" for path, why in reasons[:3])
            + (f"; and {len(reasons) - 3:,} more" if len(reasons) > 3 else "")
            or "no file",
            accepted="files of UTF-8 text" if is_utf8 else "files that are not empty",
            hint="name the files themselves" + (", or use --tokens bytes" if is_utf8 else ""),
        )
    sources.extend(found)


def _files_below(folder: str, *, skipped: list[tuple[str, str]]) -> list[str]:
    """All files, sorted; folders that cannot be listed, and runs, are noted as skipped."""
    paths = []

    def note(error: OSError) -> None:
        skipped.append((error.filename, error.strerror or str(error)))

    for parent, folders, names in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if set(names) >= _OF_A_RUN:  # its settings and its log are no text to learn from
            folders.clear()
            skipped.append((parent, "a run"))
            continue
        paths += [os.path.join(parent, name) for name in names]
    return sorted(paths)


def _why_no_text(path: str, *, is_utf8: bool) -> str | None:
    """Why a file found in a folder is left out, or None."""
    if os.path.basename(path).startswith("."):
        return "hidden"
    if not os.path.isfile(path):
        return "no regular file"
    try:
        with open(path, "rb") as file:
            start = file.read(_PROBE_BYTES)
    except OSError as error:
        return error.strerror or str(error)
    if not start:
        return "empty"
    if is_utf8 and b"\0" in start:
        return "binary"
    return "not UTF-8" if is_utf8 and not _looks_utf8(start) else None


def _looks_utf8(start: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def _finish(decoder: codecs.IncrementalDecoder, source: Source | None, consumed: int) -> None:
    """A file must not end inside a character."""
    pending = len(decoder.getstate()[0])
    if pending and source is not None:
        raise _not_utf8(source, consumed - pending)


def _not_utf8(source: Source, offset: int) -> DataError:
    line, found = 1, b""
    position = 0
    for chunk in source.chunks():
        line += chunk[: max(offset - position, 0)].count(b"\n")
        if position <= offset < position + len(chunk):
            found = chunk[offset - position : offset - position + 4]
        position += len(chunk)
    is_utf16 = offset == 0 and found[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return DataError(
        "The text is not valid UTF-8.",
        where=f"{source.name}, byte {offset:,} (line {line:,})",
        got=" ".join(f"0x{byte:02X}" for byte in found),
        accepted="UTF-8; every text is accepted with --tokens bytes",
        hint="--tokens bytes, or convert the file, for instance from "
        + ("UTF-16: iconv -f utf-16 " if is_utf16 else "Latin-1: iconv -f latin1 ")
        + "-t utf-8 FILE > NEW",
    )


def _cannot_read(name: str, error: OSError | ValueError) -> DataError:
    if isinstance(error, FileNotFoundError):
        return DataError(
            "There is no such file or folder.",
            where=name or "a name without any character",
            accepted='a text file, a folder of them, or "-" for standard input',
            hint="check the spelling and the current folder: " + os.getcwd(),
        )
    reason = getattr(error, "strerror", None) or str(error)
    return DataError("The text cannot be read.", where=name, got=reason)
