"""A photo was embedded: tag it by the user's own words, and take back what no word asks for any more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from reactor.core.categories import Catalogue, archiving_of, name_of
from reactor.core.changes import ArchiveAssets, Change, Reason, TagAsset, UntagAsset
from reactor.core.errors import Blocked, Held, NotReady
from reactor.core.events import ArchiveWanted, AssetEmbedded, Event
from reactor.core.gates import GateFacts, level_of
from reactor.core.ids import AccountId, AssetId
from reactor.core.journal import Entry
from reactor.core.label_events import ArchiveDoubted, FacesAwaited, LabelsDoubted
from reactor.core.labelling import Labels, Match, label, scorable, stale_tags
from reactor.core.library import EmbeddedPhoto
from reactor.core.past import age_of
from reactor.core.scoring import Scorer
from reactor.core.undo import undo_of
from reactor.core.wanted import wanted
from reactor.ports import Services
from reactor.routing import Outcome, Router

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
    look = await _look(event.account, event.asset, event.model, services)
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
    look = await _look(event.account, event.asset, event.model, services)
    if look is None:
        return Outcome()
    if look.photo is not None and look.photo.faces is None:
        await _decide_faces(event.account, event.asset, services)
        look = await _look(event.account, event.asset, event.model, services)
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
    look = await _look(event.account, event.asset, services.embedder.model, services, vectorless=True)
    if look is not None and look.asks_for_faces and (await _doubted_by_faces(look, services)):
        look = await _seen_now(look, services)
    if look is None:
        return Outcome()
    untagging, doubts = await _taken_back(look, services)
    return Outcome(events=doubts, changes=untagging)


async def _doubted_by_faces(look: "_Look", services: Services) -> bool:
    """Say whether the photo carries a tag of ours that depends on who is seen."""
    ours, _ = await services.labels.left(look.account, look.asset)
    return any(match.category.gates.asks_for_faces and match.category.tag in ours for match in look.labels.waits)


async def _seen_now(look: "_Look", services: Services) -> "_Look | None":
    try:
        await _decide_faces(look.account, look.asset, services)
    except Blocked:
        return look  # the key lacks a permission, which is told elsewhere: no other tag waits for it
    return await _look(look.account, look.asset, look.model, services)


@dataclass(frozen=True, kw_only=True)
class _Look:
    """A photo with everything that its labels are decided by."""

    photo: EmbeddedPhoto | None
    account: AccountId
    asset: AssetId
    catalogue: Catalogue
    labels: Labels
    model: str

    @property
    def asks_for_faces(self) -> bool:
        """Say whether a category waits to be told who is seen."""
        unknown = self.photo is not None and self.photo.faces is None
        return unknown and any(match.category.gates.asks_for_faces for match in self.labels.waits)


async def _look(
    account: AccountId, asset: AssetId, model: str, services: Services, *, vectorless: bool = False
) -> _Look | None:
    """Return what is known of a photo and what it fits; None where nothing may be said or done about it."""
    catalogue = await services.rules.catalogue()
    if not catalogue.enabled or model != services.embedder.model:
        return None
    found = await services.photos.embedded(account, (asset,), model)
    photo = found[0] if found else None
    if photo is None:
        if not vectorless:
            return None
        everything = frozenset(one.name for one in catalogue.of(account))
        return _Look(
            photo=None, account=account, asset=asset, catalogue=catalogue, labels=Labels(open=everything), model=model
        )
    if photo.external and not services.tag_external:
        return None
    labels = await _labels(photo, catalogue, services)
    return _Look(photo=photo, account=account, asset=asset, catalogue=catalogue, labels=labels, model=model)


async def _labels(photo: EmbeddedPhoto, catalogue: Catalogue, services: Services) -> Labels:
    categories = [one for one in catalogue.of(photo.account) if one.enabled]
    if not categories:
        return Labels()
    calibration = None
    if any(one.similarity is None for one in categories):
        calibration = await services.rules.calibration()
    held = scorable(categories, calibration)
    scorer = Scorer(held, await services.embedder.texts([text for one in held for text in one.texts]))
    labels = label(photo.vector, _facts(photo), categories, scorer, calibration)
    if any(match.category.gates.asks_for_file or match.category.gates.album for match in labels.waits):
        labels = label(photo.vector, await _all_facts(photo, services), categories, scorer, calibration)
    return labels


def _facts(photo: EmbeddedPhoto) -> GateFacts:
    return GateFacts(
        kind=photo.kind,
        camera=photo.camera,
        width=photo.width,
        height=photo.height,
        name=photo.name,
        path=photo.path,
        faces=photo.faces,
    )


async def _all_facts(photo: EmbeddedPhoto, services: Services) -> GateFacts:
    """Return the facts with those that have to be asked for."""
    facts, library = _facts(photo), services.library(photo.account)
    if facts.name is None or facts.path is None:
        asset = await library.asset(photo.asset)
        facts = replace(facts, name=asset.file_name, path=asset.path)
        await services.photos.save(replace(photo, name=asset.file_name, path=asset.path), services.embedder.model)
    try:
        albums = await library.albums_of(photo.asset)
    except Blocked:
        # The key lacks album.read, which is told elsewhere (adapters/immich/checks.py): no other category waits for it.
        return facts
    return replace(facts, albums=frozenset(word for album in albums for word in album))


async def _decided(look: _Look, services: Services) -> Outcome:
    untagging, doubts = await _taken_back(look, services)
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


def _tagging(look: _Look, matches: Sequence[Match]) -> TagAsset:
    reason = Reason(
        rule="; ".join(f"{match.category.name}: like “{match.prompt}”" for match in matches),
        scores=tuple((match.category.name, round(match.score, 4)) for match in matches),
        sure=all(match.sure for match in matches),
    )
    tags = tuple(sorted({match.category.tag for match in matches}))
    return TagAsset(account=look.account, asset=look.asset, tags=tags, reason=reason)


async def _taken_back(look: _Look, services: Services) -> tuple[tuple[Change, ...], tuple[Event, ...]]:
    """Return what takes stale tags off, and the doubt about the archive where nothing asks for that any more."""
    ours, archived = await services.labels.left(look.account, look.asset)
    if not ours and archived is None:
        return (), ()
    stale = stale_tags(ours, look.labels, look.catalogue, look.account)
    if stale:
        accepted = await services.labels.accepted(look.account, look.asset)
        stale = tuple(tag for tag in stale if tag not in accepted)
    kept = ours.keys() - set(stale)
    return _untagging(ours, stale), _archive_doubted(look, archived, kept)


def _untagging(ours: Mapping[str, Entry], stale: Sequence[str]) -> tuple[Change, ...]:
    """Return a change for each entry that set one of the tags."""
    changes = []
    for number in sorted({ours[tag].id for tag in stale}):
        mine = [tag for tag in stale if ours[tag].id == number]
        change = undo_of(ours[mine[0]], mine)
        if isinstance(change, UntagAsset):
            why = Reason(rule=f"no category asks for {', '.join(map(name_of, mine))} any more")
            changes.append(replace(change, by="rule", reason=why))
    return tuple(changes)


def _archive_doubted(look: _Look, archived: Entry | None, kept: set[str]) -> tuple[Event, ...]:
    """Return the doubt where we archived the photo for categories of which none wants it there any more.

    Whoever is switched off, or cannot be decided now, is taken to want it still; so is a category that still fits and
    does not archive any more: what it archived stays (docs/labels.md).
    """
    if archived is None or not isinstance(archived.change, ArchiveAssets) or not archived.change.categories:
        return ()
    known = {one.name: one for one in look.catalogue.of(look.account)}
    fit = {match.category.name for match in (*look.labels.fits, *look.labels.waits)}
    still = [
        name
        for name in archived.change.categories
        if (category := known.get(name)) is not None
        and (not category.enabled or name in fit or name in look.labels.open or category.tag in kept)
    ]
    others = archiving_of([match.category.tag for match in look.labels.sure], list(known.values()))
    if still or others:
        return ()
    return (
        ArchiveDoubted(
            account=look.account,
            asset=look.asset,
            categories=archived.change.categories,
            why=f"{archived.id}:{look.catalogue.revision}",
        ),
    )
