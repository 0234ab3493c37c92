"""The webhook route: a request becomes events in the log, or an answer that says why not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TypeAlias

from aiohttp import web
from structlog.typing import FilteringBoundLogger

from reactor.core.errors import BadWebhook, Retryable
from reactor.core.ids import AccountId, AssetId
from reactor.core.webhook import TRIGGERS, NotJson, Told, parse_webhook, secret_matches
from reactor.ports import EventSink
from reactor.server.body import DAMAGED, SECONDS, read_body
from reactor.server.gather import Gatherer
from reactor.server.seldom import Seldom

MAX_BODY = 1024 * 1024
RETRY_SECONDS = 5.0
SAID_EVERY_SECONDS = 1.0
NOTED_TRIGGERS = 100
"""So many triggers that we do nothing with are told of in the log, each once."""

Heard: TypeAlias = Callable[[AccountId, Sequence[AssetId]], None]


@dataclass(frozen=True, kw_only=True)
class WebhookAccount:
    """Who may post for an account: any of the secrets; an account without one is closed."""

    secrets: tuple[str, ...] = field(default=(), repr=False)


class WebhookRoute:
    """Answer 202 once the events are in the log, and nothing else besides: Immich waits in line for the answer.

    Immich itself tries a request once and ignores the answer (facts/immich-api.md section 8); the others are for
    whoever else posts. ``heard`` is told of every request that was accepted, with the photos that it spoke of, whether
    the log knew them or not.
    """

    def __init__(
        self,
        *,
        sink: EventSink,
        accounts: Mapping[AccountId, WebhookAccount],
        log: FilteringBoundLogger,
        heard: Heard | None = None,
    ) -> None:
        self._gatherer = Gatherer(sink, source="webhook")
        self._accounts = accounts
        self._log = log
        self._heard = heard
        self._refused = Seldom(SAID_EVERY_SECONDS)
        self._noted: set[tuple[AccountId, str]] = set()

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
        # Before the body is read: in a flood that the log cannot take, nothing more is held in memory.
        self._gatherer.refuse_if_full()
        try:
            body = await read_body(request, MAX_BODY)
        except TimeoutError as error:
            raise BadWebhook(f"the body did not arrive within {SECONDS:.0f} s") from error
        except web.HTTPBadRequest as error:
            raise BadWebhook(DAMAGED) from error
        told = parse_webhook(account, request.headers.get("Content-Type", ""), body)
        if told.events:
            await self._gatherer.keep(told.events)
        else:
            self._note(account, told)
        if self._heard is not None:
            self._heard(account, [AssetId(event.subject) for event in told.events])
        return len(told.events)

    def _note(self, account: AccountId, told: Told) -> None:
        if told.unknown is None:
            self._log.debug("a webhook told nothing that concerns us", account=account)
        elif (account, told.unknown) not in self._noted and len(self._noted) < NOTED_TRIGGERS:
            self._noted.add((account, told.unknown))
            self._log.info(
                "a workflow of a trigger that the reactor does nothing with posts here",
                account=account,
                trigger=told.unknown,
                used=", ".join(TRIGGERS),
            )

    def _refuse(
        self, account: AccountId, error: web.HTTPRequestEntityTooLarge | BadWebhook | Retryable
    ) -> web.Response:
        if since_last := self._refused.due():
            self._log.warning("a webhook was not taken", account=account, reason=str(error), since_last=since_last)
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
