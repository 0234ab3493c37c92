"""Carry requests to Frigate, logged in where it asks for it, and bring whole, bounded answers back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import aiohttp
from yarl import URL

from reactor.adapters.frigate.answers import Answer, Unanswered, error_of, message_of
from reactor.adapters.frigate.routes import expect_allowed
from reactor.adapters.harmless import read_bounded
from reactor.core.errors import Blocked, StartError, Unreachable

LONGEST_JSON = 1024 * 1024
TIMEOUT_S = 15.0
SHORTEST_WAIT_S = 1.0
LONGEST_WAIT_S = 300.0
# A JSON Web Token has some hundred characters; a larger one would only fill every later request's head.
LONGEST_COOKIE = 4096


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked: method, encoded path below the address, and either a JSON body or one picture to upload."""

    method: str
    path: str
    body: object | None = None
    picture: bytes | None = None
    headers: Mapping[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class FrigateTransport:
    """Talk to one Frigate; the session must not keep cookies, the login's cookie is kept here.

    ``user`` and ``password`` are for its port 8971; port 5000 asks for none (facts/frigate-api.md section 1).
    """

    def __init__(
        self, url: str, *, session: aiohttp.ClientSession, user: str | None = None, password: str | None = None
    ) -> None:
        self._root = _root(url)
        self._session = session
        self._login_body = {"user": user, "password": password} if user and password else None
        self._secrets = (password,) if password else ()
        self._cookie = ""
        self._logging_in = asyncio.Lock()

    async def call(self, request: Request, *, timeout_s: float = TIMEOUT_S, limit: int = LONGEST_JSON) -> Answer:
        """Return the answer, whatever its status but 401; raises Unreachable, Blocked or Permanent if there is none.

        Unanswered says that the request may have been taken all the same.
        """
        try:
            async with asyncio.timeout(timeout_s):
                return await self._logged_in(request, limit)
        except TimeoutError:
            pass  # raised below, so that no library error with headers hangs on it
        raise Unanswered(f"{request}: Frigate did not answer within {timeout_s:g} s")

    async def _logged_in(self, request: Request, limit: int) -> Answer:
        used = self._cookie
        answer = await self._exchange(request, limit)
        if answer.status != 401:
            return answer
        if self._login_body is None:
            raise error_of(answer)
        async with self._logging_in:
            if self._cookie == used:  # nobody else renewed it meanwhile
                await self._log_in()
        answer = await self._exchange(request, limit)
        if answer.status == 401:
            raise Blocked(f"{request}: Frigate took the login, but refuses its cookie: {message_of(answer)}")
        return answer

    async def _log_in(self) -> None:
        request = Request(method="POST", path="/api/login", body=self._login_body)
        self._cookie = ""
        answer = await self._exchange(request, LONGEST_JSON)
        if answer.status == 401:
            raise Blocked("Frigate refuses the login: user or password is wrong")
        if answer.status == 404:
            raise Blocked("Frigate's login is switched off on this port: use its internal port 5000")
        if answer.status != 200:
            raise error_of(answer)
        if not self._cookie:
            raise Blocked("Frigate took the login, but gave no cookie")

    async def _exchange(self, request: Request, limit: int) -> Answer:
        expect_allowed(request.method, request.path, request.body, picture=request.picture is not None)
        headers = {**(request.headers or {}), **({"Cookie": self._cookie} if self._cookie else {})}
        try:
            async with self._session.request(
                request.method,
                URL(f"{self._root}{request.path}", encoded=True),
                json=request.body,
                data=_form(request.picture),
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None),  # call bounds the whole
            ) as response:
                # The cookie's name can be configured; 0.16 and later renew it in passing.
                cookie = "; ".join(f"{one.key}={one.value}" for one in response.cookies.values())
                if cookie and len(cookie) <= LONGEST_COOKIE and cookie.isascii() and cookie.isprintable():
                    self._cookie = cookie
                return Answer(
                    what=str(request),
                    status=response.status,
                    kind=response.content_type,
                    body=await read_bounded(response.content, limit, request),
                    after=_seconds(response.headers.get("Retry-After", "")),
                    secrets=(*self._secrets, *_values(self._cookie)),
                )
        except (aiohttp.ClientError, OSError) as error:
            problem = type(error).__name__
            kind = Unreachable if isinstance(error, aiohttp.ClientConnectorError) else Unanswered
        # Outside the except block: aiohttp's errors can carry the request's headers, and with them the cookie.
        raise kind(f"{request}: Frigate cannot be reached at {URL(self._root).origin()}: {problem}")


@contextlib.asynccontextmanager
async def open_transport(
    url: str, *, user: str | None = None, password: str | None = None, verify_tls: bool = True
) -> AsyncIterator[FrigateTransport]:
    """Open a transport with a session of its own; Frigate's own certificate is self-signed (``verify_tls``)."""
    connector = aiohttp.TCPConnector(ssl=verify_tls)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield FrigateTransport(url, session=session, user=user, password=password)


def _root(url: str) -> str:
    """Return the address without a slash at its end; /api is taken off, people copy it along."""
    root = url.strip().rstrip("/").removesuffix("/api").rstrip("/")
    try:
        parts = URL(root)
        usable = parts.scheme in ("http", "https") and bool(parts.host) and not parts.user and not parts.query_string
    except ValueError:
        usable = False
    if not usable:
        raise StartError("Frigate's address is no URL like http://frigate:5000; user and password are set apart")
    return root


def _form(picture: bytes | None) -> aiohttp.FormData | None:
    if picture is None:
        return None
    form = aiohttp.FormData()
    form.add_field("file", picture, filename="face.jpg", content_type="image/jpeg")
    return form


def _values(cookie: str) -> list[str]:
    """Return the values of a cookie that are long enough to be a login, not a mere setting."""
    return [value for part in cookie.split("; ") if len(value := part.partition("=")[2]) >= 8]


def _seconds(value: str) -> float | None:
    """Return the wait that is asked for, in bounds: 0 must not become a busy loop."""
    return min(max(float(value), SHORTEST_WAIT_S), LONGEST_WAIT_S) if value.isdecimal() else None
