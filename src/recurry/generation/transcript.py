"""Symbols to text as they come: whole characters only, cut off before a stop string.

Comes in: one symbol at a time. Goes out: text that is certain. Imports `data` and errors.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np

from recurry.data.codec import Codec
from recurry.errors import UsageError

Mark = TypeVar("Mark")


class Transcript(Generic[Mark]):
    """The text of one stream of symbols.

    Text that may yet turn out to be the beginning of a stop string is held back. Each piece of
    text carries the mark of the symbol that completed it, for instance the state after it.

    Args:
        codec: The codec of the model.
        stop: Strings that end the text; they may span symbols and are not part of the text.
    """

    def __init__(self, codec: Codec, stop: Sequence[str] = ()) -> None:
        self._decoder = codec.streaming_decoder()
        self._stop = check_stop(stop)
        self._held: list[tuple[str, Mark]] = []
        self.is_stopped = False

    def open(self, symbols: Sequence[int] | np.ndarray) -> str:
        """The text of a prime; stop strings are not looked for in it."""
        return "".join(self._decoder.feed(int(symbol)) for symbol in symbols)

    def feed(self, symbol: int, mark: Mark) -> list[tuple[str, Mark]]:
        """The pieces that are certain after one more symbol."""
        return self._take(self._decoder.feed(symbol), mark)

    def close(self, mark: Mark) -> list[tuple[str, Mark]]:
        """The pieces that were held back, when no more symbols come."""
        pieces = self._take(self._decoder.flush(), mark)
        held, self._held = self._held, []
        return pieces if self.is_stopped else pieces + held

    def _take(self, text: str, mark: Mark) -> list[tuple[str, Mark]]:
        if self.is_stopped or not text:
            return []
        if not self._stop:
            return [(text, mark)]
        for character in text:
            self._held.append((character, mark))
            found = stop_length("".join(c for c, _ in self._held), self._stop)
            if found:
                self.is_stopped = True
                return self._release(found)
        return self._release(_beginning(self._held, self._stop))

    def _release(self, num_kept: int) -> list[tuple[str, Mark]]:
        end = len(self._held) - num_kept
        pieces, self._held = self._held[:end], self._held[end:]
        return pieces


def check_stop(stop: Sequence[str]) -> tuple[str, ...]:
    """The stop strings, as a tuple.

    Raises:
        UsageError: One of them is empty.
    """
    found = (stop,) if isinstance(stop, str) else tuple(stop)
    if "" in found:
        raise UsageError(
            "A stop string is empty, so the text would end before it begins.",
            accepted="one character or more",
        )
    return found


def stop_length(text: str, stop: Sequence[str]) -> int:
    """The length of the longest stop string that a text ends with; 0 where there is none."""
    return max((len(s) for s in stop if text.endswith(s)), default=0)


def _beginning(held: list, stop: Sequence[str]) -> int:
    """How many characters at the end may be the beginning of a stop string."""
    text = "".join(character for character, _ in held)
    longest = min(len(text), max(len(s) for s in stop) - 1)
    lengths = range(longest, 0, -1)
    return next((n for n in lengths if any(s.startswith(text[-n:]) for s in stop)), 0)
