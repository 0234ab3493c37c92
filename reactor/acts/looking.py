"""How photos stand, whatever became of them: what is gone is left out, and nothing is a reason to refuse."""

from collections.abc import Collection, Mapping

from reactor.core.changes import StackState, VisibilityState
from reactor.core.errors import Gone, Stale
from reactor.core.ids import AssetId, StackId
from reactor.core.library import Asset, StackNow, trashed_in
from reactor.ports import Library


async def visibility_of(library: Library, assets: Collection[AssetId]) -> VisibilityState:
    """Return the visibility of those that exist, in the trash too; raises Gone where none does."""
    found = (await photos_of(library, assets)).values()
    there = tuple((asset.id, asset.visibility) for asset in found if asset is not None and asset.mine)
    if not there:
        raise Gone("none of these photos exists any more")
    return VisibilityState(visibility=there)


async def stacks_of(library: Library, members: Collection[AssetId]) -> StackState:
    """Return the stacks of the photos; hidden ones and those in the trash count, though Immich lists them no more."""
    return await stacks_among(library, await photos_of(library, members))


async def photos_of(library: Library, assets: Collection[AssetId]) -> Mapping[AssetId, Asset | None]:
    """Return each photo, None for one that does not exist (any more)."""
    return {asset: await or_none(library, asset) for asset in sorted(assets)}


async def stacks_among(library: Library, photos: Mapping[AssetId, Asset | None]) -> StackState:
    """Return the stacks of photos that were read."""
    stacks: dict[StackId, StackNow] = {}
    inside: dict[StackId, set[AssetId]] = {}
    unseen: dict[StackId, int] = {}
    missing: set[AssetId] = set()
    for name, asset in photos.items():
        if asset is None or not asset.mine:
            missing.add(name)
        elif asset.stack is not None:
            stacks[asset.stack] = stacks.get(asset.stack) or await _stack(library, asset.stack)
            inside.setdefault(asset.stack, set()).add(name)  # hidden ones and those in the trash are not listed
            unseen.setdefault(asset.stack, trashed_in(asset, stacks[asset.stack]))
            unseen[asset.stack] -= asset.trashed and asset.visibility == "timeline"
    found = {(stack.primary, stack.members | inside[stack.id]) for stack in stacks.values()}
    more = frozenset(stacks[name].primary for name, count in unseen.items() if count > 0)
    return StackState(stacks=tuple(sorted(found, key=lambda one: one[0])), missing=frozenset(missing), more=more)


async def or_none(library: Library, asset: AssetId) -> Asset | None:
    """Return the photo, None where it does not exist (any more)."""
    try:
        return await library.asset(asset)
    except Gone:
        return None


async def _stack(library: Library, stack: StackId) -> StackNow:
    try:
        return await library.stack(stack)
    except Gone as error:
        raise Stale("a stack changed while it was read", after=1.0) from error
