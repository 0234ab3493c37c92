"""The token that opens page and API from anywhere, and how a request carries it."""

import base64
import hashlib
import hmac

from aiohttp import web
from pydantic import SecretStr
from structlog.typing import FilteringBoundLogger

from reactor.server.seldom import Seldom

SAID_EVERY_SECONDS = 60.0
# Basic makes a plain browser ask for the token (RFC 7617), Bearer is for scripts (RFC 6750).
CHALLENGES = ('Basic realm="Immich Reactor", charset="UTF-8"', 'Bearer realm="Immich Reactor"')


class WebToken:
    """Know the token again; only its digest is kept."""

    def __init__(self, token: SecretStr, *, log: FilteringBoundLogger) -> None:
        self._digest = _digest(token.get_secret_value().encode())
        self._log = log
        self._seldom = Seldom(SAID_EVERY_SECONDS)

    def is_carried_by(self, request: web.Request) -> bool:
        """Say whether the request carries the token; a wrong one takes as long as the right one."""
        header = request.headers.get("Authorization")
        if header is None:
            return False  # a browser that was not asked yet
        if hmac.compare_digest(_digest(token_of(header)), self._digest):
            return True
        if since_last := self._seldom.due():
            self._log.warning(
                "somebody asks for page or API with a wrong token", peer=request.remote, since_last=since_last
            )
        return False


def token_of(header: str) -> bytes:
    """Return what stands in an Authorization header: a Bearer's token or a Basic password; b"" where it is neither."""
    scheme, _, rest = header.partition(" ")
    match scheme.lower():
        case "bearer":
            return rest.strip().encode("utf-8", "surrogateescape")
        case "basic":
            try:
                return base64.b64decode(rest.strip(), validate=True).partition(b":")[2]
            except ValueError:
                return b""
        case _:
            return b""


def _digest(token: bytes) -> bytes:
    # Of one length whatever was sent, so that the comparison tells nothing of the token's.
    return hashlib.sha256(token).digest()
