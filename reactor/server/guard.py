"""Who may look: everyone may post webhooks and ask for health; the pages are for this machine alone."""

import ipaddress

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

OPEN_PATHS = ("/webhook/", "/healthz", "/readyz")
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
REFUSAL = (
    "This page is only shown on the machine that runs the reactor, under the address localhost. "
    "Open it there, or allow other machines in the configuration."
)
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


def guard(*, open_web: bool) -> Middleware:
    """Return the middleware that answers 403 to strangers, unless the pages are open to all."""

    @web.middleware
    async def only_here(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _is_open(request.path) or ((open_web or is_local(request)) and not _is_embedded(request)):
            return await handler(request)
        if request.path.startswith("/api/"):
            return web.json_response({"message": REFUSAL}, status=403, headers={"Cache-Control": "no-store"})
        return web.Response(status=403, text=REFUSAL + "\n")

    return only_here


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


def _is_embedded(request: web.Request) -> bool:
    """Say whether another site's page asks for a part of ours: it could not read it, but take all streams there are."""
    return request.path != "/" and request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")


def _is_open(path: str) -> bool:
    return path.startswith(OPEN_PATHS[0]) or path in OPEN_PATHS[1:]


def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback
