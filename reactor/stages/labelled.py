"""What is known of a photo when its labels are decided: what it fits, and what of ours nothing asks for any more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reactor.core.categories import Catalogue, Category, archiving_of, name_of
from reactor.core.changes import ArchiveAssets, Change, Reason, UntagAsset
from reactor.core.errors import Blocked, Gone
from reactor.core.events import Event
from reactor.core.gates import GateFacts
from reactor.core.ids import AccountId, AssetId
from reactor.core.journal import Entry
from reactor.core.label_events import ArchiveDoubted
from reactor.core.labelling import Labels, label, scorable, stale_tags
from reactor.core.library import EmbeddedPhoto
from reactor.core.past import Past
from reactor.core.scoring import Scorer
from reactor.core.undo import undo_of
from reactor.core.vetoes import vetoed_tags
from reactor.ports import Services


@dataclass(frozen=True, kw_only=True)
class Look:
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


async def look_at(
    account: AccountId, asset: AssetId, model: str, services: Services, *, vectorless: bool = False
) -> Look | None:
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
        return Look(
            photo=None, account=account, asset=asset, catalogue=catalogue, labels=Labels(open=everything), model=model
        )
    if photo.external and not services.tag_external:
        return None
    labels = await _labels(photo, catalogue, services)
    return Look(photo=photo, account=account, asset=asset, catalogue=catalogue, labels=labels, model=model)


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
        await services.photos.set_file(photo.account, photo.asset, asset.file_name, asset.path)
    try:
        albums = await library.albums_of(photo.asset)
    except Blocked:
        # The key lacks album.read, which is told elsewhere (adapters/immich/checks.py): no other category waits for it.
        return facts
    return replace(facts, albums=frozenset(word for album in albums for word in album))


async def asking(account: AccountId, asset: AssetId, services: Services) -> tuple[Category, ...]:
    """Return the enabled categories that a photo belongs to by the rules of now, and whose tag the user did not refuse.

    What was asked for once may be heard again when nobody asks for it any more: at a replay, or for a whole stack.
    """
    look = await look_at(account, asset, services.embedder.model, services, vectorless=True)
    if look is None:
        return ()
    ours, _ = await services.labels.left(account, asset)
    belongs = {match.category.tag for match in look.labels.sure} | ours.keys()
    belongs -= await _taken_off(account, asset, ours, services)
    belongs |= await services.labels.accepted(account, asset)
    belongs -= vetoed_tags((await services.journal.past(account, "tags", (asset,))).vetoes)
    return tuple(one for one in look.catalogue.of(account) if one.enabled and one.tag in belongs)


async def _taken_off(
    account: AccountId, asset: AssetId, ours: Mapping[str, Entry], services: Services
) -> frozenset[str]:
    """Return those of our tags that the photo carries no more, which nobody may have noticed yet.

    What was set just now does not count: Immich may write it down late.
    """
    if not ours:
        return frozenset()
    try:
        shown = (await services.library(account).asset(asset)).tags
    except Gone:
        return frozenset(ours)
    past = Past(now=services.now())
    return frozenset(tag for tag, entry in ours.items() if tag not in shown and past.is_old(entry))


async def taken_back(look: Look, services: Services) -> tuple[tuple[Change, ...], tuple[Event, ...]]:
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


def _archive_doubted(look: Look, archived: Entry | None, kept: set[str]) -> tuple[Event, ...]:
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
