"""Pairs of texts, from two files of equally many lines or from the columns of one.

Comes in: the texts of files. Goes out: pairs, each with its place.
"""

from collections.abc import Iterator
from typing import NamedTuple

from recurry.errors import DataError


class Pair(NamedTuple):
    """A text and its counterpart."""

    source: str
    target: str
    place: str


def line_pairs(source: str, target: str, *, names: tuple[str, str]) -> Iterator[Pair]:
    """The lines of two files, side by side.

    Args:
        source: The text of the one file.
        target: That of the other.
        names: What they are called in errors.

    Raises:
        DataError: They have not equally many lines (with both counts, and the first place at which
            one is empty and the other is not).
    """
    ours, theirs = _lines(source), _lines(target)
    if len(ours) != len(theirs):
        both = zip(ours, theirs, strict=False)
        differing = (n for n, (a, b) in enumerate(both, start=1) if bool(a) != bool(b))
        first = next(differing, min(len(ours), len(theirs)) + 1)
        raise DataError(
            "The two files have not equally many lines.",
            where=f"line {first:,} is the first that has text in one of them alone",
            got=f"{names[0]} {len(ours):,} lines, {names[1]} {len(theirs):,} lines",
            accepted="files in which line N is the counterpart of line N",
        )
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True), start=1):
        yield Pair(one, other, f"{names[0]}:{number}")


def tab_pairs(text: str, *, name: str, columns: tuple[int, int] = (0, 1)) -> Iterator[Pair]:
    """Two of the columns of a file that are parted by tabs.

    Raises:
        DataError: A line has too few columns.
    """
    for number, line in enumerate(_lines(text), start=1):
        if not line:
            continue
        fields = line.split("\t")
        if len(fields) <= max(columns):
            raise DataError(
                "A line has too few columns.",
                where=f"{name}:{number}",
                got=repr(line[:80]),
                accepted=f"at least {max(columns) + 1} columns between tabs",
            )
        yield Pair(fields[columns[0]], fields[columns[1]], f"{name}:{number}")


def _lines(text: str) -> list[str]:
    """Lines without white space around; the last may end in a line break or not."""
    return [line.strip() for line in text.removesuffix("\n").split("\n")]
