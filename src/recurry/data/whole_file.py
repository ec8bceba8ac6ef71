"""Files that appear whole or not at all.

Comes in: a path and what is written. Goes out: the file, synced and renamed into place.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from recurry.data.ids import sync_folder


@contextmanager
def whole_file(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """A stream into a new file; on an error the file that was there stays as it was.

    Raises:
        OSError: The system refuses.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with open(partial, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
        sync_folder(target.absolute().parent)
    finally:
        partial.unlink(missing_ok=True)
