"""Read and change assets: GET, PUT one and many, trash, restore, delete, jobs, free metadata (section 4)."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from reactor.demo.immich.calls import Call, Routes, no_content, reply
from reactor.demo.immich.errors import invalid
from reactor.demo.immich.jobs import queue_sidecar_write, refresh_metadata, write_previews
from reactor.demo.immich.state import Asset, State
from reactor.demo.immich.uploads import VISIBILITIES
from reactor.demo.immich.validation import flag, option, text, uuids
from reactor.demo.immich.wire import asset_base, asset_full, exif_json, ms
from reactor.demo.immich.world import World

routes = Routes()
JOBS = ("refresh-faces", "refresh-metadata", "regenerate-thumbnail", "transcode-video")


@routes.on("GET", "/assets/statistics", need="asset.statistics")
async def statistics(call: Call) -> web.Response:
    visible = [
        asset
        for asset in call.world.state.assets.values()
        if asset.owner_id == call.account.id and asset.deleted_at is None and asset.visibility == "timeline"
    ]
    videos = sum(asset.is_video for asset in visible)
    return reply({"images": len(visible) - videos, "videos": videos, "total": len(visible)})


@routes.on("GET", "/assets/{id}", need="asset.read")
async def get_asset(call: Call) -> web.Response:
    return reply(asset_full(call.world.state, call.readable(call.path_id())))


@routes.on("PUT|PATCH", "/assets", need="asset.update")
async def update_assets(call: Call) -> web.Response:
    """Change many; one bad id fails all; always queues a sidecar write for each (cap:601-606)."""
    body = await call.body()
    assets = call.updatable(uuids(body, "ids"))
    changes = [change for asset in assets for change in _apply(asset, body)]
    for asset in assets:
        if {"visibility", "isFavorite", "duplicateId"} & body.keys():
            call.world.state.touch(asset)
        queue_sidecar_write(call.world, asset)
        _queue_date(call.world, asset, body)
    call.changed("asset.update", changes)
    return no_content()


@routes.on("PUT|PATCH", "/assets/{id}", need="asset.update")
async def update_asset(call: Call) -> web.Response:
    """Change one; only what belongs into the XMP queues a sidecar write (section 7: isFavorite tells nobody)."""
    body = await call.body()
    (asset,) = call.updatable([call.path_id()])
    changes = _apply(asset, body)
    if {"visibility", "isFavorite"} & body.keys():
        call.world.state.touch(asset)
    if {"description", "rating", "dateTimeOriginal"} & body.keys():
        queue_sidecar_write(call.world, asset)
    _queue_date(call.world, asset, body)
    call.changed("asset.update", changes)
    return reply(asset_base(asset) | {"exifInfo": exif_json(asset.exif)})


@routes.on("DELETE", "/assets", need="asset.delete")
async def delete_assets(call: Call) -> web.Response:
    """Trash, or with force delete for good (cap:611, 618)."""
    body = await call.body()
    assets = call.updatable(uuids(body, "ids"), "asset.delete")
    state, owner = call.world.state, call.account.id
    ids = [asset.id for asset in assets]
    if flag(body, "force"):
        for asset in assets:
            forget(state, asset)
            await call.world.emit(owner, "on_asset_delete", asset.id)
        call.changed("asset.delete", ids)
        call.world.background.spawn(_remove_files(call.world, ids))
        return no_content()
    call.changed("asset.trash", [asset.id for asset in assets if asset.deleted_at is None])
    for asset in assets:
        asset.deleted_at = asset.deleted_at or state.now()
        state.touch(asset)
    await call.world.emit(owner, "on_asset_trash", ids)
    return no_content()


@routes.on("POST", "/trash/restore/assets", need="asset.delete")
async def restore_assets(call: Call) -> web.Response:
    return await _restore(call, call.updatable(uuids(await call.body(), "ids"), "asset.delete"))


@routes.on("POST", "/trash/restore", need="asset.delete")
async def restore_all(call: Call) -> web.Response:
    return await _restore(call, [asset for asset in call.world.state.assets.values() if _trashed(call, asset)])


@routes.on("POST", "/assets/jobs", need="job.create")
async def run_jobs(call: Call) -> web.Response:
    body = await call.body()
    assets = call.updatable(uuids(body, "assetIds"))
    job = option(body, "name", JOBS)
    for asset in assets:
        if job == "refresh-metadata":
            call.world.background.spawn(refresh_metadata(call.world, asset.id))
        elif job == "regenerate-thumbnail":
            call.world.background.spawn(_regenerate(call.world, asset.id))
    return no_content()


@routes.on("GET", "/assets/{id}/metadata", need="asset.read")
async def get_metadata(call: Call) -> web.Response:
    return reply(_metadata_json(call.readable(call.path_id())))


@routes.on("PUT", "/assets/{id}/metadata", need="asset.update")
async def put_metadata(call: Call) -> web.Response:
    """Keep free key/value pairs: no event, no updatedAt bump (cap:1100)."""
    body = await call.body()
    (asset,) = call.updatable([call.path_id()])
    items = body.get("items")
    if not isinstance(items, list):
        raise invalid("items", "Invalid input: expected array, received undefined", code="invalid_type")
    changed = [item["key"] for item in items if asset.metadata.get(item["key"], (None,))[0] != item["value"]]
    for item in items:
        asset.metadata[item["key"]] = (item["value"], call.world.state.now())
    call.changed("asset.metadata", [f"{asset.id}:{key}" for key in changed])
    return reply(_metadata_json(asset))


def forget(state: State, asset: Asset) -> None:
    """Drop an asset for good: its stack gets another primary, or ends where one member is left.

    The next one is who stood first in the stack as it was posted, not the oldest (cap:709, 725).
    """
    del state.assets[asset.id]
    del state.checksums[asset.owner_id, asset.checksum]
    for face in state.faces_of(asset.id):
        del state.faces[face.id]
    stack = state.stacks.get(asset.stack_id or "")
    if stack is None:
        return
    stack.member_ids.remove(asset.id)
    if stack.primary_id != asset.id:
        return
    if len(stack.member_ids) > 1:
        stack.primary_id = stack.member_ids[0]
        return
    del state.stacks[stack.id]
    for member in stack.member_ids:
        state.assets[member].stack_id = None


def _apply(asset: Asset, body: dict[str, Any]) -> list[str]:
    """Set the given fields; return what differs now. "locked" is one-way: a key no longer sees it (cap:604-606)."""
    before = _editable(asset)
    asset.visibility = option(body, "visibility", VISIBILITIES) or asset.visibility
    favourite = flag(body, "isFavorite")
    asset.is_favorite = asset.is_favorite if favourite is None else favourite
    description = text(body, "description")
    if description is not None:
        asset.exif.description = description
        asset.locked.add("description")
    if "rating" in body:
        asset.exif.rating = body["rating"]
    if "duplicateId" in body:
        asset.duplicate_id = body["duplicateId"]
    if (taken := _date(body)) is not None:
        asset.exif.taken_at = taken.astimezone(UTC)
    return [f"{asset.id}:{name}={new}" for name, new in _editable(asset).items() if before[name] != new]


def _editable(asset: Asset) -> dict[str, object]:
    return {
        "visibility": asset.visibility,
        "isFavorite": asset.is_favorite,
        "description": asset.exif.description,
        "rating": asset.exif.rating,
        "duplicateId": asset.duplicate_id,
        "dateTimeOriginal": asset.exif.taken_at,
    }


def _date(body: dict[str, Any]) -> datetime | None:
    """Read the capture time as it was given, with its zone; one without a zone counts as UTC."""
    given = text(body, "dateTimeOriginal")
    if given is None:
        return None
    try:
        read = datetime.fromisoformat(given)
    except ValueError as error:
        raise invalid("dateTimeOriginal", "Invalid date", code="custom") from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _queue_date(world: World, asset: Asset, body: dict[str, Any]) -> None:
    if (taken := _date(body)) is not None:
        world.background.spawn(_redate(world, asset, taken))


async def _redate(world: World, asset: Asset, taken: datetime) -> None:
    """Let the date by which photos are ordered follow with the jobs, as a description's bump does (section 3).

    A file that is extracted again after this brings its own date back here; on the server the XMP's date wins.
    """
    while asset.id in world.sidecar_writes:  # noqa: ASYNC110 - a table of jobs, nobody tells when one ends
        await asyncio.sleep(world.timing.tag_race / 10)
    asset.exif.taken_at = asset.file_created_at = taken.astimezone(UTC)
    asset.local_time = taken.replace(tzinfo=UTC)
    world.state.touch(asset)


def _trashed(call: Call, asset: Asset) -> bool:
    return asset.owner_id == call.account.id and asset.deleted_at is not None


async def _restore(call: Call, assets: list[Asset]) -> web.Response:
    trashed = [asset for asset in assets if asset.deleted_at is not None]
    for asset in trashed:
        asset.deleted_at = None
        call.world.state.touch(asset)
    ids = [asset.id for asset in trashed]
    call.changed("asset.restore", ids)
    if ids:
        await call.world.emit(call.account.id, "on_asset_restore", ids)
    return reply({"count": len(ids)})


async def _regenerate(world: World, asset_id: str) -> None:
    await asyncio.sleep(world.draw(world.timing.thumbnail_delay))
    await write_previews(world, asset_id)


async def _remove_files(world: World, asset_ids: list[str]) -> None:
    for asset_id in asset_ids:
        for kind in ("original", "preview", "thumbnail"):
            await asyncio.to_thread(world.file(asset_id, kind).unlink, missing_ok=True)


def _metadata_json(asset: Asset) -> list[dict[str, Any]]:
    return [{"key": key, "value": value, "updatedAt": ms(at)} for key, (value, at) in asset.metadata.items()]
