"""The files of a run folder: settings, cell, prepared text, curves; what a model says of itself.

Comes in: a folder and settings. Goes out: opened or written files.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from recurry.artefact.durable import REMOVING, WRITING, disk_errors, write_file
from recurry.cells import cells, find_cell
from recurry.errors import DataError, RunError, UsageError
from recurry.runs.configuration import RunConfig, load_config, recipe_tables, to_toml
from recurry.runs.curves import curves_csv, curves_svg
from recurry.runs.lock import LOCK_NAME, RunLock
from recurry.runs.log import read_log
from recurry.runs.memory import memory_errors
from recurry.runs.sources import SOURCES, Source
from recurry.runs.toml_text import toml_value as quote
from recurry.tasks.find import find_task
from recurry.tasks.task import AnyModel, AnyPrepared, AnyScores, numbers_of

CONFIG_NAME, CELL_NAME, DATA, CHECKPOINTS = "run.toml", "cell.toml", "data", "checkpoints"
CURVES_SVG, CURVES_CSV = "curves.svg", "curves.csv"
STDIN = "-"


def open_new(folder: Path, config: RunConfig) -> tuple[RunConfig, RunLock]:
    """Make an empty run folder, lock it and write down its settings.

    Raises:
        RunError: The folder is not empty or cannot be written, or it is in use.
    """
    cell = find_cell(config.network.cell)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_full(folder)  # before the lock, which would leave its file in a stranger's folder
    lock = RunLock(folder)
    try:
        _refuse_full(folder)  # another process may just have been here
        (folder / CELL_NAME).unlink(missing_ok=True)
        if config.network.cell not in cells():
            write_file(folder / CELL_NAME, _cell_toml(cell.to_dict()).encode())
            network = config.network.model_copy(update={"cell": CELL_NAME})
            config = config.with_tables({"network": network})
        config = _with_whole_paths(config)
        write_file(folder / CONFIG_NAME, to_toml(config).encode())
    except BaseException:
        lock.release()
        raise
    return config, lock


def is_free(folder: Path) -> bool:
    """Whether a new run may begin in a folder: it is not there, or empty, or its run never began
    and no process is beginning it now."""
    if not os.path.exists(folder):
        return True
    try:
        _refuse_full(folder)
        if (folder / LOCK_NAME).exists():
            RunLock(folder).release()
    except (RunError, OSError):
        return False
    return True


def open_old(folder: Path, *, epochs: int | None) -> tuple[RunConfig, RunLock]:
    """Lock the folder of an earlier run and read its settings.

    Raises:
        RunError: There is no run, or it is in use.
        UsageError: The number of epochs cannot be changed to this.
    """
    if not os.path.isfile(folder / CONFIG_NAME):
        raise RunError(
            f"There is no run in {folder}.",
            got=_what_is_there(folder),
            accepted="a folder made by recurry train",
        )
    lock = RunLock(folder)
    try:
        config = load_config(path=folder / CONFIG_NAME)
        if epochs is not None and epochs != config.training.epochs:
            _check_epochs(config, epochs)
            changes = {"training.epochs": epochs}
            config = load_config(path=folder / CONFIG_NAME, overrides=changes)
            write_file(folder / CONFIG_NAME, to_toml(config).encode())
    except BaseException:
        lock.release()
        raise
    return config, lock


def _what_is_there(folder: Path) -> str:
    if os.path.isdir(folder):
        return f"a folder without {CONFIG_NAME}"
    return "a file" if os.path.exists(folder) else "no such folder"


def new_data(
    folder: Path,
    config: RunConfig,
    *,
    notify: Callable[[str], None],
    source: Source | None = None,
) -> AnyPrepared:
    """The data of a run that begins, prepared, with the symbols of what is taken over.

    Raises:
        DataError: The data, or what is taken over, cannot be used as they are.
    """
    notify("preparing the text ...")
    task = find_task(config.task)
    if source is None:
        return task.prepare(config.tables, folder / DATA)
    return task.prepare(config.tables, folder / DATA, source.known())


def old_data(
    folder: Path,
    config: RunConfig,
    *,
    notify: Callable[[str], None],
    source: Source | None = None,
) -> AnyPrepared:
    """The prepared data of a run; made from the text itself only when they are not there.

    Raises:
        DataError: The text cannot be used as it is.
        RunError: It came from standard input.
    """
    task = find_task(config.task)
    try:
        return task.load_prepared(folder / DATA)
    except DataError as error:
        data = config.data
        if STDIN in (*data.paths, *(getattr(data, part, None) for part in ("validation", "test"))):
            raise _stdin_is_gone(folder) from error
        notify(f"{error.what} Preparing it again ...")
        return new_data(folder, config, notify=notify, source=source)


def _stdin_is_gone(folder: Path) -> RunError:
    return RunError(
        "The text of this run came from standard input, and what was prepared of it is not whole.",
        where=str(folder / DATA),
        hint="a new run, with the text from standard input once more or from a file",
    )


def run_network(folder: Path, config: RunConfig, prepared: AnyPrepared) -> AnyModel:
    """The run's model with the fresh weights that its seed gives."""
    with memory_errors():
        return find_task(config.task).build(
            config.tables,
            prepared,
            cell=cell_argument(folder, config),
            seed=config.training.seed,
        )


def draw_curves(folder: Path, config: RunConfig) -> None:
    """Write the learning curves as a table and as a picture."""
    rows = read_log(folder)
    unit = find_task(config.task).loss_unit(config.tables)
    picture = curves_svg(rows, title=f"Learning curves of {folder.resolve().name}", unit=unit)
    write_file(folder / CURVES_CSV, curves_csv(rows).encode())
    write_file(folder / CURVES_SVG, picture.encode())


def model_scores(
    validation: AnyScores | None, test: AnyScores | None, *, update: int | None
) -> dict[str, float]:
    """The scores of a model file: `validation_loss_nats`, `test_perplexity` and so on."""
    parts = {"validation": validation, "test": test}
    found: dict[str, float] = {} if update is None else {"update": float(update)}
    for part, scores in parts.items():
        if scores is not None:
            found |= {f"{part}_{name}": float(x) for name, x in numbers_of(scores).items()}
    return found


def provenance(
    config: RunConfig, prepared: AnyPrepared, origin: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Where a model comes from: the hashes of its text and of what was taken over, and the settings
    that made it."""
    tables = config.dump()
    found = {"data_sha256": prepared.sha256, "torch": torch.__version__, **recipe_tables(tables)}
    if not origin:
        return found
    others = {n: x for n, x in tables["transfer"].items() if n not in SOURCES}
    return found | {"transfer": {**origin, **others}}


def cell_argument(folder: Path, config: RunConfig) -> str:
    """How the command line names the cell of the run in a folder."""
    cell = config.network.cell
    return str(folder / CELL_NAME) if cell == CELL_NAME else cell


def is_run_of(folder: Path, config: RunConfig) -> bool:
    """Whether the run in a folder has these settings."""
    stored, asked = load_config(path=folder / CONFIG_NAME), _with_whole_paths(config)
    network = asked.network.model_copy(update={"cell": stored.network.cell})
    if stored != asked.with_tables({"network": network}):
        return False
    found = find_cell(cell_argument(folder, stored))
    return found.to_dict() == find_cell(config.network.cell).to_dict()


def laid_out_over_all(config: RunConfig) -> str | None:
    """The setting that depends on the number of the last update, or None."""
    schedule = config.schedule
    if schedule.name in ("cosine", "one_cycle") or schedule.warmup_fraction > 0:
        return f"schedule {schedule.name!r}"
    return "optimiser 'asgd'" if config.optimiser.name == "asgd" else None


def resume_command(folder: Path) -> str:
    """What to type to go on with a run."""
    return f"recurry resume {shlex.quote(str(folder))}"


def _refuse_full(folder: Path) -> None:
    """Only what a start leaves that came to nothing may lie in the folder of a new run."""
    ours = (WRITING, REMOVING)
    names = sorted(path.name for path in folder.iterdir())
    others = [name for name in names if name != LOCK_NAME and not name.startswith(ours)]
    if CONFIG_NAME in others:
        if not set(others) - {CONFIG_NAME, CELL_NAME, DATA}:
            return
        raise RunError(
            f"{folder} holds a run already.",
            hint=f"{resume_command(folder)}, or another folder with --run",
        )
    if others:
        raise RunError(
            f"{folder} is not empty.",
            got=", ".join(others[:5]) + (", ..." if len(others) > 5 else ""),
            accepted="a folder that is empty or does not exist",
            hint="choose another folder with --run",
        )


def _with_whole_paths(config: RunConfig) -> RunConfig:
    """Paths that still hold when the run is resumed from another folder."""
    data = config.data
    changes: dict[str, Any] = {"paths": tuple(map(_whole_path, data.paths))}
    for part in ("validation", "test"):
        value = getattr(data, part, None)
        if isinstance(value, str):
            changes[part] = _whole_path(value)
        elif isinstance(value, tuple):
            changes[part] = tuple(map(_whole_path, value))
    transfer = config.transfer
    sources = {name: _whole_path(getattr(transfer, name)) for name in SOURCES}
    return config.with_tables(
        {
            "data": data.model_copy(update=changes),
            "transfer": transfer.model_copy(update=sources),
        }
    )


def _whole_path(path: str) -> str:
    return path if path in ("", STDIN) else os.path.abspath(path)


def _check_epochs(config: RunConfig, epochs: int) -> None:
    """More epochs can be had where they leave the past updates what they were."""
    if epochs < config.training.epochs:
        raise UsageError(
            "The number of epochs of a run can only be raised.",
            got=f"{epochs}",
            accepted=f"more than {config.training.epochs}",
        )
    cause = laid_out_over_all(config)
    if cause is not None:
        raise UsageError(
            f"The epochs of this run cannot be changed: its {cause} is laid out over all updates.",
            hint=f"a new run with --epochs {epochs}",
        )


def _cell_toml(record: Mapping[str, Any]) -> str:
    """A cell as a file that `find_cell` reads back."""
    plain = {key: record[key] for key in ("name", "equations", "source")}
    lines = [f"{key} = {quote(value)}" for key, value in plain.items()]
    initial = [f"{key} = {quote(value)}" for key, value in record["initial"].items()]
    return "\n".join([*lines, "", "[initial]", *initial]) + "\n"
