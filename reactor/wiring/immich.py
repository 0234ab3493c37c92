"""The accounts of Immich: a client each, looked at again and again, and kept from acting where that would be wrong."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import structlog
from pydantic import SecretStr

from reactor.adapters.immich.checks import OPTIONAL, Introspection, RefusedKey, introspect
from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.timeline import ImmichTimeline
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.immich.writing import ImmichWriter
from reactor.config import AccountSettings
from reactor.core.accounts import AccountStatus, Lack, Owner, ownership_fault
from reactor.core.errors import Blocked, Permanent, Retryable, StartError, Unreachable
from reactor.core.ids import AccountId
from reactor.ports import Bookmarks

log = structlog.get_logger(__name__)

AGAIN_S = 60.0
# While Immich is away: an account that was never looked at may do nothing until it is.
SOON_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Account:
    """One user of Immich, with the clients that act for them."""

    id: AccountId
    url: str
    key: SecretStr
    library: ImmichLibrary
    timeline: ImmichTimeline
    writer: ImmichWriter
    webhook_secrets: tuple[str, ...] = field(repr=False)


def open_accounts(
    households: Mapping[str, AccountSettings], session: aiohttp.ClientSession
) -> dict[AccountId, Account]:
    """Return a client for each account; nothing is sent yet. Raises StartError for an address or key that is none."""
    accounts = {}
    for name, settings in households.items():
        account = AccountId(name)
        try:
            transport = ImmichTransport(settings.url or "", settings.api_key, account, session=session)
        except StartError as error:
            raise StartError(f"account {account}: {error}") from None
        library = ImmichLibrary(transport)
        accounts[account] = Account(
            id=account,
            url=settings.url or "",
            key=settings.api_key,
            library=library,
            timeline=ImmichTimeline(transport, library),
            writer=ImmichWriter(transport),
            webhook_secrets=tuple(secret.get_secret_value() for secret in settings.webhook_secrets),
        )
    return accounts


class Accounts:
    """Know how each account stands, and let it act once it is known whose it is.

    ``on_back`` is awaited for an account that works again, or that may do other things than before. ``again_s`` and
    ``soon_s`` are the seconds between two looks, the latter while Immich cannot be reached.
    """

    def __init__(
        self,
        accounts: Mapping[AccountId, Account],
        bookmarks: Bookmarks,
        *,
        on_back: Callable[[AccountId], Awaitable[None]] | None = None,
        again_s: float = AGAIN_S,
        soon_s: float = SOON_S,
    ) -> None:
        self._accounts = accounts
        self._bookmarks = bookmarks
        self._on_back = on_back
        self._again_s = again_s
        self._soon_s = soon_s
        self._status = {account: AccountStatus(account=account) for account in accounts}
        self._admitted: set[AccountId] = set()
        self._looks = 0
        self._looked_at = -float("inf")
        self._looking = asyncio.Lock()
        self._news = asyncio.Condition()

    def status(self) -> tuple[AccountStatus, ...]:
        """Return what the last look found, in the order of the settings."""
        return tuple(self._status.values())

    def stopped(self, account: AccountId) -> str | None:
        """Say why an account may not act, None where it may.

        An account that was admitted stays so over an outage and over a refused key: its calls say so themselves.
        """
        if account not in self._accounts:
            return f"the account {account} is not in the settings; nothing is done for it until it is there again"
        return None if account in self._admitted else self._status[account].state

    def guarded(self, account: AccountId) -> Account:
        """Return the clients of an account; raises Unreachable or Blocked while it may not act."""
        why = self.stopped(account)
        if why is None:
            return self._accounts[account]
        waits = account in self._status and not self._status[account].needs_user
        raise Unreachable(why) if waits else Blocked(why)

    async def while_admitted(self, account: AccountId, source: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a source of an account for as long as the account may act, anew each time it may again."""
        while True:
            await self._until(lambda: account in self._admitted)
            running = asyncio.ensure_future(source())
            stopping = asyncio.ensure_future(self._until(lambda: account not in self._admitted))
            try:
                await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if running.done():
                    return running.result()
            finally:
                for task in (running, stopping):
                    task.cancel()
                await asyncio.gather(running, stopping, return_exceptions=True)

    async def start(self) -> None:
        """Take the first look; raises StartError where every account has something that only the user can mend."""
        found = await self.refresh()
        if found and all(status.needs_user for status in found):
            raise StartError("\n".join(f"account {status.account}: {status.state}" for status in found))

    async def run(self) -> None:
        """Look at all accounts again and again until cancelled."""
        while True:
            waiting = any(not (status.works or status.needs_user) for status in self.status())
            await asyncio.sleep(self._soon_s if waiting else self._again_s)
            await self.refresh()

    async def refresh(self, *, older_than_s: float = 0.0) -> tuple[AccountStatus, ...]:
        """Look at all accounts side by side and return how they stand.

        A look that began after this call, or less than ``older_than_s`` seconds ago, is shared instead.
        """
        looks = self._looks
        async with self._looking:
            if self._looks == looks and time.monotonic() - self._looked_at >= older_than_s:
                self._looks += 1
                began = time.monotonic()
                await self._look()
                self._looked_at = began
        return self.status()

    async def _look(self) -> None:
        found = await asyncio.gather(*(look(account) for account in self._accounts.values()))
        try:
            judged = await self._judged(found)
        except (Retryable, Permanent) as error:
            judged = [self._unjudged(status, f"whose key it is cannot be looked up: {error}") for status in found]
        for status in judged:
            before = self._status[status.account]
            if status.works:
                self._admitted.add(status.account)
            elif status.standing == "stopped":
                self._admitted.discard(status.account)
            self._status[status.account] = _with_memory(before, status)
            _tell(before, self._status[status.account])
            if status.works and (not before.works or status.missing != before.missing):
                await self._back(status.account)
        async with self._news:
            self._news.notify_all()

    async def _back(self, account: AccountId) -> None:
        """Let work that waits for the account go on at once; else it comes by itself within its backoff."""
        try:
            if self._on_back is not None:
                await self._on_back(account)
        except (Retryable, Permanent) as error:
            log.warning("work that waits could not be hastened", account=account, error=str(error))

    async def _judged(self, found: list[AccountStatus]) -> list[AccountStatus]:
        """Hold each key's user against the one that was first seen for the account, and remember new ones."""
        owners = {}
        for account in self._accounts:
            if (owner := _owner(await self._bookmarks.get(_bookmark(account)))) is not None:
                owners[account] = owner
        judged = []
        for status in found:
            if (owner := status.owner) is None:
                judged.append(status)
            elif why := ownership_fault(status.account, owner, owners):
                judged.append(replace(status, standing="stopped", why=why))
            else:
                judged.append(status)
                if owners.get(status.account) != owner:
                    owners[status.account] = owner
                    await self._bookmarks.put(_bookmark(status.account), {"id": owner.id, "name": owner.name})
        return judged

    def _unjudged(self, status: AccountStatus, why: str) -> AccountStatus:
        """Return how an account stands while the database does not answer."""
        if not status.works or status.account in self._admitted:
            return status
        return replace(status, standing="away", why=why)

    async def _until(self, state: Callable[[], bool]) -> None:
        async with self._news:
            await self._news.wait_for(state)


async def look(account: Account) -> AccountStatus:
    """Ask Immich about an account: version, user, permissions; every answer becomes a status."""
    try:
        found = await introspect(account.library)
    except RefusedKey as error:
        return AccountStatus(account=account.id, standing="refused", why=str(error))
    except (StartError, Permanent) as error:
        return AccountStatus(account=account.id, standing="unusable", why=str(error))
    except Retryable as error:
        return AccountStatus(account=account.id, standing="away", why=str(error))
    return _seen(account.id, found)


def _seen(account: AccountId, found: Introspection) -> AccountStatus:
    # Without it nobody knows whose photos are listed, nor whether the key is still the same user's.
    why = "" if found.user else "the key may not say whose it is; add the permission user.read to it"
    return AccountStatus(
        account=account,
        standing="unusable" if why else "ok",
        why=why,
        owner=Owner(id=found.user[0], name=found.user[1]) if found.user else None,
        version=".".join(map(str, found.version)),
        missing=tuple(Lack(feature=feature, permissions=lacks) for feature, lacks in found.missing.items()),
    )


def _bookmark(account: AccountId) -> str:
    return f"account-user:{account}"


def _owner(stored: object) -> Owner | None:
    match stored:
        case {"id": str(user), "name": str(name)}:
            return Owner(id=user, name=name)
    return None


def _with_memory(before: AccountStatus, now: AccountStatus) -> AccountStatus:
    """Keep what an earlier look found while Immich says nothing of it."""
    if now.standing not in ("away", "refused"):
        return now
    return replace(now, owner=before.owner, version=before.version, missing=before.missing)


def _tell(before: AccountStatus, now: AccountStatus) -> None:
    """Write into the log what has changed, and nothing again and again."""
    if now.standing != before.standing:
        if now.works:
            user = now.owner.name if now.owner else "unknown"
            log.info("Immich answers", account=now.account, version=now.version, user=user)
        elif now.needs_user:
            log.error("nothing is done for an account", account=now.account, reason=now.state)
        else:
            log.warning("Immich cannot be reached; work waits until it can", account=now.account, error=now.why)
    for lack in now.missing if now.missing != before.missing else ():
        say = log.info if lack.feature in OPTIONAL else log.warning
        say("the key lacks permissions", account=now.account, feature=lack.feature, add=", ".join(lack.permissions))
