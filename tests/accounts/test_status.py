"""One account's trouble is its own: it is told in words, stops nothing else, and ends by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr
from structlog.testing import capture_logs

from reactor.adapters.immich.errors import KeyRefused
from reactor.config import AccountSettings
from reactor.core.accounts import Lack, Owner
from reactor.core.errors import Blocked, StartError, Unreachable
from reactor.core.ids import AccountId, AssetId
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from reactor.demo.phone import Phone, Shot
from reactor.wiring.immich import Accounts, open_accounts

from ..household import a_picture, eventually
from ..immich_client.oddities import odd_server
from .conftest import ANNA, BEN, Memory, Opened, by_name

NEEDED = ("user.read", "asset.read", "asset.view", "asset.update", "tag.create", "tag.asset")


@asynccontextmanager
async def running(accounts: Accounts) -> AsyncIterator[None]:
    """Let the accounts be looked at again and again for a while."""
    task = asyncio.create_task(accounts.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def a_photo(immich: SimulatedImmich, user: User) -> AssetId:
    async with Phone(immich.url, user.api_key) as phone:
        return AssetId(
            await phone.upload(Shot(file_name="1.jpg", data=a_picture(1), taken_at=datetime(2026, 6, 1, tzinfo=UTC)))
        )


async def test_whoever_waits_for_an_account_hears_that_it_is_back(
    immich: SimulatedImmich, anna: User, memory: Memory
) -> None:
    back: list[AccountId] = []

    async def hear(account: AccountId) -> None:
        back.append(account)

    households = {"anna": AccountSettings(url=immich.url, api_key=SecretStr(anna.api_key))}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        accounts = Accounts(open_accounts(households, session), memory, on_back=hear, again_s=0.02, soon_s=0.02)
        await accounts.start()
        async with running(accounts):
            assert back == [ANNA]
            await immich.pause()
            await becomes(accounts, ANNA, "away")
            await immich.resume()
            await becomes(accounts, ANNA, "ok")
            await eventually(lambda: _there(back, 2), "the account is told of again")
            immich.permit(anna.api_key, NEEDED)
            await eventually(lambda: _there(back, 3), "a key that may do less or more is told of too")
    assert back == [ANNA] * 3


async def _there(back: list[AccountId], times: int) -> bool:
    return len(back) == times


async def becomes(accounts: Accounts, account: AccountId, standing: str) -> None:
    async def there() -> bool:
        return by_name(accounts.status())[account].standing == standing

    await eventually(there, f"{account} is {standing}")


async def test_both_accounts_are_ok_and_say_whose_they_are(anna: User, ben: User, opened: Opened) -> None:
    accounts = opened({"anna": anna.api_key, "ben": ben.api_key})
    assert [status.state for status in accounts.status()] == ["not looked at yet"] * 2
    await accounts.start()
    assert [(status.account, status.state, status.version, status.missing) for status in accounts.status()] == [
        ("anna", "ok", "3.1.0", ()),
        ("ben", "ok", "3.1.0", ()),
    ]
    assert [status.owner for status in accounts.status()] == [
        Owner(id=anna.id, name="Anna"),
        Owner(id=ben.id, name="Ben"),
    ]


async def test_a_key_that_is_refused_at_the_start_stops_its_account_alone(
    immich: SimulatedImmich, anna: User, ben: User, opened: Opened
) -> None:
    photo = await a_photo(immich, ben)
    immich.remove_key(anna.api_key)
    accounts = opened({"anna": anna.api_key, "ben": ben.api_key})
    await accounts.start()
    found = by_name(accounts.status())
    assert found[ANNA].state.startswith('key refused: Immich refuses the API key ("Invalid API key")')
    assert found[BEN].state == "ok"
    assert anna.api_key not in repr(accounts.status())
    with pytest.raises(Blocked, match="key refused"):
        accounts.guarded(ANNA)
    assert (await accounts.guarded(BEN).library.asset(photo)).id == photo


async def test_a_key_that_is_revoked_later_stops_its_account_alone(
    immich: SimulatedImmich, anna: User, ben: User, opened: Opened
) -> None:
    photo = await a_photo(immich, ben)
    accounts = opened({"anna": anna.api_key, "ben": ben.api_key})
    await accounts.start()
    async with running(accounts):
        immich.remove_key(anna.api_key)
        await becomes(accounts, ANNA, "refused")
        with pytest.raises(KeyRefused):
            await accounts.guarded(ANNA).library.asset(photo)
        assert (await accounts.guarded(BEN).library.asset(photo)).id == photo
        assert by_name(accounts.status())[BEN].state == "ok"
        # What was known of it is still shown.
        assert by_name(accounts.status())[ANNA].owner == Owner(id=anna.id, name="Anna")


async def test_a_key_that_works_again_is_taken_up_by_itself(
    immich: SimulatedImmich, anna: User, ben: User, opened: Opened
) -> None:
    immich.fail("GET", "/api/api-keys/me", status=401, message="Invalid API key", times=9999)
    accounts = opened({"anna": anna.api_key, "ben": ben.api_key})
    with pytest.raises(StartError):
        await accounts.start()
    async with running(accounts):
        assert by_name(accounts.status())[ANNA].standing == "refused"
        immich.heal()
        await becomes(accounts, ANNA, "ok")
    assert accounts.stopped(ANNA) is None


async def test_the_start_ends_where_every_account_needs_the_user(
    immich: SimulatedImmich, anna: User, ben: User, opened: Opened
) -> None:
    immich.remove_key(anna.api_key)
    with pytest.raises(StartError, match=r"^account anna: key refused"):
        await opened({"anna": anna.api_key}).start()
    immich.remove_key(ben.api_key)
    with pytest.raises(StartError, match=r"(?s)account anna: key refused.*\naccount ben: key refused"):
        await opened({"anna": anna.api_key, "ben": ben.api_key}).start()


async def test_an_immich_that_is_away_does_not_end_the_start_and_is_waited_for(
    immich: SimulatedImmich, anna: User, ben: User, opened: Opened
) -> None:
    accounts = opened({"anna": anna.api_key, "ben": ben.api_key})
    await immich.pause()
    await accounts.start()
    assert {status.standing for status in accounts.status()} == {"away"}
    assert by_name(accounts.status())[ANNA].state.startswith("cannot be reached: GET /server/version")
    with pytest.raises(Unreachable, match="cannot be reached"):
        accounts.guarded(ANNA)
    async with running(accounts):
        await immich.resume()
        await becomes(accounts, ANNA, "ok")
        await becomes(accounts, BEN, "ok")


async def test_an_outage_after_the_start_leaves_the_account_to_its_own_calls(
    immich: SimulatedImmich, anna: User, opened: Opened
) -> None:
    accounts = opened({"anna": anna.api_key})
    await accounts.start()
    await immich.pause()
    (status,) = await accounts.refresh()
    assert (status.standing, status.version, status.owner) == ("away", "3.1.0", Owner(id=anna.id, name="Anna"))
    assert accounts.stopped(ANNA) is None
    with pytest.raises(Unreachable):
        await accounts.guarded(ANNA).library.version()


async def test_missing_permissions_are_named_with_what_they_switch_off(
    immich: SimulatedImmich, anna: User, ben: User, opened: Opened
) -> None:
    accounts = opened({"anna": immich.add_key(anna.id, NEEDED), "ben": ben.api_key})
    with capture_logs() as logs:
        await accounts.start()
        await accounts.refresh()
    found = by_name(accounts.status())
    assert found[ANNA].state == "ok"
    assert found[ANNA].missing == (
        Lack(feature="stacks", permissions=("stack.read", "stack.create", "stack.update", "stack.delete")),
        Lack(feature="faces", permissions=("person.read", "face.read")),
        Lack(feature="new faces of known people", permissions=("person.statistics",)),
        Lack(feature="realtime", permissions=("all",)),
        Lack(feature="albums", permissions=("album.read",)),
        Lack(
            feature="webhook setup",
            permissions=("workflow.read", "workflow.create", "workflow.update", "workflow.delete"),
        ),
    )
    assert str(found[ANNA].missing[1]) == "faces: add person.read, face.read"
    assert found[BEN].missing == ()
    # Said once, and only what a household misses is a warning.
    said = [(entry["feature"], entry["log_level"]) for entry in logs if "feature" in entry]
    assert said == [
        ("stacks", "warning"),
        ("faces", "warning"),
        ("new faces of known people", "warning"),
        ("realtime", "info"),
        ("albums", "info"),
        ("webhook setup", "info"),
    ]


async def test_a_key_that_may_not_say_whose_it_is_does_nothing(
    immich: SimulatedImmich, anna: User, ben: User, opened: Opened
) -> None:
    accounts = opened({"anna": immich.add_key(anna.id, ("asset.read",)), "ben": ben.api_key})
    await accounts.start()
    found = by_name(accounts.status())[ANNA]
    assert found.state == "cannot be used: the key may not say whose it is; add the permission user.read to it"
    assert found.missing[0] == Lack(feature="reading", permissions=("user.read", "asset.view"))
    assert accounts.stopped(ANNA) == found.state
    assert accounts.stopped(BEN) is None


async def test_another_address_and_an_old_immich_stop_their_account_alone(
    immich: SimulatedImmich, anna: User, memory: Memory
) -> None:
    async def other_site(_: web.Request) -> web.Response:
        return web.Response(text="<html>Welcome</html>")

    async with (
        odd_server(other_site) as odd,
        SimulatedImmich(version=(2, 4, 9)) as old,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        places = {"anna": immich.url, "elsewhere": odd.url, "old": old.url}
        households = {name: AccountSettings(url=url, api_key=SecretStr(anna.api_key)) for name, url in places.items()}
        accounts = Accounts(open_accounts(households, session), memory)
        await accounts.start()
        states = {status.account: status.state for status in accounts.status()}
    assert states[ANNA] == "ok"
    assert states[AccountId("elsewhere")].startswith("cannot be used: no Immich answers at this address")
    assert states[AccountId("old")].startswith("cannot be used: Immich 2.4.9 is too old")


async def test_a_bad_address_and_a_bad_key_name_their_account() -> None:
    async with aiohttp.ClientSession() as session:
        for url, key in (("ftp://immich", "key"), ("http://immich", "two words")):
            with pytest.raises(StartError, match=r"^account anna: "):
                open_accounts({"anna": AccountSettings(url=url, api_key=SecretStr(key))}, session)


async def test_accounts_are_looked_at_side_by_side(
    immich: SimulatedImmich, anna: User, ben: User, opened: Opened
) -> None:
    accounts = opened({"anna": anna.api_key, "ben": ben.api_key})
    immich.fail("GET", "/api/server/version", hang=True)
    looking = asyncio.create_task(accounts.refresh())

    async def other_is_through() -> bool:
        return ("GET", "/api/users/me", 200) in immich.requests

    await eventually(other_is_through, "one account is looked at while the other one hangs")
    assert not looking.done()
    immich.heal()
    assert [status.state for status in await looking] == ["ok", "ok"]


async def test_looks_are_shared(immich: SimulatedImmich, anna: User, opened: Opened) -> None:
    accounts = opened({"anna": anna.api_key})

    def looks() -> int:
        return sum(path == "/api/server/version" for _, path, _ in immich.requests)

    # Who asks while a look is under way gets the next one, which all others share.
    await asyncio.gather(*(accounts.refresh() for _ in range(20)))
    assert looks() == 2
    await accounts.refresh(older_than_s=60)
    assert looks() == 2
    await accounts.refresh()
    assert looks() == 3


async def test_an_outage_is_logged_once(immich: SimulatedImmich, anna: User, opened: Opened) -> None:
    accounts = opened({"anna": anna.api_key})
    with capture_logs() as logs:
        await accounts.start()
        await immich.pause()
        for _ in range(3):
            await accounts.refresh()
        await immich.resume()
        await accounts.refresh()
        immich.remove_key(anna.api_key)
        for _ in range(3):
            await accounts.refresh()
    assert [entry["event"] for entry in logs] == [
        "Immich answers",
        "Immich cannot be reached; work waits until it can",
        "Immich answers",
        "nothing is done for an account",
    ]


async def test_an_account_that_left_the_settings_waits(anna: User, opened: Opened) -> None:
    accounts = opened({"anna": anna.api_key})
    await accounts.start()
    with pytest.raises(Blocked, match="the account carol is not in the settings"):
        accounts.guarded(AccountId("carol"))
