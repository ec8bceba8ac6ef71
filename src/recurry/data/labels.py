"""The labels of records as numbers: classes, ratings in their order, or numbers themselves.

Comes in: labels as they stand in files. Goes out: numbers, and labels again.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np

from recurry.data.vocabulary import damaged, is_whole
from recurry.errors import DataError

LabelKind = Literal["class", "rating", "number"]
UNSEEN = -1
_MOST_CLASSES = 1 << 20
_MOST_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What the labels of a training part are.

    Attributes:
        kind: Classes, ratings (classes with an order and a distance) or numbers.
        names: The classes, ratings from the lowest to the highest; empty for numbers.
        counts: How many training records each class has.
        centre: Mean of the numbers.
        spread: Their standard deviation.
    """

    kind: LabelKind
    names: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    centre: float = 0.0
    spread: float = 1.0

    @classmethod
    def learn(cls, kind: LabelKind, labels: Sequence[str], places: Sequence[str]) -> Self:
        """The labels of a training part.

        Args:
            kind: What they are.
            labels: One for each record, at least one.
            places: Where each stands.

        Raises:
            DataError: A rating or a number is no number (with its place), or there is only one
                class.
        """
        if kind == "number":
            numbers = parse_numbers(labels, places)
            return cls(kind=kind, centre=float(numbers.mean()), spread=float(numbers.std()) or 1.0)
        if kind == "rating":
            labels = [_shortest(number) for number in parse_numbers(labels, places).tolist()]
        counts = Counter(labels)
        if len(counts) < 2:
            raise DataError(
                "There is only one class to learn.",
                got=f"{len(labels):,} records of {labels[0]!r}",
                accepted="at least two classes",
                hint="look at the label column, or --set answer.kind=number",
            )
        names = sorted(counts, key=float) if kind == "rating" else sorted(counts)
        return cls(kind=kind, names=tuple(names), counts=tuple(counts[name] for name in names))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def num_outputs(self) -> int:
        """How many scores a network gives for a record: one a class, or one for a number."""
        return len(self.names) or 1

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Class -> its number."""
        return {self._name(name): number for number, name in enumerate(self.names)}

    def encode(self, labels: Sequence[str], places: Sequence[str]) -> np.ndarray:
        """Labels as numbers: -1 for a class that the training part lacks, standardised numbers.

        Raises:
            DataError: A number is none (with its place).
        """
        if self.kind == "number":
            return ((parse_numbers(labels, places) - self.centre) / self.spread).astype(np.float32)
        found = [self.numbers.get(self._name(label), UNSEEN) for label in labels]
        return np.array(found, dtype=np.int64)

    def check_known(self, labels: Sequence[str], *, where: str, part: str = "train") -> None:
        """Refuse labels of which the training part has none.

        Args:
            labels: As they stand in files.
            where: The place of the first.
            part: What is held out of a training; "train" where they are all that there is.

        Raises:
            DataError: There are labels, and all of them are unseen.
        """
        is_known = any(self._name(label) in self.numbers for label in labels)
        if self.kind == "number" or not labels or is_known:
            return
        found, known = list(dict.fromkeys(labels)), self.names
        is_held_out = part != "train"
        raise DataError(
            f"The labels{f' of the {part} part' if is_held_out else ''} and the training part have "
            "none in common.",
            where=where,
            got=listed(found),
            accepted=listed(known),
            hint="--label-column NAME, if the labels stand in another column"
            + (f", or a larger {part} part (--{part})" if is_held_out else ""),
        )

    def _name(self, label: str) -> str:
        """A label as it is known: of ratings `4` and `4.0` are the same."""
        if self.kind != "rating":
            return label
        try:
            return _shortest(float(label))
        except ValueError:
            return label

    @cached_property
    def values(self) -> np.ndarray:
        """The ratings as numbers, (K,)."""
        return np.array([float(name) for name in self.names])

    def to_dict(self) -> dict[str, Any]:
        """A value that JSON can hold."""
        return {
            "kind": self.kind,
            "names": list(self.names),
            "counts": list(self.counts),
            "centre": self.centre,
            "spread": self.spread,
        }

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Read `to_dict`'s value back, trusting nothing in it.

        Raises:
            DataError: Anything is missing, of the wrong type or out of range.
        """
        keys = {"kind", "names", "counts", "centre", "spread"}
        if not isinstance(data, Mapping) or set(data) != keys:
            raise damaged("its labels are no table of " + ", ".join(sorted(keys)))
        kind, names, counts = data["kind"], data["names"], data["counts"]
        if kind not in ("class", "rating", "number"):
            raise damaged("its labels are of no known kind")
        _check_names(names, counts, is_number=kind == "number")
        centre, spread = (_finite(data[key]) for key in ("centre", "spread"))
        found = cls(
            kind=kind, names=tuple(names), counts=tuple(counts), centre=centre, spread=spread
        )
        if kind == "rating":
            parse_numbers(names, names)
        return found


def parse_numbers(labels: Sequence[str], places: Sequence[str]) -> np.ndarray:
    """Labels that are numbers.

    Raises:
        DataError: One is none, with its place.
    """
    found = np.empty(len(labels))
    for position, label in enumerate(labels):
        try:
            found[position] = float(label)
        except ValueError:
            found[position] = math.nan
        if not math.isfinite(found[position]):
            raise DataError(
                "A label is no number.",
                where=places[position],
                got=repr(label[:80]),
                accepted="a number, as answer.kind is rating or number",
                hint="--set answer.kind=class",
            )
    return found


def _check_names(names: Any, counts: Any, *, is_number: bool) -> None:
    if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names):
        raise damaged("its classes are no list of names")
    if len(set(names)) != len(names) or len(names) > _MOST_CLASSES:
        raise damaged("its classes are said twice, or too many")
    if (not names) != is_number or len(names) == 1:
        raise damaged("its classes do not fit the kind of its labels")
    if not isinstance(counts, list) or len(counts) != len(names):
        raise damaged("there is not one count for each class")
    if not all(is_whole(count) and count >= 0 for count in counts):
        raise damaged("a count is no whole number from 0")


def _shortest(number: float) -> str:
    """A number in as few letters as say it."""
    return f"{number:.12g}"


def listed(names: Sequence[str], most: int = _MOST_SHOWN) -> str:
    """The first of some names."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def _finite(value: Any) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise damaged("its labels have a centre or spread that is no number")
    return float(value)
