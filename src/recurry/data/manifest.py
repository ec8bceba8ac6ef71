"""A folder of prepared data: trusted only with a whole manifest, which is written last.

Comes in: facts, as JSON values. Goes out: the facts, or nothing where they are not whole.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recurry.data.ids import sync_folder

MANIFEST = "data.json"


def seal(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write the manifest whole or not at all, with its own sum."""
    text = json.dumps({**facts, "sum": _sum(facts)}, ensure_ascii=False)
    partial = folder / f".{MANIFEST}.{os.getpid()}.partial"
    try:
        with open(partial, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, folder / MANIFEST)
        sync_folder(folder)
    finally:
        partial.unlink(missing_ok=True)


def unseal(folder: Path) -> dict[str, Any] | None:
    """The facts of a manifest that is whole; None without one."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return manifest if manifest.pop("sum") == _sum(manifest) else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def break_seal(folder: Path) -> None:
    """Remove the manifest, and what a killed preparation left behind."""
    (folder / MANIFEST).unlink(missing_ok=True)
    for partial in folder.glob(".*.partial"):
        partial.unlink(missing_ok=True)


def _sum(facts: Mapping[str, Any]) -> str:
    """The hash of a manifest: no letter of a vocabulary may change unnoticed."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
