"""Starts the page's server on the next free port, and a browser.

Comes in: an application. Goes out: a running server. Needs uvicorn.
"""

from __future__ import annotations

import errno
import socket
import webbrowser
from collections.abc import Callable
from threading import Thread

from recurry.errors import RunError, UsageError
from recurry.serving.events import EventHub
from recurry.serving.guard import LOOPBACK, Guard

DEFAULT_PORT = 8642
_TRIED = 50  # ports, from the wanted one on


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on the wanted port, or on the next free one.

    Args:
        host: A name or address of this machine.
        port: The first port that is tried; 0 takes any.

    Raises:
        RunError: No port is free, or the host is none of this machine.
    """
    last: OSError | None = None
    for offset in range(_TRIED if port else 1):
        if port + offset > 65535:
            break
        try:
            return _listen(host, port + offset)
        except OSError as error:
            last = error
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                break
    raise RunError(
        f"The page cannot be served on {host}, port {port}.",
        got=last.strerror if last else "no port left",
        hint="another --port, or --port 0 for any that is free",
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening


def check_host(host: str, token: str | None) -> None:
    """Refuse to show a model to a whole network without a token.

    Raises:
        UsageError: The host is none of loopback, and there is no token, or a short one.
    """
    if token is None:
        if host in LOOPBACK:
            return
        raise UsageError(
            f"On the host {host} anybody in reach of this machine could read the model and text.",
            accepted="127.0.0.1, or another host together with --token",
            hint='--token "$(openssl rand -hex 16)"',
        )
    if len(token) < 12 or not token.isalnum():
        raise UsageError(
            "The token can be guessed, or does not fit into an address.",
            accepted="12 letters and digits or more",
            hint='--token "$(openssl rand -hex 16)"',
        )


def address_of(listening: socket.socket, *, token: str | None) -> str:
    """What to type into a browser."""
    host, port = listening.getsockname()[:2]
    name = socket.gethostname() if host in ("0.0.0.0", "::") else str(host)
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{port}/" + (f"?token={token}" if token else "")


def open_browser(address: str) -> None:
    """Show an address in a browser, if there is one; never waits and never fails."""
    Thread(target=_open, args=(address,), daemon=True).start()


def _open(address: str) -> None:
    try:
        webbrowser.open(address)
    except Exception:  # whatever a browser's own start script does, the address was printed
        return


def serve(
    app: Guard, listening: socket.socket, *, events: EventHub, on_start: Callable[[], None]
) -> None:
    """Answer requests until Ctrl-C.

    Args:
        app: What answers.
        listening: From `bind`.
        events: Its streams are ended first, or the server would wait for them.
        on_start: Called when the server is about to answer.
    """
    import uvicorn

    class Server(uvicorn.Server):
        """Ends the streams of events before it waits for open answers."""

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            events.close()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, date_header=False,
        timeout_graceful_shutdown=1, ws="none", lifespan="on",
    )  # fmt: skip
    on_start()
    Server(config).run(sockets=[listening])
