"""Ctrl-C and its relatives as a request that is looked at between two updates.

Comes in: signals. Goes out: a flag. A second signal stops at once.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

STOPPING = "stopping after this update and saving; once more stops at once, without saving"


class StopRequest:
    """While entered, the first Ctrl-C, SIGTERM or SIGHUP only sets `is_set`.

    Outside the main thread Python allows no handlers; then signals work as usual.

    Args:
        notify: Is told when the first signal arrives.
    """

    def __init__(self, notify: Callable[[str], None]) -> None:
        self._notify = notify
        self._previous: dict[signal.Signals, Any] = {}
        self.is_set = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.is_set:
            self._restore()
            raise KeyboardInterrupt
        self.is_set = True
        # The signal came in the middle of a print, or there is no terminal any more to print to.
        with contextlib.suppress(RuntimeError, OSError):
            self._notify(STOPPING)

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()
