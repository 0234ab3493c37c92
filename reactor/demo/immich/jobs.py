"""The server's background work: metadata extraction, previews, sidecar writes, person thumbnails."""

import asyncio
from dataclasses import replace
from typing import Any

from reactor.demo.immich.media import Capture, crop_face, is_upright, make_previews, read_capture
from reactor.demo.immich.realtime import tell_upload
from reactor.demo.immich.state import Asset, Exif
from reactor.demo.immich.tagging import replace_asset_tags, values_of
from reactor.demo.immich.webhooks import run_workflows
from reactor.demo.immich.wire import asset_event
from reactor.demo.immich.world import World


async def process_upload(world: World, asset_id: str) -> None:
    """Take a new file through extraction and previews; the two events come after the files exist (section 7)."""
    world.background.spawn(run_workflows(world, asset_id, "AssetCreate"))
    extraction, previews = world.draw(world.timing.metadata_delay), world.draw(world.timing.thumbnail_delay)
    await asyncio.sleep(extraction)
    await extract_metadata(world, asset_id)
    world.background.spawn(run_workflows(world, asset_id, "AssetMetadataExtraction"))
    await asyncio.sleep(max(0.0, previews - extraction))
    if await write_previews(world, asset_id):
        await tell_upload(world, asset_id)


async def refresh_metadata(world: World, asset_id: str) -> None:
    """Re-extract on request: fires the workflow again, tells no client (facts/immich-api.md sections 7, 8)."""
    await asyncio.sleep(world.draw(world.timing.metadata_delay))
    await extract_metadata(world, asset_id)
    world.background.spawn(run_workflows(world, asset_id, "AssetMetadataExtraction"))


async def extract_metadata(world: World, asset_id: str) -> None:
    asset = world.state.assets.get(asset_id)
    if asset is None:
        return
    data = await asyncio.to_thread(world.file(asset_id, "original").read_bytes)
    capture = await asyncio.to_thread(read_capture, data, is_video=asset.is_video)
    if asset_id in world.state.assets:
        apply_capture(world, asset, capture)


def apply_capture(world: World, asset: Asset, capture: Capture) -> None:
    """Write what extraction found; locked properties stay, the sidecar wins over the file (section 5)."""
    state, side = world.state, asset.sidecar
    taken = capture.taken_at or min(asset.file_created_at, asset.file_modified_at)
    description = capture.description if side.description is None else side.description
    asset.exif = Exif(
        updated_at=state.now(),
        file_size=asset.exif.file_size,
        make=capture.make,
        model=capture.model,
        width=capture.width,
        height=capture.height,
        orientation=None if capture.orientation is None else str(capture.orientation),
        taken_at=taken,
        modified_at=asset.file_modified_at,
        time_zone=capture.time_zone,
        lens=capture.lens,
        f_number=capture.f_number,
        focal_length=capture.focal_length,
        iso=capture.iso,
        exposure_time=capture.exposure_time,
        description=asset.exif.description if "description" in asset.locked else description,
        rating=asset.exif.rating,
        burst_id=asset.upload_burst_id or capture.burst_id,
    )
    asset.file_created_at = taken
    asset.local_time = capture.local_time or taken
    if not asset.edits:
        # An edited asset keeps the size that its edits gave it (immich-app/immich pull request 27220).
        sizes = (capture.width, capture.height)
        asset.width, asset.height = sizes if is_upright(capture.orientation) else sizes[::-1]
    if "tags" not in asset.locked:
        replace_asset_tags(state, asset, capture.keywords if side.tags is None else side.tags)
    state.touch(asset)


async def write_previews(world: World, asset_id: str) -> bool:
    """Render and store preview and thumbnail; False where the file cannot be decoded, for ever (cap:108)."""
    asset = world.state.assets.get(asset_id)
    if asset is None:
        return False
    data = await asyncio.to_thread(world.file(asset_id, "original").read_bytes)
    async with world.thumbnail_slots:
        made = await asyncio.to_thread(make_previews, data, is_video=asset.is_video)
    if made is None or asset_id not in world.state.assets:
        return False
    await asyncio.to_thread(world.file(asset_id, "preview").write_bytes, made.preview)
    await asyncio.to_thread(world.file(asset_id, "thumbnail").write_bytes, made.thumbnail)
    first = asset.media_at is None
    asset.thumbhash, asset.media_at = made.thumbhash, world.state.now()
    if first:
        # Making them again bumps nothing (captures _updatedAt-bumps.json).
        world.state.touch(asset)
    return True


def queue_sidecar_write(world: World, asset: Asset) -> None:
    """Write the asset's locked properties to its XMP, then re-extract; one at a time for each asset.

    The first job takes its copy now. A second change while that job still writes is dropped by its unlock: the
    measured lost-tag race (facts/immich-api.md section 5).
    """
    if asset.id in world.sidecar_writes:
        world.sidecar_writes[asset.id] = True
        return
    world.sidecar_writes[asset.id] = False
    world.background.spawn(_write_sidecars(world, asset, _locked_values(world, asset)))


async def _write_sidecars(world: World, asset: Asset, values: dict[str, Any]) -> None:
    try:
        while True:
            await asyncio.sleep(world.timing.tag_race)
            asset.sidecar = replace(asset.sidecar, **values)
            asset.locked -= values.keys()
            await asyncio.sleep(world.timing.tag_race * world.rng.uniform(0.1, 0.5))
            await extract_metadata(world, asset.id)
            if asset.id in world.state.assets:
                await world.emit(asset.owner_id, "on_asset_update", asset_event(world.state, asset))
            if not world.sidecar_writes[asset.id]:
                return
            world.sidecar_writes[asset.id] = False
            values = _locked_values(world, asset)
    finally:
        del world.sidecar_writes[asset.id]


def _locked_values(world: World, asset: Asset) -> dict[str, Any]:
    known: dict[str, Any] = {"tags": values_of(world.state, asset), "description": asset.exif.description}
    return {name: known[name] for name in asset.locked}


async def write_person_thumbnail(world: World, person_id: str) -> None:
    """Cut the thumbnail of the person's feature face and tell the owner; a box outside the picture fails (cap:816)."""
    await asyncio.sleep(world.draw(world.timing.metadata_delay))
    state = world.state
    person = state.people.get(person_id)
    face = state.faces.get(person.feature_face_id or "") if person else None
    if person is None or face is None or state.assets[face.asset_id].media_at is None:
        return
    preview = await asyncio.to_thread(world.file(face.asset_id, "preview").read_bytes)
    width, height = face.image_width, face.image_height
    box = (face.x1 / width, face.y1 / height, face.x2 / width, face.y2 / height)
    made = await asyncio.to_thread(crop_face, preview, box)
    if made is None:
        return
    person.thumbnail = made
    person.thumbnail_at = person.updated_at = state.now()
    await world.emit(person.owner_id, "on_person_thumbnail", person.id)
