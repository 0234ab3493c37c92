"""Taking back what was done: tags, visibility and stacks, with Immich's own races."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from reactor.adapters.immich.errors import ForbiddenCall
from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.immich.writing import ImmichWriter
from reactor.core.errors import Gone, Permanent, Retryable
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import Asset
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from tests.immich_client.oddities import odd_server
from tests.immich_client.phone import ask, jpeg, upload

MISSING = AssetId("00000000-0000-4000-8000-000000000000")
TAG = "1e1d2c3b-4a59-4687-9a8b-7c6d5e4f3a2b"
TAGS = ("Auto/Paper", "Auto/Receipts", "Auto/Shops")


@pytest.fixture
async def immich() -> AsyncIterator[SimulatedImmich]:
    """A server that writes tags down slowly enough to lose the second of two quick ones."""
    async with SimulatedImmich(thumbnail_delay=(0, 0), metadata_delay=(0, 0), tag_race_s=0.05) as server:
        yield server


@pytest.fixture
def writer(transport: ImmichTransport) -> ImmichWriter:
    return ImmichWriter(transport, pause_s=0.01)


async def settled(immich: SimulatedImmich) -> None:
    async with asyncio.timeout(10):
        while not immich.idle:
            await asyncio.sleep(0.01)


async def photos(immich: SimulatedImmich, user: User, count: int) -> list[AssetId]:
    made = [await upload(immich.url, user.api_key, jpeg(number)) for number in range(count)]
    await settled(immich)
    return made


async def look(library: ImmichLibrary, assets: list[AssetId]) -> list[Asset]:
    return [await library.asset(asset) for asset in assets]


def unlinks(immich: SimulatedImmich) -> int:
    return sum(method == "DELETE" and path.startswith("/api/tags/") for method, path, _ in immich.requests)


async def test_two_tags_taken_off_at_once_never_come_back(
    immich: SimulatedImmich, user: User, library: ImmichLibrary, writer: ImmichWriter
) -> None:
    made = await photos(immich, user, 20)
    await asyncio.gather(*(writer.add_tags(photo, TAGS) for photo in made))
    await settled(immich)
    await asyncio.gather(*(writer.remove_tags(photo, TAGS[:2]) for photo in made))
    assert [asset.tags for asset in await look(library, made)] == [{TAGS[2]}] * 20
    assert unlinks(immich) == 40
    await settled(immich)
    assert [asset.tags for asset in await look(library, made)] == [{TAGS[2]}] * 20


async def test_tags_go_for_good_although_immich_still_writes_them(
    immich: SimulatedImmich, user: User, library: ImmichLibrary, writer: ImmichWriter
) -> None:
    made = await photos(immich, user, 20)
    await asyncio.gather(*(writer.add_tags(photo, TAGS) for photo in made))
    await asyncio.gather(*(writer.archive([photo]) for photo in made))
    await asyncio.gather(*(writer.remove_tags(photo, TAGS[:2]) for photo in made))
    await settled(immich)
    # What the archiving of the same moment still writes may bring some back, on a slow machine most: then they are
    # taken off once more, as the later look at every tag change does (tests/tags).
    back = [asset.id for asset in await look(library, made) if asset.tags != {TAGS[2]}]
    await asyncio.gather(*(writer.remove_tags(photo, TAGS[:2]) for photo in back))
    await settled(immich)
    found = await look(library, made)
    assert [asset.tags for asset in found] == [{TAGS[2]}] * 20
    assert {asset.visibility for asset in found} == {"archive"}


async def test_tags_that_are_not_there_cost_one_look(
    immich: SimulatedImmich, user: User, library: ImmichLibrary, writer: ImmichWriter
) -> None:
    (photo,) = await photos(immich, user, 1)
    await writer.add_tags(photo, ["Auto/Paper"])
    await settled(immich)
    asked = len(immich.requests)
    await writer.remove_tags(photo, ["Auto", "Paper", "auto/paper", "Auto/Nothing"])
    await writer.remove_tags(photo, [])
    assert len(immich.requests) == asked + 1
    assert (await library.asset(photo)).tags == {"Auto/Paper"}
    with pytest.raises(Gone):
        await writer.remove_tags(MISSING, ["Auto/Paper"])


async def test_a_tag_that_the_user_deletes_meanwhile_is_no_error(
    immich: SimulatedImmich, user: User, library: ImmichLibrary, writer: ImmichWriter
) -> None:
    (photo,) = await photos(immich, user, 1)
    await writer.add_tags(photo, ["Auto/Paper"])
    await settled(immich)

    async def delete(method: str, path: str, _: object, key: str) -> None:
        if method == "DELETE" and path.endswith("/assets"):
            immich.on_request = None
            await ask(immich.url, user.api_key, "DELETE", path.removeprefix("/api").removesuffix("/assets"))

    immich.on_request = delete
    await writer.remove_tags(photo, ["Auto/Paper"])
    assert immich.on_request is None
    assert (await library.asset(photo)).tags == frozenset()


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        ({"success": False, "error": "no_permission"}, Gone),
        ({"success": False, "error": "something new"}, Permanent),
        ({"success": False, "error": "not_found"}, Retryable),
        ({"success": True}, Retryable),
        ({"odd": 1}, Retryable),
    ],
)
async def test_each_outcome_means_one_thing(
    outcome: dict[str, object], kind: type[Exception], session: aiohttp.ClientSession
) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.method == "DELETE":
            return web.json_response([{"id": MISSING} | outcome])
        tags = [{"id": TAG, "value": "Auto/Paper"}]
        return web.json_response({"updatedAt": "2026-01-01T00:00:00.000Z", "tags": tags})

    async with odd_server(answer) as odd:
        transport = ImmichTransport(odd.url, SecretStr("key"), AccountId("anna"), session=session)
        with pytest.raises(Exception, match=r"DELETE|puts tags back on .*: Auto/Paper") as caught:
            await ImmichWriter(transport, written_s=0.05, pause_s=0.01).remove_tags(MISSING, ["Auto/Paper"])
        assert type(caught.value).__mro__.index(kind) <= 1
        tried = sum(method == "DELETE" for method, _, _ in odd.requests)
        assert tried == (3 if "puts tags back" in str(caught.value) else 1)


async def test_photos_are_shown_again_all_or_none(
    immich: SimulatedImmich, user: User, library: ImmichLibrary, writer: ImmichWriter
) -> None:
    made = await photos(immich, user, 2)
    await writer.set_visibility(made, "archive")
    with pytest.raises(Gone):
        await writer.set_visibility([*made, MISSING], "timeline")
    assert [asset.visibility for asset in await look(library, made)] == ["archive"] * 2
    await writer.set_visibility(made, "timeline")
    assert [asset.visibility for asset in await look(library, made)] == ["timeline"] * 2
    asked = len(immich.requests)
    for other in ("locked", "hidden", "", "Archive"):
        with pytest.raises(ForbiddenCall):
            await writer.set_visibility(made, other)
    await writer.set_visibility([], "timeline")
    assert len(immich.requests) == asked


async def test_stacks_are_taken_apart_and_the_photos_stay(
    immich: SimulatedImmich, user: User, library: ImmichLibrary, writer: ImmichWriter
) -> None:
    one, two, three = await photos(immich, user, 3)
    await writer.make_stack([one, two, three])
    stack = (await library.asset(one)).stack
    assert stack is not None
    with pytest.raises(Permanent, match="primary"):
        await writer.remove_from_stack(stack, one)
    with pytest.raises(Permanent, match="not in stack"):
        await writer.remove_from_stack(stack, MISSING)
    await writer.remove_from_stack(stack, three)
    await writer.remove_from_stack(stack, two)
    assert (await library.stack(stack)).members == {one}
    await writer.delete_stack(stack)
    with pytest.raises(Gone):
        await writer.delete_stack(stack)
    with pytest.raises(Gone):
        await writer.remove_from_stack(stack, two)
    assert [(asset.stack, asset.trashed) for asset in await look(library, [one, two, three])] == [(None, False)] * 3


async def test_all_tags_of_the_account(
    immich: SimulatedImmich, user: User, library: ImmichLibrary, writer: ImmichWriter
) -> None:
    assert await library.tags() == frozenset()
    (photo,) = await photos(immich, user, 1)
    await writer.add_tags(photo, ["Auto/Paper"])
    ben = immich.add_user("Ben", "ben@home.example")
    await ask(immich.url, ben.api_key, "PUT", "/tags", {"tags": ["Ben's"]})
    assert await library.tags() == {"Auto", "Auto/Paper"}
