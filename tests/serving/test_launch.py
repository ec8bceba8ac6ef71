"""Ports, hosts, tokens and the running server."""

import socket
import threading
import time
import urllib.request

import pytest

from recurry.errors import RunError, UsageError
from recurry.serving.application import build_application
from recurry.serving.events import EventHub
from recurry.serving.launch import address_of, bind, check_host, open_browser, serve


def test_a_port_that_is_taken_gives_way_to_the_next_free_one():
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with bind("127.0.0.1", port) as other:
            assert port < other.getsockname()[1] < port + 50


def test_a_host_of_another_machine_cannot_be_bound():
    with pytest.raises(RunError, match=r"cannot be served on 192\.0\.2\.1, port 8642") as error:
        bind("192.0.2.1", 8642)
    assert "--port" in (error.value.hint or "")


def test_addresses_hold_the_token():
    with bind("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        assert address_of(listening, token=None) == f"http://127.0.0.1:{port}/"
        assert address_of(listening, token="abc") == f"http://127.0.0.1:{port}/?token=abc"
    with bind("0.0.0.0", 0) as listening:
        assert socket.gethostname() in address_of(listening, token="abc")


def test_a_network_is_served_only_with_a_token():
    check_host("127.0.0.1", None)
    check_host("0.0.0.0", "a" * 12)
    with pytest.raises(UsageError, match="anybody in reach"):
        check_host("0.0.0.0", None)
    for token in ("short", "with spaces in it", "ü" * 5):
        with pytest.raises(UsageError, match="can be guessed"):
            check_host("0.0.0.0", token)
        with pytest.raises(UsageError, match="does not fit into an address"):
            check_host("127.0.0.1", token)


def test_a_browser_that_fails_is_no_matter(monkeypatch):
    called = threading.Event()

    def fail(_):
        called.set()
        raise OSError("no display")

    monkeypatch.setattr("webbrowser.open", fail)
    open_browser("http://127.0.0.1:1/")
    assert called.wait(5)


def test_the_server_answers_and_ends_although_a_page_listens(viewing, monkeypatch):
    import uvicorn

    servers = []
    original = uvicorn.Server.__init__

    def remember(self, *arguments, **named):
        servers.append(self)
        original(self, *arguments, **named)

    monkeypatch.setattr(uvicorn.Server, "__init__", remember)
    monkeypatch.setattr(uvicorn.Server, "install_signal_handlers", lambda self: None, raising=False)
    events, listening, started = EventHub(), bind("127.0.0.1", 0), threading.Event()
    app = build_application(viewing, events)
    arguments = {"events": events, "on_start": started.set}
    thread = threading.Thread(target=serve, args=(app, listening), kwargs=arguments)
    thread.start()
    assert started.wait(10)
    address = address_of(listening, token=None)
    stream = urllib.request.urlopen(f"{address}api/events", timeout=10)
    assert stream.readline() == b"retry: 1000\n"
    servers[0].should_exit = True
    began = time.monotonic()
    thread.join(10)
    assert not thread.is_alive()
    assert time.monotonic() - began < 8
    stream.close()
    listening.close()
