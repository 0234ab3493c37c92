"""Carry requests to one Immich account and bring answers back, or an error named by what to do next."""

import asyncio
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
from pydantic import SecretStr
from yarl import URL

from reactor.adapters.harmless import parse_json, read_bounded, without_secrets
from reactor.adapters.immich.address import api_root, same_origin, usable_key
from reactor.adapters.immich.errors import ForbiddenCall, Garbled, NotImmich, clean, error_of, said
from reactor.adapters.immich.routes import ALLOWED, Route, allows, route_of
from reactor.core.errors import Blocked, NotReady, Permanent, Retryable, Unreachable
from reactor.core.ids import AccountId

LONGEST_JSON = 32 * 1024 * 1024
LONGEST_MEDIA = 64 * 1024 * 1024
# A clock that is wrong is followed, but not to the ends of the calendar.
YEARS = range(1970, 3000)
QUICK_RETRIES = 2
FIRST_RETRY_S = 0.2
REDIRECTS = 3
REDIRECT_STATUS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back: status, headers and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked: the table's line, the path below the API's root, query and JSON body.

    ``limit`` bounds the answer, in bytes after unpacking.
    """

    route: Route
    path: str
    query: Mapping[str, str]
    body: object | None
    limit: int

    def __str__(self) -> str:
        return f"{self.route.method} {self.path}"


class ImmichTransport:
    """Talk to Immich with one account's key.

    ``timeout_s`` bounds a whole call with its quick retries; ``routes`` is the table of what may be sent. The session
    must not keep cookies: Immich prefers a session cookie to the key (facts/immich-api.md section 2).
    """

    def __init__(
        self,
        url: str,
        key: SecretStr,
        account: AccountId,
        *,
        timeout_s: float = 30.0,
        session: aiohttp.ClientSession,
        routes: tuple[Route, ...] = ALLOWED,
    ) -> None:
        self.account = account
        self.root = api_root(url)
        self._key = usable_key(key)
        self._timeout_s = timeout_s
        self._session = session
        self._routes = routes
        self._ahead = timedelta(0)

    def clock(self) -> datetime:
        """Return the present time by Immich's clock, as the Date header of its latest answer told it."""
        return datetime.now(UTC) + self._ahead

    async def json(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object | None = None
    ) -> object:
        """Return the parsed answer, None for an empty one."""
        answer = await self._call(method, path, query, body)
        if not answer.body:
            return None
        try:
            return parse_json(without_secrets(answer.body, (self._key,)))
        except ValueError:
            pass  # raised below: the error must not carry the body along
        raise NotImmich(f"{method} {path}: the answer is no JSON; is this the address of an Immich server?")

    async def media(
        self, path: str, *, query: Mapping[str, str] | None = None, limit: int | None = None
    ) -> tuple[bytes, str]:
        """Return a picture of at most ``limit`` bytes and its content type; NotReady while there is none."""
        answer = await self._call("GET", path, query, None, limit=limit or LONGEST_MEDIA)
        content_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if content_type == "text/html":
            raise NotImmich(
                f"GET {path}: the answer is no picture but a page; is this the address of an Immich server?"
            )
        # The format is a setting of Immich's; what a browser would run is none.
        if not content_type.startswith("image/") or "svg" in content_type:
            raise Garbled(f"GET {path}: the answer is no picture but {clean(content_type, secret=self._key)!r}")
        return answer.body, content_type

    async def server_time(self) -> datetime:
        """Return Immich's clock, in whole seconds, from the Date header of an answer."""
        answer = await self._call("GET", "/server/ping", None, None)
        if (told := _date_of(answer)) is None:
            raise Garbled("Immich's answer has no Date header; does a proxy take it away?")
        return told

    async def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: object | None,
        *,
        limit: int | None = None,
    ) -> Answer:
        route = route_of(method, path, self._routes, body=body)
        request = Request(route=route, path=path, query=query or {}, body=body, limit=limit or LONGEST_JSON)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._patiently(request)
        except TimeoutError:
            pass  # raised below, so that no library error with headers hangs on it
        raise Unreachable(f"{request}: Immich did not answer within {self._timeout_s:g} s")

    async def _patiently(self, request: Request) -> Answer:
        quick = 0 if request.route.kind == "write" else QUICK_RETRIES
        attempt = 0
        while True:
            try:
                return await self._attempt(request)
            except (NotReady, Blocked):
                raise
            except Retryable as error:
                if attempt >= quick or error.after is not None:
                    raise
            # 50 to 150 per cent, so that many workers do not come back at once.
            await asyncio.sleep(FIRST_RETRY_S * 2**attempt * (0.5 + secrets.randbelow(1000) / 1000))
            attempt += 1

    async def _attempt(self, request: Request) -> Answer:
        url = self.root.joinpath(request.path[1:]).with_query(request.query)
        for _ in range(REDIRECTS + 1):
            answer = await self._exchange(request, url)
            if (told := _date_of(answer)) is not None:
                self._ahead = told - datetime.now(UTC)
            if 200 <= answer.status < 300:
                return answer
            if answer.status not in REDIRECT_STATUS:
                words = said(answer.body)
                message = None if words is None else clean(words, secret=self._key)
                media = request.route.kind == "media"
                raise error_of(answer.status, str(request), message, answer.headers, media=media)
            url = self._followed(request, url, answer.headers.get("Location", ""))
        raise Permanent(f"{request}: Immich redirects in circles")

    def _followed(self, request: Request, url: URL, location: str) -> URL:
        """Return where a redirect leads; the key goes to no other origin and to no path outside the table."""
        try:
            target = url.join(URL(location))
            stays = same_origin(url, target) and target.user is None and target.password is None
        except ValueError:
            raise Permanent(f"{request}: Immich redirects to no usable address") from None
        if not stays:
            place = clean(f"{target.scheme}://{target.host}:{target.port}", secret=self._key)
            raise Permanent(f"{request}: redirected to {place}, where the key does not go; set that address instead")
        if request.route.method != "GET" or not location:
            raise Permanent(f"{request}: redirected, but only reading follows; set Immich's own address")
        # As it would be sent: what is encoded in it may mean another path to Immich than it does to us.
        if not allows("GET", _below(self.root, target), None, self._routes):
            path = clean(target.raw_path, secret=self._key)[:100]
            raise ForbiddenCall(f"{request}: redirected to {path!r}, which is never asked for; nothing was sent there")
        return target

    async def _exchange(self, request: Request, url: URL) -> Answer:
        try:
            async with self._session.request(
                request.route.method,
                url,
                json=request.body,
                headers={"x-api-key": self._key},
                allow_redirects=False,
                middlewares=(_sent_once,),
                timeout=aiohttp.ClientTimeout(total=None),  # _call bounds the whole
            ) as response:
                body = await read_bounded(response.content, request.limit, request)
                return Answer(status=response.status, headers=response.headers, body=body)
        except (aiohttp.ClientError, OSError) as error:
            problem = clean(_in_words(error), secret=self._key)
        # Outside the except block: aiohttp's errors can carry the request's headers, and with them the key.
        raise Unreachable(f"{request}: Immich cannot be reached at {url.origin()}: {problem}")


def _below(root: URL, target: URL) -> str:
    """Return the target's path below the API's root, still encoded; one that lies elsewhere fits no line."""
    sent, above = target.raw_path, f"{root.raw_path}/"
    return sent[len(above) - 1 :] if sent.startswith(above) else f"(not below {above}) {sent}"


def _date_of(answer: Answer) -> datetime | None:
    try:
        told = parsedate_to_datetime(answer.headers.get("Date", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return told if told.year in YEARS else None


async def _sent_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a PUT again by itself when its connection breaks: it may have taken effect."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        # Not how: that differs from call to call, and a source tells of each reason once.
        problem = "the connection broke before the answer"
    raise _Broken(problem)


class _Broken(aiohttp.ClientError):
    """The request was sent, and nothing came back: it may have taken effect."""


def _in_words(error: aiohttp.ClientError | OSError) -> str:
    match error:
        case _Broken():
            return str(error)
        case aiohttp.ClientPayloadError():
            return "the answer broke off"
        case aiohttp.ClientConnectorDNSError():
            return "there is no host of this name, or no name server answers"
        case aiohttp.ClientSSLError() | aiohttp.ClientConnectorCertificateError():
            return f"the encryption or its certificate is refused ({error})"
        case aiohttp.ClientConnectorError(os_error=cause):
            number = cause.errno or 0
            return f"nothing answers there ({os.strerror(number) if number > 0 else cause})"
    return f"{type(error).__name__} {error}"
