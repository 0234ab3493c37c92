"""Run workflows: send each webhook once, at most five at a time, and forget what fails (section 8)."""

import asyncio
import logging
from typing import Any

import aiohttp

from reactor.demo.immich.state import Asset, Exif, State, Workflow
from reactor.demo.immich.tagging import values_of
from reactor.demo.immich.wire import Json, micro, ms
from reactor.demo.immich.world import World

LOG = logging.getLogger(__name__)
WEBHOOK = "immich-plugin-core#webhook"
# The share of webhooks that come late, so that AssetMetadataExtraction can overtake AssetCreate, as was measured.
OUT_OF_ORDER = 0.1


async def run_workflows(world: World, asset_id: str, trigger: str) -> None:
    """Fire the owner's workflows of this trigger; the hidden part of a motion photo fires nothing."""
    asset = world.state.assets.get(asset_id)
    if asset is None or asset.visibility == "hidden":
        return
    late = world.rng.random() < OUT_OF_ORDER
    for workflow in list(world.state.workflows.values()):
        if workflow.enabled and workflow.trigger == trigger and workflow.owner_id == asset.owner_id:
            payload = webhook_json(world.state, asset, trigger)
            world.background.spawn(_run(world, workflow, payload, delay=world.timing.metadata_delay[1] if late else 0))


async def _run(world: World, workflow: Workflow, payload: Json, *, delay: float) -> None:
    await asyncio.sleep(delay)
    async with world.workflow_slots:
        for step in workflow.steps:
            if step["enabled"] and step["method"] == WEBHOOK:
                await _post(world, step["config"] or {}, payload)


async def _post(world: World, config: dict[str, Any], payload: Json) -> None:
    """Send as node's fetch does; no retry, and the answer's status is not looked at."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "immich-server/" + ".".join(map(str, world.version)),
        "Accept": "*/*",
        "Accept-Language": "*",
        "Sec-Fetch-Mode": "cors",
        "Accept-Encoding": "gzip, deflate",
    }
    if config.get("headerName"):
        headers[config["headerName"]] = config.get("headerValue", "")
    # The config is not validated at creation (cap:409), so a missing url fails here like any other.
    try:
        async with world.session.request(
            config.get("method", "POST"), config["url"], json=payload, headers=headers
        ) as answer:
            await answer.read()
    except (aiohttp.ClientError, OSError, TimeoutError, KeyError, ValueError) as error:
        LOG.info("Error executing workflow: %s", error)


def webhook_json(state: State, asset: Asset, trigger: str) -> Json:
    """Write the body as received (captures webhook.jsonl)."""
    shape = {
        "id": asset.id,
        "ownerId": asset.owner_id,
        "stackId": asset.stack_id,
        "livePhotoVideoId": asset.motion_video_id,
        "libraryId": asset.library_id,
        "duplicateId": asset.duplicate_id,
        "createdAt": ms(asset.created_at),
        "updatedAt": ms(asset.updated_at),
        "deletedAt": ms(asset.deleted_at) if asset.deleted_at else None,
        "fileCreatedAt": ms(asset.file_created_at),
        "fileModifiedAt": ms(asset.file_modified_at),
        "localDateTime": ms(asset.local_time),
        "type": "VIDEO" if asset.is_video else "IMAGE",
        "status": "trashed" if asset.deleted_at else "active",
        "visibility": asset.visibility,
        "duration": asset.duration_ms,
        "checksum": {"type": "Buffer", "data": list(asset.checksum)},
        "originalPath": asset.original_path,
        "originalFileName": asset.file_name,
        "isOffline": False,
        "isFavorite": asset.is_favorite,
        "isExternal": asset.library_id is not None,
        "isEdited": bool(asset.edits),
        "exifInfo": _exif_row(asset.exif, values_of(state, asset)),
    }
    return {"type": "AssetV1", "trigger": trigger, "data": {"asset": shape}}


def _exif_row(exif: Exif, tags: tuple[str, ...]) -> Json:
    return {
        "make": exif.make,
        "model": exif.model,
        "orientation": exif.orientation,
        "dateTimeOriginal": micro(exif.taken_at) if exif.taken_at else None,
        "modifyDate": micro(exif.modified_at) if exif.modified_at else None,
        "exifImageWidth": exif.width,
        "exifImageHeight": exif.height,
        "fileSizeInByte": exif.file_size,
        "lensModel": exif.lens,
        "fNumber": exif.f_number,
        "focalLength": exif.focal_length,
        "iso": exif.iso,
        "latitude": exif.latitude,
        "longitude": exif.longitude,
        "city": None,
        "state": None,
        "country": None,
        "description": exif.description,
        "fps": None,
        "exposureTime": exif.exposure_time,
        "livePhotoCID": None,
        "timeZone": exif.time_zone,
        "projectionType": None,
        "profileDescription": None,
        "colorspace": None,
        "bitsPerSample": 8 if exif.width else None,
        "autoStackId": exif.burst_id,
        "rating": exif.rating,
        "tags": list(tags) or None,
        "updatedAt": micro(exif.updated_at),
    }
