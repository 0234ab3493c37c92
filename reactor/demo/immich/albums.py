"""Albums over HTTP, as the contract of 3.1.0 has them (specs/immich-3.1.0-openapi.json); not measured."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from aiohttp import web

from reactor.demo.immich.calls import Call, Routes, no_content, reply
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
    roles: dict[str, str]
    asset_ids: list[str]
    created_at: datetime

    def shown_to(self, account: Account) -> bool:
        return account.id == self.owner_id or account.id in self.roles

    def open_to(self, account: Account) -> bool:
        return account.id == self.owner_id or self.roles.get(account.id) == "editor"


# The albums of each running server; they go with it.
_ALBUMS: WeakKeyDictionary[web.Application, dict[str, Album]] = WeakKeyDictionary()


def albums_of(call: Call) -> dict[str, Album]:
    return _ALBUMS.setdefault(call.request.app, {})


@routes.on("GET", "/albums", need="album.read")
async def list_albums(call: Call) -> web.Response:
    """List the caller's own albums and those that others share with them; with `assetId` those that hold it.

    Whether one in the trash, which stays in its albums, is found by it is not measured: it is here.
    """
    shown = [album for album in albums_of(call).values() if album.shown_to(call.account)]
    if (asset_id := call.query.get("assetId")) is not None:
        asset = call.world.state.assets.get(uuid4(asset_id, "assetId"))
        shown = [album for album in shown if asset is not None and asset.id in album.asset_ids]
    return reply([_json(call, album) for album in shown])


@routes.on("GET", "/albums/{id}", need="album.read")
async def get_album(call: Call) -> web.Response:
    return reply(_json(call, _shown(call, call.path_id())))


@routes.on("PATCH", "/albums/{id}", need="album.update")
async def rename_album(call: Call) -> web.Response:
    album = _shown(call, call.path_id())
    if album.owner_id != call.account.id:
        raise no_access("album.update")
    album.name = text(await call.body(), "albumName") or album.name
    call.changed("album.update", [album.id])
    return reply(_json(call, album))


@routes.on("DELETE", "/albums/{id}", need="album.delete")
async def delete_album(call: Call) -> web.Response:
    album = _shown(call, call.path_id())
    if album.owner_id != call.account.id:
        raise no_access("album.delete")
    del albums_of(call)[album.id]
    call.changed("album.delete", [album.id])
    return no_content()


@routes.on("POST", "/albums", need="album.create")
async def create_album(call: Call) -> web.Response:
    """Make an album; names are not unique."""
    body = await call.body()
    state = call.world.state
    album = Album(
        id=state.new_id(),
        name=text(body, "albumName") or "",
        owner_id=call.account.id,
        roles={
            uuid4(user.get("userId"), "userId"): user.get("role", "viewer") for user in body.get("albumUsers") or []
        },
        asset_ids=[call.readable(asset_id).id for asset_id in uuids(body | _none(body, "assetIds"), "assetIds")],
        created_at=state.now(),
    )
    albums_of(call)[album.id] = album
    call.changed("album.create", [album.id, *(f"{asset_id}:{album.name}" for asset_id in album.asset_ids)])
    return reply(_json(call, album), 201)


@routes.on("PUT", "/albums/{id}/assets", need="albumAsset.create")
async def add_to_album(call: Call) -> web.Response:
    """Put assets in; answer for each id. Moves no updatedAt, tells the owner (facts/immich-api.md sections 3, 7)."""
    album = _shown(call, call.path_id())
    if not album.open_to(call.account):
        raise no_access("albumAsset.create")
    answers, added = [], []
    for asset_id in uuids(await call.body(), "ids"):
        asset = call.world.state.assets.get(asset_id)
        if asset_id in album.asset_ids:
            answers.append({"id": asset_id, "success": False, "error": "duplicate"})
        elif asset is None or not call.world.state.can_read(call.account, asset):
            answers.append({"id": asset_id, "success": False, "error": "no_permission"})
        else:
            album.asset_ids.append(asset_id)
            added.append(f"{asset_id}:{album.name}")
            answers.append({"id": asset_id, "success": True})
    call.changed("album.add", added)
    if added:
        await call.world.emit(album.owner_id, "on_album_update", album.id)
    return reply(answers)


@routes.on("DELETE", "/albums/{id}/assets", need="albumAsset.delete")
async def take_out_of_album(call: Call) -> web.Response:
    """Take assets out; answer for each id. That it moves no updatedAt and tells nobody is taken over from adding."""
    album = _shown(call, call.path_id())
    if not album.open_to(call.account):
        raise no_access("albumAsset.delete")
    answers, gone = [], []
    for asset_id in uuids(await call.body(), "ids"):
        if asset_id in album.asset_ids:
            album.asset_ids.remove(asset_id)
            gone.append(f"{asset_id}:{album.name}")
            answers.append({"id": asset_id, "success": True})
        else:
            answers.append({"id": asset_id, "success": False, "error": "not_found"})
    call.changed("album.remove", gone)
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
    roles = {album.owner_id: "owner"} | {
        user: album.roles[user] for user in sorted(album.roles.keys() & accounts.keys())
    }
    inside = [asset_id for asset_id in album.asset_ids if asset_id in call.world.state.assets]
    return {
        "id": album.id,
        "albumName": album.name,
        "description": "",
        "albumThumbnailAssetId": inside[0] if inside else None,
        "albumUsers": [{"role": role, "user": owner_json(accounts[user], ms)} for user, role in roles.items()],
        "assetCount": len(inside),
        "createdAt": ms(album.created_at),
        "updatedAt": ms(album.created_at),
        "hasSharedLink": False,
        "isActivityEnabled": True,
        "shared": bool(album.roles),
    }
