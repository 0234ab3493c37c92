"""What a webhook's bytes mean."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reactor.core.errors import BadWebhook
from reactor.core.events import AssetUploaded, Event, MetadataExtracted
from reactor.core.ids import AssetId
from reactor.core.webhook import MAX_ASSETS, NotJson, Told, parse_webhook, secret_matches

from .fakes import ME, PHOTO, RECORDED, body

JSON = "application/json"
BIG_NUMBER = b'{"type": ' + b"9" * 5000 + b"}"

secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def parse(value: object) -> tuple[Event, ...]:
    return parse_webhook(ME, JSON, json.dumps(value).encode()).events


@pytest.mark.parametrize("recorded", RECORDED, ids=range(len(RECORDED)))
def test_every_recorded_request_is_one_event(recorded: dict[str, Any]) -> None:
    sent = json.dumps(recorded["body"]).encode()
    (event,) = parse_webhook(ME, recorded["headers"]["Content-Type"], sent).events
    asset = recorded["body"]["data"]["asset"]
    if recorded["body"]["trigger"] == "AssetCreate":
        assert event == AssetUploaded(account=ME, asset=asset["id"])
    else:
        updated_at = asset["exifInfo"]["updatedAt"]
        assert event == MetadataExtracted(account=ME, asset=asset["id"], exif_updated_at=updated_at)


def test_the_burst_id_travels() -> None:
    exif = {"updatedAt": "2026-11-20T20:47:11.864194+00:00", "autoStackId": "3F0E-burst 7"}
    (event,) = parse(body("AssetMetadataExtraction", exifInfo=exif))
    assert isinstance(event, MetadataExtracted)
    assert (event.burst_id, event.version) == ("3F0E-burst 7", exif["updatedAt"])


def test_one_photo_has_one_name() -> None:
    (event,) = parse(body(id=PHOTO.upper()))
    assert event.subject == PHOTO


@pytest.mark.parametrize(
    "asset",
    [
        {"visibility": "hidden"},
        {"visibility": "locked"},
        {"deletedAt": "2026-11-20T20:47:11.776Z"},
    ],
)
@pytest.mark.parametrize("trigger", ["AssetCreate", "AssetMetadataExtraction"])
def test_what_is_hidden_or_trashed_is_none_of_our_business(trigger: str, asset: dict[str, str]) -> None:
    assert parse(body(trigger, **asset)) == ()


@pytest.mark.parametrize(
    "value",
    [
        body() | {"trigger": "AssetTagged"},
        {"type": "PersonV1", "trigger": "PersonRecognized", "data": {"person": {}}},
        {"type": "AssetV2", "trigger": "PersonRecognized"},
        {"type": "AssetV2", "trigger": "AssetTagged", "data": [1, 2], "event": "asset.uploaded", "asset_id": PHOTO},
    ],
)
def test_a_trigger_of_a_later_version_tells_its_name_alone(value: dict[str, Any]) -> None:
    told = parse_webhook(ME, JSON, json.dumps(value).encode())
    assert (told.events, told.unknown) == ((), value["trigger"])


def test_metadata_that_was_not_extracted_tells_nothing() -> None:
    sent = json.dumps(body("AssetMetadataExtraction", exifInfo=None)).encode()
    assert parse_webhook(ME, JSON, sent) == Told()


def uploaded(*assets: str) -> tuple[Event, ...]:
    return tuple(AssetUploaded(account=ME, asset=AssetId(asset)) for asset in assets)


OTHER = "00000000-0000-4000-8000-00000000000f"


def test_a_script_tells_of_photos() -> None:
    assert parse({"event": "asset.uploaded", "asset_id": PHOTO.upper()}) == uploaded(PHOTO)
    assert parse({"event": "asset.uploaded", "asset_ids": [PHOTO, OTHER]}) == uploaded(PHOTO, OTHER)
    assert parse({"event": "asset.uploaded", "asset_ids": [OTHER, PHOTO, OTHER.upper()]}) == uploaded(OTHER, PHOTO)
    assert parse({"event": "asset.uploaded", "asset_id": PHOTO, "from": "n8n"}) == uploaded(PHOTO)
    many = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(MAX_ASSETS)]
    assert parse({"event": "asset.uploaded", "asset_ids": many}) == uploaded(*many)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({}, "event is missing; it is one of: asset.uploaded"),
        ({"asset_id": PHOTO}, "event is missing; it is one of: asset.uploaded"),
        ({"event": "asset.created", "asset_id": PHOTO}, "event is not known; it is one of: asset.uploaded"),
        ({"event": "asset.metadata", "asset_id": PHOTO}, "event is not known; it is one of: asset.uploaded"),
        ({"event": ["asset.uploaded"], "asset_id": PHOTO}, "event must be a text"),
        ({"event": "x" * 65, "asset_id": PHOTO}, "event is longer than 64 characters"),
        ({"event": "asset.uploaded"}, "asset_id or asset_ids must be given, and not both"),
        (
            {"event": "asset.uploaded", "asset_id": PHOTO, "asset_ids": [PHOTO]},
            "asset_id or asset_ids must be given, and not both",
        ),
        ({"event": "asset.uploaded", "asset_id": [PHOTO]}, "asset_id must be a UUID"),
        ({"event": "asset.uploaded", "asset_id": None}, "asset_id must be a UUID"),
        ({"event": "asset.uploaded", "asset_ids": PHOTO}, "asset_ids must be a list of 1 to 1000 UUIDs"),
        ({"event": "asset.uploaded", "asset_ids": []}, "asset_ids must be a list of 1 to 1000 UUIDs"),
        (
            {"event": "asset.uploaded", "asset_ids": [PHOTO] * (MAX_ASSETS + 1)},
            "asset_ids must be a list of 1 to 1000 UUIDs",
        ),
        ({"event": "asset.uploaded", "asset_ids": [PHOTO, "../x"]}, "asset_ids[1] must be a UUID"),
    ],
)
def test_a_script_is_told_what_is_wrong(value: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadWebhook) as refused:
        parse(value)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([], "the body"),
        ({"trigger": "AssetCreate"}, "type"),
        ({"type": "AssetV1"}, "trigger"),
        (body() | {"trigger": 7}, "trigger"),
        (body() | {"trigger": "x" * 65}, "trigger"),
        (body() | {"data": None}, "data"),
        (body() | {"data": {"asset": []}}, "data.asset"),
        (body(id="../../etc/passwd"), "data.asset.id"),
        (body(id=PHOTO + "\n"), "data.asset.id"),
        (body(visibility=1), "data.asset.visibility"),
        (body(deletedAt=True), "data.asset.deletedAt"),
        (body("AssetMetadataExtraction", exifInfo="x"), "data.asset.exifInfo"),
        (body("AssetMetadataExtraction", exifInfo={}), "data.asset.exifInfo.updatedAt"),
        (body("AssetMetadataExtraction", exifInfo={"updatedAt": "x" * 65}), "data.asset.exifInfo.updatedAt"),
        (body("AssetMetadataExtraction", exifInfo={"updatedAt": "\0"}), "data.asset.exifInfo.updatedAt"),
        (body("AssetMetadataExtraction", exifInfo={"updatedAt": "\ud800"}), "data.asset.exifInfo.updatedAt"),
        (
            body("AssetMetadataExtraction", exifInfo={"updatedAt": "2026", "autoStackId": "b" * 201}),
            "data.asset.exifInfo.autoStackId",
        ),
    ],
)
def test_a_wrong_body_is_refused_by_the_name_of_its_field(value: object, field: str) -> None:
    with pytest.raises(BadWebhook) as refused:
        parse(value)
    assert str(refused.value).startswith(f"{field} ")


@pytest.mark.parametrize("sent", [b"", b"{", b"\xff\xfe{}", b"[" * 500_000, b'{"a":' * 200_000, BIG_NUMBER])
def test_what_is_no_json_is_refused(sent: bytes) -> None:
    with pytest.raises(BadWebhook):
        parse_webhook(ME, JSON, sent)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_only_json_is_read(content_type: str) -> None:
    with pytest.raises(NotJson):
        parse_webhook(ME, content_type, json.dumps(body()).encode())


def test_the_charset_counts() -> None:
    sent = json.dumps(body()).encode()
    assert len(parse_webhook(ME, 'Application/JSON; charset="UTF-8"', sent).events) == 1
    with pytest.raises(NotJson):
        parse_webhook(ME, "application/json; charset=latin-1", sent)


@given(st.text(), st.binary())
def test_arbitrary_bytes_raise_nothing_else(content_type: str, sent: bytes) -> None:
    for declared in (content_type, JSON):
        with pytest.raises(BadWebhook):
            parse_webhook(ME, declared, sent)


@given(json_values, st.sampled_from(["AssetCreate", "AssetMetadataExtraction"]), st.integers(0, 7))
@example({"asset": {"id": [], "exifInfo": {}}}, "AssetCreate", 1)
def test_arbitrary_json_raises_nothing_else(value: Any, trigger: str, depth: int) -> None:
    exif = {"updatedAt": value, "autoStackId": value}
    candidates = [
        value,
        {"type": "AssetV1", "trigger": trigger, "data": value},
        {"type": "AssetV1", "trigger": trigger, "data": {"asset": value}},
        body("AssetMetadataExtraction", exifInfo=exif, visibility=value if depth == 3 else "timeline"),
        {"event": value, "asset_id": PHOTO},
        {"event": "asset.uploaded", "asset_id": value},
        {"event": "asset.uploaded", "asset_ids": value},
        {"event": "asset.uploaded", "asset_ids": [PHOTO, value]},
    ]
    try:
        events = parse(candidates[depth])
    except BadWebhook as error:
        assert str(error)
    else:
        assert all(event.account == ME and event.subject == PHOTO for event in events)


@given(secrets, secrets)
def test_only_the_secret_itself_opens(secret: str, other: str) -> None:
    for given_secret in (secret, f"Bearer {secret}", f"bearer  {secret} "):
        assert secret_matches(given_secret, [secret])
        assert secret_matches(given_secret, ["first", secret, "last"])
    assert secret_matches(other, [secret]) == (other == secret)


def test_nothing_opens_a_closed_door() -> None:
    assert not secret_matches("", [""])
    assert not secret_matches(None, ["secret"])
    assert not secret_matches("Bearer ", [""])
    assert not secret_matches("anything", [])
