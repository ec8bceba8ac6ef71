"""How well word vectors agree with people on which words are alike.

Comes in: a list of word pairs that people have rated, and vectors. Goes out: a rank correlation.
"""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from recurry.data.vectors import WordVectors
from recurry.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """A rank correlation, and over how many pairs.

    Attributes:
        correlation: Of Spearman, -1 to 1.
        num_pairs: Pairs with a vector for both words.
        num_unknown: Pairs without, which are left out.
    """

    correlation: float
    num_pairs: int
    num_unknown: int

    def __str__(self) -> str:
        return (
            f"rank correlation {self.correlation:.4f} over {self.num_pairs:,} pairs; "
            f"{self.num_unknown:,} left out"
        )

    def to_dict(self) -> dict[str, float | int]:
        """A value that JSON can hold."""
        return asdict(self)


def read_pairs(path: str | os.PathLike) -> list[tuple[str, str, float]]:
    """Pairs of words with a rating, separated by tabs, commas or spaces; `#` begins a comment.

    Raises:
        DataError: The file cannot be read or holds no pairs, or a line is broken (`file:line`).
    """
    name = os.fspath(path)
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.strip() for line in file]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            "The list of word pairs cannot be read.", where=name, got=str(error)
        ) from error
    pairs = []
    for number, line in enumerate(lines, 1):
        if line and not line.startswith("#"):
            pairs.append(_read_pair(line, f"{name}:{number}"))
    if not pairs:
        raise DataError("The list of word pairs is empty.", where=name)
    return pairs


def _read_pair(line: str, where: str) -> tuple[str, str, float]:
    separator = next((sign for sign in "\t," if sign in line), None)
    fields = [field.strip() for field in line.split(separator)]
    try:
        one, other, rating = fields[:3]
        return one, other, float(rating)
    except ValueError:
        raise DataError(
            "A line of the list of word pairs is broken.",
            where=where,
            got=repr(line[:60]),
            accepted="two words and a number, separated by tabs, commas or spaces",
        ) from None


def agreement(vectors: WordVectors, pairs: Sequence[tuple[str, str, float]]) -> Agreement:
    """Compare the cosines of pairs of words with what people said.

    A word without a vector is looked for in lower case.

    Raises:
        DataError: Fewer than two pairs have vectors.
    """
    cosines, ratings = [], []
    for one, other, rating in pairs:
        found = [word if word in vectors else word.lower() for word in (one, other)]
        if all(word in vectors for word in found):
            cosines.append(vectors.cosine(*found))
            ratings.append(rating)
    if len(cosines) < 2:
        raise DataError(
            "Too few pairs of the list have word vectors.",
            got=f"{len(cosines)} of {len(pairs)}",
            accepted="at least 2",
        )
    return Agreement(
        correlation=rank_correlation(np.array(cosines), np.array(ratings)),
        num_pairs=len(cosines),
        num_unknown=len(pairs) - len(cosines),
    )


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's: the correlation of ranks, where equal values share the mean of theirs.

    0 if one side has no two different values.
    """
    first, second = _ranks(a), _ranks(b)
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[places]
