"""A photo was uploaded, or came back: look at its preview, and keep vector, hash and capture facts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from reactor.core.errors import NotReady
from reactor.core.events import AssetChanged, AssetEmbedded, AssetUploaded, Event
from reactor.core.ids import AccountId
from reactor.core.library import Asset, EmbeddedPhoto, Preview
from reactor.ports import Library, Services
from reactor.routing import Outcome, Router

router = Router()

METADATA_PATIENCE = timedelta(seconds=60)
"""A file without any EXIF never gets ready; after this it is taken as it is."""

COME_BACK = frozenset({"restored", "unarchived", "touched"})
"""Changes after which a photo that was never embedded may be there to look at."""


def lane(event: Event) -> str:
    """Return the lane of the photo: the live stream and a scan never look at it at the same time."""
    return f"photo:{event.subject}"


@router.on(AssetUploaded, AssetChanged, name="embed", lane=lane, concurrency=4)
async def embed(events: Sequence[Event], services: Services) -> Outcome:
    """Store what the model sees; raises NotReady while the preview or the capture facts are not there yet."""
    (event,) = events
    if isinstance(event, AssetChanged):
        return await _changed(event, services)
    assert isinstance(event, AssetUploaded)
    asset = await services.library(event.account).asset(event.asset)
    if not _ours_to_see(asset):
        return Outcome()
    stored = await _stored(event, services)
    # An earlier release kept no small picture, by which framings are told apart.
    if stored is None or stored.thumb is None:
        return await _look(event, asset, services)
    return await _again(stored, asset, services)


async def _changed(event: AssetChanged, services: Services) -> Outcome:
    """Embed what was not embedded yet; of what was, only a new date is of interest."""
    fields = COME_BACK.union({"date"}).intersection(event.fields)
    if not fields:
        return Outcome()
    stored = await _stored(event, services)
    if stored is not None and "date" not in fields:
        return Outcome()
    asset = await services.library(event.account).asset(event.asset)
    if stored is not None:
        await services.photos.retake(event.account, event.asset, asset.taken_at)
        return Outcome()
    if not _ours_to_see(asset):
        return Outcome()
    # It was embedded and dropped since: a key cannot tell a deleted photo from one in the locked folder.
    back = await services.backlog.heard(event.account, (event.asset,), AssetEmbedded.__name__)
    return await _look(event, asset, services, again=event.updated_at if back else "")


def _ours_to_see(asset: Asset) -> bool:
    return asset.is_open and asset.motion_part_of is None


async def _stored(event: AssetUploaded | AssetChanged, services: Services) -> EmbeddedPhoto | None:
    found = await services.photos.embedded(event.account, (event.asset,), services.embedder.model)
    return found[0] if found else None


async def _again(stored: EmbeddedPhoto, asset: Asset, services: Services) -> Outcome:
    """Bring the capture facts up to date without another look; what follows is asked for again in this run."""
    now = _with_facts(stored, asset)
    if now != stored:
        await services.photos.save(now, services.embedder.model, seen=asset)
    return _embedded(stored.account, asset, services.embedder.model, stored.checksum)


async def _look(event: AssetUploaded | AssetChanged, asset: Asset, services: Services, *, again: str = "") -> Outcome:
    library = services.library(event.account)
    preview = await _preview(asset, library)
    if not asset.exif_ready:
        # The capture time changes from the upload's to the camera's when Immich has read the EXIF
        # (facts/immich-api.md section 3); a stack decided on the former would be wrong.
        asset = await library.asset(event.asset)
        # Both by Immich's clock, which may be another than ours; one that was set back since lets nothing wait.
        if not asset.exif_ready and abs(library.clock() - asset.created_at) < METADATA_PATIENCE:
            raise NotReady("no metadata: Immich has not read the photo's capture facts yet")
    features = await services.embedder.image(preview.data)
    photo = EmbeddedPhoto(
        account=event.account,
        asset=event.asset,
        taken_at=asset.taken_at,
        camera=asset.camera,
        phash=features.phash,
        sharpness=features.sharpness,
        width=features.width,
        height=features.height,
        checksum=preview.checksum,
        thumb=features.thumb,
        clipped=features.clipped,
        vector=features.vector,
    )
    await services.photos.save(_with_facts(photo, asset), services.embedder.model, seen=asset)
    return _embedded(event.account, asset, services.embedder.model, preview.checksum, again)


async def _preview(asset: Asset, library: Library) -> Preview:
    try:
        return await library.preview(asset.id)
    except NotReady as error:
        raise NotReady("no preview: Immich has made none of this photo", after=error.after) from error


def _with_facts(photo: EmbeddedPhoto, asset: Asset) -> EmbeddedPhoto:
    return replace(
        photo,
        taken_at=asset.taken_at,
        camera=asset.camera,
        kind=asset.kind,
        width=asset.width or photo.width,
        height=asset.height or photo.height,
        external=asset.external,
        name=asset.file_name,
        path=asset.path,
        day=asset.local_day,
    )


def _embedded(account: AccountId, asset: Asset, model: str, checksum: str, again: str = "") -> Outcome:
    event = AssetEmbedded(account=account, asset=asset.id, model=model, checksum=checksum, again=again)
    return Outcome(events=(event,))
