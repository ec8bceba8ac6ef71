"""The verb `evaluate` for models that were trained on records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recurry.cli.decoding_options import TABLE, table_of
from recurry.cli.picture import write_picture
from recurry.cli.train import SHORT_OPTIONS
from recurry.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from recurry.data.stored import Records

_PARTS = ("test", "validation", "train")

# The options of `recurry train` that say where in FILES something stands.
COLUMN_OPTIONS = tuple(
    click.Option([option, setting.partition(".")[2]], metavar="NAME", help=text)
    for option, setting, _, text in SHORT_OPTIONS
    if setting.endswith("_column")
)


def evaluate_records(
    model: Any,
    files: tuple[str, ...],
    *,
    part: str | None,
    run: Path,
    changes: Mapping[str, Any],
    picture: str | None,
    as_json: bool,
) -> None:
    """Score a model on labelled files, or on a part of its own run's records, and print it.

    Args:
        model: The model.
        files: The files; without any a part of its own run.
        part: Which one.
        run: The folder of its run.
        changes: Settings of the table `data` that the files need.
        picture: Where a picture goes.
        as_json: Whether one JSON object is printed.

    Raises:
        UsageError: There are no files and no run, or no files that settings could be for.
        DataError: The files cannot be used.
        RunError: The picture cannot be written.
    """
    from recurry.tasks.find import find_task

    task: Any = find_task(model.task)
    if changes and not files:
        raise UsageError(
            "What is said of columns and of the table data is for FILES, and there are none.",
            got=", ".join(f"{name}={value}" for name, value in changes.items()),
            hint="leave it out, or name a file",
        )
    if files:
        records = task.read_labelled(model, files, changes)
        data, name = records.train, ", ".join(files)
        for line in records.notes:
            click.echo(line, err=True)
    else:
        data, name = _own_part(task.load_prepared, run, part)
    scores, loss_unit = task.score(model, data), task.loss_unit(model.settings)
    if as_json:
        click.echo(json.dumps({"data": name, "loss_unit": loss_unit, **asdict(scores)}))
    else:
        titles = {"loss_nats": f"nats a {loss_unit}"}
        click.echo(f"{len(data):,} records of {name}")
        for key, value in asdict(scores).items():
            shown = f"{value:10,}" if key.startswith("num_") else f"{value:10.4f}"
            click.echo(f"  {shown} {titles.get(key, key.replace('_', ' '))}")
    if picture:
        _draw(task.pictures(model, data), picture)


def split_pairs(model: Any, pairs: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What `--set` says of the data, and what it says of how answers are found."""
    table = table_of(model)
    known = () if table is None else type(table).model_fields
    is_of_answers = [
        pair.startswith(f"{TABLE}.") or pair.partition("=")[0].strip() in known for pair in pairs
    ]
    of_data = tuple(pair for pair, so in zip(pairs, is_of_answers, strict=True) if not so)
    return of_data, tuple(pair for pair, so in zip(pairs, is_of_answers, strict=True) if so)


def data_changes(
    model: Any, pairs: tuple[str, ...], columns: Mapping[str, str | None]
) -> dict[str, Any]:
    """Settings of the table `data` as they were typed.

    Args:
        model: The model whose table it is.
        pairs: Those of `--set`, each as KEY=VALUE.
        columns: Those of the options for columns; None is not given.

    Raises:
        UsageError: There is no such setting (the nearest are named), or it is given twice.
    """
    from recurry.runs.configuration import parse_value

    known = list(type(model.settings["data"]).model_fields)
    changes: dict[str, Any] = {name: value for name, value in columns.items() if value is not None}
    for name in changes:
        if name not in known:
            raise UsageError(
                f"A model of the task {model.task} reads no such column.",
                got=f"--{name.replace('_', '-')}",
                accepted=", ".join(
                    f"--set {key}=..." if key not in columns else f"--{key.replace('_', '-')}"
                    for key in known
                    if key.endswith("_column")
                )
                or "no column at all",
            )
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip().removeprefix("data.")
        if name not in known:
            raise unknown_name("setting of the table data", name, known=known)
        if not equals:
            raise UsageError(f"--set {pair} has no value.", accepted=f"--set {name}=VALUE")
        if name in changes:
            raise UsageError(
                f"The setting {name} is given twice.", got=f"--set {pair}", hint="keep one of them"
            )
        changes[name] = parse_value(value.strip())
    return changes


def _own_part(load: Any, run: Path, part: str | None) -> tuple[Any, str]:
    """A part of the records that the model's own run was made from."""
    from recurry.data.manifest import MANIFEST
    from recurry.runs.folder import DATA

    if not (run / DATA / MANIFEST).is_file():
        raise UsageError(
            "There are no records to evaluate on.",
            got="a model that lies in no run folder, and no FILES",
            hint="recurry evaluate MODEL FILE",
        )
    records: Records = load(run / DATA)
    found = {name: getattr(records, name) for name in _PARTS}
    kept = {name: data for name, data in found.items() if data is not None and len(data)}
    chosen = part or next(iter(kept))
    if chosen not in kept:
        raise UsageError(f"The run {run} has no {chosen} part.", accepted=" or ".join(kept))
    return kept[chosen], f"the {chosen} part of {run}"


def _draw(pictures: dict[str, str], path: str) -> None:
    if not pictures:
        raise UsageError(
            "Of the answers of this model there is no picture.",
            accepted="classes, ratings and labels of words (a confusion matrix), or texts that are "
            "written for texts (the attention)",
            hint="leave --picture out",
        )
    write_picture(path, next(iter(pictures.values())))
