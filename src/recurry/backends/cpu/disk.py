"""Compiled kernels between processes: one file each, sealed by a digest, written at once or not.

Comes in: keys and bytes. Goes out: the bytes, or None where there is no intact entry; a folder that
cannot be used is the same as no folder. Imports the standard library only.
"""

import contextlib
import hashlib
import os
import sys
import tempfile
from pathlib import Path

_SEAL = hashlib.sha256().digest_size
# The oldest entries go first; a kernel takes 10 to 60 kB.
_MOST_ENTRIES = 2000


def folder() -> Path | None:
    """Where compiled kernels are kept, or None.

    `RECURRY_KERNEL_CACHE` names another folder; `off` means none. Else the platform's cache folder.
    """
    asked = os.environ.get("RECURRY_KERNEL_CACHE")
    if asked is not None:
        return None if asked.lower() in ("off", "0", "") else Path(asked)
    home = Path.home()
    if sys.platform == "win32":
        start = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    elif sys.platform == "darwin":
        start = home / "Library" / "Caches"
    else:
        start = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return start / "recurry" / "kernels"


def read(key: str) -> bytes | None:
    """An intact entry; a damaged one is removed."""
    place = _place(key)
    if place is None:
        return None
    try:
        sealed = place.read_bytes()
    except OSError:
        return None
    seal, content = sealed[:_SEAL], sealed[_SEAL:]
    if hashlib.sha256(key.encode() + content).digest() != seal:
        remove(key)
        return None
    return content


def write(key: str, content: bytes) -> bool:
    """Keep an entry; whether that was possible."""
    place = _place(key)
    if place is None:
        return False
    seal = hashlib.sha256(key.encode() + content).digest()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(seal + content)
            os.replace(name, place)
        except OSError:
            Path(name).unlink(missing_ok=True)
            return False
        _make_room(place.parent)
    except OSError:
        return False
    return True


def remove(key: str) -> None:
    """Forget an entry."""
    place = _place(key)
    if place is not None:
        with contextlib.suppress(OSError):
            place.unlink(missing_ok=True)


def _place(key: str) -> Path | None:
    try:
        where = folder()
    except RuntimeError:  # no home folder
        return None
    return None if where is None else where / f"{key}.o"


def _make_room(where: Path) -> None:
    entries = list(where.glob("*.o"))
    if len(entries) > _MOST_ENTRIES:
        for old in sorted(entries, key=lambda e: e.stat().st_mtime)[: _MOST_ENTRIES // 10]:
            old.unlink(missing_ok=True)
