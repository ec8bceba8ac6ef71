"""Which byte may follow in valid UTF-8: an automaton of eight states.

Comes in: a state and a byte. Goes out: the next state. Start in state 0, which is also the
only state in which a text may end.

Source: The Unicode Standard, table 3-7 (well-formed UTF-8 byte sequences).
"""

import numpy as np

START = 0
# State -> ranges of bytes that may come next, each with the state it leads to.
# States 1, 2, 3 wait for that many continuation bytes; 4 to 7 restrict the next byte so that
# no overlong form (4, 6), surrogate (5) or value beyond U+10FFFF (7) can arise.
_RANGES: tuple[tuple[tuple[int, int, int], ...], ...] = (
    (
        (0x00, 0x7F, 0),
        (0xC2, 0xDF, 1),
        (0xE0, 0xE0, 4),
        (0xE1, 0xEC, 2),
        (0xED, 0xED, 5),
        (0xEE, 0xEF, 2),
        (0xF0, 0xF0, 6),
        (0xF1, 0xF3, 3),
        (0xF4, 0xF4, 7),
    ),
    ((0x80, 0xBF, 0),),
    ((0x80, 0xBF, 1),),
    ((0x80, 0xBF, 2),),
    ((0xA0, 0xBF, 1),),
    ((0x80, 0x9F, 1),),
    ((0x90, 0xBF, 2),),
    ((0x80, 0x8F, 2),),
)
_BYTES_LEFT = (0, 1, 2, 3, 2, 2, 3, 3)


def _build_table() -> np.ndarray:
    table = np.full((len(_RANGES), 256), -1, dtype=np.int8)
    for state, ranges in enumerate(_RANGES):
        for first, last, target in ranges:
            table[state, first : last + 1] = target
    return table


_TABLE = _build_table()
_ALLOWED = _TABLE >= 0
_ALLOWED.setflags(write=False)


def allowed_next(state: int) -> np.ndarray:
    """Which of the 256 bytes may follow in this state.

    Shapes:
        returns: (256,) bool, read-only.
    """
    return _ALLOWED[state]


def advance(state: int, byte: int) -> int:
    """The state after a byte.

    Raises:
        ValueError: The byte may not follow.
    """
    target = int(_TABLE[state, byte])
    if target < 0:
        raise ValueError(f"byte 0x{byte:02X} may not follow in state {state}")
    return target


def bytes_left(state: int) -> int:
    """How many bytes complete the character begun in this state; 0 between characters."""
    return _BYTES_LEFT[state]
