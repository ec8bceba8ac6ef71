"""Values that are made once each, however many threads ask for them at the same time.

Comes in: a key, and what makes its value. Goes out: the value.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

Made = TypeVar("Made")


class Memo:
    """Keeps values by key; who asks for one that is being made waits for that one alone.

    Args:
        most: How many are kept, the last ones; all when not given.
    """

    def __init__(self, *, most: int | None = None) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._busy: dict[Hashable, Lock] = {}
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Made], *, is_kept: bool = True) -> Made:
        """The value of a key, from `make` if there is none; a value that is not made is not kept.

        Args:
            key: What is asked for.
            make: Gives the value; its errors are raised.
            is_kept: Whether the value serves later questions too.
        """
        with self._lock:
            busy = self._busy.setdefault(key, Lock())
        try:
            with busy:
                if key in self._values:
                    return self._values[key]
                value = make()
                if is_kept:
                    self._keep(key, value)
                return value
        finally:
            with self._lock:
                self._busy.pop(key, None)

    def clear(self) -> None:
        """Forget all values."""
        with self._lock:
            self._values.clear()

    def _keep(self, key: Hashable, value: Any) -> None:
        with self._lock:
            self._values[key] = value
            while self._most is not None and len(self._values) > self._most:
                self._values.popitem(last=False)
