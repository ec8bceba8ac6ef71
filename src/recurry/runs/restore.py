"""From a checkpoint back to a training: what must be as it was, and what is told if it is not.

Comes in: the folder of a run, its settings and its text. Goes out: a training state that goes on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from recurry.artefact.checkpoint import Checkpoint, newest, set_aside
from recurry.artefact.model_file import FILE_NAME, load_model
from recurry.errors import ModelFileError, RunError
from recurry.runs.configuration import RunConfig
from recurry.runs.folder import CELL_NAME, CHECKPOINTS, CONFIG_NAME, laid_out_over_all
from recurry.runs.log import LOG_NAME
from recurry.runs.toml_text import toml_value as quote
from recurry.tasks.task import AnyModel, AnyPrepared
from recurry.training.state import TrainingState


def fixed_settings(config: RunConfig, model: AnyModel) -> dict[str, Any]:
    """What must stay as it is while a run lasts, by dotted name, as JSON values."""
    tables = {name: keys for name, keys in config.dump().items() if name != "report"}
    settings = {f"{name}.{key}": x for name, keys in tables.items() for key, x in keys.items()}
    for name in ("data.paths", "transfer.embeddings", "transfer.start_from"):
        del settings[name]  # files may move
    if not laid_out_over_all(config):
        del settings["training.epochs"]
    return settings | {"the equations": model.cell.equations}


def check_settings(folder: Path, now: Mapping[str, Any], *, then: Mapping[str, Any]) -> None:
    """Refuse settings that were changed by hand since a checkpoint was written.

    Raises:
        RunError: With each setting that differs.
    """
    changed = [name for name in now if name in then and now[name] != then[name]]
    if changed:
        raise RunError(
            "The settings of this run are no longer those that it began with.",
            where=str(folder / (CELL_NAME if changed == ["the equations"] else CONFIG_NAME)),
            got="; ".join(f"{name} = {quote(now[name])}" for name in changed),
            accepted="; ".join(f"{name} = {quote(then[name])}" for name in changed),
            hint="bring the old ones back, or begin a new run with --config run.toml",
        )


def newest_checkpoint(folder: Path, notify: Callable[[str], None]) -> Checkpoint | None:
    """The newest whole checkpoint of a run; damaged ones are set aside, and all that is told.

    Raises:
        RunError: There are checkpoints, and all of them are damaged.
    """
    checkpoint = newest(folder / CHECKPOINTS)
    if checkpoint is None:
        if (folder / LOG_NAME).exists():
            notify("there is no checkpoint: beginning again at the first update")
        return None
    for name, reason in checkpoint.skipped:
        notify(f"{name} is damaged ({reason}); using {checkpoint.folder.name}")
    set_aside(folder / CHECKPOINTS, tuple(name for name, _ in checkpoint.skipped))
    return checkpoint


def restore(
    folder: Path,
    state: TrainingState,
    checkpoint: Checkpoint,
    *,
    prepared: AnyPrepared,
    notify: Callable[[str], None],
) -> None:
    """Put a checkpoint into the state of a run with the same settings.

    Raises:
        RunError: The text has changed since.
        TrainingError: The checkpoint is of another version.
    """
    record = checkpoint.record
    if record["data_key"] != prepared.key:
        raise RunError(
            "The text is no longer the one that this run began with.",
            where=str(folder),
            got=f"text, validation and test of the sum {prepared.key[:16]}...",
            accepted=f"of the sum {record['data_key'][:16]}...",
            hint="bring the old text back, or begin a new run",
        )
    if record["environment"] != environment():
        notify(
            "torch or its number of threads has changed since the checkpoint, so the last bits "
            f"may differ: then {record['environment']}, now {environment()}"
        )
    state.restore(checkpoint.tensors, record["training"])
    if state.best < math.inf and not _can_be_read(folder / FILE_NAME):
        notify(f"{FILE_NAME} is gone or damaged: the best model from here on takes its place")
        state.best = math.inf
    notify(f"going on after update {state.update:,} of {state.num_updates:,}")


def _can_be_read(path: Path) -> bool:
    try:
        load_model(path)
    except ModelFileError:
        return False
    return True


def environment() -> dict[str, Any]:
    """What the last bits of the results depend on besides the settings."""
    return {"torch": torch.__version__, "threads": torch.get_num_threads()}
