"""Who may look: everyone may post webhooks and ask for health; page and API are for this machine, or for a token."""

import ipaddress

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from multidict import CIMultiDict
from pydantic import SecretStr
from structlog.typing import FilteringBoundLogger

from reactor.server.origin import is_foreign
from reactor.server.token import CHALLENGES, WebToken

OPEN_PATHS = ("/webhook/", "/healthz", "/readyz")
PAGES = ("/", "/categories")
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
NOT_HERE = (
    "This page is only shown on the machine that runs the reactor, under the address localhost. "
    "Open it there, or set a web_token, which opens it from anywhere."
)
NOT_LET_IN = (
    "Page and API ask for the web token: as the password in a browser, whatever the user's name, "
    "or as Authorization: Bearer."
)
FOREIGN = "This was asked for by the page of another site; open the reactor's own page."
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Access:
    """Know who may look: this machine alone, or with a token whoever carries it.

    A proxy on this machine looks like this machine, so with a token nobody comes in without.
    """

    def __init__(self, token: SecretStr | None, *, log: FilteringBoundLogger) -> None:
        self._token = None if token is None else WebToken(token, log=log)

    def allows(self, request: web.Request) -> bool:
        """Say whether whoever asks may know what page and API tell."""
        return is_local(request) if self._token is None else self._token.is_carried_by(request)

    def refusal(self, request: web.Request) -> web.Response:
        """Return the answer to whoever may not; with a token it makes a browser ask for it."""
        if self._token is None:
            return _refused(request, 403, NOT_HERE)
        return _refused(request, 401, NOT_LET_IN, CHALLENGES)


def guard(access: Access) -> Middleware:
    """Return the middleware that answers strangers, and what other sites' pages ask for in a friend's browser."""

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _is_open(request.path):
            return await handler(request)
        # A link may lead to a page. Everything else is ours alone: a foreign page could not read it, but take all
        # streams there are, or make a browser ask for the token.
        if request.path not in PAGES and is_foreign(request):
            return _refused(request, 403, FOREIGN)
        return await handler(request) if access.allows(request) else access.refusal(request)

    return admit


async def add_security_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add the headers that every answer carries (a signal of aiohttp, so that errors and streams have them too)."""
    response.headers.update(SECURITY_HEADERS)
    response.headers.pop("Server", None)


def is_local(request: web.Request) -> bool:
    """Say whether peer and Host are this machine, and no proxy stands between.

    The Host is looked at because a foreign page can give its own name our address (DNS rebinding).
    """
    if any(name in request.headers for name in FORWARDED):
        return False
    return _is_loopback(request.remote or "") and is_local_host(request.headers.get("Host", ""))


def is_local_host(host: str) -> bool:
    """Say whether a Host header, with or without its port, names this machine."""
    name, bracket, port = host.partition("]") if host.startswith("[") else host.partition(":")
    name = name.removeprefix("[") if bracket == "]" else name
    port = port.removeprefix(":") if bracket == "]" else port
    if port and not (port.isascii() and port.isdigit()):
        return False
    return name.lower() == "localhost" or _is_loopback(name)


def _refused(request: web.Request, status: int, words: str, challenges: tuple[str, ...] = ()) -> web.Response:
    headers = CIMultiDict({"Cache-Control": "no-store"})
    for challenge in challenges:
        headers.add("WWW-Authenticate", challenge)
    if request.path.startswith("/api/"):
        return web.json_response({"message": words}, status=status, headers=headers)
    return web.Response(text=words + "\n", status=status, headers=headers)


def _is_open(path: str) -> bool:
    return path.startswith(OPEN_PATHS[0]) or path in OPEN_PATHS[1:]


def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback
