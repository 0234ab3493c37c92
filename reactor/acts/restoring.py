"""The hands that take back: tags, the archive, stacks, portraits; each only what its change names."""

import structlog

from reactor.acts.hands import Libraries, Looking, Writers
from reactor.acts.looking import or_none, photos_of, stacks_among, visibility_of
from reactor.core.changes import (
    PortraitState,
    RemovePortrait,
    RestoreStacks,
    StackState,
    State,
    TagState,
    UnarchiveAssets,
    UntagAsset,
    VisibilityState,
)
from reactor.core.errors import Gone, Stale
from reactor.core.frigate_names import RESERVED
from reactor.core.ids import AssetId, StackId
from reactor.core.journal import Entry, EntryState
from reactor.core.undo import Dissolve, SetCover, SplitOff, Step, TakeOut, way_back
from reactor.ports import FaceLibrary, FaceLibraryWriter, Library

log = structlog.get_logger(__name__)


class UntagHand(Looking[UntagAsset]):
    """Take tags off a photo; one in the trash too, where they would come back with it."""

    def __init__(self, libraries: Libraries, writers: Writers) -> None:
        self._libraries = libraries
        self._writers = writers

    async def read(self, change: UntagAsset) -> State:
        asset = await self._libraries(change.account).asset(change.asset)
        if not asset.mine:
            raise Gone(f"{asset.id} is not ours")
        return TagState(tags=asset.tags, updated_at=asset.updated_at)

    async def call(self, change: UntagAsset, before: State) -> State:
        await self._writers(change.account).remove_tags(change.asset, change.tags)
        return await self.read(change)


class UnarchiveHand(Looking[UnarchiveAssets]):
    """Bring photos back to the timeline; those that do not exist any more are passed over."""

    def __init__(self, libraries: Libraries, writers: Writers) -> None:
        self._libraries = libraries
        self._writers = writers

    async def read(self, change: UnarchiveAssets) -> State:
        return await visibility_of(self._libraries(change.account), change.assets)

    async def call(self, change: UnarchiveAssets, before: State) -> State:
        assert isinstance(before, VisibilityState)
        # What was read is more than what may be taken back: the rest of it the user archived.
        archived = [asset for asset, seen in before.visibility if seen == "archive" and asset in change.assets]
        await self._writers(change.account).set_visibility(archived, "timeline")
        return await self.read(change)


class RestoreHand(Looking[RestoreStacks]):
    """Make of a stack of ours what stood before it, step by step; a crash in between is gone on from."""

    def __init__(self, libraries: Libraries, writers: Writers) -> None:
        self._libraries = libraries
        self._writers = writers

    async def read(self, change: RestoreStacks) -> State:
        library = self._libraries(change.account)
        photos = await photos_of(library, change.members)
        stacks = {asset.stack for asset in photos.values() if asset is not None and asset.stack is not None}
        others = await photos_of(library, change.acquainted if stacks else ())
        beside = {name: asset for name, asset in others.items() if asset is not None and asset.stack in stacks}
        return await stacks_among(library, {**photos, **beside})

    async def call(self, change: RestoreStacks, before: State) -> State:
        assert isinstance(before, StackState)
        return await self._go_on(change, before)

    async def recover(self, entry: Entry, now: State) -> tuple[EntryState, State, str]:
        change = entry.change
        assert isinstance(change, RestoreStacks)
        assert isinstance(now, StackState)
        if way_back(change, now.missing).from_here(frozenset(now.stacks)) is None:
            return EntryState.SUPERSEDED, now, "something else stood there when read again"
        after = await self._go_on(change, now)
        return EntryState.DONE, after, "it was interrupted, and is through now"

    async def _go_on(self, change: RestoreStacks, now: StackState) -> StackState:
        steps = way_back(change, now.missing).from_here(frozenset(now.stacks))
        if steps is None:
            raise Stale("the stack changed while it was taken back", after=1.0)
        for step in steps:
            await self._take(step, change)
        after = await self.read(change)
        assert isinstance(after, StackState)
        return after

    async def _take(self, step: Step, change: RestoreStacks) -> None:
        library, writer = self._libraries(change.account), self._writers(change.account)
        match step:
            case SplitOff(members=members):
                await writer.make_stack(members)
            case SetCover(cover=cover):
                await self._set_cover(change, cover)
            case TakeOut(member=member):
                await writer.remove_from_stack(await _stack_of(library, member), member)
            case Dissolve():
                await writer.delete_stack(await self._whole(library, change))

    async def _set_cover(self, change: RestoreStacks, cover: AssetId) -> None:
        """Make a member the cover; Immich takes none that it does not list but in a stack that is made anew.

        Those are the ones in the trash and the hidden ones.
        """
        library, writer = self._libraries(change.account), self._writers(change.account)
        stack = await _stack_of(library, cover)
        photos = await photos_of(library, change.members)
        inside = {name: asset for name, asset in photos.items() if asset is not None and asset.stack == stack}
        if cover not in inside:
            raise Stale("the stack changed while it was taken back", after=1.0)
        if cover not in await _listed(library, stack):
            await writer.make_stack((cover, *(name for name in inside if name != cover)))
        else:
            await writer.set_cover(stack, cover)

    async def _whole(self, library: Library, change: RestoreStacks) -> StackId:
        for name in sorted(change.members):
            asset = await or_none(library, name)
            if asset is not None and asset.stack is not None:
                return asset.stack
        raise Stale("the stack is gone already", after=1.0)


class RemovalHand(Looking[RemovePortrait]):
    """Delete one file of ours in Frigate."""

    def __init__(self, faces: FaceLibrary, writer: FaceLibraryWriter) -> None:
        self._faces = faces
        self._writer = writer

    async def read(self, change: RemovePortrait) -> State:
        _, files = await self._folder(change)
        return PortraitState(files=files)

    async def call(self, change: RemovePortrait, before: State) -> State:
        name, _ = await self._folder(change)
        await self._writer.delete(name, [change.file])
        return await self.read(change)

    async def _folder(self, change: RemovePortrait) -> tuple[str, frozenset[str]]:
        """Return the folder of the file: one that was renamed keeps its files under their names."""
        folders = await self._faces.faces()
        for name, files in folders.items():
            if change.file in files and name not in RESERVED:
                return name, frozenset(files)
        return change.name, frozenset(folders.get(change.name, ()))


async def _stack_of(library: Library, asset: AssetId) -> StackId:
    found = await or_none(library, asset)
    if found is None or found.stack is None:
        raise Stale("the stack changed while it was taken back", after=1.0)
    return found.stack


async def _listed(library: Library, stack: StackId) -> frozenset[AssetId]:
    try:
        return (await library.stack(stack)).members
    except Gone as error:
        raise Stale("the stack changed while it was taken back", after=1.0) from error
