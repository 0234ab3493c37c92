"""Immich's JSON in all its shapes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from reactor.adapters.immich.errors import Garbled
from reactor.adapters.immich.faces import FaceJson
from reactor.adapters.immich.models import AssetJson, Items, PersonJson, StackJson, assets_of, rows, whole
from tests.contract import shared_folder

CAPTURES = shared_folder() / "captures" / "immich-3.1.0"
recorded = pytest.mark.skipif(not CAPTURES.is_dir(), reason="the recorded answers are not beside the checkout")


def asset(**fields: Any) -> dict[str, Any]:
    moment = "2026-11-20T20:44:17.131Z"
    return {
        "id": "de5adeb8-06de-43c2-9fe5-1235ed8e4409",
        "ownerId": "dde94130-aa87-4943-b775-3110f612fd0d",
        "type": "IMAGE",
        "fileCreatedAt": moment,
        "createdAt": moment,
        "updatedAt": moment,
    } | fields


def answer(name: str) -> Any:
    return json.loads((CAPTURES / name).read_text())["response"]["body"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T20:44:17.131Z", datetime(2026, 11, 20, 20, 44, 17, 131000, UTC)),
        ("2026-11-20T20:50:24.102604+00:00", datetime(2026, 11, 20, 20, 50, 24, 102604, UTC)),
        ("2026-11-20T20:50:10.8423+00:00", datetime(2026, 11, 20, 20, 50, 10, 842300, UTC)),
        ("2026-11-20T22:50:10+02:00", datetime(2026, 11, 20, 20, 50, 10, 0, UTC)),
        ("2026-11-20T20:50:10", datetime(2026, 11, 20, 20, 50, 10, 0, UTC)),
    ],
)
def test_times_come_in_more_than_one_shape(text: str, moment: datetime) -> None:
    parsed = AssetJson.model_validate(asset(createdAt=text)).to_core().created_at
    assert parsed == moment
    assert parsed.utcoffset() == timedelta(0)


@pytest.mark.parametrize("duration", ["0:00:00.00000", "00:01:02.5", 3000, None])
def test_what_other_versions_say_differently_is_tolerated(duration: object) -> None:
    odd = asset(duration=duration, type="HOLOGRAM", visibility="attic", fancy={"new": [1]}, tags=None, width=None)
    parsed = AssetJson.model_validate(odd).to_core()
    assert (parsed.kind, parsed.visibility, parsed.is_open) == ("HOLOGRAM", "attic", False)


def test_the_size_is_upright_and_the_camera_named() -> None:
    exif = {"make": "Canon", "model": "EOS", "exifImageWidth": 600, "exifImageHeight": 400, "orientation": 6}
    parsed = AssetJson.model_validate(asset(exifInfo=exif)).to_core()
    assert (parsed.width, parsed.height, parsed.camera, parsed.exif_ready) == (400, 600, "Canon EOS", False)
    shown = AssetJson.model_validate(asset(exifInfo=exif, width=40, height=60)).to_core()
    assert (shown.width, shown.height) == (40, 60)


def test_an_odd_item_is_left_out_and_named_once() -> None:
    items = Items(AssetJson, account="anna")
    page = [asset(), asset(id="odd-one", fileCreatedAt="yesterday"), "no object", asset(id="last")]
    with capture_logs() as logs:
        for _ in range(2):
            assert [one.id for one in assets_of(items.read(page))] == [asset()["id"], "last"]
    assert [entry["item"] for entry in logs] == ["odd-one", "not an object"]
    assert logs[0]["problem"].startswith("fileCreatedAt:")


def test_a_face_without_a_frame_is_odd() -> None:
    box = {"boundingBoxX1": 1, "boundingBoxY1": 2, "boundingBoxX2": 3, "boundingBoxY2": 4}
    face = {"id": "f", **box, "imageWidth": 10, "imageHeight": 20, "person": None}
    found = Items(FaceJson, account="anna").read([face, face | {"imageWidth": 0}])
    assert [(one.to_core().box, one.to_core().frame, one.to_core().person) for one in found] == [
        ((1.0, 2.0, 3.0, 4.0), (10, 20), None)
    ]


def test_a_persons_time_has_one_spelling() -> None:
    shapes = ("2026-11-20T20:53:30.842Z", "2026-11-20T20:53:30.842117+00:00")
    spelled = {PersonJson.model_validate({"id": "p", "updatedAt": shape}).to_core().updated_at for shape in shapes}
    assert spelled == {"2026-11-20T20:53:30.842+00:00"}


@pytest.mark.parametrize("odd", [None, [], {"id": 3}, "text"])
def test_another_shape_is_garbled(odd: object) -> None:
    with pytest.raises(Garbled, match="GET /stacks"):
        whole(StackJson, odd, "GET /stacks")


def test_a_list_must_be_one() -> None:
    with pytest.raises(Garbled, match="GET /faces"):
        rows({"faces": []}, "GET /faces")


@recorded
def test_recorded_answers_are_read() -> None:
    ready = whole(AssetJson, answer("104-asset-ready.json"), "104").to_core()
    assert (ready.camera, ready.exif_ready, ready.taken_at.year) == ("Canon Canon EOS R5", True, 2022)
    assert "Other Keywords/SFAN" in ready.tags
    assert not whole(AssetJson, answer("103-asset-immediately.json"), "103").to_core().exif_ready
    stacked = whole(AssetJson, answer("701-asset-in-stack.json"), "701").to_core()
    assert stacked.stack_primary == "bc948041-3cd6-4c99-bd09-4927b777bb67"
    whole(StackJson, answer("703-stack-extend-primary-first.json"), "703")
    after = whole(StackJson, answer("724-stack-after-trash-primary.json"), "724").to_core()
    assert after.primary not in after.members
    faces = Items(FaceJson, account="anna").read(answer("813-faces-of-asset.json"))
    assert faces[0].to_core().box == (200.0, 100.0, 400.0, 320.0)
    people = Items(PersonJson, account="anna").read(answer("810-people.json")["people"])
    assert people
    assert all(datetime.fromisoformat(person.to_core().updated_at).tzinfo for person in people)


@pytest.mark.parametrize(
    ("said", "rating"), [(None, None), (0, None), (-1, -1), (1, 1), (5, 5), (4.5, None), (99, None), ("good", None)]
)
def test_a_rating_that_is_none_is_no_oddity(said: object, rating: int | None) -> None:
    assert AssetJson.model_validate(asset(exifInfo={"rating": said})).to_core().rating == rating


@recorded
def test_an_edit_is_told_and_older_servers_tell_of_none() -> None:
    assert whole(AssetJson, answer("621-after-edit.json"), "621").to_core().edited
    ready = whole(AssetJson, answer("104-asset-ready.json"), "104").to_core()
    assert (ready.edited, ready.rating, ready.favourite) == (False, None, False)
    assert not AssetJson.model_validate(asset()).to_core().edited
