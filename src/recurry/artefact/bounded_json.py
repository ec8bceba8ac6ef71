"""JSON from a stranger: bounded in size, depth and number of values before it is parsed.

Comes in: bytes or text. Goes out: plain values, or a ValueError that says what is wrong.
"""

from __future__ import annotations

import json
import math
from typing import Any

# A parsed value costs at most about 100 bytes, so this bounds memory at about 200 MB.
MAX_VALUES = 2_000_000
MAX_DEPTH = 32


def parse_bounded(text: str) -> Any:
    """Parse JSON that may be hostile.

    Args:
        text: One JSON document.

    Returns:
        Its value. Duplicate keys, NaN, infinities, integers of more than 20 digits, lone
        surrogates and anything deeper than MAX_DEPTH or with more than MAX_VALUES values are
        refused.

    Raises:
        ValueError: The text is not JSON, or is refused; the message says why.
    """
    num_values = sum(text.count(mark) for mark in ",[{:")
    if num_values > MAX_VALUES:
        raise ValueError(f"more than {MAX_VALUES:,} values")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_refuse,
            parse_int=_parse_int,
            parse_float=_parse_float,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if _depth(value) > MAX_DEPTH:
        raise ValueError("nested too deeply")
    _refuse_surrogates(text, value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key occurs twice")
    return table


def _parse_int(digits: str) -> int:
    if len(digits) > 20:  # no count or size in a file of ours has more
        raise ValueError("a number is too large")
    return int(digits)


def _parse_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")


def _depth(value: Any) -> int:
    """How deeply lists and tables are nested, found level by level without recursion."""
    level, depth = [value], 0
    while level and depth <= MAX_DEPTH:
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        level, depth = inner, depth + 1
    return depth


def _refuse_surrogates(text: str, value: Any) -> None:
    """Half a surrogate pair is no character and cannot be printed or saved."""
    if "\\u" not in text:
        return
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair") from None
