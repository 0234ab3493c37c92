"""A name stands for one user: a key of somebody else does nothing under it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import asyncpg
import pytest
from pydantic import SecretStr

from reactor.adapters.postgres.bookmarks import PostgresBookmarks
from reactor.config import AccountSettings
from reactor.core.accounts import Owner, ownership_fault
from reactor.core.errors import Blocked, Retryable, StartError, Unreachable
from reactor.core.ids import AccountId
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from reactor.wiring.immich import Accounts, open_accounts

from ..household import eventually
from .conftest import ANNA, BEN, Memory, Opened, by_name

CAROL = AccountId("carol")
ONE, TWO, THREE = (Owner(id=f"user-{number}", name=f"User {number}") for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("found", "owners", "said"),
    [
        (ONE, {}, None),
        (ONE, {ANNA: ONE}, None),
        (ONE, {ANNA: Owner(id="user-1", name="Renamed")}, None),
        (ONE, {ANNA: ONE, BEN: TWO}, None),
        (TWO, {ANNA: ONE}, "account anna belonged to User 1; its key now belongs to another user, User 2;"),
        (TWO, {ANNA: ONE, BEN: TWO}, "account anna belonged to User 1; its key now belongs to another user, User 2;"),
        (TWO, {BEN: TWO}, "the keys of the accounts ben and anna belong to the same user, User 2;"),
        (Owner(id="user-2", name="User 1"), {ANNA: ONE}, "account anna belonged to User 1"),
        (Owner(id="user-3", name=""), {ANNA: ONE}, "another user, the user user-3;"),
    ],
)
def test_whose_an_account_is(found: Owner, owners: dict[AccountId, Owner], said: str | None) -> None:
    fault = ownership_fault(ANNA, found, owners)
    assert fault is None if said is None else (fault is not None and said in fault)


async def test_keys_that_changed_places_stop_their_accounts(anna: User, ben: User, opened: Opened) -> None:
    await opened({"anna": anna.api_key, "ben": ben.api_key}).start()
    swapped = opened({"anna": ben.api_key, "ben": anna.api_key})
    with pytest.raises(StartError, match=r"(?s)account anna belonged to Anna.*account ben belonged to Ben"):
        await swapped.start()
    for account in (ANNA, BEN):
        with pytest.raises(Blocked, match="its key now belongs to another user"):
            swapped.guarded(account)
    back = opened({"anna": anna.api_key, "ben": ben.api_key})
    await back.start()
    assert [status.state for status in back.status()] == ["ok", "ok"]


async def test_a_key_of_another_user_stops_its_account_alone(
    immich: SimulatedImmich, anna: User, ben: User, opened: Opened
) -> None:
    await opened({"anna": anna.api_key, "ben": ben.api_key}).start()
    carol = immich.add_user("Carol", "carol@home.example")
    accounts = opened({"anna": carol.api_key, "ben": ben.api_key})
    await accounts.start()
    found = by_name(accounts.status())
    assert found[ANNA].state == (
        "stopped: account anna belonged to Anna; its key now belongs to another user, Carol; nothing is done for it "
        "until it has a key of Anna again, or another name in the settings"
    )
    assert found[BEN].state == "ok"
    renamed = opened({"carol": carol.api_key, "ben": ben.api_key})
    await renamed.start()
    assert renamed.stopped(CAROL) is None


async def test_a_new_key_of_the_same_user_is_welcome(immich: SimulatedImmich, anna: User, opened: Opened) -> None:
    await opened({"anna": anna.api_key}).start()
    immich.remove_key(anna.api_key)
    accounts = opened({"anna": immich.add_key(anna.id, ("all",))})
    await accounts.start()
    assert accounts.stopped(ANNA) is None


async def test_the_second_key_of_one_user_is_stopped(
    immich: SimulatedImmich, anna: User, ben: User, opened: Opened
) -> None:
    twice = {"anna": anna.api_key, "carol": immich.add_key(anna.id, ("all",)), "ben": ben.api_key}
    for _ in range(2):
        accounts = opened(twice)
        await accounts.start()
        found = by_name(accounts.status())
        assert (found[ANNA].state, found[BEN].state) == ("ok", "ok")
        assert found[CAROL].state.startswith("stopped: the keys of the accounts anna and carol belong to the same user")
    # Who has the user's state keeps the user, in whatever order they stand in the settings.
    turned = opened({"carol": twice["carol"], "anna": anna.api_key})
    await turned.start()
    assert (turned.stopped(ANNA), turned.stopped(CAROL) is None) == (None, False)


async def test_a_list_of_keys_in_another_order_is_noticed(anna: User, ben: User, opened: Opened) -> None:
    await opened({"default": anna.api_key, "default-2": ben.api_key}).start()
    shorter = opened({"default": ben.api_key})
    with pytest.raises(StartError, match="account default belonged to Anna; its key now belongs to another user, Ben"):
        await shorter.start()


async def test_whose_an_account_is_outlives_the_process(
    immich: SimulatedImmich, anna: User, ben: User, pool: asyncpg.Pool
) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:

        def start(key: str) -> Accounts:
            households = {"anna": AccountSettings(url=immich.url, api_key=SecretStr(key))}
            return Accounts(open_accounts(households, session), PostgresBookmarks(pool))

        await start(anna.api_key).start()
        with pytest.raises(StartError, match="account anna belonged to Anna"):
            await start(ben.api_key).start()
    assert await PostgresBookmarks(pool).get("account-user:anna") == {"id": anna.id, "name": "Anna"}


async def test_without_the_database_nobody_new_is_let_in(anna: User, opened: Opened, memory: Memory) -> None:
    accounts = opened({"anna": anna.api_key})
    memory.broken = Retryable("the database is away")
    await accounts.start()
    (status,) = accounts.status()
    assert status.state == "cannot be reached: whose key it is cannot be looked up: the database is away"
    with pytest.raises(Unreachable):
        accounts.guarded(ANNA)
    memory.broken = None
    await accounts.refresh()
    assert accounts.stopped(ANNA) is None
    memory.broken = Retryable("the database is away")
    (status,) = await accounts.refresh()
    assert (status.state, accounts.stopped(ANNA)) == ("ok", None)


@asynccontextmanager
async def listening(accounts: Accounts, turns: list[str]) -> AsyncIterator[None]:
    """Run a source that tells when it begins and when it ends."""

    async def source() -> None:
        turns.append("begins")
        try:
            await asyncio.Event().wait()
        finally:
            turns.append("ends")

    task = asyncio.create_task(accounts.while_admitted(ANNA, source))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_source_runs_only_while_its_account_may_act(
    immich: SimulatedImmich, anna: User, ben: User, opened: Opened, memory: Memory
) -> None:
    accounts = opened({"anna": anna.api_key, "ben": ben.api_key})
    turns: list[str] = []

    async def there(*said: str) -> None:
        async def state() -> bool:
            return turns == list(said)

        await eventually(state, f"the source has told {said}")

    async with listening(accounts, turns):
        await immich.pause()
        await accounts.refresh()
        assert turns == []
        await immich.resume()
        await accounts.refresh()
        await there("begins")
        # Another process, with other settings, was the first to see this name.
        memory.values["account-user:anna"] = {"id": "somebody", "name": "Somebody"}
        await accounts.refresh()
        await there("begins", "ends")
        memory.values["account-user:anna"] = {"id": anna.id, "name": "Anna"}
        await accounts.refresh()
        await there("begins", "ends", "begins")
    assert turns == ["begins", "ends", "begins", "ends"]


async def test_a_source_that_ends_or_fails_is_not_begun_again(anna: User, opened: Opened) -> None:
    accounts = opened({"anna": anna.api_key})
    await accounts.start()
    turns = 0

    async def once(error: Exception | None) -> None:
        nonlocal turns
        turns += 1
        if error:
            raise error

    await accounts.while_admitted(ANNA, lambda: once(None))
    with pytest.raises(Retryable, match="broken"):
        await accounts.while_admitted(ANNA, lambda: once(Retryable("broken")))
    assert turns == 2
