"""Sequences of numbers, or of vectors, as they stand in a column.

Comes in: the text of a field. Goes out: an array, a step a row; what is broken is an error.
"""

import json
from typing import Any

import numpy as np
from jaxtyping import Float32

from recurry.errors import DataError

_SHOWN = 60


def parse_vectors(text: str, place: str, *, size: int | None = None) -> Float32[np.ndarray, "T I"]:
    """The steps of one sequence; none for an empty text.

    Args:
        text: A JSON list of numbers, or of lists of as many numbers each; or numbers with spaces
            between.
        place: File and line.
        size: How many numbers a step must have; None takes any.

    Raises:
        DataError: It is none of these, a number is not finite, or a step has another size.

    Example:
        >>> parse_vectors("[[0.5, 1], [0.25, 0]]", "here").shape
        (2, 2)
        >>> parse_vectors("0.5 0.25", "here").shape
        (2, 1)
    """
    steps = _steps(text.strip(), place)
    rows = [step if isinstance(step, list) else [step] for step in steps]
    sizes = {len(row) for row in rows}
    if len(sizes) > 1 or (rows and size is not None and sizes != {size}):
        raise DataError(
            "The steps of a sequence are not all of one size.",
            where=place,
            got=f"{' and '.join(map(str, sorted(sizes)))} numbers a step",
            accepted=f"{size or 'equally many'} numbers in each",
        )
    if not all(type(x) in (int, float) for row in rows for x in row) or sizes == {0}:
        raise _no_numbers(text, place)
    try:
        found = np.array(rows, dtype=np.float64)
    except OverflowError as error:
        raise _not_finite(text, place) from error
    found = found.reshape(len(rows), sizes.pop() if sizes else size or 1)
    if not (np.abs(found) <= np.finfo(np.float32).max).all():
        raise _not_finite(text, place)
    return found.astype(np.float32)


def _steps(text: str, place: str) -> list[Any]:
    try:
        if not text.startswith("["):
            return [float(word) for word in text.split()]
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _no_numbers(text, place) from error
    return found


def _not_finite(text: str, place: str) -> DataError:
    return DataError(
        "A sequence holds a number that is not finite or too large.",
        where=place,
        got=text[:_SHOWN],
        accepted="numbers up to 3e38",
    )


def _no_numbers(text: str, place: str) -> DataError:
    return DataError(
        "A sequence is none of numbers.",
        where=place,
        got=text[:_SHOWN],
        accepted="[0.5, 0.25], [[0.5, 1], [0.25, 0]], or 0.5 0.25",
    )
