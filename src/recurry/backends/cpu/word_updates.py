"""Calls of the kernel that learns word vectors: tables, memory and threads around it.

Comes in: counts of words, settings, numbers of words. Goes out: two matrices that change in place.
Imports jit, machine, threads, word_vectors.
"""

import ctypes
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.machine import host
from recurry.backends.cpu.threads import available_threads, run_worker
from recurry.backends.cpu.word_vectors import FIELDS, Rows, make_rows, write_word_vectors

PIECE_WORDS = 10_000
"""Words between two looks at the learning rate; also the longest sentence."""
_ALWAYS = 1 << 32
_LINE_BYTES = 64


@dataclass(frozen=True, kw_only=True)
class WordSettings:
    """How word vectors are learnt.

    Attributes:
        size: Numbers of a vector.
        is_skip_gram: Whether each word around predicts the one in the middle; else their mean does.
        window: Most words on either side.
        negatives: Words drawn against each one that was there.
        rates: The learning rate at the start and at the end.
        seed: Of all draws.
    """

    size: int = 100
    is_skip_gram: bool = True
    window: int = 5
    negatives: int = 5
    rates: tuple[float, float] = (0.025, 0.0001)
    seed: int = 0


def keep_table(counts: np.ndarray, sample: float) -> np.ndarray:
    """Of 2**32 draws, how many keep a word: all of a rare one, few of a very frequent one.

    Args:
        counts: How often each word occurs; 0 is never kept.
        sample: The share of the text from which on a word is left out now and then; 0 keeps all.

    Source: the word2vec program, which keeps `sqrt(t / f) + t / f` of a word with the share f.
    """
    total = counts.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = sample * total / counts
        share = np.minimum(np.sqrt(ratio) + ratio, 1.0) if sample else np.ones(len(counts))
    return np.where(counts > 0, share * _ALWAYS, 0).astype(np.int64)


def alias_table(weights: np.ndarray) -> np.ndarray:
    """A table from which one draw of 64 bits takes a word in proportion to its weight.

    Shapes:
        weights: (V,), not all 0.
        returns: (V, 2) int64: of 2**32 draws that fall on a word, how many stay; the other word.

    Source: Vose, A linear algorithm for generating random numbers with a given distribution, 1991.
    """
    size = len(weights)
    share = (weights * (size / weights.sum())).tolist()
    stays, other = [1.0] * size, list(range(size))
    small = [word for word in range(size) if share[word] < 1]
    large = [word for word in range(size) if share[word] >= 1]
    while small and large:
        poor, rich = small.pop(), large[-1]
        stays[poor], other[poor] = share[poor], rich
        share[rich] -= 1 - share[poor]
        if share[rich] < 1:
            small.append(large.pop())
    # What is left over is 1 but for rounding; a word of weight 0 must not be drawn for that.
    likely = int(np.argmax(weights))
    for word in small:
        if not weights[word]:
            stays[word], other[word] = 0.0, likely
    table = np.empty((size, 2), dtype=np.int64)
    table[:, 0], table[:, 1] = np.array(stays) * _ALWAYS, other
    return table


def aligned_zeros(rows: int, columns: int) -> np.ndarray:
    """A float32 matrix that begins where a line of the cache does."""
    space = np.zeros(rows * columns + _LINE_BYTES // 4, dtype=np.float32)
    skipped = -space.ctypes.data % _LINE_BYTES // 4
    return space[skipped : skipped + rows * columns].reshape(rows, columns)


class WordUpdates:
    """Two rows for each word, and what is needed to improve them.

    Args:
        counts: How often each word occurs; those with 0 are passed over.
        settings: Sizes, rates and the seed.
        sample: As `keep_table` takes it.
        border: The number that ends a sentence, or -1; its count should be 0.
        num_pieces: Pieces that will be learnt from in all, for the learning rate.
    """

    def __init__(
        self,
        counts: np.ndarray,
        settings: WordSettings,
        *,
        sample: float = 1e-3,
        border: int = -1,
        num_pieces: int = 1,
    ) -> None:
        self.settings, self._border = settings, border
        self._rows: Rows = make_rows(host(), settings.size)
        self._keep = keep_table(counts, sample)
        self._alias = alias_table(np.where(counts > 0, counts.astype(np.float64) ** 0.75, 0.0))
        self._inputs = aligned_zeros(len(counts), self._rows.size)
        self._outputs = aligned_zeros(len(counts), self._rows.size)
        start = np.random.default_rng(settings.seed).random(
            (len(counts), settings.size), dtype=np.float32
        )
        self._inputs[:, : settings.size] = (start - 0.5) / settings.size
        first, last = settings.rates
        self._rates = np.array([first, (first - last) / num_pieces, last], dtype=np.float32)
        self._scratch: np.ndarray = np.empty(0, dtype=np.uint8)

    @property
    def vectors(self) -> np.ndarray:
        """The vectors of the words, (V, size); they change with every call of `learn`."""
        return self._inputs[:, : self.settings.size]

    @property
    def outputs(self) -> np.ndarray:
        """The vectors that words are predicted with."""
        return self._outputs[:, : self.settings.size]

    def learn(self, ids: np.ndarray, first_piece: int = 0) -> int:
        """Go over some text once.

        Args:
            ids: Numbers of words, int64; a number outside the vocabulary is the caller's mistake.
            first_piece: The number of its first piece of `PIECE_WORDS` words among all.

        Returns:
            The number of threads that took part.
        """
        assert ids.dtype == np.int64
        assert ids.flags.c_contiguous
        pieces = -(-len(ids) // PIECE_WORDS)
        threads = max(1, min(available_threads(), pieces))
        tickets = np.zeros(2 * _LINE_BYTES // 8, dtype=np.int64)
        values = self._values() | {
            "ticket": tickets.ctypes.data,
            "thread": tickets.ctypes.data + _LINE_BYTES,
            "pieces": pieces,
            "first_piece": first_piece,
            "ids": ids.ctypes.data,
            "count": len(ids),
            **self._spaces(threads),
        }
        frame = (ctypes.c_int64 * len(FIELDS))(*(values[name] for name in FIELDS))
        address = _address(self.settings.size, self.settings.is_skip_gram)
        run_worker(address, ctypes.addressof(frame), threads)
        return threads

    def _values(self) -> dict[str, int]:
        """What is the same in every call."""
        return {
            "piece_words": PIECE_WORDS,
            "border": self._border,
            "keep": self._keep.ctypes.data,
            "alias": self._alias.ctypes.data,
            "num_words": len(self._keep),
            "inputs": self._inputs.ctypes.data,
            "outputs": self._outputs.ctypes.data,
            "window": self.settings.window,
            "negatives": self.settings.negatives,
            "rates": self._rates.ctypes.data,
            "seed": self.settings.seed,
        }

    def _spaces(self, threads: int) -> dict[str, int]:
        """Memory of each thread: kept words, targets, their scores, a mean."""
        targets = -(-(self.settings.negatives + 1) // 16) * 16
        sizes = (8 * (PIECE_WORDS + 8), 8 * targets, 4 * targets, 4 * self._rows.size)
        ends = np.cumsum([-(-size // _LINE_BYTES) * _LINE_BYTES for size in sizes]).tolist()
        if len(self._scratch) < threads * ends[-1] + _LINE_BYTES:
            self._scratch = np.zeros(threads * ends[-1] + _LINE_BYTES, dtype=np.uint8)
        start = self._scratch.ctypes.data
        names = ("targets_at", "scores_at", "hidden_at")
        return {
            "scratch": start + -start % _LINE_BYTES,
            "scratch_bytes": ends[-1],
            **dict(zip(names, ends, strict=False)),
        }


@lru_cache
def _address(size: int, is_skip_gram: bool) -> int:
    text = write_word_vectors(host(), make_rows(host(), size), is_skip_gram=is_skip_gram)
    return compile_module(text, ("learn_words",)).addresses["learn_words"]
