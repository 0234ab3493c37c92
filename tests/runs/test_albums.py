"""Albums of the simulated Immich, and what a timeline asks, against Immich's own contract."""

import json
from collections.abc import AsyncIterator
from datetime import date

import aiohttp
import pytest
from pydantic import SecretStr

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.timeline import ImmichTimeline
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.days import window

from ..contract import Contract, load_contract
from ..household import ME, Household, a_household
from ..immich_simulator.conftest import Api
from .camera import take, wall


@pytest.fixture(scope="module")
def contract() -> Contract | None:
    return load_contract()


@pytest.fixture
async def home() -> AsyncIterator[Household]:
    async with a_household() as opened:
        yield opened


@pytest.fixture
async def mine(home: Household, contract: Contract | None) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession(home.immich.url, headers={"x-api-key": home.key}) as session:
        yield Api(session=session, contract=contract)


@pytest.fixture
async def theirs(home: Household, contract: Contract | None) -> AsyncIterator[Api]:
    key = home.immich.add_user("You", "you@example.com").api_key
    async with aiohttp.ClientSession(home.immich.url, headers={"x-api-key": key}) as session:
        yield Api(session=session, contract=contract)


async def test_an_album_is_made_filled_listed_and_searched(home: Household, mine: Api, theirs: Api) -> None:
    photos = [await take(home, seed, wall(2026, 6, seed, 12)) for seed in (1, 2, 3)]
    made = await mine.call("POST", "/albums", {"albumName": "Japan", "assetIds": photos[:1]})
    assert made.status == 201
    album = made.body["id"]
    put = await mine.call("PUT", f"/albums/{album}/assets", {"ids": photos[:2]})
    assert [(one["success"], one.get("error")) for one in put.body] == [(False, "duplicate"), (True, None)]
    (listed,) = (await mine.call("GET", "/albums")).body
    assert (listed["albumName"], listed["assetCount"], listed["shared"]) == ("Japan", 2, False)
    assert await mine.search(albumIds=[album], order="asc") == photos[:2]
    assert (await theirs.call("GET", "/albums")).body == []
    assert (await theirs.call("POST", "/search/metadata", {"albumIds": [album]})).status == 400


async def test_a_shared_album_is_listed_with_its_people_and_names_are_not_unique(mine: Api, theirs: Api) -> None:
    you = (await theirs.call("GET", "/users/me")).body["id"]
    shared = {"albumName": "Both", "albumUsers": [{"userId": you, "role": "viewer"}]}
    ids = [(await mine.call("POST", "/albums", body)).body["id"] for body in (shared, {"albumName": "Both"})]
    (seen,) = (await theirs.call("GET", "/albums")).body
    assert seen["id"] == ids[0]
    assert [user["role"] for user in seen["albumUsers"]] == ["owner", "viewer"]
    assert len((await mine.call("GET", "/albums")).body) == 2


async def test_a_key_without_the_permission_is_refused(home: Household, contract: Contract | None, mine: Api) -> None:
    me = (await mine.call("GET", "/users/me")).body["id"]
    key = home.immich.add_key(me, ("asset.read",))
    async with aiohttp.ClientSession(home.immich.url, headers={"x-api-key": key}) as session:
        refused = await Api(session=session, contract=contract).call("GET", "/albums")
    assert (refused.status, refused.body["message"]) == (403, "Missing required permission: album.read")


async def test_everything_that_a_timeline_asks_is_in_immichs_contract(
    home: Household, mine: Api, contract: Contract | None
) -> None:
    if contract is None:
        pytest.skip("Immich's contract is not at hand")
    photo = await take(home, 1, wall(2026, 6, 1, 12))
    album = (await mine.call("POST", "/albums", {"albumName": "Japan", "assetIds": [photo]})).body["id"]
    bodies: list[bytes] = []
    watch = aiohttp.TraceConfig()

    async def sent(_: object, __: object, part: aiohttp.TraceRequestChunkSentParams) -> None:
        bodies.append(part.chunk)

    watch.on_request_chunk_sent.append(sent)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[watch]) as session:
        transport = ImmichTransport(home.immich.url, SecretStr(home.key), ME, session=session)
        timeline = ImmichTimeline(transport, ImmichLibrary(transport))
        assert await timeline.newest(album=None) is not None
        assert await timeline.first(None, album=None) is not None
        assert await timeline.first(window(date(2026, 6, 1))[0], album=album) is not None
        assert await timeline.first(window(date.max)[0], album=None) is None
        assert len(await timeline.day(date(2026, 6, 1), album=album, people=True)) == 1
        assert await timeline.day(date.min, album=None, people=False) == ()
    assert len(bodies) >= 10
    for body in bodies:
        contract.check_request("POST", "/search/metadata", {}, json.loads(body))
