"""A photo was embedded: tag it by the user's own words, and take back what no word asks for any more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from reactor.core.categories import archiving_of
from reactor.core.changes import Reason, TagAsset
from reactor.core.errors import Blocked, Held, NotReady
from reactor.core.events import ArchiveWanted, AssetEmbedded, Event
from reactor.core.gates import level_of
from reactor.core.ids import AccountId, AssetId
from reactor.core.label_events import FacesAwaited, LabelsDoubted
from reactor.core.labelling import Match
from reactor.core.past import age_of
from reactor.core.wanted import wanted
from reactor.ports import Services
from reactor.routing import Outcome, Router
from reactor.stages.labelled import Look, look_at, taken_back

router = Router()

FACES_S = 60.0
"""So long after an upload faces are waited for; then there are none, as with machine learning switched off."""
ASK_AGAIN_S = 5.0
SWITCHED_OFF_S = 5.0


def lane(event: Event) -> str:
    """Return the lane of the photo's tags: one writer at a time."""
    return f"tags:{event.subject}"


@router.on(AssetEmbedded, name="classify", lane=lane, concurrency=4)
async def classify(events: Sequence[Event], services: Services) -> Outcome:
    """Wish for one tag call with every category that fits, and for the archive where a category says so.

    A category in its grey zone is suggested, each by itself, and does nothing else until it is accepted. Tags of ours
    that no category asks for any more are taken off. A photo of an external library is left alone where Immich must
    not write beside the user's own files.
    """
    (event,) = events
    assert isinstance(event, AssetEmbedded)
    look = await look_at(event.account, event.asset, event.model, services)
    if look is None:
        return Outcome()
    waits: tuple[Event, ...] = ()
    if look.asks_for_faces:
        waits = (FacesAwaited(account=event.account, asset=event.asset, model=event.model, checksum=event.checksum),)
    decided = await _decided(look, services)
    return replace(decided, events=(*decided.events, *waits))


@router.on(FacesAwaited, name="classify-faces", lane=lane, concurrency=4)
async def classify_faces(events: Sequence[Event], services: Services) -> Outcome:
    """Decide who is seen on the photo, once: when Immich shows faces, or some time after the upload; then classify."""
    (event,) = events
    assert isinstance(event, FacesAwaited)
    look = await look_at(event.account, event.asset, event.model, services)
    if look is None:
        return Outcome()
    if look.photo is not None and look.photo.faces is None:
        await _decide_faces(event.account, event.asset, services)
        look = await look_at(event.account, event.asset, event.model, services)
    return await _decided(look, services) if look is not None else Outcome()


async def _decide_faces(account: AccountId, asset: AssetId, services: Services) -> None:
    """Ask who is seen on a photo, and keep it; raises NotReady while Immich may still find somebody."""
    library = services.library(account)
    faces = await library.faces(asset)
    if not faces:
        # Both by Immich's clock, which may be another than ours.
        age = age_of((await library.asset(asset)).created_at, library.clock())
        if age < timedelta(seconds=FACES_S):
            raise NotReady("no faces: Immich has found none on this photo yet", after=ASK_AGAIN_S)
    level = level_of((face.person_name, face.person_hidden) if face.person else None for face in faces)
    await services.photos.set_faces(account, asset, level)


@router.on(LabelsDoubted, name="retract", lane=lane, concurrency=4)
async def retract(events: Sequence[Event], services: Services) -> Outcome:
    """Take off tags of ours that no category asks for any more; nothing is tagged by it.

    Raises Held while labelling is switched off: the doubt is told once.
    """
    (event,) = events
    assert isinstance(event, LabelsDoubted)
    if not (await services.rules.catalogue()).enabled:
        raise Held("labelling is switched off", after=SWITCHED_OFF_S)
    look = await look_at(event.account, event.asset, services.embedder.model, services, vectorless=True)
    if look is not None and look.asks_for_faces and (await _doubted_by_faces(look, services)):
        look = await _seen_now(look, services)
    if look is None:
        return Outcome()
    untagging, doubts = await taken_back(look, services)
    return Outcome(events=doubts, changes=untagging)


async def _doubted_by_faces(look: Look, services: Services) -> bool:
    """Say whether the photo carries a tag of ours that depends on who is seen."""
    ours, _ = await services.labels.left(look.account, look.asset)
    return any(match.category.gates.asks_for_faces and match.category.tag in ours for match in look.labels.waits)


async def _seen_now(look: Look, services: Services) -> Look | None:
    try:
        await _decide_faces(look.account, look.asset, services)
    except Blocked:
        return look  # the key lacks a permission, which is told elsewhere: no other tag waits for it
    return await look_at(look.account, look.asset, look.model, services)


async def _decided(look: Look, services: Services) -> Outcome:
    untagging, doubts = await taken_back(look, services)
    sure, unsure = look.labels.sure, look.labels.unsure
    parts = (sure, *((one,) for one in unsure))
    tagging = tuple(_tagging(look, part) for part in parts if part)
    assert look.photo is not None
    more = wanted(
        look.account,
        look.asset,
        [match.category for match in sure],
        model=look.model,
        checksum=look.photo.checksum,
    )
    events: tuple[Event, ...] = (*doubts, *more)
    if archiving := archiving_of([match.category.tag for match in sure], look.catalogue.of(look.account)):
        archive = ArchiveWanted(
            account=look.account,
            asset=look.asset,
            categories=archiving,
            model=look.model,
            checksum=look.photo.checksum,
        )
        events = (archive, *events)
    # What is taken off waits until Immich has written it down: of two quick calls the second is lost (section 5).
    return Outcome(events=events, changes=(*untagging, *tagging))


def _tagging(look: Look, matches: Sequence[Match]) -> TagAsset:
    reason = Reason(
        rule="; ".join(f"{match.category.name}: like “{match.prompt}”" for match in matches),
        scores=tuple((match.category.name, round(match.score, 4)) for match in matches),
        sure=all(match.sure for match in matches),
    )
    tags = tuple(sorted({match.category.tag for match in matches}))
    return TagAsset(account=look.account, asset=look.asset, tags=tags, reason=reason)
