"""Set up in Immich what tells the reactor of new photos, for each account."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp
from pydantic import SecretStr
from yarl import URL

from reactor.adapters.immich.checks import EVERYTHING, NEEDED
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.immich.workflows import (
    NAMES,
    SETUP_ROUTES,
    Change,
    Hook,
    ImmichWorkflows,
    Plan,
    WorkflowJson,
    addresses,
    plan,
    removal,
)
from reactor.config import AccountSettings, Settings
from reactor.core.errors import Blocked, Permanent, Retryable, StartError
from reactor.core.ids import AccountId

FIRST_WITH_WORKFLOWS = 3
TO_SET_UP = NEEDED["webhook setup"]
TO_REMOVE = ("workflow.read", "workflow.delete")
LOOPBACK = ("localhost", "127.0.0.1", "::1")

DONE = {"create": "made", "update": "repaired", "delete": "removed"}
WOULD = {"create": "would be made", "update": "would be repaired", "delete": "would be removed"}

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class WebhookSetup:
    """What is asked for: one account or all; ``url`` is the reactor's address as Immich sees it."""

    account: str | None = None
    url: str | None = None
    remove: bool = False
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class _Known:
    """An account's workflows as they were found."""

    client: ImmichWorkflows
    permissions: frozenset[str]
    found: tuple[WorkflowJson, ...]


async def setup_webhooks(settings: Settings, wanted: WebhookSetup, say: Say) -> int:
    """Make, repair or remove the workflows of each account and say what was done.

    Returns 0, or 1 where an account could not be set up (the others were); raises StartError for what has to be mended
    in the settings or on the command line, before anything is changed.
    """
    households = _chosen(settings.households(), wanted.account)
    secrets = {} if wanted.remove else _secrets(households)
    address = None if wanted.url is None else reactor_address(wanted.url)
    jar = aiohttp.DummyCookieJar()  # Immich would prefer a cookie to the key
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        known = await _look(_clients(households, session), wanted, say)
        hooks: Mapping[AccountId, Hook | None] = dict.fromkeys(known)
        if not wanted.remove:
            hooks = {
                account: Hook(url=f"{base}/webhook/{account}", secret=secrets[account])
                for account, base in _addresses(known, address).items()
            }
        well = [await _settle(account, known[account], hook, wanted, say) for account, hook in hooks.items()]
    for hint in _hints(hooks):
        say(hint)
    return 0 if all(well) and len(known) == len(households) else 1


def reactor_address(text: str) -> str:
    """Return the address without a slash at its end; raises StartError where Immich could not post to it."""
    try:
        url = URL(text.strip())
        usable = url.scheme in ("http", "https") and bool(url.host)
    except ValueError:
        usable = False
    if not usable:
        raise StartError("--url must be the reactor's address as Immich sees it, like http://reactor:8080")
    if url.user is not None or url.password is not None or url.query_string or url.fragment:
        raise StartError("--url must not hold a user, a password, a ? or a #: the secret travels in a header")
    if "webhook" in url.parts:
        raise StartError("--url is the address alone, like http://reactor:8080; /webhook/<account> is added to it")
    return str(url).rstrip("/")


def _chosen(households: Mapping[str, AccountSettings], account: str | None) -> Mapping[str, AccountSettings]:
    if account is None:
        return households
    if account not in households:
        raise StartError(f"there is no account {account!r}; there are: {', '.join(households)}")
    return {account: households[account]}


def _secrets(households: Mapping[str, AccountSettings]) -> dict[AccountId, SecretStr]:
    """Return the first secret of each account; raises StartError where one has none that can stand in a header."""
    secrets: dict[AccountId, SecretStr] = {}
    for name, account in households.items():
        given = next((one for one in account.webhook_secrets if one.get_secret_value()), None)
        if given is None:
            raise StartError(
                f"account {name}: no webhook secret is set, and without one nobody may post. Make one, for instance "
                "with `openssl rand -hex 32`, and set it as REACTOR_WEBHOOK_SECRET (for the account default) or "
                "among the account's webhook_secrets"
            )
        text = given.get_secret_value()
        if text != text.strip() or not (text.isascii() and text.isprintable()):
            raise StartError(
                f"account {name}: the first webhook secret cannot stand in a header; letters and digits can"
            )
        secrets[AccountId(name)] = given
    return secrets


def _clients(
    households: Mapping[str, AccountSettings], session: aiohttp.ClientSession
) -> dict[AccountId, ImmichWorkflows]:
    clients = {}
    for name, settings in households.items():
        account = AccountId(name)
        try:
            transport = ImmichTransport(
                settings.url or "", settings.api_key, account, session=session, routes=SETUP_ROUTES
            )
        except StartError as error:
            raise StartError(f"account {name}: {error}") from None
        clients[account] = ImmichWorkflows(transport)
    return clients


async def _look(
    clients: Mapping[AccountId, ImmichWorkflows], wanted: WebhookSetup, say: Say
) -> dict[AccountId, _Known]:
    """Read the workflows of every account that lets us; say which does not, and why."""
    known = {}
    for account, client in clients.items():
        try:
            _require_workflows(await client.version())
            permissions = await client.permissions()
            _require(permissions, ("workflow.read",), TO_REMOVE if wanted.remove else TO_SET_UP)
            known[account] = _Known(client=client, permissions=permissions, found=await client.all())
        except (Retryable, Permanent) as error:
            say(f"{account}: nothing was done: {error}")
    return known


def _require_workflows(version: tuple[int, int, int]) -> None:
    if version[0] < FIRST_WITH_WORKFLOWS:
        raise Permanent(
            f"Immich {'.'.join(map(str, version))} has no workflows, they come with 3.0; until then the reactor finds "
            "new photos by asking"
        )


def _require(permissions: frozenset[str], needed: tuple[str, ...], all_of_them: tuple[str, ...]) -> None:
    """Raise Blocked where something needed is missing; it then names all that the command may need."""
    if EVERYTHING in permissions or permissions.issuperset(needed):
        return
    lacks = ", ".join(one for one in all_of_them if one not in permissions)
    raise Blocked(f"the API key lacks permissions; add {lacks} to it (Immich: Account settings, API keys)")


def _addresses(known: Mapping[AccountId, _Known], given: str | None) -> dict[AccountId, str]:
    """Return the reactor's address for each account: the given one, else what Immich was told before.

    Immich itself remembers it, in our workflows; an account that has none yet takes what all the others agree on.
    """
    told = {account: given or _remembered(account, here.found) for account, here in known.items()}
    agreed = {address for address in told.values() if address is not None}
    found: dict[AccountId, str] = {}
    for account, address in told.items():
        if address is None and len(agreed) != 1:
            raise StartError("say how Immich reaches the reactor, for instance with --url http://reactor:8080")
        found[account] = address or next(iter(agreed))
    return found


def _remembered(account: AccountId, found: tuple[WorkflowJson, ...]) -> str | None:
    end = f"/webhook/{account}"
    for workflow in found:
        for url in addresses(workflow) if workflow.name in NAMES.values() else ():
            if url.endswith(end):
                with contextlib.suppress(StartError):  # somebody wrote something else there
                    return reactor_address(url.removesuffix(end))
    return None


async def _settle(account: AccountId, here: _Known, hook: Hook | None, wanted: WebhookSetup, say: Say) -> bool:
    """Carry out, or only tell, what an account needs; False where that failed."""
    steps = _plan(here.found, hook)
    try:
        needed = tuple(dict.fromkeys(f"workflow.{change.what}" for change in steps.changes))
        _require(here.permissions, needed, needed)
        for change in steps.changes:
            if not wanted.dry_run:
                await here.client.carry_out(change, hook)
            say(_sentence(account, change, hook, WOULD if wanted.dry_run else DONE))
        if steps.changes and not wanted.dry_run:
            _compare(_plan(await here.client.all(), hook))
    except (Retryable, Permanent) as error:
        say(f"{account}: not finished: {error}; run the command again")
        return False
    for name in steps.right:
        say(f"{account}: “{name}” is right as it is")
    for name in steps.others:
        say(f"{account}: “{name}”, which is not ours, posts to the same address and was left alone")
    if hook is None and not steps.changes:
        say(f"{account}: there is nothing to remove")
    return True


def _plan(found: tuple[WorkflowJson, ...], hook: Hook | None) -> Plan:
    return removal(found) if hook is None else plan(found, hook)


def _compare(left: Plan) -> None:
    """Raise Permanent where something is still to be done after everything was."""
    if left.changes:
        still = "; ".join(f"“{one.name}”: {', '.join(one.why) or 'it is not there'}" for one in left.changes)
        raise Permanent(f"Immich shows something else than what was sent ({still})")


def _sentence(account: AccountId, change: Change, hook: Hook | None, verbs: Mapping[str, str]) -> str:
    why = f" ({', '.join(change.why)})" if change.why else ""
    where = f"; it posts to {hook.url}" if hook is not None and change.what != "delete" else ""
    return f"{account}: “{change.name}” {verbs[change.what]}{why}{where}"


def _hints(hooks: Mapping[AccountId, Hook | None]) -> list[str]:
    urls = [hook.url for hook in hooks.values() if hook is not None]
    hints = []
    if any(URL(url).host in LOOPBACK for url in urls):
        hints.append(
            "This address is Immich's own machine or container: it must be the one under which Immich sees us."
        )
    if urls:
        hints.append(
            "Whether Immich reaches this address cannot be seen from here: upload a photo, and the page shows when the "
            "webhook was last heard."
        )
    return hints
