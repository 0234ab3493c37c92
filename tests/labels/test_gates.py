"""Gates through the real stages: faces are waited for, decided once; files and albums are asked for where needed."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.core.changes import TagAsset
from reactor.core.errors import NotReady
from reactor.core.events import AssetEmbedded
from reactor.core.gates import Faces
from reactor.core.ids import AssetId
from reactor.core.label_events import FacesAwaited
from reactor.ports import Services
from reactor.routing import Outcome
from reactor.stages.classify import classify, classify_faces

from ..household import ME
from .rig import LabelRig, category

CATS = category("Cats", "cat", gates={"with_faces": "any"})
NOBODYS = category("Nobody's", "cat", gates={"without_faces": "any"})
DOGS = category("Dogs", "dog")


@dataclass(kw_only=True)
class Later:
    """Immich, some seconds after the photo was uploaded."""

    library: ImmichLibrary
    seconds: float
    created_at: datetime

    def clock(self) -> datetime:
        return self.created_at + timedelta(seconds=self.seconds)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.library, name)


async def later(rig: LabelRig, asset: AssetId, seconds: float) -> Services:
    created_at = (await rig.home.library.asset(asset)).created_at
    found: Any = Later(library=rig.home.library, seconds=seconds, created_at=created_at)
    return replace(rig.services(), library=lambda _: found)


def awaited(rig: LabelRig, asset: AssetId, seed: int = 1) -> FacesAwaited:
    return FacesAwaited(account=ME, asset=asset, model=rig.embedder.model, checksum=f"c{seed}")


def embedded(rig: LabelRig, asset: AssetId, seed: int = 1) -> AssetEmbedded:
    return AssetEmbedded(account=ME, asset=asset, model=rig.embedder.model, checksum=f"c{seed}")


def tagged(outcome: Outcome) -> list[str]:
    return [tag for change in outcome.changes if isinstance(change, TagAsset) for tag in change.tags]


async def faces_of(rig: LabelRig, asset: AssetId) -> Faces | None:
    (photo,) = await rig.house.photos.embedded(ME, (asset,), rig.embedder.model)
    return photo.faces


def a_face(rig: LabelRig, asset: AssetId) -> str:
    return rig.home.immich.recognise(asset, box=(10, 10, 60, 60), image_size=(320, 240))


async def test_a_category_that_asks_for_faces_waits_and_one_that_does_not_is_tagged_at_once(rig: LabelRig) -> None:
    await rig.categories(CATS, NOBODYS, DOGS)
    photo = await rig.photo(1, heard=False, cat=0.6, dog=0.6)
    outcome = await classify([embedded(rig, photo)], rig.services())
    assert tagged(outcome) == ["Auto/Dogs"]
    assert outcome.events == (awaited(rig, photo),)
    for seconds in (0, 30, 59):
        with pytest.raises(NotReady, match="no faces"):
            await classify_faces([awaited(rig, photo)], await later(rig, photo, seconds))
    assert await faces_of(rig, photo) is None
    # After a minute there is nobody, as with machine learning switched off.
    decided = await classify_faces([awaited(rig, photo)], await later(rig, photo, 61))
    assert tagged(decided) == ["Auto/Dogs", "Auto/Nobody's"]
    assert await faces_of(rig, photo) is Faces.NOBODY
    # It is decided once, whoever is found on it later.
    a_face(rig, photo)
    again = await classify([embedded(rig, photo)], rig.services())
    assert (tagged(again), again.events) == (["Auto/Dogs", "Auto/Nobody's"], ())


async def test_a_photo_that_fits_nothing_behind_such_a_gate_asks_for_no_faces(rig: LabelRig) -> None:
    await rig.categories(CATS, DOGS)
    photo = await rig.photo(1, heard=False, dog=0.6)
    outcome = await classify([embedded(rig, photo)], rig.services())
    assert (tagged(outcome), outcome.events) == (["Auto/Dogs"], ())


async def test_it_is_decided_as_soon_as_faces_are_there(rig: LabelRig) -> None:
    await rig.categories(CATS, NOBODYS)
    photo = await rig.photo(1, heard=False, cat=0.6)
    a_face(rig, photo)
    await rig.hear(embedded(rig, photo))
    assert await rig.tags(photo) == {"Auto/Cats"}
    assert await faces_of(rig, photo) is Faces.ANY


@pytest.mark.parametrize(
    ("person", "level"),
    [
        ({}, Faces.ANY),
        ({"name": "Anna"}, Faces.VISIBLE_NAMED),
        ({"name": "Anna", "isHidden": True}, Faces.NAMED),
        ({"isHidden": True}, Faces.ANY),
    ],
)
async def test_who_is_seen_is_told_by_the_people_of_immich(
    rig: LabelRig, person: dict[str, object], level: Faces
) -> None:
    gates = {"with_faces": "any"}, {"with_faces": "named"}, {"with_faces": "visible_named"}
    await rig.categories(*(category(str(number), "cat", gates=one) for number, one in enumerate(gates, 1)))
    photo = await rig.photo(1, heard=False, cat=0.6)
    number = a_face(rig, photo)
    if person:
        await rig.house.user("PUT", f"/people/{number}", person)
    await rig.hear(embedded(rig, photo))
    assert await faces_of(rig, photo) is level
    assert await rig.tags(photo) == {f"Auto/{number}" for number in range(1, int(level) + 1)}


async def test_photos_that_are_stored_already_are_asked_too(rig: LabelRig) -> None:
    await rig.categories(DOGS)
    seen, nobody = await rig.photo(1, cat=0.6), await rig.photo(2, dog=0.6)
    a_face(rig, seen)
    await rig.categories(CATS, DOGS)
    assert await rig.tags(seen) == set()
    await rig.rescan()
    assert (await rig.tags(seen), await rig.tags(nobody)) == ({"Auto/Cats"}, {"Auto/Dogs"})


async def test_a_gate_that_is_added_takes_tags_back_where_it_is_shut(rig: LabelRig) -> None:
    await rig.categories(category("Cats", "cat"))
    one, two = await rig.photo(1, cat=0.6), await rig.photo(2, cat=0.6)
    await rig.categories(category("Cats", "cat", gates={"filename": ["1.*"]}))
    assert (await rig.tags(one), await rig.tags(two)) == ({"Auto/Cats"}, set())


@pytest.mark.parametrize(
    "gates", [{"with_faces": "any"}, {"album": ["Trips"]}, {"filename": ["1.*"]}], ids=["faces", "album", "filename"]
)
async def test_a_gate_that_has_to_be_asked_takes_tags_back_too(
    rig: LabelRig, gates: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.categories(category("Cats", "cat"))
    one, two = await rig.photo(1, cat=0.6), await rig.photo(2, cat=0.6)
    a_face(rig, one)
    await rig.house.user("POST", "/albums", {"albumName": "Trips", "assetIds": [one]})
    await rig.pool.execute("UPDATE photos SET file_name = NULL, path = NULL")
    monkeypatch.setattr("reactor.stages.classify.FACES_S", 0.0)  # as if they had been uploaded long ago
    await rig.categories(category("Cats", "cat", gates=gates))
    assert (await rig.tags(one), await rig.tags(two)) == ({"Auto/Cats"}, set())


async def test_names_folders_and_shapes_of_files(rig: LabelRig) -> None:
    one, two = await rig.photo(1, heard=False, cat=0.6), await rig.photo(2, heard=False, cat=0.6)
    path = (await rig.home.library.asset(one)).path
    assert path is not None
    await rig.categories(
        category("Name", "cat", gates={"filename": ["1.J*"]}),
        category("Folder", "cat", gates={"folder": [path.rpartition("/")[0].upper()]}),
        category("Elsewhere", "cat", gates={"folder": ["/elsewhere/*"]}),
        category("Wide", "cat", gates={"aspect_min": 1.3}),
        category("Camera", "cat", gates={"camera": True}),
    )
    await rig.hear(embedded(rig, one), embedded(rig, two, 2))
    assert await rig.tags(one) == {"Auto/Name", "Auto/Folder", "Auto/Wide"}
    assert await rig.tags(two) == {"Auto/Wide"}


async def test_a_photo_that_an_earlier_release_stored_is_asked_for_its_name(rig: LabelRig) -> None:
    await rig.categories(category("Name", "cat", gates={"filename": ["1.jpg"], "folder": ["*"]}))
    one, two = await rig.photo(1, heard=False, cat=0.6), await rig.photo(2, heard=False, cat=0.6)
    await rig.pool.execute("UPDATE photos SET file_name = NULL, path = NULL")
    await rig.hear(embedded(rig, one), embedded(rig, two, 2))
    assert (await rig.tags(one), await rig.tags(two)) == ({"Auto/Name"}, set())
    # It is kept, so that it is asked for once.
    names = await rig.pool.fetch("SELECT file_name FROM photos ORDER BY file_name")
    assert [row["file_name"] for row in names] == ["1.jpg", "2.jpg"]


async def test_albums_are_asked_for_by_name_or_id(rig: LabelRig) -> None:
    one, two = await rig.photo(1, heard=False, cat=0.6), await rig.photo(2, heard=False, cat=0.6)
    made = await rig.house.user("POST", "/albums", {"albumName": "Trips", "assetIds": [one]})
    await rig.categories(
        category("Name", "cat", gates={"album": ["Winter", "Trips"]}),
        category("Id", "cat", gates={"album": [made["id"]]}),
        category("Other", "cat", gates={"album": ["Winter"]}),
    )
    await rig.hear(embedded(rig, one), embedded(rig, two, 2))
    assert (await rig.tags(one), await rig.tags(two)) == ({"Auto/Name", "Auto/Id"}, set())


async def test_only_the_tags_that_are_named_are_looked_for(rig: LabelRig) -> None:
    await rig.categories()
    cat, dog = await rig.photo(1, cat=0.6), await rig.photo(2, dog=0.6)
    await rig.categories(category("Cats", "cat"), DOGS)
    await rig.rescan("Auto/Cats")
    assert (await rig.tags(cat), await rig.tags(dog)) == ({"Auto/Cats"}, set())
