"""A photo was embedded: tag it by the user's own words."""

from collections.abc import Sequence

from reactor.core.categories import Category, Match, archiving_of, match_categories
from reactor.core.changes import Reason, TagAsset
from reactor.core.events import ArchiveWanted, AssetEmbedded, Event
from reactor.core.wanted import wanted
from reactor.ports import Services
from reactor.routing import Outcome, Router

router = Router()


def lane(event: Event) -> str:
    """Return the lane of the photo's tags: one writer at a time."""
    return f"tags:{event.subject}"


@router.on(AssetEmbedded, name="classify", lane=lane, concurrency=4)
async def classify(events: Sequence[Event], services: Services) -> Outcome:
    """Wish for one tag call with every category that fits, and for what else a category says (archive, album).

    A category in its grey zone is suggested, each by itself, and does nothing else until it is accepted. A photo of an
    external library is left alone where Immich must not write beside the user's own files.
    """
    (event,) = events
    assert isinstance(event, AssetEmbedded)
    categories = services.categories(event.account)
    photos = await services.photos.embedded(event.account, (event.asset,), event.model)
    if not photos or not categories or event.model != services.embedder.model:
        return Outcome()
    if photos[0].external and not services.tag_external:
        return Outcome()
    prompts = await services.embedder.texts([prompt for category in categories for prompt in category.prompts])
    matches = match_categories(photos[0].vector, categories, prompts)
    sure = [match for match in matches if match.sure]
    changes = tuple(_tagging(event, part) for part in (sure, *([one] for one in matches if not one.sure)) if part)
    return Outcome(events=(*_archive(event, sure, categories), *_more(event, sure)), changes=changes)


def _archive(event: AssetEmbedded, sure: Sequence[Match], categories: Sequence[Category]) -> tuple[Event, ...]:
    archiving = archiving_of([match.category.tag for match in sure], categories)
    if not archiving:
        return ()
    return (
        ArchiveWanted(
            account=event.account, asset=event.asset, categories=archiving, model=event.model, checksum=event.checksum
        ),
    )


def _more(event: AssetEmbedded, sure: Sequence[Match]) -> tuple[Event, ...]:
    """Return what the categories ask for beside tags and archive."""
    categories = [match.category for match in sure]
    return wanted(event.account, event.asset, categories, model=event.model, checksum=event.checksum)


def _tagging(event: AssetEmbedded, matches: Sequence[Match]) -> TagAsset:
    reason = Reason(
        rule="; ".join(f"{match.category.name}: like “{match.prompt}”" for match in matches),
        scores=tuple((match.category.name, round(match.score, 4)) for match in matches),
        sure=all(match.sure for match in matches),
    )
    tags = tuple(sorted({match.category.tag for match in matches}))
    return TagAsset(account=event.account, asset=event.asset, tags=tags, reason=reason)
