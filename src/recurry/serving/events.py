"""What the server tells every open page by itself: progress, new lines of a run, new models.

Comes in: events from any thread. Goes out: a stream of server-sent events for each page.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

_MOST_WAITING = 200  # events that a slow page may be behind; older ones are dropped
_BEAT_SECONDS = 10.0
_RETRY = b"retry: 1000\n\n"  # milliseconds after which a page that lost its server asks again


class EventHub:
    """Hands events to every page that listens.

    The last event of each kind is kept, and a page that comes later hears it first.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queues: set[asyncio.Queue[bytes | None]] = set()
        self._last: dict[str, bytes] = {}
        self._is_closed = False

    def publish(self, kind: str, detail: Any = None) -> None:
        """Tell all pages; may be called from any thread, also when nobody listens."""
        message = _message(kind, detail)
        self._last[kind] = message
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._spread, message)

    def close(self) -> None:
        """End all streams, so that the server can end."""
        self._is_closed = True
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._spread, None)

    async def stream(self) -> AsyncIterator[bytes]:
        """The events for one page, for as long as it listens."""
        self._loop = asyncio.get_running_loop()
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_WAITING)
        self._queues.add(queue)
        try:
            yield _RETRY
            for message in list(self._last.values()):
                yield message
            while not self._is_closed:
                try:
                    message = await asyncio.wait_for(queue.get(), _BEAT_SECONDS)
                except TimeoutError:
                    message = b": still here\n\n"
                if message is None:
                    return
                yield message
        finally:
            self._queues.discard(queue)

    def _spread(self, message: bytes | None) -> None:
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(message)


def _message(kind: str, detail: Any) -> bytes:
    return f"data: {json.dumps({'kind': kind, 'detail': detail})}\n\n".encode()
