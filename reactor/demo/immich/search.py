"""POST /search/metadata: filters, paging and order (facts/immich-api.md section 3)."""

import base64
import binascii
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from reactor.demo.immich.albums import in_albums
from reactor.demo.immich.calls import Call, Routes, reply
from reactor.demo.immich.errors import ApiError, invalid
from reactor.demo.immich.state import Asset, State
from reactor.demo.immich.tagging import descendants
from reactor.demo.immich.uploads import VISIBILITIES
from reactor.demo.immich.validation import flag, moment, option, text, uuid4, uuids, whole
from reactor.demo.immich.wire import Json, asset_base, exif_json, micro, person_json

routes = Routes()
EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
Test = Callable[[Asset], bool]
TIMES: dict[str, Callable[[Asset], datetime | None]] = {
    "created": lambda asset: asset.created_at,
    "updated": lambda asset: asset.updated_at,
    "taken": lambda asset: asset.file_created_at,
    "trashed": lambda asset: asset.deleted_at,
}
TEXTS: dict[str, Callable[[Asset], str]] = {
    "originalFileName": lambda asset: asset.file_name,
    "originalPath": lambda asset: asset.original_path,
    "description": lambda asset: asset.exif.description,
}
CAMERA: dict[str, Callable[[Asset], str | None]] = {
    "make": lambda asset: asset.exif.make,
    "model": lambda asset: asset.exif.model,
    "lensModel": lambda asset: asset.exif.lens,
}


@routes.on("POST", "/search/metadata", need="asset.read")
async def search_metadata(call: Call) -> web.Response:
    """Answer one page; `total` is the number of items in this page, `nextPage` a string or null."""
    body = await call.body()
    page = whole(body, "page", low=1, high=None, default=1)
    size = whole(body, "size", low=1, high=1000, default=250)
    order = option(body, "order", ("asc", "desc")) or "desc"
    found = find(call, body)
    # Always by capture time, then id, never by createdAt: pages shift while extraction changes it (section 3).
    found.sort(key=lambda asset: (asset.file_created_at, asset.id), reverse=order == "desc")
    start = (page - 1) * size
    items = [_item(call.world.state, asset, body) for asset in found[start : start + size]]
    following = str(page + 1) if len(found) > start + size else None
    return reply({"albums": _group([]), "assets": _group(items) | {"nextPage": following}})


@routes.on("POST", "/search/statistics", need="asset.statistics")
async def search_statistics(call: Call) -> web.Response:
    return reply({"total": len(find(call, await call.body()))})


def find(call: Call, body: dict[str, Any]) -> list[Asset]:
    """Return the assets that pass every filter; unknown fields are ignored, as a mistyped one is (cap:210)."""
    tests = [_visible(call, body), *_times(body), *_exact(body), *_texts(body), *_tags(call.world.state, body)]
    tests += [*_people(call.world.state, body), *in_albums(call, body)]
    return [asset for asset in call.world.state.assets.values() if all(test(asset) for test in tests)]


def _visible(call: Call, body: dict[str, Any]) -> Test:
    """Default visibility is all but locked, HIDDEN included; partners' photos only with none or timeline."""
    state, account = call.world.state, call.account
    wanted = option(body, "visibility", VISIBILITIES)
    if wanted == "locked":
        raise ApiError(401, "Elevated permission is required")
    with_deleted = flag(body, "withDeleted") or "trashedAfter" in body or "trashedBefore" in body
    partners = wanted in (None, "timeline")
    unstacked = flag(body, "withStacked") is False

    def test(asset: Asset) -> bool:
        mine = asset.owner_id == account.id
        shared = partners and asset.visibility == "timeline" and (asset.owner_id, account.id) in state.partners
        shown = asset.visibility == wanted if wanted else asset.visibility != "locked"
        return (
            (mine or shared)
            and shown
            and (bool(with_deleted) or asset.deleted_at is None)
            and not (unstacked and asset.stack_id)
        )

    return test


def _times(body: dict[str, Any]) -> list[Test]:
    """Both bounds are inclusive, on microseconds, against an argument cut to milliseconds (section 3)."""
    tests: list[Test] = []
    for name, read in TIMES.items():
        after, before = moment(body, f"{name}After"), moment(body, f"{name}Before")
        if after or before:
            tests.append(_within(read, after or EVER[0], before or EVER[1]))
    return tests


def _within(read: Callable[[Asset], datetime | None], after: datetime, before: datetime) -> Test:
    return lambda asset: (at := read(asset)) is not None and after <= at <= before


def _exact(body: dict[str, Any]) -> list[Test]:
    tests: list[Test] = []
    if "id" in body:
        wanted = uuid4(body["id"], "id")
        tests.append(lambda asset: asset.id == wanted)
    if body.get("libraryId") is not None:
        library = uuid4(body["libraryId"], "libraryId")
        tests.append(lambda asset: asset.library_id == library)
    if (checksum := text(body, "checksum")) is not None:
        raw = _digest(checksum)
        tests.append(lambda asset: asset.checksum == raw)
    if (kind := option(body, "type", ("IMAGE", "VIDEO", "AUDIO", "OTHER"))) is not None:
        tests.append(lambda asset: ("VIDEO" if asset.is_video else "IMAGE") == kind)
    if (favourite := flag(body, "isFavorite")) is not None:
        tests.append(lambda asset: asset.is_favorite == favourite)
    if flag(body, "isOffline"):
        tests.append(lambda _: False)
    return tests


def _texts(body: dict[str, Any]) -> list[Test]:
    """Names match as accent-free substrings, camera fields exactly."""
    tests: list[Test] = []
    for name, read in TEXTS.items():
        if (part := text(body, name)) is not None:
            tests.append(_contains(read, _plain(part)))
    for name, field in CAMERA.items():
        if name in body:
            tests.append(_equals(field, body[name]))
    return tests


def _contains(read: Callable[[Asset], str], part: str) -> Test:
    return lambda asset: part in _plain(read(asset))


def _equals(read: Callable[[Asset], str | None], wanted: object) -> Test:
    return lambda asset: read(asset) == wanted


def _tags(state: State, body: dict[str, Any]) -> list[Test]:
    """AND over the ids, each matching the tag or any below it; null means untagged (cap:316-318)."""
    if "tagIds" not in body:
        return []
    if body["tagIds"] is None:
        return [lambda asset: not asset.tag_ids]
    families = [descendants(state, tag_id) for tag_id in uuids(body, "tagIds")]
    return [lambda asset: all(family.intersection(asset.tag_ids) for family in families)]


def _people(state: State, body: dict[str, Any]) -> list[Test]:
    if "personIds" not in body:
        return []
    wanted = set(uuids(body, "personIds"))
    seen: dict[str, set[str]] = {}
    for face in state.faces.values():
        if face.person_id in wanted:
            seen.setdefault(face.asset_id, set()).add(face.person_id)
    return [lambda asset: wanted <= seen.get(asset.id, set())]


def _item(state: State, asset: Asset, body: dict[str, Any]) -> Json:
    shape = asset_base(asset)
    if body.get("withExif"):
        shape["exifInfo"] = exif_json(asset.exif)
    if body.get("withPeople"):
        shape["people"] = [person_json(person, micro) for person in state.people_on(asset.id)]
    return shape


def _group(items: list[Json]) -> Json:
    return {"total": len(items), "count": len(items), "items": items, "facets": []}


def _digest(checksum: str) -> bytes:
    """Read a SHA-1 as hex or base64."""
    try:
        return bytes.fromhex(checksum) if len(checksum) == 40 else base64.b64decode(checksum, validate=True)
    except (ValueError, binascii.Error) as error:
        raise invalid("checksum", "Invalid checksum", code="custom") from error


def _plain(value: str) -> str:
    decomposed = unicodedata.normalize("NFKD", value)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).lower()
