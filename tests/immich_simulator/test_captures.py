"""Walk through the recorded session again and compare every answer with the recorded one: status, keys, types."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from reactor.demo.immich import SimulatedImmich
from tests.immich_simulator.conftest import SLOW, Answer, Api, settled
from tests.immich_simulator.photos import photo
from tests.immich_simulator.shapes import CAPTURES, differences, needs_captures

MISSING = "00000000-0000-4000-8000-000000000000"
# The recorded server told more about its build.
EXTRA = {"020-_server_about": {"exiftool", "ffmpeg", "libvips", "imagemagick"}}

pytestmark = needs_captures


@dataclass(frozen=True, kw_only=True)
class Session:
    """The recorded session in replay: a photo, a second one, a second user's photo."""

    api: Api
    other: Api
    immich: SimulatedImmich
    first: str
    second: str
    foreign: str


@pytest.fixture
async def session(api: Api, other: Api, immich: SimulatedImmich) -> AsyncIterator[Session]:
    first, second = [(await api.upload(photo(n, make="RigCam"))).body["id"] for n in range(2)]
    foreign = await other.add(3)
    await settled(immich)
    yield Session(api=api, other=other, immich=immich, first=first, second=second, foreign=foreign)


def same(name: str, answer: Answer) -> Answer:
    """Compare an answer with the recorded one of that name; the messages of refusals must be equal."""
    recorded = json.loads((CAPTURES / f"{name}.json").read_text())["response"]
    assert answer.status == recorded["status"], f"{name}: {recorded['status']} recorded, {answer.status} simulated"
    body = recorded["body"]
    if isinstance(body, dict):
        body = {key: value for key, value in body.items() if key not in EXTRA.get(name, ())}
    if isinstance(answer.body, bytes):
        return answer
    assert differences(body, answer.body) == [], name
    if answer.status >= 400 and "/api/" not in body["message"]:
        assert answer.body["message"] == body["message"], name
    if "errors" in (body or ()):
        assert answer.body["errors"][0]["path"] == body["errors"][0]["path"], name
        assert answer.body["errors"][0]["message"] == body["errors"][0]["message"], name
    return answer


async def test_server_and_keys(session: Session) -> None:
    api = session.api
    for name in ("ping", "version", "features", "config", "media-types"):
        number = {"ping": 10, "version": 11, "features": 12, "config": 13, "media-types": 14}[name]
        same(f"{number:03d}-noauth-_server_{name}", await api.call("GET", f"/server/{name}"))
    same("015-noauth-_server_theme", await api.call("GET", "/server/nosuch"))
    same("020-_server_about", await api.call("GET", "/server/about"))
    same("905-history", await api.call("GET", "/server/version-history"))
    same("024-_api-keys_me", await api.call("GET", "/api-keys/me"))
    same("025-_users_me", await api.call("GET", "/users/me"))
    same("027-_users", await api.call("GET", "/users"))


@pytest.mark.parametrize("delays", [SLOW])
async def test_uploads_and_media(session: Session) -> None:
    api = session.api
    made = same("100-upload-created", await api.upload(photo(9, make="Canon")))
    path = f"/assets/{made.body['id']}"
    same("101-thumbnail-immediately", await api.call("GET", f"{path}/thumbnail?size=thumbnail"))
    same("103-asset-immediately", await api.call("GET", path))
    await settled(session.immich)
    same("104-asset-ready", await api.call("GET", path))
    same("105-view-bogus", await api.call("GET", f"{path}/thumbnail?size=bogus"))
    for size in ("preview", "thumbnail"):
        sent = same(f"105-view-{size}", await api.call("GET", f"{path}/thumbnail?size={size}"))
        recorded = json.loads((CAPTURES / f"105-view-{size}.json").read_text())["response"]["headers"]
        assert sent.headers["Content-Type"] == recorded["content-type"]
        assert sent.headers["Cache-Control"] == recorded["cache-control"]
    for size in ("fullsize", "original"):
        same(f"105-view-{size}", await api.call("GET", f"{path}/thumbnail?size={size}"))
    same("106-original", await api.call("GET", f"{path}/original"))
    same("107-upload-duplicate", await api.upload(photo(9, make="Canon")))
    same("108-upload-corrupt", await api.upload(b"x", "x.jpg"))
    same("109-upload-unsupported", await api.upload(b"x", "x.txt"))
    same("1200-upload-video", await api.upload(b"y", "v.mp4"))


async def test_searches(session: Session) -> None:
    api = session.api
    searches: dict[str, dict[str, Any]] = {
        "200-search-basic": {"size": 2, "withExif": True, "withPeople": True, "withStacked": True},
        "201-search-plain": {"size": 1},
        "202-search-size-1001": {"size": 1001},
        "203-search-size-0": {"size": 0},
        "204-search-page-0": {"page": 0},
        "205-search-page-string": {"page": "2"},
        "206-search-dateonly": {"createdAfter": "2026-01-01"},
        "207-search-nozone": {"createdAfter": "2026-01-01T00:00:00"},
        "208-search-offset": {"createdAfter": "2026-01-01T00:00:00+02:00", "size": 1},
        "209-search-micro": {"createdAfter": "2026-11-20T20:44:17.131123Z", "size": 1},
        "211-search-locked": {"visibility": "locked"},
        "212-search-hidden": {"visibility": "hidden"},
        "213-search-badvis": {"visibility": "all"},
        "214-search-epoch": {"createdAfter": 1763000000000},
        "215-search-null": {"createdAfter": None},
        "219-page9": {"size": 5, "page": 9},
    }
    for name, filters in searches.items():
        same(name, await api.call("POST", "/search/metadata", filters))
    same("221-asset-of-other-user", await api.call("GET", f"/assets/{session.foreign}"))
    same("222-thumb-of-other-user", await api.call("GET", f"/assets/{session.foreign}/thumbnail"))
    same("223-asset-missing", await api.call("GET", f"/assets/{MISSING}"))
    same("224-asset-notuuid", await api.call("GET", "/assets/not-a-uuid"))
    same("230-no-route", await api.call("GET", "/nosuch"))
    same("918-statistics", await api.call("GET", "/assets/statistics"))
    same("919-search-statistics", await api.call("POST", "/search/statistics", {}))


async def test_tags(session: Session) -> None:
    api, first, second = session.api, session.first, session.second
    body = {"tags": ["Auto/Screenshots", "Auto/Receipts/Food", "plain"]}
    shots, food, _ = same("301-tags-upsert", await api.call("PUT", "/tags", body)).body
    same("303-tags-list", await api.call("GET", "/tags"))
    same("304-tag-create-dup", await api.call("POST", "/tags", {"name": "plain"}))
    same("305-tag-create-slash", await api.call("POST", "/tags", {"name": "x/y"}))
    links = {"tagIds": [shots["id"], food["id"]], "assetIds": [first, MISSING]}
    same("306-bulk-tag", await api.call("PUT", "/tags/assets", links))
    same("307-asset-right-after-tag", await api.call("GET", f"/assets/{first}"))
    same("308-bulk-tag-again", await api.call("PUT", "/tags/assets", links))
    await settled(session.immich)
    same("311-asset-after-sidecar", await api.call("GET", f"/assets/{first}"))
    path = f"/tags/{shots['id']}"
    same("312-tag-add-assets(PUT)", await api.call("PUT", f"{path}/assets", {"ids": [first, second, MISSING]}))
    same("314-tag-remove-assets", await api.call("DELETE", f"{path}/assets", {"ids": [first, MISSING]}))
    same("319-tag-get", await api.call("GET", path))
    same("320-tag-get-other", await session.other.call("GET", path))
    same("321-tag-update-color", await api.call("PUT", path, {"color": "#ff0000"}))
    same("322-tag-rename", await api.call("PUT", path, {"name": "Zz"}))
    same("323-tag-delete", await api.call("DELETE", path))
    same(
        "324-refresh-metadata",
        await api.call("POST", "/assets/jobs", {"assetIds": [first], "name": "refresh-metadata"}),
    )
    same("327-bulk-empty", await api.call("PUT", "/tags/assets", {"tagIds": [], "assetIds": []}))
    same("328-upsert-empty", await api.call("PUT", "/tags", {"tags": [""]}))


async def test_workflows(session: Session) -> None:
    api = session.api
    same("403-workflow-triggers", await api.call("GET", "/workflows/triggers"))
    step = {"method": "immich-plugin-core#webhook", "config": {"url": "http://127.0.0.1:1/"}, "enabled": True}
    body = {"trigger": "AssetCreate", "name": "reactor", "description": "post", "enabled": False, "steps": [step]}
    made = same("404-workflow-create", await api.call("POST", "/workflows", body)).body["id"]
    same("406-workflows", await api.call("GET", "/workflows"))
    same("407-workflow-bad-trigger", await api.call("POST", "/workflows", {"trigger": "PersonRecognized", "steps": []}))
    bad = {"trigger": "AssetCreate", "steps": [{"method": "immich-plugin-core#nope", "config": {}}]}
    same("408-workflow-bad-method", await api.call("POST", "/workflows", bad))
    same("1700-workflow-disable", await api.call("PUT", f"/workflows/{made}", {"enabled": False}))
    same("1701-workflow-delete", await api.call("DELETE", f"/workflows/{made}"))


async def test_asset_changes(session: Session) -> None:
    api, first, second = session.api, session.first, session.second
    same("600-put-asset-favorite", await api.call("PUT", f"/assets/{first}", {"isFavorite": True}))
    same("601-put-assets-archive", await api.call("PUT", "/assets", {"ids": [first], "visibility": "archive"}))
    both = {"ids": [first, MISSING], "visibility": "archive"}
    same("603-put-assets-bad", await api.call("PUT", "/assets", both))
    same("607-put-asset-description", await api.call("PUT", f"/assets/{first}", {"description": "hello"}))
    turn = {"edits": [{"action": "rotate", "parameters": {"angle": 90}}]}
    same("620-edit", await api.call("PUT", f"/assets/{first}/edits", turn))
    edited = same("621-after-edit", await api.call("GET", f"/assets/{first}"))
    assert edited.body["isEdited"]
    same("622-get-edits", await api.call("GET", f"/assets/{first}/edits"))
    same("627-remove-edits", await api.call("DELETE", f"/assets/{first}/edits"))
    same("611-asset-trash", await api.call("DELETE", "/assets", {"ids": [second], "force": False}))
    same("612-get-trashed", await api.call("GET", f"/assets/{second}"))
    same(
        "615-search-trashed-withDeleted",
        await api.call("POST", "/search/metadata", {"id": second, "withDeleted": True}),
    )
    same("617-restore", await api.call("POST", "/trash/restore/assets", {"ids": [second]}))
    same("618-asset-force-delete", await api.call("DELETE", "/assets", {"ids": [second], "force": True}))
    same("619-get-force-deleted", await api.call("GET", f"/assets/{second}"))
    items = {"items": [{"key": "reactor", "value": {"v": 1}}]}
    same("1100-put-metadata", await api.call("PUT", f"/assets/{first}/metadata", items))
    same("1101-get-metadata", await api.call("GET", f"/assets/{first}/metadata"))


async def test_stacks(session: Session) -> None:
    api, first, second = session.api, session.first, session.second
    made = same("700-stack-create", await api.call("POST", "/stacks", {"assetIds": [first, second]})).body["id"]
    same("701-asset-in-stack", await api.call("GET", f"/assets/{first}"))
    same("702-stack-get", await api.call("GET", f"/stacks/{made}"))
    third = await api.add(7)
    new = same("703-stack-extend-primary-first", await api.call("POST", "/stacks", {"assetIds": [first, third]}))
    path = f"/stacks/{new.body['id']}"
    same("704-stack-get-old-id", await api.call("GET", f"/stacks/{made}"))
    same("705-stack-put-old", await api.call("PUT", f"/stacks/{made}", {"primaryAssetId": first}))
    same("710-stacks", await api.call("GET", "/stacks"))
    same("712-stacks-by-child", await api.call("GET", f"/stacks?primaryAssetId={second}"))
    same("713-stack-put-primary", await api.call("PUT", path, {"primaryAssetId": second}))
    same("714-stack-put-foreign-primary", await api.call("PUT", path, {"primaryAssetId": MISSING}))
    same("715-stack-remove-asset", await api.call("DELETE", f"{path}/assets/{third}"))
    same("716-stack-remove-primary", await api.call("DELETE", f"{path}/assets/{second}"))
    same("717-stack-remove-nonmember", await api.call("DELETE", f"{path}/assets/{third}"))
    same("718-one-asset", await api.call("POST", "/stacks", {"assetIds": [third]}))
    same("720-dup-same", await api.call("POST", "/stacks", {"assetIds": [third, third]}))
    same("721-other-user", await api.call("POST", "/stacks", {"assetIds": [third, session.foreign]}))
    ids = {"ids": [new.body["id"]]}
    same("729-stacks-bulk-delete", await api.call("DELETE", "/stacks", ids))
    same("730-stacks-bulk-delete-missing", await api.call("DELETE", "/stacks", ids))


async def test_people(session: Session) -> None:
    api, first = session.api, session.first
    same("806-people-nofaces", await api.call("GET", "/people"))
    alice = same("802-person-create", await api.call("POST", "/people", {"name": "Alice"})).body["id"]
    same("803-person-create-noname", await api.call("POST", "/people"))
    full = {"name": "Bob", "birthDate": "1990-01-02", "isHidden": False, "isFavorite": True, "color": "#00ff00"}
    bob = same("804-person-create-birth", await api.call("POST", "/people", full)).body["id"]
    same("808-person-thumb-none", await api.call("GET", f"/people/{alice}/thumbnail"))
    box = {"assetId": first, "imageWidth": 160, "imageHeight": 120, "x": 10, "y": 10, "width": 40, "height": 40}
    same("809-face-create", await api.call("POST", "/faces", {"personId": alice} | box))
    await settled(session.immich)
    same("810-people", await api.call("GET", "/people"))
    same("811-person-thumb", await api.call("GET", f"/people/{alice}/thumbnail"))
    same("812-person-stats", await api.call("GET", f"/people/{alice}/statistics"))
    same("813-faces-of-asset", await api.call("GET", f"/faces?id={first}"))
    same(
        "817-face-other-user-asset", await api.call("POST", "/faces", {"personId": alice} | box | {"assetId": MISSING})
    )
    same("820-people-size-1001", await api.call("GET", "/people?size=1001"))
    same("826-person-rename", await api.call("PUT", f"/people/{alice}", {"name": "Alice Liddell"}))
    same("830-people-bulk", await api.call("PUT", "/people", {"people": [{"id": bob, "name": "Robert"}]}))
    same("835-search-person", await api.call("GET", "/search/person?name=ali"))
    face = (await api.call("GET", f"/faces?id={first}")).body[0]["id"]
    same("837-face-reassign_PUT_faces_personId", await api.call("PUT", f"/faces/{alice}", {"id": face}))
    same("843-merge", await api.call("POST", f"/people/{alice}/merge", {"ids": [bob, MISSING]}))
    same("844-merged-away-get", await api.call("GET", f"/people/{bob}"))
    same("845-merged-thumb", await api.call("GET", f"/people/{bob}/thumbnail"))
    same("847-merge-self", await api.call("POST", f"/people/{alice}/merge", {"ids": [alice]}))
    same("850-person-other-user", await session.other.call("GET", f"/people/{alice}"))
    same("852-person-delete", await api.call("DELETE", f"/people/{alice}"))
    same("854-person-delete-again", await api.call("DELETE", f"/people/{alice}"))
