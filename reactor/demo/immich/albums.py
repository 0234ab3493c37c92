"""Albums over HTTP, as the contract of 3.1.0 has them (specs/immich-3.1.0-openapi.json); not measured."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from aiohttp import web

from reactor.demo.immich.calls import Call, Routes, reply
from reactor.demo.immich.errors import no_access
from reactor.demo.immich.state import Account, Asset
from reactor.demo.immich.validation import text, uuid4, uuids
from reactor.demo.immich.wire import Json, ms, owner_json

routes = Routes()


@dataclass(kw_only=True, slots=True)
class Album:
    id: str
    name: str
    owner_id: str
    viewer_ids: set[str]
    asset_ids: list[str]
    created_at: datetime

    def shown_to(self, account: Account) -> bool:
        return account.id == self.owner_id or account.id in self.viewer_ids


# The albums of each running server; they go with it.
_ALBUMS: WeakKeyDictionary[web.Application, dict[str, Album]] = WeakKeyDictionary()


def albums_of(call: Call) -> dict[str, Album]:
    return _ALBUMS.setdefault(call.request.app, {})


@routes.on("GET", "/albums", need="album.read")
async def list_albums(call: Call) -> web.Response:
    """List the caller's own albums and those that others share with them."""
    return reply([_json(call, album) for album in albums_of(call).values() if album.shown_to(call.account)])


@routes.on("POST", "/albums", need="album.create")
async def create_album(call: Call) -> web.Response:
    """Make an album; names are not unique."""
    body = await call.body()
    state = call.world.state
    album = Album(
        id=state.new_id(),
        name=text(body, "albumName") or "",
        owner_id=call.account.id,
        viewer_ids={uuid4(user.get("userId"), "userId") for user in body.get("albumUsers") or []},
        asset_ids=[call.readable(asset_id).id for asset_id in uuids(body | _none(body, "assetIds"), "assetIds")],
        created_at=state.now(),
    )
    albums_of(call)[album.id] = album
    call.changed("album.create", [album.id])
    return reply(_json(call, album), 201)


@routes.on("PUT", "/albums/{id}/assets", need="albumAsset.create")
async def add_to_album(call: Call) -> web.Response:
    """Put assets in; answer for each id. Moves no updatedAt (facts/immich-api.md section 3)."""
    album = _shown(call, call.path_id())
    answers, added = [], []
    for asset_id in uuids(await call.body(), "ids"):
        if asset_id in album.asset_ids:
            answers.append({"id": asset_id, "success": False, "error": "duplicate"})
            continue
        album.asset_ids.append(call.readable(asset_id).id)
        added.append(asset_id)
        answers.append({"id": asset_id, "success": True})
    call.changed("album.assets", added)
    return reply(answers)


def in_albums(call: Call, body: dict[str, Any]) -> list[Callable[[Asset], bool]]:
    """Return the tests of a search's `albumIds`: in every one of them."""
    wanted = [_shown(call, album_id) for album_id in uuids(body | _none(body, "albumIds"), "albumIds")]
    inside = [frozenset(album.asset_ids) for album in wanted]
    return [lambda asset: all(asset.id in ids for ids in inside)] if inside else []


def _none(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {} if body.get(name) is not None else {name: []}


def _shown(call: Call, album_id: str) -> Album:
    album = albums_of(call).get(album_id)
    if album is None or not album.shown_to(call.account):
        raise no_access("album.read")
    return album


def _json(call: Call, album: Album) -> Json:
    accounts = call.world.state.accounts
    roles = {album.owner_id: "owner"} | dict.fromkeys(sorted(album.viewer_ids & accounts.keys()), "viewer")
    return {
        "id": album.id,
        "albumName": album.name,
        "description": "",
        "albumThumbnailAssetId": album.asset_ids[0] if album.asset_ids else None,
        "albumUsers": [{"role": role, "user": owner_json(accounts[user], ms)} for user, role in roles.items()],
        "assetCount": len(album.asset_ids),
        "createdAt": ms(album.created_at),
        "updatedAt": ms(album.created_at),
        "hasSharedLink": False,
        "isActivityEnabled": True,
        "shared": bool(album.viewer_ids),
    }
