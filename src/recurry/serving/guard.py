"""Who may ask the page's server for anything, and what its answers allow a browser to do.

Comes in: an application. Goes out: the same behind checks of host, origin, token and size.
"""

import hmac
import json
from collections.abc import Iterable
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
COOKIE = "recurry_token"
MOST_BYTES = 64 << 20  # of what is sent to the server

# Nothing but the server's own files: no inline script or style, no other address.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
# A drawing has its colours in itself, and must do nothing even when it is opened alone.
DRAWING_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}


class Guard:
    """An application that only the person who started it can reach.

    On loopback a request must name a loopback host, so that no other page can reach the server
    under a name of its own (DNS rebinding). Elsewhere it must bring the token, in the address
    once and in a cookie from then on.

    Args:
        app: What answers.
        token: What a request must bring; None for loopback, where none is needed.
    """

    def __init__(self, app: ASGIApp, *, token: str | None = None) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _refuse(refusal, _protected(send))
        elif self._token and self._brought(scope):
            await _welcome(scope["path"], self._token, _protected(send))
        else:
            await self._app(scope, receive, _protected(send))

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, dict[str, str]] | None:
        """Status and words for a request that is not answered."""
        host = _host_name(headers.get("host", ""))
        if self._token is None and host not in LOOPBACK:
            return 421, {
                "what": "This server answers on this machine only.",
                "got": f"a request for the host {host!r}",
                "accepted": " or ".join(LOOPBACK[:2]),
            }
        if not _is_own(headers):
            return 403, {"what": "Another page asked for this, so it is not answered."}
        if self._token is not None and not self._is_known(scope, headers):
            return 401, {
                "what": "This server needs its token.",
                "next": "open the address that recurry look printed, which holds the token",
            }
        size = headers.get("content-length", "0")
        if not size.isdecimal() or int(size) > MOST_BYTES:
            return 413, {
                "what": "That is more than the page's server takes.",
                "accepted": f"up to {MOST_BYTES >> 20} MB",
                "next": "recurry look MODEL FILE, which reads a file of any size",
            }
        return None

    def _brought(self, scope: Scope) -> bool:
        """Whether the address holds the token."""
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [])
        return any(self._fits(token) for token in given)

    def _is_known(self, scope: Scope, headers: Headers) -> bool:
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        return (
            self._brought(scope)
            or self._fits(bearer)
            or (cookie is not None and self._fits(cookie.value))
        )

    def _fits(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), (self._token or "").encode())


def _host_name(host: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_own(headers: Headers) -> bool:
    """Whether a request comes from this server's own page, or from no page at all."""
    if headers.get("sec-fetch-site") == "cross-site":
        return headers.get("sec-fetch-mode") == "navigate"
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _protected(send: Send) -> Send:
    """`send` with the headers that every answer carries."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers


async def _refuse(refusal: tuple[int, dict[str, str]], send: Send) -> None:
    status, words = refusal
    body = json.dumps(words).encode()
    await _answer(status, [(b"content-type", b"application/json")], body, send)


async def _welcome(path: str, token: str, send: Send) -> None:
    """Take the token out of the address, where it would stay in the browser's history."""
    cookie = f"{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/"
    location = path.encode("ascii", "ignore") if path.startswith("/") else b"/"
    if location.startswith(b"//"):
        location = b"/"
    headers = [(b"location", location), (b"set-cookie", cookie.encode())]
    await _answer(303, headers, b"", send)


async def _answer(
    status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes, send: Send
) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
