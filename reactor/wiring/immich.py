"""The accounts of Immich: a client each, looked at before work begins."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
import structlog

from reactor.adapters.immich.checks import introspect
from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.immich.writing import ImmichWriter
from reactor.config import AccountSettings
from reactor.core.errors import Permanent, Retryable, StartError
from reactor.core.ids import AccountId

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Account:
    """One user of Immich, with the clients that act for them."""

    id: AccountId
    library: ImmichLibrary
    writer: ImmichWriter
    webhook_secrets: tuple[str, ...] = field(repr=False)


def open_accounts(
    households: Mapping[str, AccountSettings], session: aiohttp.ClientSession
) -> dict[AccountId, Account]:
    """Return a client for each account; nothing is sent yet. Raises StartError for an address that cannot be one."""
    accounts = {}
    for name, settings in households.items():
        account = AccountId(name)
        transport = ImmichTransport(settings.url or "", settings.api_key, account, session=session)
        accounts[account] = Account(
            id=account,
            library=ImmichLibrary(transport),
            writer=ImmichWriter(transport),
            webhook_secrets=tuple(secret.get_secret_value() for secret in settings.webhook_secrets),
        )
    return accounts


async def look_at(account: Account) -> None:
    """Check address, key and permissions; raises StartError for what only the user can mend.

    An Immich that cannot be reached now is no reason not to start: what is heard is kept, and tried again.
    """
    try:
        found = await introspect(account.library)
    except Retryable as error:
        log.warning("Immich cannot be reached yet; work waits until it can", account=account.id, error=str(error))
        return
    except (StartError, Permanent) as error:
        raise StartError(f"account {account.id}: {error}") from error
    version = ".".join(map(str, found.version))
    log.info("Immich answers", account=account.id, version=version, user=found.user[1] if found.user else "unknown")
    for feature, permissions in found.missing.items():
        if feature != "realtime":
            log.warning("the key lacks permissions", account=account.id, feature=feature, add=", ".join(permissions))


async def answers(account: Account) -> str:
    """Say in words whether Immich answers this account."""
    try:
        await account.library.permissions()
    except (Retryable, Permanent) as error:
        return f"failed: {error}"
    return "ok"
