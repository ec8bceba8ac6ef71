"""What is told to open pages."""

import asyncio
import json
from threading import Thread

from recurry.serving import events as module
from recurry.serving.events import EventHub


async def listen(hub: EventHub, count: int) -> list[dict]:
    """The first events of a stream."""
    found = []
    async for part in hub.stream():
        if part.startswith(b"data: "):
            found.append(json.loads(part[6:]))
        if len(found) == count:
            break
    return found


def test_every_listener_hears_every_event_also_from_other_threads():
    async def run() -> list[list[dict]]:
        hub = EventHub()
        tasks = [asyncio.create_task(listen(hub, 2)) for _ in range(10)]
        await asyncio.sleep(0.05)
        thread = Thread(target=lambda: [hub.publish("a", n) for n in (1, 2)])
        thread.start()
        thread.join()
        return await asyncio.wait_for(asyncio.gather(*tasks), 5)

    expected = [{"kind": "a", "detail": 1}, {"kind": "a", "detail": 2}]
    assert asyncio.run(run()) == [expected] * 10


def test_who_comes_later_hears_the_last_event_of_each_kind():
    async def run() -> list[dict]:
        hub = EventHub()
        for kind, detail in (("a", 1), ("a", 2), ("b", 3)):
            hub.publish(kind, detail)
        return await asyncio.wait_for(listen(hub, 2), 5)

    assert asyncio.run(run()) == [{"kind": "a", "detail": 2}, {"kind": "b", "detail": 3}]


def test_a_slow_listener_loses_old_events_and_nothing_grows(monkeypatch):
    monkeypatch.setattr(module, "_MOST_WAITING", 3)

    async def run() -> list[dict]:
        hub = EventHub()
        stream = hub.stream()
        assert (await anext(stream)).startswith(b"retry")
        for number in range(10):
            hub.publish("a", number)
        await asyncio.sleep(0.05)
        first = [json.loads((await anext(stream))[6:]) for _ in range(4)]
        await stream.aclose()
        return first

    details = [event["detail"] for event in asyncio.run(run())]
    assert details[0] == 9  # the last of its kind, for who comes later
    assert details[1:] == [7, 8, 9]


def test_a_quiet_stream_shows_that_it_is_there(monkeypatch):
    monkeypatch.setattr(module, "_BEAT_SECONDS", 0.01)

    async def run() -> bytes:
        stream = EventHub().stream()
        await anext(stream)
        beat = await anext(stream)
        await stream.aclose()
        return beat

    assert asyncio.run(run()).startswith(b":")


def test_closing_ends_all_streams():
    async def run() -> list[dict]:
        hub = EventHub()
        task = asyncio.create_task(listen(hub, 99))
        await asyncio.sleep(0.05)
        hub.close()
        return await asyncio.wait_for(task, 5)

    assert asyncio.run(run()) == []
