"""Which photos may be archived together: a stack is archived whole or not at all."""

from collections.abc import Collection, Mapping, Sequence

from reactor.core.ids import AssetId
from reactor.core.journal import Entry
from reactor.core.library import Asset
from reactor.core.past import was_archived


def archivable(
    together: Sequence[Asset], wanted: Collection[AssetId], done: Mapping[str, Entry], vetoed: Collection[str] = ()
) -> tuple[AssetId, ...]:
    """Return the ids to archive in one call: all of ``together``, or none.

    ``together`` is a photo alone, or every member of its stack; archiving a part of a stack would hide the rest of
    it. None of them where a member is not wanted in the archive, may not be changed, is ``vetoed``, or was brought
    back by the user after we archived it, and where all are in the archive already. What the user archived again is
    no offence.
    """
    allowed = all(
        asset.id in wanted
        and asset.is_open
        and not _brought_back(asset, done.get(asset.id))
        and (asset.id not in vetoed or asset.visibility == "archive")
        for asset in together
    )
    if not allowed or all(asset.visibility == "archive" for asset in together):
        return ()
    return tuple(sorted(asset.id for asset in together))


def _brought_back(asset: Asset, entry: Entry | None) -> bool:
    return was_archived(entry, asset.id) and asset.visibility != "archive"
