"""Changing a simulated Immich, and looking at it before work begins."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from reactor.adapters.immich.checks import introspect, missing_permissions
from reactor.adapters.immich.errors import MissingPermission
from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.immich.writing import ImmichWriter
from reactor.core.errors import Blocked, Gone, Permanent, StartError, Unreachable
from reactor.core.ids import AccountId, AssetId
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from tests.immich_client.oddities import odd_server
from tests.immich_client.phone import jpeg, upload

MISSING = AssetId("00000000-0000-4000-8000-000000000000")
ANNA = AccountId("anna")


async def photos(immich: SimulatedImmich, user: User, count: int) -> list[AssetId]:
    made = [await upload(immich.url, user.api_key, jpeg(number)) for number in range(count)]
    async with asyncio.timeout(10):
        while not immich.idle:
            await asyncio.sleep(0.01)
    return made


async def test_tags_go_out_in_one_call(
    immich: SimulatedImmich, user: User, library: ImmichLibrary, writer: ImmichWriter
) -> None:
    (photo,) = await photos(immich, user, 1)
    await writer.add_tags(photo, ["Auto/Receipts", "Auto/Paper", "Auto/Receipts"])
    assert (await library.asset(photo)).tags == {"Auto/Receipts", "Auto/Paper"}
    await writer.add_tags(photo, [])
    calls = [path for method, path, _ in immich.requests if method == "PUT"]
    assert calls == ["/api/tags", "/api/tags/assets"]


async def test_tags_that_are_there_or_foreign_change_nothing_and_raise_nothing(
    immich: SimulatedImmich, user: User, library: ImmichLibrary, writer: ImmichWriter
) -> None:
    (photo,) = await photos(immich, user, 1)
    await writer.add_tags(photo, ["Auto/x"])
    await writer.add_tags(photo, ["Auto/x"])
    await writer.add_tags(MISSING, ["Auto/x"])
    links = [write for write in immich.effective_writes if write.path == "/api/tags/assets"]
    assert len(links) == 1


async def test_a_tag_that_immich_does_not_make_is_said(writer: ImmichWriter, immich: SimulatedImmich) -> None:
    with pytest.raises(Permanent, match="a//b"):
        await writer.add_tags(MISSING, ["Auto/x", "a//b"])
    assert "/api/tags/assets" not in [path for _, path, _ in immich.requests]


async def test_archiving_is_one_call_and_a_bad_id_changes_nothing(
    immich: SimulatedImmich, user: User, library: ImmichLibrary, writer: ImmichWriter
) -> None:
    ids = [AssetId(one) for one in await immich.import_library(user.id, [(f"{n}.jpg", b"%d" % n) for n in range(100)])]
    with pytest.raises(Gone):
        await writer.archive([ids[0], MISSING])
    assert (await library.asset(ids[0])).visibility == "timeline"
    await writer.archive(ids)
    assert {(await library.asset(one)).visibility for one in (ids[0], ids[49], ids[50], ids[99])} == {"archive"}
    sizes = [len(write.body["ids"]) for write in immich.effective_writes if write.path == "/api/assets"]
    assert sizes == [100]
    await writer.archive([])
    assert len([path for method, path, _ in immich.requests if method == "PUT"]) == 2


async def test_stacks_and_their_covers(
    immich: SimulatedImmich, user: User, library: ImmichLibrary, writer: ImmichWriter
) -> None:
    one, two, three = await photos(immich, user, 3)
    await writer.make_stack([two, one, two])
    first = (await library.asset(one)).stack
    assert first is not None
    assert (await library.stack(first)).primary == two

    await writer.make_stack([two, three])
    grown = (await library.asset(one)).stack
    assert grown is not None
    assert grown != first
    assert (await library.stack(grown)).members == {one, two, three}

    await writer.set_cover(grown, three)
    assert (await library.stack(grown)).primary == three
    with pytest.raises(Permanent):
        await writer.set_cover(grown, MISSING)
    with pytest.raises(Gone):
        await writer.set_cover(first, one)
    with pytest.raises(Gone):
        await writer.make_stack([one, MISSING])
    with pytest.raises(Permanent, match="two different"):
        await writer.make_stack([one, one])


async def test_a_lost_answer_is_retryable_and_the_write_is_sent_once(
    immich: SimulatedImmich, user: User, library: ImmichLibrary, writer: ImmichWriter
) -> None:
    (photo,) = await photos(immich, user, 1)
    immich.fail("PUT", "/api/assets", drop=True, after=True, times=9)
    with pytest.raises(Unreachable):
        await writer.archive([photo])
    assert [path for method, path, _ in immich.requests if method == "PUT"] == ["/api/assets"]
    assert (await library.asset(photo)).visibility == "archive"


async def test_a_key_that_may_not_write(immich: SimulatedImmich, user: User, session: aiohttp.ClientSession) -> None:
    key = immich.add_key(user.id, ("asset.read",))
    poor = ImmichWriter(ImmichTransport(immich.url, SecretStr(key), ANNA, session=session))
    with pytest.raises(MissingPermission, match=r"lacks the permission tag\.create") as caught:
        await poor.add_tags(MISSING, ["Auto/x"])
    assert isinstance(caught.value, Blocked)


async def test_introspection_of_a_full_and_of_a_poor_key(
    immich: SimulatedImmich, user: User, library: ImmichLibrary, session: aiohttp.ClientSession
) -> None:
    full = await introspect(library)
    assert (full.version, full.user, full.missing) == ((3, 1, 0), (user.id, "Anna"), {})

    key = immich.add_key(user.id, ("asset.read", "asset.view", "tag.create", "tag.asset", "asset.update"))
    poor = await introspect(ImmichLibrary(ImmichTransport(immich.url, SecretStr(key), ANNA, session=session)))
    assert poor.user is None
    assert poor.missing == {
        "reading": ("user.read",),
        "noticing deleted tags": ("tag.read",),
        "removing empty tags": ("tag.delete",),
        "stacks": ("stack.read", "stack.create", "stack.update", "stack.delete"),
        "faces": ("person.read", "face.read"),
        "new faces of known people": ("person.statistics",),
        "realtime": ("all",),
        "albums": ("album.read",),
        "filling albums": ("album.create", "albumAsset.create", "albumAsset.delete"),
        "webhook setup": ("workflow.read", "workflow.create", "workflow.update", "workflow.delete"),
    }


def test_all_is_enough() -> None:
    assert missing_permissions(frozenset({"all"})) == {}


async def test_what_does_not_fit_is_said_in_words(
    immich: SimulatedImmich, library: ImmichLibrary, user: User, session: aiohttp.ClientSession
) -> None:
    immich.remove_key(user.api_key)
    with pytest.raises(StartError, match="refuses the API key"):
        await introspect(library)

    async def other_site(_: web.Request) -> web.Response:
        return web.Response(text="<html>Welcome</html>")

    async with odd_server(other_site) as odd:
        elsewhere = ImmichTransport(odd.url, SecretStr("key"), ANNA, session=session)
        with pytest.raises(StartError, match="no Immich answers at this address"):
            await introspect(ImmichLibrary(elsewhere))
    async with SimulatedImmich(version=(2, 4, 9)) as old:
        with pytest.raises(StartError, match=r"Immich 2\.4\.9 is too old"):
            await introspect(ImmichLibrary(ImmichTransport(old.url, SecretStr("key"), ANNA, session=session)))
    await immich.pause()
    with pytest.raises(Unreachable, match="cannot be reached"):
        await introspect(library)
