"""Take files in: POST /assets as a phone sends it, and the scan of an external library."""

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import BodyPartReader, web

from reactor.demo.immich.calls import Call, Routes, reply
from reactor.demo.immich.errors import ApiError, invalid
from reactor.demo.immich.formats import IMAGE, VIDEO, mime_type
from reactor.demo.immich.jobs import process_upload
from reactor.demo.immich.media import VIDEO_MILLISECONDS, file_kind
from reactor.demo.immich.state import Asset, Exif
from reactor.demo.immich.validation import moment, option
from reactor.demo.immich.world import World

routes = Routes()
VISIBILITIES = ("archive", "timeline", "hidden", "locked")


@dataclass(frozen=True, kw_only=True, slots=True)
class NewFile:
    """A file to store, with what the sender says about it."""

    owner_id: str
    name: str
    data: bytes
    created_at: datetime
    modified_at: datetime
    visibility: str = "timeline"
    is_favorite: bool = False
    duration_ms: int | None = None
    library_id: str | None = None
    burst_id: str | None = None
    motion_video_id: str | None = None


@routes.on("POST", "/assets", need="asset.upload")
async def upload(call: Call) -> web.Response:
    """Store a file: 201 created, or 200 duplicate, also of a trashed one (cap:100, 107, 1210).

    The field `autoStackId` is the simulator's own: it stands for a burst id in the EXIF of the file.
    """
    file = await _read_form(call)
    state = call.world.state
    known = state.checksums.get((file.owner_id, hashlib.sha1(file.data, usedforsecurity=False).digest()))
    if known:
        return reply({"status": "duplicate", "id": known})
    asset = add_asset(call.world, file, at=state.now())
    await asyncio.to_thread(call.world.file(asset.id, "original").write_bytes, file.data)
    call.changed("upload", [asset.id])
    call.world.background.spawn(process_upload(call.world, asset.id))
    return reply({"id": asset.id, "status": "created"}, 201)


async def import_files(world: World, owner_id: str, files: Iterable[tuple[str, bytes]]) -> list[str]:
    """Scan an external library: all rows of the batch get the same createdAt (facts/immich-api.md section 3)."""
    now, library_id = world.state.now(), world.state.new_id()
    made = []
    for name, data in files:
        new = NewFile(owner_id=owner_id, name=name, data=data, created_at=now, modified_at=now, library_id=library_id)
        asset = add_asset(world, new, at=now)
        await asyncio.to_thread(world.file(asset.id, "original").write_bytes, data)
        made.append(asset.id)
    for asset_id in made:
        world.background.spawn(process_upload(world, asset_id))
    return made


def add_asset(world: World, file: NewFile, *, at: datetime) -> Asset:
    state, suffix = world.state, file_kind(file.name)
    stored = state.new_id()
    inside = f"/data/upload/{file.owner_id}/{stored[:2]}/{stored[2:4]}/{stored}{suffix}"
    is_video = suffix in VIDEO
    asset = Asset(
        id=state.new_id(),
        owner_id=file.owner_id,
        library_id=file.library_id,
        is_video=is_video,
        original_path=f"/external/{file.name}" if file.library_id else inside,
        file_name=file.name,
        mime_type=mime_type(suffix),
        checksum=hashlib.sha1(file.data, usedforsecurity=False).digest(),
        created_at=at,
        updated_at=at,
        file_created_at=file.created_at,
        file_modified_at=file.modified_at,
        local_time=file.created_at,
        exif=Exif(updated_at=at, file_size=len(file.data)),
        visibility=file.visibility,
        is_favorite=file.is_favorite,
        duration_ms=(file.duration_ms or VIDEO_MILLISECONDS) if is_video else None,
        upload_burst_id=file.burst_id,
        motion_video_id=file.motion_video_id,
    )
    state.assets[asset.id] = asset
    state.checksums[file.owner_id, asset.checksum] = asset.id
    return asset


async def _read_form(call: Call) -> NewFile:
    if not call.request.content_type.startswith("multipart/"):
        raise ApiError(400, "Asset data is required")
    fields: dict[str, str] = {}
    name, data = "", None
    async for part in await call.request.multipart():
        assert isinstance(part, BodyPartReader), "a phone sends no nested multipart"
        if part.name == "assetData":
            name, data = part.filename or "", bytes(await part.read(decode=False))
        elif part.name:
            fields[part.name] = await part.text()
    name = fields.get("filename") or name
    if file_kind(name) not in IMAGE and file_kind(name) not in VIDEO:
        raise ApiError(400, f"Unsupported file type {name}")
    if data is None:
        raise ApiError(400, "Asset data is required")
    return _new_file(call.account.id, name, data, fields)


def _new_file(owner_id: str, name: str, data: bytes, fields: dict[str, str]) -> NewFile:
    created, modified = moment(fields, "fileCreatedAt"), moment(fields, "fileModifiedAt")
    if created is None or modified is None:
        missing = "fileCreatedAt" if created is None else "fileModifiedAt"
        message = "Invalid input: expected ISO 8601 datetime string, received undefined"
        raise invalid(missing, message, expected="string", code="invalid_type")
    return NewFile(
        owner_id=owner_id,
        name=name,
        data=data,
        created_at=created.astimezone(UTC),
        modified_at=modified.astimezone(UTC),
        visibility=option(fields, "visibility", VISIBILITIES) or "timeline",
        is_favorite=fields.get("isFavorite") == "true",
        duration_ms=int(fields["duration"]) if fields.get("duration", "").isdigit() else None,
        burst_id=fields.get("autoStackId"),
        motion_video_id=fields.get("livePhotoVideoId"),
    )
