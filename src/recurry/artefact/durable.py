"""Files that are either the old one or the new one, never half of one, whatever happens.

Comes in: a path and its new content. Goes out: the file, synced to the disk. May import: errors.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recurry.errors import RunError

WRITING = ".writing-"  # something that is being written
REMOVING = ".removing-"  # something that is being removed

_REASONS = {
    errno.ENOSPC: ("the disk is full", "free some space there, or use a folder on another disk"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, or use a folder elsewhere"),
    errno.EFBIG: ("the file would be larger than allowed", "raise the limit (ulimit -f)"),
    errno.EROFS: ("the file system is read-only", "use a folder on a disk that can be written"),
    errno.EACCES: ("permission denied", "use a folder that you may write, or change its rights"),
    errno.EPERM: ("permission denied", "use a folder that you may write, or change its rights"),
    errno.EIO: ("the disk reports an input/output error", "check the disk; copy the run elsewhere"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "choose another folder"),
    errno.EEXIST: ("there is a file of that name", "choose another folder"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter name"),
}
_ABOUT_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_file(path: Path, content: bytes) -> None:
    """Give a file new content at once: a reader sees the old content or the new, never a mix.

    Args:
        path: The file; its folder must exist.
        content: The whole new content.

    Raises:
        RunError: The disk refused; a file that was there is unchanged.
    """
    with disk_errors(path):
        descriptor, name = tempfile.mkstemp(prefix=WRITING, dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Make sure that a file's content is on the disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Make sure that a folder's names are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_folder(path: Path) -> None:
    """Remove a folder so that a kill in the middle leaves it whole or recognisably doomed."""
    doomed = path.with_name(f"{REMOVING}{path.name}-{os.getpid()}")
    os.rename(path, doomed)
    shutil.rmtree(doomed)


def sweep(folder: Path) -> tuple[str, ...]:
    """Remove what a killed process left half-written or half-removed.

    Args:
        folder: A run folder or its `checkpoints`; only names directly inside it are looked at.

    Returns:
        The names that were removed. A folder that does not exist has none.
    """
    if not folder.is_dir():
        return ()
    found = [path for path in sorted(folder.iterdir()) if path.name.startswith((WRITING, REMOVING))]
    with disk_errors(folder):
        for path in found:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    return tuple(path.name for path in found)


@contextmanager
def disk_errors(path: Path, *, doing: str = "write") -> Iterator[None]:
    """Turn what the operating system says into an error that names the path and the way out."""
    try:
        yield
    except OSError as error:
        reason, hint = _REASONS.get(error.errno or 0, (error.strerror or str(error), None))
        got = _free_space(path) if error.errno in _ABOUT_SPACE else None
        raise RunError(f"Cannot {doing} {path}: {reason}.", got=got, hint=hint) from error


def _free_space(path: Path) -> str | None:
    """How much room is left where `path` lies."""
    existing = next((p for p in [path, *path.parents] if os.path.exists(p)), None)
    if existing is None:
        return None
    free = shutil.disk_usage(existing).free
    return f"{free / 1e6:,.1f} MB free on that disk"


def _umask() -> int:
    """The process's mask for new files; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
