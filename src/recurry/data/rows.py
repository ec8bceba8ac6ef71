"""The rows of tables and of JSON lines, before anybody asks what stands in them.

Comes in: the text of a file. Goes out: rows with the number of their line.
"""

import csv
import io
import json
from collections.abc import Collection, Iterator
from typing import Any

from recurry.errors import DataError

_LARGEST_FIELD = 1 << 30  # csv's own limit of 128 KiB is less than a long article


def delimited_rows(text: str, separator: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """The fields of every row, empty rows too, with the number of the line that it begins on.

    Args:
        text: A table. Between commas a field may stand in quotes; between tabs a quote is a
            character like any other.
        separator: What parts the fields.
        name: What the file is called.

    Raises:
        DataError: A row is broken.
    """
    csv.field_size_limit(_LARGEST_FIELD)
    quoting = csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=quoting)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                "The table is broken.", where=f"{name}:{line}", got=str(error)
            ) from error
        yield line, row


def json_objects(
    text: str, name: str, *, keys: Collection[str] = ()
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The object of every line that is not empty, with the number of the line.

    Args:
        text: JSON lines.
        name: What the file is called.
        keys: What an object has to have where the first one has it.

    Raises:
        DataError: A line is no JSON object, or lacks a key.
    """
    wanted: list[str] | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{name}:{number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError("A line is no JSON.", where=place, got=line[:80]) from error
        if not isinstance(record, dict):
            raise DataError("A line is no JSON object.", where=place, got=line[:80])
        wanted = [key for key in keys if key in record] if wanted is None else wanted
        for key in wanted:
            if key not in record:
                raise DataError(
                    f"This row has no key {key!r}.",
                    where=place,
                    got=f"the keys {', '.join(map(repr, list(record)[:20]))}" if record else "{}",
                    accepted="the key that rows before it have",
                    hint="mend the row, or leave it out",
                )
        yield number, record


def as_lines(sentences: list[str]) -> str:
    """Sentences that a file has apart as one text, a line each."""
    return "\n".join(" ".join(sentence.split()) for sentence in sentences)
