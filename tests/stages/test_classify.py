"""What is tagged: photos and videos, and those of external libraries only where the user lets them be."""

from dataclasses import replace

from reactor.core.categories import Category
from reactor.core.changes import TagAsset
from reactor.core.events import ArchiveWanted, AssetEmbedded, AssetUploaded
from reactor.core.ids import AssetId
from reactor.core.library import Face
from reactor.routing import Outcome
from reactor.stages.classify import classify
from reactor.stages.stack import stack

from ..household import ME, START, a_picture
from ..immich_client.phone import upload
from .house import EVERYTHING, House

AWAY = Category(name="Away", prompts=("anything",), similarity=-1.0, action="tag_and_archive")


async def embedded(house: House, asset: str) -> AssetEmbedded:
    (event,) = (await house.embed(AssetUploaded(account=ME, asset=AssetId(asset)))).events
    assert isinstance(event, AssetEmbedded)
    return event


def tags(outcome: Outcome) -> list[tuple[str, ...]]:
    return [change.tags for change in outcome.changes if isinstance(change, TagAsset)]


async def test_external_photos_are_tagged_and_archived_unless_the_user_forbids_it(house: House) -> None:
    me = (await house.user("GET", "/users/me", None))["id"]
    (external,) = await house.home.immich.import_library(me, [("1.jpg", a_picture(1))])
    own = await house.home.photo(2)
    allowing = house.services(categories=(AWAY,))
    forbidding = house.services(categories=(AWAY,), tag_external=False)
    for asset, services, touched in (
        (own, allowing, True),
        (own, forbidding, True),
        (external, allowing, True),
        (external, forbidding, False),
    ):
        outcome = await classify([await embedded(house, asset)], services)
        assert tags(outcome) == ([("Auto/Away",)] if touched else [])
        assert [type(event) for event in outcome.events] == ([ArchiveWanted] if touched else [])


async def test_a_video_is_tagged_by_its_preview_and_never_stacked(house: House) -> None:
    times = dict.fromkeys(("fileCreatedAt", "fileModifiedAt"), START.isoformat())
    film = await upload(house.home.immich.url, house.home.key, b"moving", "film.mp4", **times)
    twin = await upload(house.home.immich.url, house.home.key, b"moving too", "twin.mp4", **times)
    await house.home.rest()
    events = [await embedded(house, asset) for asset in (film, twin)]
    kept = await house.photos.embedded(ME, (film, twin), house.looker.model)
    assert [(photo.kind, photo.taken_at) for photo in kept] == [("VIDEO", START)] * 2
    assert tags(await classify([events[0]], house.services())) == [("Auto/Any",)]
    assert (await stack(events, house.services())).changes == ()
    # The same two as photos would be one stack.
    for photo in kept:
        await house.photos.save(replace(photo, kind="IMAGE"), house.looker.model)
    library = house.home.library
    shown = {asset: replace(await library.asset(asset), kind="IMAGE") for asset in (film, twin)}

    class AsPhotos:
        async def asset(self, asset: AssetId) -> object:
            return shown[asset]

        async def faces(self, _: AssetId) -> tuple[Face, ...]:
            return ()

    services = replace(house.services(), library=lambda _: AsPhotos())  # type: ignore[arg-type,return-value]  # all that it asks
    assert len((await stack(events, services)).changes) == 1


async def test_what_another_model_saw_and_what_nobody_asked_for_is_left_untagged(house: House) -> None:
    event = await embedded(house, await house.home.photo(1))
    assert tags(await classify([event], house.services())) == [("Auto/Any",)]
    assert await classify([event], house.services(categories=())) == Outcome()
    assert await classify([event], house.services(categories=(replace(EVERYTHING, similarity=1.1),))) == Outcome()
    house.looker.model = "another"
    assert await classify([event], house.services()) == Outcome()
