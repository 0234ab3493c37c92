"""What the socket's events mean, by recorded bodies where they are at hand."""

import json
from collections import Counter
from copy import deepcopy
from typing import Any

import pytest

from reactor.core.errors import BadWebhook
from reactor.core.events import AssetUploaded
from reactor.core.ids import AssetId
from reactor.core.realtime import Hint, Meaning, parse_realtime
from tests.immich_simulator.shapes import CAPTURES, needs_captures
from tests.sources.conftest import ANNA

OWNER = "dde94130-aa87-4943-b775-3110f612fd0d"
OTHER = "0152aa68-2585-4aee-a29a-0fbea04ac0a6"
PHOTO = "59da1509-56af-4094-84ba-f2bf27769f67"
RESPONSE: dict[str, Any] = {"id": PHOTO, "ownerId": OWNER, "visibility": "timeline", "isTrashed": False}
SYNC: dict[str, Any] = {"id": PHOTO, "ownerId": OWNER, "visibility": "timeline", "deletedAt": None}
UPLOADED = AssetUploaded(account=ANNA, asset=AssetId(PHOTO))


def meaning(name: str, *arguments: object, owner: str = OWNER) -> Meaning | None:
    return parse_realtime(ANNA, owner, name, arguments)


@needs_captures
def test_every_recorded_event_is_understood() -> None:
    found: Counter[str] = Counter()
    uploads: dict[str, set[str]] = {}
    for name in ("socket-events.jsonl", "socket-ml.jsonl", "socket-minkey.jsonl"):
        for line in (CAPTURES / name).read_text().splitlines():
            told = json.loads(line)
            if told["ev"].startswith("__"):
                continue
            means = meaning(told["ev"], *told["data"])
            found[f"{told['ev']}: {means.name if isinstance(means, Hint) else type(means).__name__}"] += 1
            if isinstance(means, AssetUploaded):
                uploads.setdefault(told["ev"], set()).add(means.asset)
    assert found.keys() == {
        "on_server_version: LOGIN",
        "error: REFUSED",
        "on_upload_success: AssetUploaded",
        "AssetUploadReadyV2: AssetUploaded",
        "on_asset_update: CHANGE",
        "on_asset_trash: CHANGE",
        "on_asset_restore: CHANGE",
        "on_asset_delete: CHANGE",
        "AssetEditReadyV2: CHANGE",
        "on_person_thumbnail: PERSON",
        "on_asset_stack_update: NoneType",
        "on_album_update: NoneType",
    }
    assert uploads["on_upload_success"] == uploads["AssetUploadReadyV2"]
    assert len(uploads["on_upload_success"]) == found["on_upload_success: AssetUploaded"] == 11


@needs_captures
def test_recorded_events_of_somebody_else_mean_nothing() -> None:
    lines = [json.loads(line) for line in (CAPTURES / "socket-events-user2.jsonl").read_text().splitlines()]
    told = [(line["ev"], line["data"]) for line in lines if "pload" in line["ev"]]
    assert len(told) == 6
    assert [meaning(name, *data) for name, data in told] == [None] * 6
    assert all(isinstance(meaning(name, *data, owner=OTHER.upper()), AssetUploaded) for name, data in told)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("visibility", "hidden"),
        ("visibility", "locked"),
        ("isTrashed", True),
        ("deletedAt", "2026-11-20T20:50:00.000Z"),
        ("ownerId", OTHER),
    ],
)
def test_hidden_locked_trashed_and_foreign_photos_mean_nothing(field: str, value: object) -> None:
    assert meaning("on_upload_success", RESPONSE | {field: value}) is None
    for name in ("AssetUploadReadyV1", "AssetUploadReadyV2"):
        assert meaning(name, {"asset": SYNC | {field: value}, "exif": {}}) is None


@pytest.mark.parametrize("changes", [{}, {"visibility": "archive"}, {"visibility": None}, {"id": PHOTO.upper()}])
def test_what_may_be_looked_at_is_an_upload(changes: dict[str, object]) -> None:
    assert meaning("on_upload_success", RESPONSE | changes) == UPLOADED
    assert meaning("AssetUploadReadyV1", {"asset": SYNC | changes}) == UPLOADED
    assert meaning("AssetUploadReadyV2", {"asset": SYNC | changes, "exif": {}}) == UPLOADED


@pytest.mark.parametrize("name", ["connect", "on_config_update", "on_session_delete", "AssetUploadReadyV9", ""])
def test_other_events_mean_nothing(name: str) -> None:
    assert meaning(name, RESPONSE) is None


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((), "on_upload_success"),
        ((None,), "on_upload_success"),
        (([RESPONSE],), "on_upload_success"),
        (({},), "on_upload_success.id"),
        ((RESPONSE | {"id": "59da1509"},), "on_upload_success.id"),
        ((RESPONSE | {"id": ["a"]},), "on_upload_success.id"),
        ((RESPONSE | {"ownerId": None},), "on_upload_success.ownerId"),
        ((RESPONSE | {"visibility": ["timeline"]},), "on_upload_success.visibility"),
    ],
)
def test_a_garbled_upload_is_refused_by_the_name_of_its_field(arguments: tuple[object, ...], field: str) -> None:
    with pytest.raises(BadWebhook, match=f"^{field} must be"):
        meaning("on_upload_success", *arguments)


def test_the_other_form_names_its_fields_too() -> None:
    broken = deepcopy(SYNC) | {"id": 7}
    with pytest.raises(BadWebhook, match=r"^AssetUploadReadyV2\.asset\.id must be a UUID$"):
        meaning("AssetUploadReadyV2", {"asset": broken})
    with pytest.raises(BadWebhook, match=r"^AssetUploadReadyV2\.asset must be an object$"):
        meaning("AssetUploadReadyV2", {"exif": {}})
