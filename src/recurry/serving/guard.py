"""Who may ask the page's server for anything, and what its answers allow a browser to do.

Comes in: an application. Goes out: the same behind checks of host, origin, token and size.
"""

import hmac
import json
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
COOKIE = "recurry_token"  # and the port, as browsers send cookies to all ports of a host
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
        elif self._token and self._brought(scope) and scope["path"] == "/":
            await _welcome(_cookie_name(scope), self._token, _protected(send))
        else:
            await self._app(_without_token(scope), receive, _protected(send))

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
        return any(name == "token" and self._fits(value) for name, value in _query(scope))

    def _is_known(self, scope: Scope, headers: Headers) -> bool:
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        # By hand: http.cookies gives up all of them where another program's is malformed.
        cookies = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
        name = _cookie_name(scope)
        return (
            self._brought(scope)
            or self._fits(bearer)
            or any(key == name and self._fits(value) for key, _, value in cookies)
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


async def _welcome(name: str, token: str, send: Send) -> None:
    """Take the token out of the address, where it would stay in the browser's history."""
    # Lax, as a link in a mail leads here too; what changes something checks its origin.
    cookie = f"{name}={token}; HttpOnly; SameSite=Lax; Path=/"
    await _answer(303, [(b"location", b"/"), (b"set-cookie", cookie.encode())], b"", send)


def _cookie_name(scope: Scope) -> str:
    server = scope.get("server")
    return f"{COOKIE}_{server[1] if server else 0}"


def _query(scope: Scope) -> list[tuple[str, str]]:
    query = scope.get("query_string", b"").decode("latin-1")
    return parse_qsl(query, keep_blank_values=True)


def _without_token(scope: Scope) -> Scope:
    """The same request without its token, which is no option of a view."""
    pairs = _query(scope)
    kept = [pair for pair in pairs if pair[0] != "token"]
    if len(kept) == len(pairs):
        return scope
    return {**scope, "query_string": urlencode(kept).encode()}


async def _answer(
    status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes, send: Send
) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
