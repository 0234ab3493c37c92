"""Values in Immich's lists that break whoever reckons with them: one must never take its page along.

A poll bears Retryable and Permanent alone: an OverflowError would end it, and with it the reactor.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor.adapters.harmless import parse_json
from reactor.adapters.immich.faces import FaceJson
from reactor.adapters.immich.models import AssetJson, Items, PersonJson, assets_of
from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import Asset, EmbeddedPhoto
from reactor.sources.cursor import AHEAD

from ..immich_client.test_models import asset

ME = AccountId("me")
FACE = {"id": "f", "imageWidth": 100, "imageHeight": 100, "person": None} | {
    f"boundingBox{side}": 10 for side in ("X1", "Y1", "X2", "Y2")
}
ODD: dict[str, dict[str, Any]] = {
    "a side without end": {"width": 1e999, "height": 3},
    "a side that is no number": {"width": float("nan"), "height": 3},
    "a side of 300 digits": {"width": 1e300, "height": 1e300},
    "a side below nothing": {"width": -5, "height": -7},
    "EXIF without end": {"exifInfo": {"exifImageWidth": 1e999, "exifImageHeight": -1e999}},
    "the last moment, west of here": {"fileCreatedAt": "9999-12-31T23:59:59-10:00"},
    "the first moment, east of here": {"fileCreatedAt": "0001-01-01T00:00:00+10:00"},
    "the last moment": {"fileCreatedAt": "9999-12-31T23:59:59.999Z", "createdAt": "9999-12-31T23:59:59Z"},
    "the first moment": {"localDateTime": "0001-01-01T00:00:00", "createdAt": "0001-01-01T00:00:00Z"},
    "a moment without end": {"updatedAt": 1e999},
    "a moment of 4,000 digits": {"updatedAt": 10**4000},
    "NUL and half a pair": {"exifInfo": {"make": "\0Ca\ud800non", "model": "\udfff"}, "originalFileName": "\0"},
    "a camera of a million letters": {"exifInfo": {"make": "x" * 1_000_000}},
    "an id of a million letters": {"id": "x" * 1_000_000},
    "tags with NUL": {"tags": [{"id": "1", "value": "A\0uto/\ud800x"}]},
}


def as_answered(value: object) -> Any:
    """Return the value as it comes out of an answer's bytes."""
    return parse_json(json.dumps(value).encode())


def photo_of(found: Asset) -> EmbeddedPhoto:
    return EmbeddedPhoto(
        account=ME,
        asset=AssetId(found.id),
        taken_at=found.taken_at,
        camera=found.camera,
        phash=0,
        sharpness=1.0,
        width=found.width,
        height=found.height,
        checksum="c",
        vector=np.full(4, 0.5, dtype=np.float32),
        kind=found.kind,
    )


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_photo_takes_its_page_not_along(odd: dict[str, object]) -> None:
    page = as_answered([asset() | odd, asset(id="the next one")])
    assert assets_of(Items(AssetJson, account="me").read(page))[-1].id == "the next one"


async def test_an_odd_photo_that_is_read_can_be_reckoned_with_and_kept(pool: asyncpg.Pool) -> None:
    photos = PostgresPhotos(pool)
    found = assets_of(Items(AssetJson, account="me").read(as_answered([asset() | odd for odd in ODD.values()])))
    assert len(found) > 10
    for one in found:
        photo = photo_of(one)
        await photos.save(photo, "model", seen=one)
        (kept,) = await photos.embedded(ME, [photo.asset], "model")
        assert (kept.taken_at, kept.camera, kept.width) == (photo.taken_at, photo.camera, photo.width)
        for moment in (one.taken_at, one.created_at, one.updated_at):
            assert moment - timedelta(days=2) < moment < moment + AHEAD + timedelta(days=1)
            assert moment.astimezone(UTC).tzinfo is UTC
        assert 0 <= one.width * one.height <= 10**12


@pytest.mark.parametrize(
    "odd",
    [
        {"boundingBoxX1": 1e999},
        {"boundingBoxY2": float("nan")},
        {"boundingBoxX2": 1e300},
        {"imageWidth": 10**400},
        {"imageHeight": 1e999},
        {"person": {"id": ""}},
    ],
    ids=str,
)
def test_an_odd_face_is_left_out(odd: dict[str, object]) -> None:
    found = Items(FaceJson, account="me").read(as_answered([FACE | odd, FACE]))
    assert [one.to_core().box for one in found] == [(10.0, 10.0, 10.0, 10.0)]


@given(
    st.sampled_from(
        ["width", "height", "fileCreatedAt", "updatedAt", "localDateTime", "people", "tags", "stack", "id"]
    ),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes().map(str),
)
def test_whatever_stands_in_a_field_nothing_is_raised(field: str, value: object) -> None:
    page = as_answered([asset() | {field: value}, asset(id="the next one")])
    assert assets_of(Items(AssetJson, account="me").read(page))[-1].id == "the next one"
    people = as_answered([{"id": "1", "name": value, "updatedAt": value}, {"id": "2"}])
    assert Items(PersonJson, account="me").read(people)[-1].to_core().id == "2"


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_what_is_read_can_be_kept(value: object) -> None:
    read = as_answered(value)
    text = json.dumps(read, ensure_ascii=False)
    assert "\0" not in text
    text.encode()
    assert "\\u0000" not in json.dumps(read).replace("\\\\", "")


def test_the_ends_of_the_calendar_are_a_day_away() -> None:
    (found,) = assets_of([AssetJson.model_validate(asset(fileCreatedAt="9999-12-31T23:59:59Z"))])
    assert found.taken_at < datetime(9999, 12, 30, tzinfo=UTC)
