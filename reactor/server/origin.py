"""Whose page sent a request: a browser sends what it knows of us, a password among it, with foreign pages' requests."""

from aiohttp import web
from yarl import URL


def is_foreign(request: web.Request) -> bool:
    """Say whether another site's page made a browser ask for this.

    A browser says so itself, and no page can change what it says; but only under https and on loopback
    (W3C Fetch Metadata, section 2). Elsewhere the Origin is left, which a browser sends with every POST and with
    whatever a foreign script could read.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and not is_ours(origin, request)


def is_ours(origin: str, request: web.Request) -> bool:
    """Say whether this is the origin under which we were asked."""
    try:
        theirs = URL(origin)
        # A proxy before us may speak https, so the scheme is not compared.
        ours = URL(f"{theirs.scheme}://{request.headers.get('Host', '')}")
    except ValueError:
        return False
    return bool(theirs.host) and (theirs.host, theirs.port) == (ours.host, ours.port)
