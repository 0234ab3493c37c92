"""A photo was uploaded: look at its preview, and keep vector, hash and capture facts."""

from collections.abc import Sequence
from datetime import timedelta

from reactor.core.errors import NotReady
from reactor.core.events import AssetEmbedded, AssetUploaded, Event
from reactor.core.library import EmbeddedPhoto
from reactor.ports import Services
from reactor.routing import Outcome, Router

router = Router()

METADATA_PATIENCE = timedelta(seconds=60)
"""A file without any EXIF never gets ready; after this it is taken as it is."""


@router.on(AssetUploaded, name="embed", concurrency=4)
async def embed(events: Sequence[Event], services: Services) -> Outcome:
    """Store what the model sees; raises NotReady while the preview or the capture facts are not there yet."""
    (event,) = events
    assert isinstance(event, AssetUploaded)
    library = services.library(event.account)
    asset = await library.asset(event.asset)
    if not asset.is_open or asset.motion_part_of is not None:
        return Outcome()
    preview = await library.preview(event.asset)
    if not asset.exif_ready:
        # The capture time changes from the upload's to the camera's when Immich has read the EXIF
        # (facts/immich-api.md section 3); a stack decided on the former would be wrong.
        asset = await library.asset(event.asset)
        if not asset.exif_ready and services.now() - asset.created_at < METADATA_PATIENCE:
            raise NotReady("Immich has not read the photo's metadata yet")
    seen = await services.embedder.image(preview.data)
    model = services.embedder.model
    photo = EmbeddedPhoto(
        account=event.account,
        asset=event.asset,
        taken_at=asset.taken_at,
        camera=asset.camera,
        kind=asset.kind,
        phash=seen.phash,
        sharpness=seen.sharpness,
        width=asset.width or seen.width,
        height=asset.height or seen.height,
        checksum=preview.checksum,
        vector=seen.vector,
    )
    await services.photos.save(photo, model)
    return Outcome(
        events=(AssetEmbedded(account=event.account, asset=event.asset, model=model, checksum=preview.checksum),)
    )
