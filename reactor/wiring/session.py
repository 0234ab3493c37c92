"""The session in which Immich and Frigate are asked; it stands apart so that a command need not load the server."""

import aiohttp

# Immich closes idle connections after 5 s; a write must not meet one that is just being closed.
KEEPALIVE_S = 4.0


def open_session() -> aiohttp.ClientSession:
    """Return the session for Immich and Frigate; it keeps no cookies, which Immich would prefer to the key."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(keepalive_timeout=KEEPALIVE_S)
    )
