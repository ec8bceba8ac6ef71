"""Vectors of words from vectors of their parts, as fastText makes them.

Comes in: words, and a matrix with a row for each group of parts. Goes out: vectors.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Of the hash FNV-1a with 32 bits.
_OFFSET, _PRIME = 2166136261, 16777619
_END = "</s>"
_BLOCK_WORDS = 1 << 12


@dataclass(frozen=True, kw_only=True, eq=False)
class SubwordVectors:
    """Rows that words share by their parts: runs of `shortest` to `longest` characters.

    Attributes:
        rows: float32; a part belongs to the row that its hash says.
        shortest: Characters of the shortest part.
        longest: Characters of the longest part; 0 for no parts.
        is_end_whole: Whether the word `</s>`, which ends a line, has no parts; it had some in files
            of before 2017.

    Shapes:
        rows: (number of rows, size).

    Source: Bojanowski et al., Enriching word vectors with subword information, 2017; the hash and
        the borders `<` and `>` are those of the fastText program.
    """

    rows: np.ndarray
    shortest: int
    longest: int
    is_end_whole: bool = True

    def compose(self, word: str) -> np.ndarray | None:
        """The mean of the rows of a word's parts; None for a word without parts."""
        owners, places = self.parts([word])
        return np.asarray(self.rows[places]).mean(axis=0) if len(owners) else None

    def compose_known(self, words: Sequence[str], own: np.ndarray) -> np.ndarray:
        """The vectors of words that have a row of their own, which counts as one more part.

        Shapes:
            own: (number of words, size).
            returns: The same.
        """
        sums = np.array(own, dtype=np.float32)
        for start in range(0, len(words), _BLOCK_WORDS):
            owners, places = self.parts(words[start : start + _BLOCK_WORDS])
            block = sums[start : start + _BLOCK_WORDS]
            if len(owners):
                firsts = np.flatnonzero(np.diff(owners, prepend=-1))
                block[owners[firsts]] += np.add.reduceat(self.rows[places], firsts, axis=0)
            block /= 1 + np.bincount(owners, minlength=len(block))[:, None]
        return sums

    def parts(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The parts of words: whose they are, in order, and the rows they belong to."""
        if not len(self.rows) or not self.longest:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        whole = _END if self.is_end_whole else None
        coded = [b"" if word == whole else f"<{word}>".encode() for word in words]
        sizes = np.array([len(word) for word in coded], dtype=np.int64)
        letters = np.frombuffer(b"".join(coded), dtype=np.uint8)
        ends = np.cumsum(sizes)
        owner = np.repeat(np.arange(len(words)), sizes)
        is_first = (letters & 0xC0) != 0x80  # of a character, not a later byte of it
        starts = np.flatnonzero(is_first)
        begin, end = (ends - sizes)[owner[starts]], ends[owner[starts]]
        numbers, hashes = self._hashes(letters, is_first, (begin, starts, end))
        owners = owner[starts[numbers]]
        order = np.argsort(owners, kind="stable")
        return owners[order], hashes[order].astype(np.int64) % len(self.rows)

    def _hashes(
        self, letters: np.ndarray, is_first: np.ndarray, places: tuple[np.ndarray, ...]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Of all parts that begin at some characters: the number of the character, and the hash.

        Args:
            letters: The bytes of all words.
            is_first: Whether a byte is the first of a character.
            places: For each character where its word begins, where it lies, where its word ends.
        """
        begin, start, end = places
        at, state = start.copy(), np.full(len(start), _OFFSET, dtype=np.uint32)
        live = np.arange(len(start))
        numbers, hashes = [live[:0]], [state[:0]]
        for size in range(1, self.longest + 1):
            live = live[at[live] < end[live]]
            moving = live
            while len(moving):  # over the bytes of one character
                # The program takes bytes as signed, so those from 128 on fill the upper bits.
                byte = letters[at[moving]].astype(np.int8).astype(np.int32).view(np.uint32)
                state[moving] = (state[moving] ^ byte) * np.uint32(_PRIME)
                at[moving] += 1
                moving = moving[at[moving] < end[moving]]
                moving = moving[~is_first[at[moving]]]
            if size >= self.shortest:
                # A border alone is no part.
                is_border = (start[live] == begin[live]) | (at[live] == end[live])
                kept = live[~is_border] if size == 1 else live
                numbers.append(kept)
                hashes.append(state[kept].copy())
        return np.concatenate(numbers), np.concatenate(hashes)
