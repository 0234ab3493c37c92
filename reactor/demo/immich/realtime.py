"""The socket at /api/socket.io: who may listen, and the events that uploads and edits cause (section 7)."""

import base64
from collections.abc import Sequence
from typing import Any

import socketio

from reactor.demo.immich.state import ApiKey, Asset
from reactor.demo.immich.wire import Json, asset_event, ms
from reactor.demo.immich.world import World

SOCKET_PATH = "/api/socket.io"


def version_json(version: tuple[int, int, int]) -> Json:
    return dict(zip(("major", "minor", "patch"), version, strict=True)) | {"prerelease": None}


def make_socket(keys: dict[str, ApiKey], version: tuple[int, int, int]) -> socketio.AsyncServer:
    """Make the socket.io server; rooms are user ids.

    A connect always succeeds first; a key without `all` then hears "error" and is put out (socket-minkey.jsonl).
    """
    server = socketio.AsyncServer(
        async_mode="aiohttp", transports=["websocket"], always_connect=True, cors_allowed_origins="*"
    )

    async def connect(sid: str, environ: dict[str, Any]) -> None:
        # Only request headers count; query and socket.io auth are ignored (socket-mode-*.jsonl).
        key = keys.get(environ.get("HTTP_X_API_KEY", ""))
        if key is None or "all" not in key.permissions:
            await server.emit("error", "unauthorized", to=sid)
            await server.disconnect(sid)
            return
        await server.enter_room(sid, key.owner_id)
        await server.emit("on_server_version", version_json(version), to=sid)

    server.on("connect", connect)
    return server


async def tell_upload(world: World, asset_id: str) -> None:
    """Send the two events of a finished upload to its owner; none for what is hidden or locked."""
    asset = world.state.assets.get(asset_id)
    if asset is None or asset.visibility not in ("timeline", "archive"):
        return
    await world.emit(asset.owner_id, "on_upload_success", asset_event(world.state, asset))
    ready = {"asset": sync_asset(asset, world.version), "exif": sync_exif(asset)}
    await world.emit(asset.owner_id, f"AssetUploadReady{sync_version(world.version)}", ready)


async def tell_edit(world: World, asset_id: str, edits: Sequence[Json]) -> None:
    """Send the event of a saved (no edits: reverted) edit, each of {"id", "action", "parameters"}, to the owner.

    Only 3.x tells what was done (captures _socket-by-action.json).
    """
    asset = world.state.assets.get(asset_id)
    if asset is None:
        return
    ready: Json = {"assetId": asset_id}
    if sync_version(world.version) != "V1":
        shown = sync_asset(asset, world.version) | {"isEdited": bool(edits)}
        steps = [edit | {"assetId": asset_id, "sequence": number} for number, edit in enumerate(edits)]
        ready = {"asset": shown, "edit": steps}
    await world.emit(asset.owner_id, f"AssetEditReady{sync_version(world.version)}", ready)


def sync_version(version: tuple[int, int, int]) -> str:
    return "V2" if version >= (3, 0, 0) else "V1"


def sync_asset(asset: Asset, version: tuple[int, int, int]) -> Json:
    """Write a SyncAssetV2 (captures socket-events.jsonl); a V1 lacks two of its fields."""
    newer = {"createdAt": ms(asset.created_at), "isEdited": False} if sync_version(version) == "V2" else {}
    return newer | {
        "id": asset.id,
        "ownerId": asset.owner_id,
        "originalFileName": asset.file_name,
        "thumbhash": asset.thumbhash,
        "checksum": base64.b64encode(asset.checksum).decode(),
        "fileCreatedAt": ms(asset.file_created_at),
        "fileModifiedAt": ms(asset.file_modified_at),
        "localDateTime": ms(asset.local_time),
        "duration": asset.duration_ms,
        "type": "VIDEO" if asset.is_video else "IMAGE",
        "deletedAt": ms(asset.deleted_at) if asset.deleted_at else None,
        "isFavorite": asset.is_favorite,
        "visibility": asset.visibility,
        "livePhotoVideoId": asset.motion_video_id,
        "stackId": asset.stack_id,
        "libraryId": asset.library_id,
        "width": asset.width,
        "height": asset.height,
    }


def sync_exif(asset: Asset) -> Json:
    exif = asset.exif
    return {
        "assetId": asset.id,
        "description": exif.description,
        "exifImageWidth": exif.width,
        "exifImageHeight": exif.height,
        "fileSizeInByte": exif.file_size,
        "orientation": exif.orientation,
        "dateTimeOriginal": ms(exif.taken_at) if exif.taken_at else None,
        "modifyDate": ms(exif.modified_at) if exif.modified_at else None,
        "timeZone": exif.time_zone,
        "latitude": exif.latitude,
        "longitude": exif.longitude,
        "projectionType": None,
        "city": None,
        "state": None,
        "country": None,
        "make": exif.make,
        "model": exif.model,
        "lensModel": exif.lens,
        "fNumber": exif.f_number,
        "focalLength": exif.focal_length,
        "iso": exif.iso,
        "exposureTime": exif.exposure_time,
        "profileDescription": None,
        "rating": exif.rating,
        "fps": None,
    }
