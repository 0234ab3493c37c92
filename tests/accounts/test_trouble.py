"""One account's trouble is its own: it is told in words, stops nothing else, and ends by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from reactor.adapters.immich.errors import KeyRefused
from reactor.config import AccountSettings
from reactor.core.accounts import Owner
from reactor.core.errors import Blocked, StartError, Unreachable
from reactor.core.ids import AccountId, AssetId
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from reactor.demo.phone import Phone, Shot
from reactor.wiring.immich import Accounts, open_accounts

from ..household import a_picture, eventually
from ..immich_client.oddities import odd_server
from .conftest import ANNA, BEN, NEEDED, Memory, Opened, by_name


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


async def test_an_account_that_left_the_settings_waits(anna: User, opened: Opened) -> None:
    accounts = opened({"anna": anna.api_key})
    await accounts.start()
    with pytest.raises(Blocked, match="the account carol is not in the settings"):
        accounts.guarded(AccountId("carol"))
