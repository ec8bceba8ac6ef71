"""Where a recording lies: matrices in files, of which little is in memory at a time.

Comes in: arrays, window by window. Goes out: the same, or any part of them. Imports NumPy.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from weakref import finalize

import numpy as np

from recurry.errors import RunError


@dataclass(frozen=True, kw_only=True)
class FileArray:
    """An array in a file, mapped into memory part by part.

    Attributes:
        path: The file.
        shape: Of the array.
        dtype: Of its numbers.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype

    @classmethod
    def create(cls, path: Path, shape: tuple[int, ...], dtype: str | np.dtype) -> "FileArray":
        """A file of zeros, which takes up disk only where something is written.

        Raises:
            RunError: It cannot be written.
        """
        made = cls(path=path, shape=shape, dtype=np.dtype(dtype))
        try:
            with open(path, "wb") as file:
                file.truncate(max(1, made._row_bytes * shape[0]))
        except OSError as error:
            raise _full(path, error) from error
        return made

    @property
    def _row_bytes(self) -> int:
        return int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize

    def write(self, start: int, values: np.ndarray) -> None:
        """Put values at rows from `start` on.

        Raises:
            RunError: The disk refused.
        """
        try:
            # Written, not mapped: a full disk is then an error and not a signal.
            with open(self.path, "r+b") as file:
                file.seek(start * self._row_bytes)
                file.write(np.ascontiguousarray(values, dtype=self.dtype).data)
        except OSError as error:
            raise _full(self.path, error) from error

    def rows(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Rows `start` to before `stop`, mapped: what is not looked at is not read."""
        stop = self.shape[0] if stop is None else min(stop, self.shape[0])
        shape = (max(0, stop - start), *self.shape[1:])
        if 0 in shape:
            return np.zeros(shape, dtype=self.dtype)
        offset = start * self._row_bytes
        return np.memmap(self.path, dtype=self.dtype, mode="r", offset=offset, shape=shape)

    def read(self, start: int, stop: int) -> np.ndarray:
        """The same in memory, which is quicker for a few rows of which all is wanted."""
        shape = (max(0, min(stop, self.shape[0]) - start), *self.shape[1:])
        count, offset = int(np.prod(shape, dtype=np.int64)), start * self._row_bytes
        return np.fromfile(self.path, self.dtype, count, offset=offset).reshape(shape)

    def read_into(self, row: int, out: np.ndarray) -> None:
        """One row into memory that is there already, which spares a large array being made."""
        with open(self.path, "rb", buffering=0) as file:
            file.seek(row * self._row_bytes)
            file.readinto(out.data)


class Folder:
    """The folder of a recording; one that nobody named is removed with it.

    Args:
        path: Where to put files; None makes a folder that is removed at the end.
    """

    def __init__(self, path: Path | None) -> None:
        try:
            if path is None:
                path = Path(tempfile.mkdtemp(prefix="recurry-recording-"))
                self._remove = finalize(self, shutil.rmtree, path, ignore_errors=True)
            else:
                path.mkdir(parents=True, exist_ok=True)
                self._remove = None
        except OSError as error:
            raise _full(path or Path(tempfile.gettempdir()), error) from error
        self.path = path

    def close(self) -> None:
        """Remove the folder, if nobody named it."""
        if self._remove is not None:
            self._remove()

    def __enter__(self) -> "Folder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _full(path: Path, error: OSError) -> RunError:
    return RunError(
        "The recording cannot be written.",
        where=str(path),
        got=error.strerror,
        hint="a shorter text, or folder=... on a disk with more room",
    )
