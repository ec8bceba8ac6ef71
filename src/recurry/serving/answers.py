"""What goes over the wire: numbers as JSON, mistakes as words that say what to do, options back.

Comes in: findings, errors, queries. Goes out: responses, and options of a view.
"""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from recurry.errors import EquationError, RecurryError, UsageError, nearest

_STATUS = {2: 400, 1: 500}


class Json(Response):
    """A value as JSON; what is no number becomes null, as JSON knows neither it nor infinity."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The bytes of a value."""
        return to_json(content).encode()


def to_json(value: Any) -> str:
    """A value as JSON text, with null for numbers that are none."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"), default=_plain)
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"), default=_plain)


def error_answer(error: RecurryError) -> Json:
    """An error as an answer of its own status."""
    return Json(error_words(error), status_code=_STATUS.get(error.exit_code, 500))


def error_words(error: RecurryError) -> dict[str, Any]:
    """An error as what, where, got, accepted and next; equations also say line and column."""
    words: dict[str, Any] = {
        "what": error.what,
        "where": error.where,
        "got": error.got,
        "accepted": error.accepted,
        "next": error.hint,
    }
    if isinstance(error, EquationError):
        words |= {"line": error.line, "column": error.column}
    return words


async def answer_error(request: Request, error: Exception) -> Json:
    """The answer to a request that a user's mistake made fail."""
    assert isinstance(error, RecurryError)
    return error_answer(error)


async def answer_fault(request: Request, error: Exception) -> Json:
    """The answer to a request that a fault of ours made fail."""
    words = {
        "what": "Recurry failed at this, which is a fault of its own.",
        "got": f"{type(error).__name__}: {error}"[:500],
        "next": "the terminal of recurry look shows where; please report it",
    }
    return Json(words, status_code=500)


def read_options(kind: type[BaseModel], query: QueryParams | Mapping[str, Any]) -> Any:
    """The options of a view from the query of an address, or from `NAME=VALUE` in a command.

    Raises:
        UsageError: A name is unknown or a value out of range; all mistakes are named at once.
    """
    given = {name: value for name, value in query.items() if value != ""}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        problems = [_explain(kind, detail) for detail in error.errors()]
        raise UsageError(
            "An option of the view cannot be used.",
            got="; ".join(problems),
            accepted=", ".join(kind.model_fields) or "no options",
        ) from error


def _explain(kind: type[BaseModel], detail: Any) -> str:
    """One mistake: which option, what was found, what is accepted."""
    name = ".".join(map(str, detail["loc"][:1])) or "options"
    if detail["type"] == "extra_forbidden":
        close = nearest(name, kind.model_fields)
        return f"there is no option {name}" + (
            f"; did you mean {' or '.join(close)}?" * bool(close)
        )
    found = json.dumps(detail["input"], default=str)[:80]
    message = detail["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    return f"{name} is {found}; {message}"


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a table with a header; a cell is empty where there is nothing."""
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A value as a table shows it; a text that a spreadsheet would run is marked as a text."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


def _plain(value: Any) -> Any:
    """Numbers and arrays of NumPy as Python's own."""
    if hasattr(value, "tolist"):
        return _finite(value.tolist())
    if isinstance(value, BaseModel):
        return value.model_dump()
    return str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return _finite(value.tolist()) if hasattr(value, "tolist") else value
