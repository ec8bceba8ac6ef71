"""TOML as text: how a value is written, and where a key stands.

Comes in: values, or a text that is TOML. Goes out: text, or the number of a line.
"""

from __future__ import annotations

import json
import re
from typing import Any


def line_of(text: str, table: str, key: str) -> int:
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
