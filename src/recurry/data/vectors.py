"""Word vectors: a row of numbers for each word, its neighbours, and analogies.

Comes in: words and a matrix, or a file (`vector_files`). Goes out: words with cosines, and matrices
for the symbols of a vocabulary. Knows nothing of torch.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recurry.data.subword_vectors import SubwordVectors
from recurry.errors import DataError, UsageError, nearest

# Rows that are multiplied at once, so that a matrix on the disk is never in memory as a whole.
_BLOCK_ROWS = 1 << 16


@dataclass(frozen=True, kw_only=True, eq=False)
class WordVectors:
    """Words and their vectors.

    Attributes:
        words: One for each row; of a word that occurs twice the first row counts.
        matrix: float32.
        subwords: What vectors of unknown words are composed of, if the file had it.

    Shapes:
        matrix: (V, size).

    Raises:
        DataError: There is not one word for each row.

    Example:
        >>> vectors = WordVectors(words=("up", "down"), matrix=np.eye(2, dtype=np.float32))
        >>> vectors.neighbours("up")
        [('down', 0.0)]
    """

    words: tuple[str, ...]
    matrix: np.ndarray
    subwords: SubwordVectors | None = None

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or len(self.words) != len(self.matrix):
            raise DataError(
                "Word vectors need one row for each word.",
                got=f"{len(self.words):,} words, a matrix of shape {self.matrix.shape}",
            )

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self.numbers

    def __repr__(self) -> str:
        beside = ", subwords" if self.subwords else ""
        return f"WordVectors({len(self):,} words, {self.size} numbers{beside})"

    @property
    def size(self) -> int:
        """Numbers of a vector."""
        return self.matrix.shape[1]

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Word -> its row, in the order of the rows."""
        found = dict.fromkeys(self.words, 0)
        found.update(zip(reversed(self.words), range(len(self) - 1, -1, -1), strict=True))
        return found

    @cached_property
    def _lengths(self) -> np.ndarray:
        """The length of every row; 1 where it is 0."""
        found = np.empty(len(self), dtype=np.float32)
        for start in range(0, len(self), _BLOCK_ROWS):
            block = self.matrix[start : start + _BLOCK_ROWS]
            found[start : start + len(block)] = np.sqrt(np.einsum("ij,ij->i", block, block))
        return np.where(found > 0, found, 1)

    def find(self, word: str) -> np.ndarray | None:
        """The vector of a word: its row, else composed of its parts, else None."""
        number = self.numbers.get(word)
        if number is not None:
            return np.asarray(self.matrix[number])
        return self.subwords.compose(word) if self.subwords else None

    def vector(self, word: str) -> np.ndarray:
        """The vector of a word.

        Raises:
            DataError: The word has none.
        """
        found = self.find(word)
        if found is None:
            close = nearest(word, self.words) if len(self) <= 200_000 else []
            raise DataError(
                f"There is no vector for {word!r}.",
                got=f"{len(self):,} words, the first of them "
                + ", ".join(map(repr, self.words[:5])),
                hint=" or ".join(close) or "check the spelling, and upper and lower case",
            )
        return found

    def cosine(self, one: str, other: str) -> float:
        """The cosine of the angle between the vectors of two words.

        Raises:
            DataError: One of the words has no vector.
        """
        return float(_unit(self.vector(one)) @ _unit(self.vector(other)))

    def neighbours(self, word: str, count: int = 10) -> list[tuple[str, float]]:
        """The words whose vectors point most nearly in the same direction, with their cosines.

        Raises:
            DataError: The word has no vector.
        """
        return self._nearest(self.vector(word), count, without=(word,))

    def analogy(
        self, like: Sequence[str], unlike: Sequence[str] = (), *, count: int = 10
    ) -> list[tuple[str, float]]:
        """The words nearest to a sum of directions: king and woman, unlike man, gives queen.

        The given words themselves are left out.

        Raises:
            DataError: A word has no vector.
            UsageError: No word is given.

        Source: Mikolov et al., Linguistic regularities in continuous space word representations,
            2013; called 3CosAdd by Levy and Goldberg, 2014.
        """
        if not like and not unlike:
            raise UsageError("An analogy needs at least one word.")
        total = np.zeros(self.size, dtype=np.float32)
        for sign, words in ((1, like), (-1, unlike)):
            for word in words:
                total += sign * _unit(self.vector(word))
        return self._nearest(total, count, without=(*like, *unlike))

    def _nearest(
        self, vector: np.ndarray, count: int, *, without: Sequence[str]
    ) -> list[tuple[str, float]]:
        vector = _unit(vector)
        cosines = np.empty(len(self), dtype=np.float32)
        for start in range(0, len(self), _BLOCK_ROWS):
            block = self.matrix[start : start + _BLOCK_ROWS]
            cosines[start : start + len(block)] = block @ vector
        cosines /= self._lengths
        wanted = min(count + len(without), len(self))
        best = np.argpartition(-cosines, wanted - 1)[:wanted] if wanted else np.empty(0, int)
        ranked = sorted(best.tolist(), key=lambda number: (-cosines[number], number))
        found = [(self.words[number], float(cosines[number])) for number in ranked]
        return [(word, cosine) for word, cosine in found if word not in without][:count]

    def rows_of(
        self, symbols: Sequence[str], *, symbol_of: Callable[[str], str | None] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """A matrix for a vocabulary, and which of its symbols have a vector.

        A symbol without one takes that of its lower case; its row is 0 if there is none either.

        Args:
            symbols: The vocabulary.
            symbol_of: The symbol that a word would be there; of several words with the same symbol
                the first one lends its vector to a symbol that is no word itself, as a stem.

        Raises:
            DataError: No symbol at all has a vector.

        Shapes:
            returns: (number of symbols, size) float32, and (number of symbols,) truths.
        """
        rows = np.zeros((len(symbols), self.size), dtype=np.float32)
        is_known = np.zeros(len(symbols), dtype=np.bool_)
        words = match_words(symbols, self.numbers, symbol_of)
        for number, (symbol, word) in enumerate(zip(symbols, words, strict=True)):
            found = self.find(symbol if word is None else word)
            if found is not None:
                rows[number], is_known[number] = found, True
        if len(symbols) and not is_known.any():
            raise DataError(
                "The word vectors and the vocabulary have no word in common.",
                got=f"vectors of {', '.join(map(repr, self.words[:5]))} ...; "
                f"a vocabulary of {', '.join(map(repr, symbols[:5]))} ...",
                hint="vectors of the same language, and symbols that are words",
            )
        return rows, is_known


def match_words(
    symbols: Sequence[str],
    words: Collection[str],
    symbol_of: Callable[[str], str | None] | None = None,
) -> list[str | None]:
    """For each symbol the word whose vector it takes, or None.

    That is the symbol itself, else the first word that would be this symbol, else the symbol in
    lower case.

    Args:
        symbols: Those of a vocabulary.
        words: Those that have a vector, in order.
        symbol_of: The symbol that a word would be; for instance its stem.

    Example:
        >>> match_words(["The", "movi", "x"], {"the": 0, "movies": 1}, lambda word: word[:4])
        ['the', 'movies', None]
    """
    missing = {symbol for symbol in symbols if symbol not in words} if symbol_of else set()
    standing: dict[str, str] = {}
    if symbol_of is not None and missing:
        for word in words:
            if (symbol := symbol_of(word)) is not None and symbol in missing:
                standing.setdefault(symbol, word)
    found = (symbol if symbol in words else standing.get(symbol) for symbol in symbols)
    lower = (symbol.lower() for symbol in symbols)
    return [word or (low if low in words else None) for word, low in zip(found, lower, strict=True)]


def _unit(vector: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
