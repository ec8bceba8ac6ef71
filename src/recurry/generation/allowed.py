"""Which symbols may come next: whole UTF-8 characters where symbols are bytes or pieces made of
bytes, never the unknown symbol.

Comes in: a codec and the symbols written so far. Goes out: penalties, 0 or -inf, to be added to
logits. Imports `data`.
"""

from collections.abc import Sequence

import numpy as np

from recurry.data import utf8
from recurry.data.codec import Codec
from recurry.data.subwords import Subwords, byte_spelling

# No character has more bytes, so with so many symbols to go every beginning can be completed.
_LONGEST = 4
_NUM_STATES = 8  # of the automaton in data.utf8


class Allowed:
    """The penalties of some rows of text that grow by one symbol each.

    Args:
        codec: The codec of the model.
        num_rows: Number of texts.
    """

    def __init__(self, codec: Codec, num_rows: int) -> None:
        spelled = _spell(codec)
        self._next = None if spelled is None else _next_states(spelled)
        self._table = None if self._next is None else _penalty_table(self._next)
        self._states = np.full(num_rows, utf8.START, dtype=np.int64)
        self._fixed = _never_unknown(codec)

    def penalties(self, num_left: int) -> np.ndarray | None:
        """0 where a symbol may come next and -inf where not; None where all may.

        Args:
            num_left: Symbols that are still to be written, this one included, so that no
                character is begun that could not be finished.

        Shapes:
            returns (R, V) or (1, V) float64.
        """
        if self._table is not None:
            return self._table[self._states, min(num_left, _LONGEST)]
        return self._fixed

    def advance(self, symbols: np.ndarray) -> None:
        """Take in the symbols that were written, one a row."""
        if self._next is not None:
            self._states = self._next[self._states, symbols]

    def reorder(self, rows: np.ndarray) -> None:
        """Let each row go on from the text of another."""
        self._states = self._states[rows]


def _spell(codec: Codec) -> Sequence[bytes] | None:
    """The bytes of each symbol, where symbols may end inside a character."""
    if codec.config.tokens == "bytes":
        return [bytes([byte]) for byte in range(256)]
    if isinstance(codec.tokeniser, Subwords):
        spelling = byte_spelling()
        return [bytes(spelling[c] for c in symbol) for symbol in codec.tokeniser.symbols]
    return None


def _never_unknown(codec: Codec) -> np.ndarray | None:
    unknown = codec.vocabulary.unknown
    if unknown is None or codec.num_symbols == 1:
        return None
    penalties = np.zeros((1, codec.num_symbols))
    penalties[0, unknown] = -np.inf
    return penalties


def _next_states(spelled: Sequence[bytes]) -> np.ndarray:
    """State and symbol to the next state, -1 where the symbol may not follow; (8, V) int64."""
    table = np.full((_NUM_STATES, len(spelled)), -1, dtype=np.int64)
    for symbol, text in enumerate(spelled):
        for state in range(_NUM_STATES):
            table[state, symbol] = _follow(state, text)
    return table


def _follow(state: int, text: bytes) -> int:
    for byte in text:
        if not utf8.allowed_next(state)[byte]:
            return -1
        state = utf8.advance(state, byte)
    return state


def _penalty_table(following: np.ndarray) -> np.ndarray:
    """Penalties by state, symbols left (0 to 4) and symbol."""
    left = np.array([utf8.bytes_left(state) for state in range(_NUM_STATES)])
    table = np.full((_NUM_STATES, _LONGEST + 1, following.shape[1]), -np.inf)
    for num_left in range(1, _LONGEST + 1):
        table[:, num_left][(following >= 0) & (left[following] < num_left)] = 0.0
    return table
