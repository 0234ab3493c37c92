"""What a webhook's bytes mean."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reactor.core.errors import BadWebhook
from reactor.core.events import AssetUploaded, Event, MetadataExtracted
from reactor.core.webhook import NotJson, parse_webhook, secret_matches

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
    return parse_webhook(ME, JSON, json.dumps(value).encode())


@pytest.mark.parametrize("recorded", RECORDED, ids=range(len(RECORDED)))
def test_every_recorded_request_is_one_event(recorded: dict[str, Any]) -> None:
    sent = json.dumps(recorded["body"]).encode()
    (event,) = parse_webhook(ME, recorded["headers"]["Content-Type"], sent)
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


def test_unknown_triggers_and_missing_metadata_tell_nothing() -> None:
    assert parse(body() | {"trigger": "PersonRecognized"}) == ()
    assert parse({"type": "PersonV1", "trigger": "PersonRecognized", "data": {"person": {}}}) == ()
    assert parse(body("AssetMetadataExtraction", exifInfo=None)) == ()


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([], "the body"),
        ({}, "type"),
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
    assert len(parse_webhook(ME, 'Application/JSON; charset="UTF-8"', sent)) == 1
    with pytest.raises(NotJson):
        parse_webhook(ME, "application/json; charset=latin-1", sent)


@given(st.text(), st.binary())
def test_arbitrary_bytes_raise_nothing_else(content_type: str, sent: bytes) -> None:
    for declared in (content_type, JSON):
        with pytest.raises(BadWebhook):
            parse_webhook(ME, declared, sent)


@given(json_values, st.sampled_from(["AssetCreate", "AssetMetadataExtraction"]), st.integers(0, 3))
@example({"asset": {"id": [], "exifInfo": {}}}, "AssetCreate", 1)
def test_arbitrary_json_raises_nothing_else(value: Any, trigger: str, depth: int) -> None:
    exif = {"updatedAt": value, "autoStackId": value}
    candidates = [
        value,
        {"type": "AssetV1", "trigger": trigger, "data": value},
        {"type": "AssetV1", "trigger": trigger, "data": {"asset": value}},
        body("AssetMetadataExtraction", exifInfo=exif, visibility=value if depth == 3 else "timeline"),
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
