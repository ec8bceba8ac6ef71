"""The settings of a run: small tables, read from TOML, all mistakes reported at once.

Comes in: the name of a preset, a file, options of the command line. Goes out: one frozen record,
and TOML text that reads back to the same record.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recurry.errors import UsageError, nearest, unknown_name
from recurry.network.dropout import Dropout
from recurry.runs.toml_text import line_of, toml_value
from recurry.tasks.find import find_task
from recurry.tasks.names import LANGUAGE
from recurry.training.configuration import (
    BatchConfig,
    OptimiserConfig,
    Recipe,
    RecordTraining,
    ScheduleConfig,
    TrainingConfig,
    TransferConfig,
    WindowConfig,
)

COMMAND_LINE = "command line"
_TASK = "task"


class ReportConfig(BaseModel):
    """What a run writes down, and how often.

    Attributes:
        log_every: Updates between two lines of the log; a line holds the mean loss since the last.
        checkpoint_seconds: Time between two checkpoints; the moment has no effect on the result.
        tensorboard: Whether to write TensorBoard events to the folder `events`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    log_every: int = Field(default=10, ge=1)
    checkpoint_seconds: float = Field(default=30.0, ge=0.0, allow_inf_nan=False)
    tensorboard: bool = False


_PACES: dict[str, dict[str, type[BaseModel]]] = {
    "windows": {"window": WindowConfig, "training": TrainingConfig},
    "batches": {"batches": BatchConfig, "training": RecordTraining},
}
_SHARED: dict[str, type[BaseModel]] = {
    "optimiser": OptimiserConfig,
    "schedule": ScheduleConfig,
    "transfer": TransferConfig,
    "report": ReportConfig,
}
_RECIPE = ("training", "window", "batches", "optimiser", "schedule")


def tables_of(task: str) -> dict[str, type[BaseModel]]:
    """The tables of settings that a task has: its own, then those that all tasks share.

    Raises:
        UsageError: There is no such task.
    """
    found = find_task(task)
    return {**found.tables, "dropout": Dropout, **_PACES[found.pace], **_SHARED}


def recipe_tables(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some tables that say how to train."""
    return {name: tables[name] for name in _RECIPE if name in tables}


TABLES = tables_of(LANGUAGE)


def _defaults() -> dict[str, BaseModel]:
    return {name: kind() for name, kind in TABLES.items()}


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """All settings of a run; every table is also an attribute of its name.

    Attributes:
        task: What is trained.
        tables: A record for each table of the task.
    """

    task: str = LANGUAGE
    tables: Mapping[str, Any] = field(default_factory=_defaults)

    def __getattr__(self, name: str) -> Any:
        tables = self.__dict__.get("tables", {})
        if name not in tables:
            raise AttributeError(f"The settings of a run have no table {name!r}.")
        return tables[name]

    def with_tables(self, tables: Mapping[str, Any]) -> RunConfig:
        """The same settings with other records for some tables."""
        return RunConfig(task=self.task, tables={**self.tables, **tables})

    def dump(self) -> dict[str, dict[str, Any]]:
        """All settings as values that JSON can hold."""
        return {name: table.model_dump(mode="json") for name, table in self.tables.items()}


def presets() -> tuple[str, ...]:
    """The names of the presets that come with the package."""
    folder = files("recurry.runs") / "presets"
    names = [entry.name.removesuffix(".toml") for entry in folder.iterdir()]
    return tuple(sorted(name for name in names if re.fullmatch(r"[a-z0-9-]+", name)))


def load_config(
    preset: str | None = None,
    path: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    task: str | None = None,
) -> RunConfig:
    """Merge settings: defaults, then a preset, then a file, then single settings.

    Args:
        preset: The name of a preset, see `presets`.
        path: A TOML file with the same tables.
        overrides: Values by dotted name, for instance {"network.hidden_size": 256}; None takes
            a setting back to its default, whatever the preset or the file says.
        task: What is trained; None is what the file or the preset says, else a language model.

    Returns:
        The whole record; every setting not named anywhere has its default.

    Raises:
        UsageError: Settings that do not exist (with the nearest that do), have impossible values
            or contradict each other, all of them in one message; or no such preset or file.
    """
    texts: list[tuple[str, str]] = []
    if preset is not None:
        texts.append((_preset_text(preset), f"preset {preset}"))
    if path is not None:
        texts.append((_file_text(Path(path)), str(path)))
    parsed = [(text, _parse(text, origin=origin), origin) for text, origin in texts]
    settings = _Settings(_task_of(parsed, asked=task))
    for text, tables, origin in parsed:
        settings.add_toml(text, tables, origin=origin)
    for name, value in (overrides or {}).items():
        settings.add(name, value, origin=COMMAND_LINE)
    settings.adopt_sizes()
    return settings.validate()


def to_toml(config: RunConfig) -> str:
    """The settings as TOML; `load_config` reads the text back to an equal record."""
    blocks = [] if config.task == LANGUAGE else [f"{_TASK} = {toml_value(config.task)}"]
    for table, values in config.dump().items():
        lines = [
            f"{key} = {toml_value(value)}" for key, value in values.items() if value is not None
        ]
        unset = [f"# {key} is not set" for key, value in values.items() if value is None]
        blocks.append("\n".join([f"[{table}]", *lines, *unset]))
    return "\n\n".join(blocks) + "\n"


def parse_value(text: str) -> Any:
    """A value as typed after `--set name=`: TOML where it is TOML, else the text itself.

    Nothing at all is None, which takes a setting back to its default.
    """
    if not text:
        return None
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return table["value"] if len(table) == 1 else text


class _Settings:
    """Raw values by table and key, each with the place that it came from."""

    def __init__(self, task: str) -> None:
        self._task, self._tables = task, tables_of(task)
        self._values: dict[str, dict[str, Any]] = {}
        self._origins: dict[str, str] = {}
        self._problems: list[str] = []

    def add_toml(self, text: str, tables: Mapping[str, Any], *, origin: str) -> None:
        for table, values in tables.items():
            if table == _TASK and isinstance(values, str):
                continue
            if table in self._tables and isinstance(values, dict):
                for key, value in values.items():
                    place = f"{origin}, line {line_of(text, table, key)}"
                    self.add(f"{table}.{key}", value, origin=place)
            else:
                self._refuse_name(table, origin=origin)

    def add(self, name: str, value: Any, *, origin: str) -> None:
        """Take in a value; None takes the setting back to its default."""
        table, _, key = name.partition(".")
        if table not in self._tables or not key:
            self._refuse_name(name, origin=origin)
        elif value is None and key in self._tables[table].model_fields:
            self._values.get(table, {}).pop(key, None)
            self._origins.pop(name, None)
        else:
            self._values.setdefault(table, {})[key] = value
            self._origins[name] = origin
        if not _can_be_written(value):
            self._problems.append(
                f"{name} ({origin}): got {value!a}, which is no UTF-8; give the file another name"
            )

    def adopt_sizes(self) -> None:
        """Take the sizes that no file and no option names from what is taken over."""
        transfer, network = (self._values.get(name, {}) for name in ("transfer", "network"))
        if not transfer:
            return
        from recurry.runs.sizes import find_sizes

        origins = {name: self._origins[f"network.{name}"] for name in network}
        named = {name for name, origin in origins.items() if not origin.startswith("preset")}
        for name, value in find_sizes(transfer, network, named=named, task=self._task).items():
            self.add(f"network.{name}", value, origin="the source of the transfer")

    def _refuse_name(self, name: str, *, origin: str) -> None:
        """A name that is no `table.key`; a key alone is offered with its table."""
        tables = self._tables
        if name in tables:
            self._problems.append(
                f"{name} ({origin}): this is a table, with the settings "
                f"{', '.join(tables[name].model_fields)}"
            )
            return
        key = name.rpartition(".")[2]
        all_names = [
            f"{table}.{key}" for table, kind in tables.items() for key in kind.model_fields
        ]
        whole = [f"{table}.{key}" for table, kind in tables.items() if key in kind.model_fields]
        close = whole or nearest(name, [*tables, *all_names])
        offer = (
            f"; did you mean {' or '.join(close)}?" if close else f"; tables: {', '.join(tables)}"
        )
        where = "" if self._task == LANGUAGE else f" for {self._task}"
        self._problems.append(f"{name} ({origin}): there is no such table or setting{where}{offer}")

    def validate(self) -> RunConfig:
        tables = {}
        for table, kind in self._tables.items():
            try:
                tables[table] = kind.model_validate(self._values.get(table, {}))
            except ValidationError as error:
                self._problems += [self._explain(table, kind, detail) for detail in error.errors()]
        recipe = recipe_tables(tables)
        if len(recipe) == len(recipe_tables(self._tables)):
            self._problems += Recipe(**recipe).contradictions()
        if getattr(tables.get("training"), "initial", "") and getattr(
            tables.get("transfer"), "source", ""
        ):
            self._problems.append(
                "training.initial would draw anew what is taken over; remove it, or remove "
                "transfer.embeddings and transfer.start_from"
            )
        if self._problems:
            raise _as_error(self._problems)
        return RunConfig(task=self._task, tables=tables)

    def _explain(self, table: str, kind: type[BaseModel], detail: Any) -> str:
        """One mistake in one line: where, what was found, what is accepted."""
        if not detail["loc"]:  # settings that contradict each other
            message = detail["msg"].removeprefix("Value error, ")
            return f"[{table}] {message}{self._places(table, message)}"
        key = str(detail["loc"][0])
        place = f"{table}.{key} ({self._origins.get(f'{table}.{key}', 'default')})"
        if detail["type"] == "extra_forbidden":
            close = nearest(key, list(kind.model_fields))
            others = self._tables.items()
            elsewhere = [f"{t}.{key}" for t, other in others if key in other.model_fields]
            offer = elsewhere or close or list(kind.model_fields)
            return f"{place}: there is no such setting; did you mean {' or '.join(offer)}?"
        found = json.dumps(detail["input"], default=str)
        close = _nearest_choice(kind, key, detail["input"])
        return f"{place}: got {found[:80]}; {_plain(detail['msg'])}{close}"

    def _places(self, table: str, message: str) -> str:
        """Where the settings of a table that a message names come from."""
        names = [
            key
            for key in self._values.get(table, {})
            if re.search(rf"\b{re.escape(key)}\b", message)
        ]
        places = [f"{key}: {self._origins[f'{table}.{key}']}" for key in names]
        return f" ({', '.join(places)})" if places else ""


def _as_error(problems: Sequence[str]) -> UsageError:
    unique = list(dict.fromkeys(problems))
    count = "There is a mistake" if len(unique) == 1 else f"There are {len(unique)} mistakes"
    return UsageError(
        "\n".join([f"{count} in the settings.", *(f"  {problem}" for problem in unique)]),
        hint="recurry train --print-config shows every setting and its value; "
        "--set TABLE.KEY= takes one back to its default",
    )


def _can_be_written(value: Any) -> bool:
    """Whether TOML and JSON can hold a value; file names may be no text at all."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True


def _plain(message: str) -> str:
    """The validator's sentence as the middle of ours."""
    message = message.removeprefix("Value error, ").replace("Input should", "it should")
    message = message.replace("a valid tuple", 'a list, as in ["a.txt", "b.txt"]')
    return message[:1].lower() + message[1:]


def _nearest_choice(kind: type[BaseModel], key: str, value: Any) -> str:
    """An offer where the setting is a choice among words."""
    annotation = kind.model_fields[key].annotation
    if get_origin(annotation) is not Literal or not isinstance(value, str):
        return ""
    close = nearest(value, get_args(annotation))
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _parse(text: str, *, origin: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a giant integer is a ValueError too
        reason = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
        raise UsageError(
            f"{origin} is no valid TOML: {reason}.",
            hint="recurry train --print-config shows a valid file",
        ) from error


def _task_of(parsed: Sequence[tuple[str, Mapping[str, Any], str]], *, asked: str | None) -> str:
    """The one task that all sources speak of; a source that names none is for the default."""
    task, said_by = asked, "command line"
    for _, tables, origin in parsed:
        named = tables.get(_TASK, LANGUAGE)
        if not isinstance(named, str) or (task is not None and named != task):
            raise UsageError(
                "The settings are for different tasks.",
                got=f"{_TASK} = {toml_value(named)} ({origin})",
                accepted=f"{_TASK} = {toml_value(task or LANGUAGE)}"
                + (f" ({said_by})" if task else ""),
                hint=f"a preset or a file for {task or LANGUAGE}; presets: {', '.join(presets())}",
            )
        task, said_by = named, origin
    return task or LANGUAGE


def _preset_text(name: str) -> str:
    known = presets()
    if name not in known:
        raise unknown_name("preset", name, known=known)
    return (files("recurry.runs") / "presets" / f"{name}.toml").read_text(encoding="utf-8")


def _file_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"The settings file {path} cannot be read.",
            got=error.strerror,
            hint="recurry train --print-config > settings.toml makes one",
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"The settings file {path} is no UTF-8 text.") from error
