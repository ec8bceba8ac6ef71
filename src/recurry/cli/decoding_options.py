"""How answers are found: the table `decoding` of a model, changed by `--set` and short options.

A task whose answers are searched has a table of that name among its settings; each of its keys can
be set for one call. Those that several tasks share have an option of their own, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from recurry.errors import UsageError, unknown_name

TABLE = "decoding"

# The options that are short for a key: (option, key, type, help).
_OPTIONS: tuple[tuple[str, str, type, str], ...] = (
    ("--beam", "beam", int, "open paths of the search; 1 is the fastest."),
    ("--length-penalty", "length_penalty", float, "0 lets short ones win; about 1 is usual."),
    ("--coverage-penalty", "coverage_penalty", float, "above 0 asks that all is attended to."),
)


DECODING_OPTIONS = tuple(
    click.Option([option, name], type=kind, help=f"Written answers: {text}")
    for option, name, kind, text in _OPTIONS
)


def with_decoding(model: Any, values: Mapping[str, Any], pairs: Sequence[str] = ()) -> Any:
    """A model that finds answers as the options say.

    Args:
        model: The model.
        values: Those of the short options, by key; None is not given.
        pairs: Those of `--set`, each as KEY=VALUE.

    Raises:
        UsageError: A value is out of range or given twice, there is no such setting (the nearest
            are named), or the model searches no answers.
    """
    short = {option: name for option, name, *_ in _OPTIONS if values.get(name) is not None}
    if not short and not pairs:
        return model
    table = table_of(model)
    if table is None:
        given = [*short, *(f"--set {pair}" for pair in pairs)]
        raise UsageError(
            f"A model of the task {model.task} writes no text that is searched.",
            got=", ".join(given),
            hint="leave it out",
        )
    known = list(type(table).model_fields)
    asked, spelt = dict[str, Any](), dict[str, str]()
    for option, name in short.items():
        if name not in known:
            raise UsageError(
                f"A model of the task {model.task} does not answer by {option}.",
                accepted=", ".join(f"--set {key}=..." for key in known),
            )
        asked[name], spelt[name] = values[name], option
    for pair in pairs:
        name, value = _read(pair, known)
        if name in asked:
            raise UsageError(
                f"The setting {name} is given twice.",
                got=f"--set {pair}, and {spelt[name]}",
                hint="keep one of them",
            )
        asked[name], spelt[name] = value, f"--set {name}"
    return _changed(model, table, asked, spelt)


def table_of(model: Any) -> Any:
    """How a model finds answers; None where nothing is searched."""
    return getattr(model, "settings", {}).get(TABLE)


def _read(pair: str, known: Sequence[str]) -> tuple[str, Any]:
    """A key and its value as they were typed."""
    from recurry.runs.configuration import parse_value

    name, equals, value = (part.strip() for part in pair.partition("="))
    name = name.removeprefix(f"{TABLE}.")
    if name not in known:
        raise unknown_name("setting of answers", name, known=known)
    if not equals:
        raise UsageError(f"--set {pair} has no value.", accepted=f"--set {name}=VALUE")
    return name, parse_value(value)


def _changed(model: Any, table: Any, asked: Mapping[str, Any], spelt: Mapping[str, str]) -> Any:
    from dataclasses import replace

    from pydantic import ValidationError

    defaults = {name for name, value in asked.items() if value is None}
    kept = {name: value for name, value in table.model_dump().items() if name not in defaults}
    new = {name: value for name, value in asked.items() if value is not None}
    try:
        changed = type(table).model_validate({**kept, **new})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UsageError(
            "An option of the search cannot be used.",
            where=spelt[str(first["loc"][0])],
            got=str(first["input"]),
            accepted=first["msg"].removeprefix("Input should be "),
        ) from error
    return replace(model, settings={**model.settings, TABLE: changed})
