"""The options of verbs that let a model write: how answers are searched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from recurry.errors import UsageError

_OPTIONS: tuple[tuple[str, str, type, str], ...] = (
    ("--beam", "beam", int, "open paths of the search; 1 is the fastest."),
    ("--length-penalty", "length_penalty", float, "0 lets short ones win; about 1 is usual."),
    ("--coverage-penalty", "coverage_penalty", float, "above 0 asks that all is attended to."),
)


DECODING_OPTIONS = tuple(
    click.Option([option, name], type=kind, help=f"Written answers: {text}")
    for option, name, kind, text in _OPTIONS
)


def with_decoding(model: Any, values: Mapping[str, Any]) -> Any:
    """A model that searches as the options say.

    Raises:
        UsageError: A value is out of range, or the model writes nothing.
    """
    asked = {name: value for name, value in values.items() if value is not None}
    if not asked:
        return model
    spelt = {name: option for option, name, *_ in _OPTIONS}
    table = getattr(model, "settings", {}).get("decoding")
    if table is None:
        raise UsageError(
            f"A model of the task {model.task} writes no text that is searched.",
            got=", ".join(spelt[name] for name in asked),
            hint="leave it out",
        )
    from dataclasses import replace

    from pydantic import ValidationError

    try:
        changed = type(table).model_validate({**table.model_dump(), **asked})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UsageError(
            "An option of the search cannot be used.",
            where=spelt[str(first["loc"][0])],
            got=str(first["input"]),
            accepted=first["msg"].replace("Input should be", "a number"),
        ) from error
    return replace(model, settings={**model.settings, "decoding": changed})
