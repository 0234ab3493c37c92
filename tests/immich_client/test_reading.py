"""Reading a simulated Immich."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from pydantic import SecretStr

from reactor.adapters.immich.errors import MissingPermission
from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.errors import Gone, NotReady
from reactor.core.ids import AccountId, AssetId, PersonId, StackId
from reactor.core.library import Asset, trashed_in
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from tests.immich_client.phone import ask, jpeg, upload

MISSING = "00000000-0000-4000-8000-000000000000"


async def settled(immich: SimulatedImmich) -> None:
    async with asyncio.timeout(10):
        while not immich.idle:
            await asyncio.sleep(0.01)


async def everything(library: ImmichLibrary, visibility: str = "timeline") -> list[Asset]:
    now = datetime.now(UTC)
    window = library.uploaded_between(now - timedelta(hours=1), now + timedelta(hours=1), visibility)
    return [asset async for asset in window]


async def test_an_asset_with_tags_and_stack(immich: SimulatedImmich, user: User, library: ImmichLibrary) -> None:
    one = await upload(immich.url, user.api_key, jpeg(1, (320, 200)), "one.jpg")
    two = await upload(immich.url, user.api_key, jpeg(2), "two.jpg")
    await settled(immich)
    tags = await ask(immich.url, user.api_key, "PUT", "/tags", {"tags": ["Auto/Receipts", "plain"]})
    ids = [tag["id"] for tag in tags]
    await ask(immich.url, user.api_key, "PUT", "/tags/assets", {"tagIds": ids, "assetIds": [one]})
    made = await ask(immich.url, user.api_key, "POST", "/stacks", {"assetIds": [two, one]})
    await settled(immich)

    asset = await library.asset(one)

    assert asset.owner == user.id
    assert (asset.kind, asset.visibility, asset.trashed, asset.exif_ready) == ("IMAGE", "timeline", False, True)
    assert (asset.width, asset.height, asset.file_name) == (320, 200, "one.jpg")
    assert asset.tags == {"Auto/Receipts", "plain"}
    assert (asset.stack, asset.stack_primary) == (made["id"], two)
    stack = await library.stack(StackId(made["id"]))
    assert (stack.primary, stack.members) == (two, frozenset({one, two}))
    assert asset.created_at.utcoffset() == timedelta(0)


async def test_who_lies_in_the_trash_of_a_stack_is_counted_though_not_listed(
    immich: SimulatedImmich, user: User, library: ImmichLibrary
) -> None:
    one, two, three, four = [await upload(immich.url, user.api_key, jpeg(number)) for number in range(1, 5)]
    made = await ask(immich.url, user.api_key, "POST", "/stacks", {"assetIds": [one, two, three, four]})
    await ask(immich.url, user.api_key, "PUT", "/assets", {"ids": [two], "visibility": "archive"})
    asset, stack = await library.asset(one), await library.stack(StackId(made["id"]))
    assert (len(stack.members), stack.shown, asset.stack_size, trashed_in(asset, stack)) == (4, 3, 3, 0)
    await ask(immich.url, user.api_key, "DELETE", "/assets", {"ids": [three]})
    asset, stack = await library.asset(one), await library.stack(StackId(made["id"]))
    assert (stack.members, trashed_in(asset, stack)) == (frozenset({one, two, four}), 1)


async def test_what_the_user_says_of_a_photo(immich: SimulatedImmich, user: User, library: ImmichLibrary) -> None:
    one = await upload(immich.url, user.api_key, jpeg(1, (320, 200)))
    await settled(immich)
    plain = await library.asset(one)
    assert (plain.favourite, plain.rating, plain.edited) == (False, None, False)
    await ask(immich.url, user.api_key, "PUT", f"/assets/{one}", {"rating": 4, "isFavorite": True})
    turn = {"edits": [{"action": "rotate", "parameters": {"angle": 90}}]}
    await ask(immich.url, user.api_key, "PUT", f"/assets/{one}/edits", turn)
    said = await library.asset(one)
    assert (said.favourite, said.rating, said.edited) == (True, 4, True)
    assert (said.width, said.height) == (200, 320)
    await ask(immich.url, user.api_key, "DELETE", f"/assets/{one}/edits")
    back = await library.asset(one)
    assert (back.edited, back.width, back.height) == (False, 320, 200)


async def test_exif_and_preview_come_later(session: aiohttp.ClientSession) -> None:
    async with SimulatedImmich(thumbnail_delay=(60, 60), metadata_delay=(60, 60)) as slow:
        anna = slow.add_user("Anna", "anna@home.example")
        key = SecretStr(anna.api_key)
        library = ImmichLibrary(ImmichTransport(slow.url, key, AccountId("anna"), session=session))
        fresh = await upload(slow.url, anna.api_key, jpeg(3))
        assert not (await library.asset(fresh)).exif_ready
        with pytest.raises(NotReady, match="Asset media not found"):
            await library.preview(fresh)
        # A picture that is not there is not asked for again at once.
        assert [path for _, path, _ in slow.requests if path.endswith("/thumbnail")] == [
            f"/api/assets/{fresh}/thumbnail"
        ]


async def test_a_preview_and_its_checksum(immich: SimulatedImmich, user: User, library: ImmichLibrary) -> None:
    asset = await upload(immich.url, user.api_key, jpeg(4))
    await settled(immich)
    preview = await library.preview(asset)
    assert preview.data.startswith(b"\xff\xd8")
    assert preview.checksum == hashlib.sha256(preview.data).hexdigest()[:32]
    assert (await library.preview(asset, edited=True)).checksum == preview.checksum
    small, content_type = await library.thumbnail(asset)
    assert (small[:4], content_type) == (b"RIFF", "image/webp")


async def test_missing_things_are_gone(library: ImmichLibrary) -> None:
    with pytest.raises(Gone, match=r"Not found or no asset\.read access"):
        await library.asset(AssetId(MISSING))
    with pytest.raises(Gone):
        await library.stack(StackId(MISSING))
    with pytest.raises(Gone):
        await library.faces(AssetId(MISSING))
    with pytest.raises(Gone):
        await library.photo_count(PersonId(MISSING))
    with pytest.raises(Gone):
        await library.person(PersonId(MISSING))


async def test_equal_times_and_many_pages_all_arrive(
    immich: SimulatedImmich, user: User, transport: ImmichTransport
) -> None:
    ids = await immich.import_library(
        user.id, [(f"{number}.jpg", b"not a picture %d" % number) for number in range(300)]
    )
    found = await everything(ImmichLibrary(transport, page_size=70))
    assert sorted(asset.id for asset in found) == sorted(ids)
    assert len({asset.created_at for asset in found}) == 1


async def test_the_window_and_the_visibility_bound_what_is_read(
    immich: SimulatedImmich, user: User, library: ImmichLibrary
) -> None:
    asset = await upload(immich.url, user.api_key, jpeg(5))
    hidden = await upload(immich.url, user.api_key, jpeg(6), "part.mp4", visibility="hidden")
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert [one.id for one in await everything(library)] == [asset]
    assert [one async for one in library.uploaded_between(later, later + timedelta(hours=1), "timeline")] == []
    assert [one.id for one in await everything(library, "archive")] == []
    await ask(immich.url, user.api_key, "PUT", "/assets", {"ids": [asset], "visibility": "archive"})
    assert [one.id for one in await everything(library, "archive")] == [asset]
    assert hidden != asset


async def test_the_film_of_a_live_photo_is_marked(immich: SimulatedImmich, user: User, library: ImmichLibrary) -> None:
    film = await upload(immich.url, user.api_key, jpeg(7), "live.mov")
    still = await upload(immich.url, user.api_key, jpeg(8), "live.jpg", livePhotoVideoId=film)
    # The film is listed until Immich hides it.
    parts = {asset.id: asset.motion_part_of for asset in await everything(library)}
    assert parts == {still: None, film: still}


async def test_a_partners_photos_are_left_out(immich: SimulatedImmich, user: User, library: ImmichLibrary) -> None:
    ben = immich.add_user("Ben", "ben@home.example")
    immich.share_timeline(ben.id, user.id)
    theirs = await upload(immich.url, ben.api_key, jpeg(9))
    ours = await upload(immich.url, user.api_key, jpeg(10))
    listed = await ask(immich.url, user.api_key, "POST", "/search/metadata", {"visibility": "timeline"})
    assert {item["id"] for item in listed["assets"]["items"]} == {theirs, ours}
    assert [asset.id for asset in await everything(library)] == [ours]


async def test_people_faces_and_their_photos(immich: SimulatedImmich, user: User, library: ImmichLibrary) -> None:
    days = [f"2025-05-0{day}T12:00:00.000Z" for day in (1, 2, 3)]
    photos = [
        await upload(immich.url, user.api_key, jpeg(20 + number), fileCreatedAt=day, fileModifiedAt=day)
        for number, day in enumerate(days)
    ]
    await settled(immich)
    person = None
    for photo in photos:
        person = immich.recognise(photo, box=(8, 6, 40, 36), image_size=(64, 48), person_id=person)
    assert person is not None
    stranger = immich.recognise(photos[0], box=(1, 1, 5, 5), image_size=(64, 48))
    await ask(immich.url, user.api_key, "PUT", f"/people/{person}", {"name": "Carla", "isHidden": True})

    (carla,) = await library.named_people()
    assert (carla.id, carla.name, carla.hidden) == (person, "Carla", True)
    assert datetime.fromisoformat(carla.updated_at).tzinfo is not None
    assert await library.photo_count(carla.id) == 3
    newest = await library.photos_of(carla.id, limit=2)
    assert [asset.id for asset in newest] == [photos[2], photos[1]]
    faces = await library.faces(photos[0])
    assert {face.person for face in faces} == {person, stranger}
    assert {(face.box, face.frame) for face in faces if face.person == person} == {((8.0, 6.0, 40.0, 36.0), (64, 48))}


async def test_all_pages_of_people(immich: SimulatedImmich, user: User, transport: ImmichTransport) -> None:
    photos = [await upload(immich.url, user.api_key, jpeg(30 + number)) for number in range(3)]
    await settled(immich)
    for name in ("Dora", "Emil", "Fritz", "Gabi", "Hans"):
        person = immich.recognise(photos[0], box=(8, 6, 40, 36), image_size=(64, 48))
        await ask(immich.url, user.api_key, "PUT", f"/people/{person}", {"name": name})
    stranger = None
    for photo in photos:
        stranger = immich.recognise(photo, box=(8, 6, 40, 36), image_size=(64, 48), person_id=stranger)
    library = ImmichLibrary(transport, page_size=2)
    assert sorted(person.name for person in await library.people()) == ["", "Dora", "Emil", "Fritz", "Gabi", "Hans"]
    assert sorted(person.name for person in await library.named_people()) == ["Dora", "Emil", "Fritz", "Gabi", "Hans"]


async def test_a_person_is_there_whether_listed_or_not(
    immich: SimulatedImmich, user: User, library: ImmichLibrary
) -> None:
    photo = await upload(immich.url, user.api_key, jpeg(34))
    person = PersonId(immich.recognise(photo, box=(8, 6, 40, 36), image_size=(64, 48)))
    await ask(immich.url, user.api_key, "PUT", f"/people/{person}", {"name": "Ida", "isHidden": True})
    await ask(immich.url, user.api_key, "PUT", "/assets", {"ids": [photo], "visibility": "archive"})
    assert await library.people() == ()
    found = await library.person(person)
    assert (found.id, found.name, found.hidden) == (person, "Ida", True)
    keeper = immich.recognise(photo, box=(8, 6, 40, 36), image_size=(64, 48))
    await ask(immich.url, user.api_key, "POST", f"/people/{keeper}/merge", {"ids": [person]})
    with pytest.raises(Gone, match=r"Not found or no person\.read access"):
        await library.person(person)


async def test_a_name_is_bounded_and_of_letters_alone(
    immich: SimulatedImmich, user: User, library: ImmichLibrary
) -> None:
    photo = await upload(immich.url, user.api_key, jpeg(35))
    person = immich.recognise(photo, box=(8, 6, 40, 36), image_size=(64, 48))
    family = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
    await ask(immich.url, user.api_key, "PUT", f"/people/{person}", {"name": f" Jo\0\ud800\n {family} {'x' * 5000}"})
    (found,) = await library.people()
    assert (found.name[:7], len(found.name)) == (f"Jo {family} ", 200)
    assert await library.person(found.id) == found


async def test_who_is_on_new_photos(immich: SimulatedImmich, user: User, transport: ImmichTransport) -> None:
    ben = immich.add_user("Ben", "ben@home.example")
    immich.share_timeline(ben.id, user.id)
    theirs = await upload(immich.url, ben.api_key, jpeg(36))
    ours = [await upload(immich.url, user.api_key, jpeg(37 + number)) for number in range(5)]
    box, size = (8, 6, 40, 36), (64, 48)
    immich.recognise(theirs, box=box, image_size=size)
    people = {immich.recognise(photo, box=box, image_size=size) for photo in ours}
    library = ImmichLibrary(transport, page_size=2)
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    assert await library.people_seen(long_ago, limit=1000) == people
    assert await library.people_seen(datetime.now(UTC) + timedelta(minutes=1), limit=1000) == frozenset()
    # No more pages than hold so many.
    asked = len(immich.requests)
    assert len(await library.people_seen(long_ago, limit=4)) < 5
    assert [path for _, path, _ in list(immich.requests)[asked:]] == ["/api/search/metadata"] * 2


async def test_lacking_permissions_are_named(
    immich: SimulatedImmich, user: User, session: aiohttp.ClientSession
) -> None:
    photo = await upload(immich.url, user.api_key, jpeg(31))
    person = immich.recognise(photo, box=(8, 6, 40, 36), image_size=(64, 48))
    key = immich.add_key(user.id, ("person.read",))
    poor = ImmichLibrary(ImmichTransport(immich.url, SecretStr(key), AccountId("anna"), session=session))
    with pytest.raises(MissingPermission, match=r"lacks the permission person\.statistics") as caught:
        await poor.photo_count(PersonId(person))
    assert caught.value.permission == "person.statistics"
    with pytest.raises(MissingPermission, match=r"lacks the permission asset\.read"):
        await poor.asset(photo)


async def test_the_clock_of_the_server(library: ImmichLibrary) -> None:
    assert abs(await library.server_time() - datetime.now(UTC)) < timedelta(seconds=3)
