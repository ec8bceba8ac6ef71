"""Checkpoints: sealed folders from which training goes on, bit for bit.

Comes in: tensors and a JSON record. Goes out: `update-00001234/`, written aside, synced, sealed
by a manifest of SHA-256 sums and only then given its name. May import: errors, durable.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from recurry.artefact.durable import (
    WRITING,
    disk_errors,
    remove_folder,
    sync_file,
    sync_folder,
)
from recurry.errors import RunError

FORMAT = 2  # 1 did not hold the settings
DAMAGED = "damaged-"
_NAME = re.compile(r"update-(\d{8,})")
_STATE, _RECORD, _MANIFEST = "state.safetensors", "record.json", "manifest.json"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What was read back from a sealed folder.

    Attributes:
        folder: Where it lies.
        update: The number of updates that had been made.
        tensors: Every tensor of the training state, on the CPU.
        record: Everything else of the training state.
        skipped: For each newer checkpoint that is damaged, its name and what is wrong with it.
    """

    folder: Path
    update: int
    tensors: Mapping[str, Tensor]
    record: Mapping[str, Any]
    skipped: tuple[tuple[str, str], ...] = ()


class _DamagedError(Exception):
    """A sealed folder that is not as its manifest says."""


def save_checkpoint(
    folder: Path,
    *,
    update: int,
    tensors: Mapping[str, Tensor],
    record: Mapping[str, Any],
    keep: int = 2,
) -> Path:
    """Write one checkpoint, then remove all but the newest `keep`.

    Args:
        folder: The folder of all checkpoints of a run; made when it does not exist, in a folder
            that does.
        update: The number of updates made so far.
        tensors: The training state's tensors.
        record: The rest of the training state, as JSON values.
        keep: How many sealed checkpoints stay, at least 1.

    Returns:
        The sealed folder.

    Raises:
        RunError: The disk refused; the checkpoints that were there are unchanged.
    """
    final = folder / f"update-{update:08d}"
    with disk_errors(final):
        folder.mkdir(exist_ok=True)  # but not a run folder that somebody removed
        writing = folder / f"{WRITING}{final.name}-{os.getpid()}"
        try:
            writing.mkdir()
            _write(writing, update=update, tensors=tensors, record=record)
            if final.exists():
                remove_folder(final)
            os.rename(writing, final)
        except BaseException:
            shutil.rmtree(writing, ignore_errors=True)
            raise
        sync_folder(folder)
        for _, old in sealed(folder)[keep:]:
            remove_folder(old)
    return final


def newest(folder: Path) -> Checkpoint | None:
    """Read the newest checkpoint that is whole, checked byte for byte against its manifest.

    Args:
        folder: The folder of all checkpoints of a run.

    Returns:
        The checkpoint, whose `skipped` names newer ones that are damaged; None if there are none.

    Raises:
        RunError: There are checkpoints, and all of them are damaged.
    """
    skipped: list[tuple[str, str]] = []
    for update, path in sealed(folder):
        try:
            tensors, record = _read(path, update)
        except _DamagedError as error:
            skipped.append((path.name, str(error)))
            continue
        return Checkpoint(
            folder=path, update=update, tensors=tensors, record=record, skipped=tuple(skipped)
        )
    if skipped:
        raise RunError(
            f"No checkpoint in {folder} is whole.",
            got="; ".join(f"{name}: {reason}" for name, reason in skipped),
            hint="restore the folder from a copy, or start a new run",
        )
    return None


def set_aside(folder: Path, names: tuple[str, ...]) -> None:
    """Rename damaged checkpoints so that they no longer count, and can still be looked at."""
    with disk_errors(folder):
        for name in names:
            target = folder / f"{DAMAGED}{name}"
            if target.exists():
                shutil.rmtree(target)
            os.rename(folder / name, target)


def sealed(folder: Path) -> list[tuple[int, Path]]:
    """The sealed checkpoints of a run with their update numbers, newest first, unchecked."""
    if not folder.is_dir():
        return []
    matches = [(_NAME.fullmatch(path.name), path) for path in folder.iterdir()]
    return sorted(((int(m[1]), path) for m, path in matches if m), reverse=True)


def _write(
    folder: Path, *, update: int, tensors: Mapping[str, Tensor], record: Mapping[str, Any]
) -> None:
    """Fill a folder: the files, synced; then the manifest, synced; then the folder itself."""
    try:
        safetensors.torch.save_file(_on_their_own(tensors), folder / _STATE)
    except safetensors.SafetensorError as error:
        raise _as_os_error(error, folder) from error
    sync_file(folder / _STATE)
    _write_json(folder / _RECORD, record)
    sums = {name: _describe(folder / name) for name in (_STATE, _RECORD)}
    _write_json(folder / _MANIFEST, {"format": FORMAT, "update": update, "files": sums})
    sync_folder(folder)


def _on_their_own(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors on the CPU, none sharing memory with another, as the file format asks."""
    owned: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in tensors.items():
        local = tensor.detach().cpu().contiguous()
        memory = local.untyped_storage()
        is_shared = memory.data_ptr() in seen or memory.nbytes() != local.nbytes
        owned[name] = local.clone() if is_shared else local
        seen.add(memory.data_ptr())
    return owned


def _as_os_error(error: safetensors.SafetensorError, folder: Path) -> OSError:
    """The operating system's error number out of the writer's text."""
    number = re.search(r"os error (\d+)", str(error))
    return OSError(int(number[1]) if number else 0, str(error), str(folder))


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _describe(path: Path) -> dict[str, Any]:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def _read(folder: Path, update: int) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        manifest = json.loads((folder / _MANIFEST).read_bytes())
        _check_manifest(folder, manifest, update=update)
        for name in (_STATE, _RECORD):
            if _describe(folder / name) != manifest["files"][name]:
                raise _DamagedError(f"{name} is not what the manifest says")
        record = json.loads((folder / _RECORD).read_bytes())
        return safetensors.torch.load_file(folder / _STATE), record
    except OSError as error:
        raise _DamagedError(f"cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _DamagedError(f"{_MANIFEST} is damaged") from error
    except safetensors.SafetensorError as error:
        raise _DamagedError(f"{_STATE} is damaged") from error


def _check_manifest(folder: Path, manifest: dict[str, Any], *, update: int) -> None:
    if type(manifest["format"]) is not int:
        raise _DamagedError(f"{_MANIFEST} is damaged")
    if manifest["format"] != FORMAT:
        raise RunError(
            f"This checkpoint has format {manifest['format']}.",
            where=str(folder),
            accepted=f"format {FORMAT}",
            hint="go on with the version of recurry that made it",
        )
    if manifest["update"] != update:
        raise _DamagedError("the manifest is of another update")
