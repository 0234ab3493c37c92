"""The webhook route: a request becomes events in the log, or an answer that says why not."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import TypeAlias

from aiohttp import web
from structlog.typing import FilteringBoundLogger

from reactor.core.errors import BadWebhook, Retryable
from reactor.core.ids import AccountId
from reactor.core.webhook import NotJson, parse_webhook, secret_matches
from reactor.ports import EventSink
from reactor.server.gather import Gatherer

MAX_BODY = 1024 * 1024
BODY_SECONDS = 10.0
RETRY_SECONDS = 5.0

_Refusal: TypeAlias = web.HTTPRequestEntityTooLarge | BadWebhook | Retryable


@dataclass(frozen=True, kw_only=True)
class WebhookAccount:
    """Who may post for an account: any of the secrets; an account without one is closed."""

    secrets: tuple[str, ...] = field(default=(), repr=False)


class WebhookRoute:
    """Answer 202 once the events are in the log, and nothing else besides: Immich waits in line for the answer.

    Immich itself tries a request once and ignores the answer (facts/immich-api.md section 8); the others are for
    whoever else posts.
    """

    def __init__(
        self, *, sink: EventSink, accounts: Mapping[AccountId, WebhookAccount], log: FilteringBoundLogger
    ) -> None:
        self._gatherer = Gatherer(sink)
        self._accounts = accounts
        self._log = log

    async def handle(self, request: web.Request) -> web.Response:
        """Answer POST and PUT /webhook/{account}."""
        account = AccountId(request.match_info["account"])
        if not self._may_post(account, request):
            return _answer(401, "this account and secret do not match", {"WWW-Authenticate": "Bearer"})
        try:
            accepted = await self._accept(account, request)
        except (web.HTTPRequestEntityTooLarge, BadWebhook, Retryable) as error:
            return self._refuse(account, error)
        return web.json_response({"accepted": accepted}, status=202)

    async def _accept(self, account: AccountId, request: web.Request) -> int:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
        except TimeoutError as error:
            raise BadWebhook(f"the body did not arrive within {BODY_SECONDS:.0f} s") from error
        events = parse_webhook(account, request.headers.get("Content-Type", ""), body)
        if events:
            await self._gatherer.keep(events)
        else:
            self._log.debug("a webhook told nothing that concerns us", account=account)
        return len(events)

    def _refuse(
        self, account: AccountId, error: web.HTTPRequestEntityTooLarge | BadWebhook | Retryable
    ) -> web.Response:
        self._log.warning("a webhook was not taken", account=account, reason=str(error))
        match error:
            case NotJson():
                return _answer(415, str(error))
            case BadWebhook():
                return _answer(400, str(error))
            case Retryable(after=after):
                wait = {"Retry-After": str(ceil(after or RETRY_SECONDS))}
                return _answer(503, "the event could not be written down; send it again", wait)
            case web.HTTPRequestEntityTooLarge():
                return _answer(413, f"the body is larger than {MAX_BODY} bytes")

    def _may_post(self, account: AccountId, request: web.Request) -> bool:
        # An unknown account is compared with nothing and answered as a wrong secret is, so that nobody can tell.
        known = self._accounts.get(account, WebhookAccount())
        given = request.headers.get("Authorization") or request.headers.get("X-Reactor-Secret")
        return secret_matches(given, known.secrets)


def _answer(status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response({"message": message}, status=status, headers=headers)
