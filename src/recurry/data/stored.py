"""Prepared records in a folder: arrays, sums, and a manifest that is written last.

Comes in: examples. Goes out: the same examples, mapped from the disk, or nothing.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from recurry.data.examples import Examples
from recurry.data.manifest import MANIFEST, break_seal, seal, unseal
from recurry.errors import DataError

_FORMAT = 1
_PARTS = ("train", "validation", "test")


@dataclass(frozen=True, kw_only=True)
class Records:
    """A data set of records as numbers.

    Attributes:
        train: The records to learn from.
        validation: Those to choose by; empty is none.
        test: Those to score at the end, or None.
        knowledge: What was learnt from the training part: vocabularies, names of classes.
        sha256: Hash of the files.
        key: Hash of everything that the numbers depend on.
        notes: What is worth knowing of the data, in plain sentences.
    """

    train: Examples
    validation: Examples
    test: Examples | None
    knowledge: Mapping[str, Any]
    sha256: str
    key: str
    notes: tuple[str, ...] = field(default=())

    @classmethod
    def of_parts(
        cls,
        parts: Mapping[str, Examples],
        knowledge: Mapping[str, Any],
        *,
        sha256: str,
        notes: Sequence[str],
    ) -> "Records":
        """The parts of a data set that `read_parts` gave, as numbers; their key comes later."""
        return cls(
            train=parts["train"],
            validation=parts["validation"],
            test=parts.get("test"),
            knowledge=knowledge,
            sha256=sha256,
            key="",
            notes=tuple(notes),
        )


def store(records: Records, folder: Path) -> None:
    """Write prepared records into a folder.

    Raises:
        DataError: The disk refused.
    """
    parts = {name: getattr(records, name) for name in _PARTS if getattr(records, name) is not None}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        break_seal(folder)
        written = {name: _write(part, folder / f"{name}.npz") for name, part in parts.items()}
        facts = {"format": _FORMAT, "key": records.key, "sha256": records.sha256}
        facts |= {"parts": written, "knowledge": records.knowledge, "notes": list(records.notes)}
        seal(folder, facts)
    except OSError as error:
        raise DataError(
            "The prepared records cannot be written.",
            where=os.fspath(folder),
            got=error.strerror or str(error),
            hint="free some space, or name another folder",
        ) from error


def load(folder: Path) -> Records:
    """What `store` wrote.

    Raises:
        DataError: The folder holds no whole prepared records.
    """
    facts = unseal(folder)
    try:
        if facts is None or facts["format"] != _FORMAT:
            raise _not_whole(folder)
        parts = {name: _read(folder / f"{name}.npz", fact) for name, fact in facts["parts"].items()}
        return Records(
            train=parts["train"],
            validation=parts["validation"],
            test=parts.get("test"),
            knowledge=facts["knowledge"],
            sha256=facts["sha256"],
            key=facts["key"],
            notes=tuple(facts["notes"]),
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise _not_whole(folder) from error


def _write(examples: Examples, path: Path) -> dict[str, Any]:
    with open(path, "wb") as file:
        arrays = examples.to_arrays()
        np.savez(file, allow_pickle=False, **arrays)
        file.flush()
        os.fsync(file.fileno())
    return {"sequences": list(examples.sequences), "sha256": _hash(path)}


def _read(path: Path, fact: Mapping[str, Any]) -> Examples:
    if _hash(path) != fact["sha256"]:
        raise ValueError("not the file that was written")
    with np.load(path, allow_pickle=False) as arrays:
        return Examples.from_arrays({name: arrays[name] for name in arrays}, fact["sequences"])


def _hash(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _not_whole(folder: Path) -> DataError:
    return DataError(
        "The folder holds no whole prepared records.",
        where=os.fspath(folder),
        accepted=f"a folder with an undamaged {MANIFEST} and the files it names",
        hint="prepare the records again, or begin a new run",
    )
