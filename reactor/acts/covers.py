"""The hands that change which photo lies on top of a stack, and nothing else of it."""

from reactor.acts.hands import Libraries, Looking, Untouched, Writers
from reactor.acts.looking import or_none, photos_of
from reactor.core.changes import MoveCover, ReturnCover, StackState, State
from reactor.core.errors import Gone, Permanent, Stale
from reactor.core.ids import AssetId
from reactor.core.library import Asset, StackNow, trashed_in
from reactor.core.moving import is_shown
from reactor.ports import Library


class MoveHand(Looking[MoveCover]):
    """Put another photo on top in the place of one that the timeline does not show."""

    def __init__(self, libraries: Libraries, writers: Writers) -> None:
        self._libraries = libraries
        self._writers = writers

    async def read(self, change: MoveCover) -> State:
        library = self._libraries(change.account)
        cover = await or_none(library, change.cover)
        if cover is None or cover.stack is None:
            raise Stale("the photo is not in the stack any more; decided anew", after=1.0)
        stack = await _stack(cover, library)
        if stack.primary != change.cover:
            await self._expect_needed(change, cover, stack, library)
        return _state(stack)

    async def _expect_needed(self, change: MoveCover, cover: Asset, stack: StackNow, library: Library) -> None:
        if stack.primary != change.away or not is_shown(cover):
            raise Stale("the stack has another cover by now; decided anew", after=1.0)
        if not change.comes_back and is_shown(await or_none(library, change.away)):
            raise Stale("the cover is in the timeline again; decided anew", after=1.0)

    async def look(self, change: MoveCover) -> State:
        return await _state_of((change.cover, change.away, *change.members), self._libraries(change.account))

    async def call(self, change: MoveCover, before: State) -> State:
        library = self._libraries(change.account)
        cover = await or_none(library, change.cover)
        if cover is None or cover.stack is None:
            raise Untouched(Stale("the stack changed while its cover was moved; decided anew", after=1.0))
        try:
            await self._writers(change.account).set_cover(cover.stack, change.cover)
        except Permanent as error:
            # Immich takes none for a cover that it does not list: one that left the timeline just now.
            why = Stale(f"Immich does not take it for a cover ({error}); decided anew", after=1.0)
            raise Untouched(why) from error
        return await self.look(change)


class ReturnHand(Looking[ReturnCover]):
    """Put the former cover on top again, one in the trash too."""

    def __init__(self, libraries: Libraries, writers: Writers) -> None:
        self._libraries = libraries
        self._writers = writers

    async def read(self, change: ReturnCover) -> State:
        library = self._libraries(change.account)
        photos = await photos_of(library, {change.back, *change.members})
        back = photos[change.back]
        if back is None or not back.mine or back.stack is None:
            return StackState(stacks=(), missing=frozenset({change.back}))
        stack = await _stack(back, library)
        inside = [asset for asset in photos.values() if asset is not None and asset.stack == stack.id]
        members = stack.members.union(asset.id for asset in inside)
        known = sum(asset.trashed and asset.visibility == "timeline" for asset in inside)
        # A cover that Immich does not list comes back by a stack that is made anew, which takes along whom it lists.
        unknown = back.id not in stack.members and trashed_in(back, stack) > known
        more = frozenset({stack.primary}) if unknown else frozenset[AssetId]()
        missing = frozenset(name for name, asset in photos.items() if asset is None)
        return StackState(stacks=((stack.primary, members),), missing=missing, more=more)

    async def call(self, change: ReturnCover, before: State) -> State:
        assert isinstance(before, StackState)
        library, writer = self._libraries(change.account), self._writers(change.account)
        back = await or_none(library, change.back)
        if back is None or back.stack is None:
            raise Untouched(Stale("the stack changed while it was read", after=1.0))
        stack = await _stack(back, library)
        if back.id in stack.members:
            await writer.set_cover(stack.id, back.id)
        else:
            ((primary, members),) = before.stacks
            await writer.make_stack((back.id, primary, *sorted(members - {back.id, primary})))
        return await self.read(change)


async def _state_of(names: tuple[AssetId, ...], library: Library) -> StackState:
    """Return the stack in which the first of the photos stands that stands in one."""
    for name in names:
        asset = await or_none(library, name)
        if asset is not None and asset.stack is not None:
            return _state(await _stack(asset, library))
    return StackState(stacks=())


def _state(stack: StackNow) -> StackState:
    return StackState(stacks=((stack.primary, stack.members | {stack.primary}),))


async def _stack(asset: Asset, library: Library) -> StackNow:
    assert asset.stack is not None
    try:
        return await library.stack(asset.stack)
    except Gone as error:
        raise Stale("a stack changed while it was read", after=1.0) from error
