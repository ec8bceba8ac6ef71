"""The settings of a run: eight small tables, read from TOML, all mistakes reported at once.

Comes in: the name of a preset, a file, options of the command line. Goes out: one frozen record,
and TOML text that reads back to the same record.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recurry.data.configuration import DataConfig
from recurry.errors import UsageError, nearest, unknown_name
from recurry.network.configuration import NetworkConfig
from recurry.network.dropout import Dropout
from recurry.training.configuration import (
    OptimiserConfig,
    Recipe,
    ScheduleConfig,
    TrainingConfig,
    WindowConfig,
)

COMMAND_LINE = "command line"


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


class RunConfig(BaseModel):
    """All settings of a run, a table each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    dropout: Dropout = Dropout()
    window: WindowConfig = WindowConfig()
    training: TrainingConfig = TrainingConfig()
    optimiser: OptimiserConfig = OptimiserConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    report: ReportConfig = ReportConfig()


TABLES: dict[str, type[BaseModel]] = {
    "data": DataConfig,
    "network": NetworkConfig,
    "dropout": Dropout,
    "window": WindowConfig,
    "training": TrainingConfig,
    "optimiser": OptimiserConfig,
    "schedule": ScheduleConfig,
    "report": ReportConfig,
}
RECIPE_TABLES = ("training", "window", "optimiser", "schedule")


def presets() -> tuple[str, ...]:
    """The names of the presets that come with the package."""
    folder = files("recurry.runs") / "presets"
    names = [entry.name.removesuffix(".toml") for entry in folder.iterdir()]
    return tuple(sorted(name for name in names if re.fullmatch(r"[a-z0-9-]+", name)))


def load_config(
    preset: str | None = None,
    path: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> RunConfig:
    """Merge settings: defaults, then a preset, then a file, then single settings.

    Args:
        preset: The name of a preset, see `presets`.
        path: A TOML file with the same tables.
        overrides: Values by dotted name, for instance {"network.hidden_size": 256}; None takes
            a setting back to its default, whatever the preset or the file says.

    Returns:
        The whole record; every setting not named anywhere has its default.

    Raises:
        UsageError: Settings that do not exist (with the nearest that do), have impossible values
            or contradict each other, all of them in one message; or no such preset or file.
    """
    settings = _Settings()
    if preset is not None:
        settings.add_toml(_preset_text(preset), origin=f"preset {preset}")
    if path is not None:
        settings.add_toml(_file_text(Path(path)), origin=str(path))
    for name, value in (overrides or {}).items():
        settings.add(name, value, origin=COMMAND_LINE)
    return settings.validate()


def to_toml(config: RunConfig) -> str:
    """The settings as TOML; `load_config` reads the text back to an equal record."""
    blocks = []
    for table in TABLES:
        values = getattr(config, table).model_dump(mode="json")
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

    def __init__(self) -> None:
        self._values: dict[str, dict[str, Any]] = {}
        self._origins: dict[str, str] = {}
        self._problems: list[str] = []

    def add_toml(self, text: str, *, origin: str) -> None:
        try:
            tables = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # a giant integer is a ValueError too
            reason = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
            raise UsageError(
                f"{origin} is no valid TOML: {reason}.",
                hint="recurry train --print-config shows a valid file",
            ) from error
        for table, values in tables.items():
            if table in TABLES and isinstance(values, dict):
                for key, value in values.items():
                    place = f"{origin}, line {_line_of(text, table, key)}"
                    self.add(f"{table}.{key}", value, origin=place)
            else:
                self._refuse_name(table, origin=origin)

    def add(self, name: str, value: Any, *, origin: str) -> None:
        """Take in a value; None takes the setting back to its default."""
        table, _, key = name.partition(".")
        if table not in TABLES or not key:
            self._refuse_name(name, origin=origin)
        elif value is None and key in TABLES[table].model_fields:
            self._values.get(table, {}).pop(key, None)
            self._origins.pop(name, None)
        else:
            self._values.setdefault(table, {})[key] = value
            self._origins[name] = origin
        if not _can_be_written(value):
            self._problems.append(
                f"{name} ({origin}): got {value!a}, which is no UTF-8; give the file another name"
            )

    def _refuse_name(self, name: str, *, origin: str) -> None:
        """A name that is no `table.key`; a key alone is offered with its table."""
        if name in TABLES:
            self._problems.append(
                f"{name} ({origin}): this is a table, with the settings "
                f"{', '.join(TABLES[name].model_fields)}"
            )
            return
        key = name.rpartition(".")[2]
        whole = [f"{table}.{key}" for table, kind in TABLES.items() if key in kind.model_fields]
        close = whole or nearest(name, [*TABLES, *_all_names()])
        offer = (
            f"; did you mean {' or '.join(close)}?" if close else f"; tables: {', '.join(TABLES)}"
        )
        self._problems.append(f"{name} ({origin}): there is no such table or setting{offer}")

    def validate(self) -> RunConfig:
        tables = {}
        for table, kind in TABLES.items():
            try:
                tables[table] = kind.model_validate(self._values.get(table, {}))
            except ValidationError as error:
                self._problems += [self._explain(table, kind, detail) for detail in error.errors()]
        recipe = {name: tables[name] for name in RECIPE_TABLES if name in tables}
        if len(recipe) == len(RECIPE_TABLES):
            self._problems += Recipe(**recipe).contradictions()
        if self._problems:
            raise _as_error(self._problems)
        return RunConfig(**tables)

    def _explain(self, table: str, kind: type[BaseModel], detail: Any) -> str:
        """One mistake in one line: where, what was found, what is accepted."""
        if not detail["loc"]:  # settings that contradict each other
            message = detail["msg"].removeprefix("Value error, ")
            return f"[{table}] {message}{self._places(table, message)}"
        key = str(detail["loc"][0])
        place = f"{table}.{key} ({self._origins.get(f'{table}.{key}', 'default')})"
        if detail["type"] == "extra_forbidden":
            close = nearest(key, list(kind.model_fields))
            elsewhere = [f"{t}.{key}" for t, other in TABLES.items() if key in other.model_fields]
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


def _all_names() -> list[str]:
    return [f"{table}.{key}" for table, kind in TABLES.items() for key in kind.model_fields]


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


def _line_of(text: str, table: str, key: str) -> int:
    """The line where a key of a table stands; the table's own line when it is written otherwise."""
    inside, found = False, 1
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip().startswith("["):
            inside = line.strip().startswith(f"[{table}]")
            found = number if inside else found
        elif inside and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*=""", line):
            return number
    return found


def toml_value(value: Any) -> str:
    """A string, number, truth value or list as TOML writes it."""
    if isinstance(value, str) and "\n" in value:
        body = "\n".join(_escape(line) for line in value.split("\n"))
        return f'"""\n{body}"""'
    if isinstance(value, str):
        return f'"{_escape(value)}"'
    if isinstance(value, list):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    return json.dumps(value)


def _escape(text: str) -> str:
    """A text as it stands inside a basic TOML string."""
    return json.dumps(text, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")
