"""Symbol numbers on disk: a memory-mapped .npy file that never fills the memory.

Comes in: arrays of symbol numbers. Goes out: copies of any stretch. Knows no text.
"""

import hashlib
import mmap
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from recurry.errors import DataError

# Pages that a single fault may map around the one that was asked for (Linux: 64 KiB).
_FAULT_BYTES = 1 << 16
# Mapped pages are dropped after about this much reading, so resident memory stays flat.
_RESIDENT_BYTES = 32 << 20


def smallest_dtype(num_symbols: int) -> np.dtype:
    """The narrowest unsigned type that holds every number below `num_symbols`."""
    for name in ("<u1", "<u2", "<u4"):
        if num_symbols <= 1 << (8 * np.dtype(name).itemsize):
            return np.dtype(name)
    raise DataError(f"{num_symbols:,} symbols are too many.", accepted="at most 4,294,967,296")


def check_numbers(numbers: np.ndarray, num_symbols: int) -> None:
    """All numbers belong to symbols.

    Raises:
        DataError: One is negative, or `num_symbols` or more.
    """
    if numbers.size == 0:
        return
    smallest = 0 if numbers.dtype.kind == "u" else int(numbers.min())
    if smallest < 0 or int(numbers.max()) >= num_symbols:
        raise DataError(
            "A symbol number lies outside the vocabulary.",
            got=f"{smallest} to {int(numbers.max())}",
            accepted=f"0 to {num_symbols - 1}",
        )


class IdFile:
    """A long sequence of symbol numbers that can be read anywhere at constant memory.

    The file is an ordinary one-dimensional .npy file of uint8, uint16 or uint32, so
    `numpy.load(path)` reads it too.

    Args:
        path: File written by `IdFile.write`.

    Raises:
        DataError: The file is missing, cut off, or no sequence of symbol numbers.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path: Path | None = Path(path)
        self._touched_bytes = 0
        try:
            with open(path, "rb") as file:
                dtype, size, offset = _read_header(file)
                self._map: mmap.mmap | None = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError, EOFError) as error:
            raise _unreadable(path, str(error)) from error
        if len(self._map) != offset + size * dtype.itemsize:
            raise _unreadable(path, f"{len(self._map)} bytes for {size} symbols")
        self._ids = np.frombuffer(self._map, dtype=dtype, count=size, offset=offset)

    @classmethod
    def from_array(cls, array: Any) -> "IdFile":
        """The same interface over numbers that are already in memory."""
        ids = cls.__new__(cls)
        ids.path, ids._map, ids._touched_bytes = None, None, 0
        ids._ids = np.asarray(array).reshape(-1)
        return ids

    @classmethod
    def write(
        cls, path: str | os.PathLike, arrays: Iterable[np.ndarray], *, num_symbols: int = 1 << 32
    ) -> "IdFile":
        """Write all arrays one after the other; the file appears whole or not at all.

        Args:
            path: Where the file goes.
            arrays: Symbol numbers, all below `num_symbols`.
            num_symbols: Size of the vocabulary; decides how many bytes a symbol takes.
        """
        with IdWriter(path, num_symbols=num_symbols) as writer:
            for array in arrays:
                writer.append(array)
        return cls(path)

    def __len__(self) -> int:
        return len(self._ids)

    def __repr__(self) -> str:
        return f"IdFile({len(self):,} symbols, {self.dtype}, {self.path or 'in memory'})"

    @property
    def dtype(self) -> np.dtype:
        """The type of the numbers in the file; `read` always gives int64."""
        return self._ids.dtype

    def read(self, start: int, count: int) -> np.ndarray:
        """A copy of `count` numbers from `start`, as int64.

        Raises:
            IndexError: The stretch does not lie inside the sequence.
        """
        if start < 0 or count < 0 or start + count > len(self):
            raise IndexError(f"{count} symbols from {start} in a sequence of {len(self)}")
        found = self._ids[start : start + count].astype(np.int64)
        self._touched_bytes += count * self.dtype.itemsize + _FAULT_BYTES
        if self._touched_bytes > _RESIDENT_BYTES:
            self.release()
        return found

    def sha256(self) -> str:
        """The hash of the numbers as they lie in the file, without its header."""
        digest = hashlib.sha256()
        if self.path is None:
            digest.update(np.ascontiguousarray(self._ids).data)
            return digest.hexdigest()
        with open(self.path, "rb") as file:
            file.seek(-self._ids.nbytes, os.SEEK_END)
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()

    def release(self) -> None:
        """Give the resident pages of the file back; the next read fetches them again."""
        self._touched_bytes = 0
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)


class IdWriter:
    """Writes a file of symbol numbers piece by piece; use it as a context.

    On success the file is synced and renamed into place; on an error nothing remains.
    `sha256` gives the hash of the numbers written so far, as `IdFile.sha256` does.
    """

    def __init__(self, path: str | os.PathLike, *, num_symbols: int) -> None:
        self.path = Path(path)
        self.size = 0
        self._dtype = smallest_dtype(num_symbols)
        self._num_symbols = num_symbols
        self._hash = hashlib.sha256()

    def __enter__(self) -> "IdWriter":
        self._partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.partial")
        self._file = open(self._partial, "w+b")
        self._header_bytes = self._write_header()
        return self

    def append(self, ids: np.ndarray) -> None:
        """Add numbers at the end.

        Raises:
            DataError: A number is outside the vocabulary.
        """
        check_numbers(ids, self._num_symbols)
        data = np.ascontiguousarray(ids, dtype=self._dtype)
        self._file.write(data.data)
        self._hash.update(data.data)
        self.size += ids.size

    def sha256(self) -> str:
        """The hash of the numbers so far."""
        return self._hash.hexdigest()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None:
                self._seal()
        finally:
            self._file.close()
            self._partial.unlink(missing_ok=True)

    def _seal(self) -> None:
        self._file.seek(0)
        if self._write_header() != self._header_bytes:
            raise AssertionError("the header of a .npy file leaves room for its first axis to grow")
        self._file.flush()
        os.fsync(self._file.fileno())
        os.replace(self._partial, self.path)
        sync_folder(self.path.parent)

    def _write_header(self) -> int:
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": (self.size,)}
        np.lib.format.write_array_header_1_0(self._file, header)
        return self._file.tell()


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder survive a power cut, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read_header(file: BinaryIO) -> tuple[np.dtype, int, int]:
    """Type, length and place of the numbers in a .npy file."""
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"version {version} of the .npy format")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if len(shape) != 1 or dtype.kind != "u" or dtype.itemsize > 4:
        raise ValueError(f"an array of {dtype} with shape {shape}")
    return dtype, shape[0], file.tell()


def _unreadable(path: str | os.PathLike, got: str) -> DataError:
    return DataError(
        "The prepared text cannot be read.",
        where=os.fspath(path),
        got=got,
        accepted="a one-dimensional .npy file of uint8, uint16 or uint32",
        hint="delete the folder it lies in and prepare the text again",
    )
