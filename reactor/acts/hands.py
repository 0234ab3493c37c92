"""The hands that change Immich and Frigate: read, call; nothing else in the reactor holds a writing client."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

import structlog

from reactor.acts.looking import photos_of, stacks_among, stacks_of, visibility_of
from reactor.acts.making import Making
from reactor.core.changes import (
    AddPortrait,
    ArchiveAssets,
    PortraitState,
    StackAssets,
    StackState,
    State,
    TagAsset,
    TagState,
    VisibilityState,
)
from reactor.core.errors import Blocked, Gone, Held, Permanent, Retryable, Stale, Unreachable
from reactor.core.ids import AccountId, AssetId
from reactor.core.journal import Entry, EntryState
from reactor.core.library import Asset, StackNow
from reactor.core.past import age_of
from reactor.core.portraits import NoFace
from reactor.core.standing import Unknown, resolve
from reactor.ports import FaceLibrary, FaceLibraryWriter, Library, LibraryWriter, Portraits

log = structlog.get_logger(__name__)

ChangeT = TypeVar("ChangeT")
ChangeT_contra = TypeVar("ChangeT_contra", contravariant=True)
Libraries = Callable[[AccountId], Library]
Writers = Callable[[AccountId], LibraryWriter]


class Untouched(Exception):
    """Say that nothing was sent, or nothing stored, and why."""

    def __init__(self, why: Retryable) -> None:
        super().__init__(str(why))
        self.why = why


class Hand(Protocol, Generic[ChangeT_contra]):
    """Carry out one kind of change."""

    async def read(self, change: ChangeT_contra) -> State:
        """Read what stands before the change; raises Gone or Stale where it may not be made as things are."""
        ...

    async def look(self, change: ChangeT_contra) -> State:
        """Read what stands, to learn what became of a call; Gone only where nothing is left that it could have left."""
        ...

    async def call(self, change: ChangeT_contra, before: State) -> State:
        """Make the change and return the state that was read back.

        Raises Untouched where it is known that nothing was changed; any other Retryable leaves the outcome unknown.
        """
        ...

    async def recover(self, entry: Entry, now: State) -> tuple[EntryState, State, str]:
        """Tell what became of a call that was never answered: the entry's new state, the state found, a note."""
        ...


def recovered(entry: Entry, now: State) -> tuple[EntryState, State, str]:
    """Tell from two readings what became of a call whose effect shows whole or not at all."""
    match resolve(entry.change, entry.before, now):
        case Unknown.ARRIVED:
            return EntryState.DONE, now, "the answer was lost; found done when read again"
        case Unknown.NEVER_ARRIVED:
            return EntryState.SUPERSEDED, now, "the call never arrived; it is made again"
        case Unknown.OVERTAKEN:
            return EntryState.SUPERSEDED, now, "something else stood there when read again"


class Looking(ABC, Generic[ChangeT]):
    """A hand whose call shows whole or not at all, and which looks as it reads."""

    @abstractmethod
    async def read(self, change: ChangeT) -> State: ...

    async def look(self, change: ChangeT) -> State:
        return await self.read(change)

    async def recover(self, entry: Entry, now: State) -> tuple[EntryState, State, str]:
        return recovered(entry, now)


class TagHand(Looking[TagAsset]):
    """Set tags: one call with the whole set, since Immich loses the second of two quick ones."""

    def __init__(self, libraries: Libraries, writers: Writers) -> None:
        self._libraries = libraries
        self._writers = writers
        self._making = Making(libraries)

    async def read(self, change: TagAsset) -> TagState:
        asset = await self._libraries(change.account).asset(change.asset)
        if not asset.is_open and not set(change.tags) <= asset.tags:
            raise Gone(f"{asset.id} is in the trash, locked, hidden or not ours; nothing is tagged")
        return TagState(tags=asset.tags, updated_at=asset.updated_at)

    async def call(self, change: TagAsset, before: State) -> State:
        missing = await self._making.missing(change.account, change.tags)
        await self._writers(change.account).add_tags(change.asset, change.tags)
        return replace(await self.read(change), made=await self._making.made(change.account, missing))


class ArchiveHand(Looking[ArchiveAssets]):
    """Archive a photo, or all members of a stack together."""

    def __init__(self, libraries: Libraries, writers: Writers) -> None:
        self._libraries = libraries
        self._writers = writers

    async def read(self, change: ArchiveAssets) -> State:
        library = self._libraries(change.account)
        try:
            assets = [await library.asset(asset) for asset in sorted(change.assets)]
        except Gone as error:
            if len(change.assets) == 1:
                raise
            raise Stale("a photo of the stack is gone; decided anew", after=1.0) from error
        await self._expect_whole_stacks(library, assets)
        if shut := [asset.id for asset in assets if not asset.is_open]:
            raise Gone(f"{', '.join(shut)} is in the trash, locked or hidden; nothing is archived")
        return VisibilityState(visibility=tuple((asset.id, asset.visibility) for asset in assets))

    async def look(self, change: ArchiveAssets) -> State:
        return await visibility_of(self._libraries(change.account), change.assets)

    async def _expect_whole_stacks(self, library: Library, assets: Sequence[Asset]) -> None:
        """Raise Retryable where archiving would hide the rest of a stack, which the user may have made just now."""
        wished = {asset.id for asset in assets}
        for stack in sorted({asset.stack for asset in assets if asset.stack is not None}):
            try:
                members = (await library.stack(stack)).members
            except Gone as error:
                raise Stale("a stack changed while it was read; decided anew", after=1.0) from error
            if not members <= wished:
                raise Stale("the stack holds other photos by now; decided anew", after=1.0)

    async def call(self, change: ArchiveAssets, before: State) -> State:
        assert isinstance(before, VisibilityState)
        open_ones = [asset for asset, visibility in before.visibility if visibility != "archive"]
        await self._writers(change.account).archive(open_ones)
        return await self.read(change)


class StackHand(Looking[StackAssets]):
    """Make one stack of the members; posting every member takes a former stack of ours along whole."""

    def __init__(self, libraries: Libraries, writers: Writers) -> None:
        self._libraries = libraries
        self._writers = writers

    async def read(self, change: StackAssets) -> State:
        library = self._libraries(change.account)
        photos = await photos_of(library, change.members)
        # In one stack with a photo that left the timeline the others might be shown no more.
        if any(photo is None or not photo.is_open or photo.visibility != "timeline" for photo in photos.values()):
            raise Stale("a photo of the stack is not in the timeline any more; decided anew", after=1.0)
        return await stacks_among(library, photos)

    async def look(self, change: StackAssets) -> State:
        return await stacks_of(self._libraries(change.account), change.members)

    async def call(self, change: StackAssets, before: State) -> State:
        assert isinstance(before, StackState)
        writer = self._writers(change.account)
        wished = frozenset(change.members)
        if any(members == wished for _, members in before.stacks):
            present = await self._stack_of(change.account, change.cover)
            if present is not None:
                await writer.set_cover(present.id, change.cover)
        else:
            await writer.make_stack([change.cover, *sorted(wished - {change.cover})])
        made = await self._stack_of(change.account, change.cover)
        if made is None or made.members != wished:
            return await self.look(change)
        return StackState(stacks=((made.primary, made.members),))

    async def _stack_of(self, account: AccountId, asset: AssetId) -> StackNow | None:
        library = self._libraries(account)
        try:
            stack = (await library.asset(asset)).stack
            return None if stack is None else await library.stack(stack)
        except Gone as error:
            raise Stale(f"{asset} or its stack is gone; decided anew", after=1.0) from error


class PortraitHand(Looking[AddPortrait]):
    """Give Frigate one face.

    Registering is not idempotent and its answer names no file (facts/frigate-api.md section 0), so the list of files
    is read before and after, and a lost answer is recovered by looking at what is new.
    """

    def __init__(
        self,
        libraries: Libraries,
        faces: FaceLibrary,
        writer: FaceLibraryWriter,
        portraits: Portraits,
        *,
        now: Callable[[], datetime],
        unanswered: timedelta,
    ) -> None:
        self._libraries = libraries
        self._faces = faces
        self._writer = writer
        self._portraits = portraits
        self._now = now
        self._unanswered = unanswered

    async def read(self, change: AddPortrait) -> State:
        faces = await self._faces.faces()
        return PortraitState(files=frozenset(faces.get(change.name, ())))

    async def call(self, change: AddPortrait, before: State) -> State:
        assert isinstance(before, PortraitState)
        await self._expect_still_theirs(change)
        try:
            crop = await self._crop(change)
            await self._writer.register(change.name, crop)
        except (Unreachable, Blocked) as error:
            # A register whose answer was lost is a plain Retryable (adapters/frigate).
            raise Untouched(error) from error
        after = await self.read(change)
        assert isinstance(after, PortraitState)
        ours = await self._ours(change, crop, after.files - before.files)
        if len(ours) != 1:
            raise Retryable(f"Frigate took the face of {change.name}, but {len(ours)} new files look like it")
        return PortraitState(files=after.files, ours=ours[0])

    async def _expect_still_theirs(self, change: AddPortrait) -> None:
        """Raise Untouched where the user has given the face to somebody else since it was chosen."""
        try:
            faces = await self._libraries(change.account).faces(change.asset)
        except (Unreachable, Blocked) as error:
            raise Untouched(error) from error
        if not any(face.id == change.face and face.person == change.person for face in faces):
            raise Untouched(Stale("the face is gone, or somebody else's by now; decided anew", after=1.0))

    async def recover(self, entry: Entry, now: State) -> tuple[EntryState, State, str]:
        """Look for our crop among the files that are new; wait while a late answer is still possible."""
        change = entry.change
        assert isinstance(change, AddPortrait)
        assert isinstance(entry.before, PortraitState)
        assert isinstance(now, PortraitState)
        new = now.files - entry.before.files
        try:
            ours = await self._ours(change, await self._crop(change), new, alone=False)
        except (Gone, NoFace):
            if not new:
                raise
            return EntryState.PARKED, now, f"the photo is gone; which of {len(new)} new files is ours cannot be told"
        if len(ours) == 1:
            return EntryState.DONE, PortraitState(files=now.files, ours=ours[0]), "the answer was lost; found stored"
        if len(ours) > 1:
            return EntryState.PARKED, now, f"{len(ours)} new files look like the same face; none is touched"
        age = age_of(entry.written_at, self._now())
        if age < self._unanswered:
            wait = (self._unanswered - age).total_seconds()
            raise Held(f"an upload for {change.name} is unanswered and may still be stored", after=max(wait, 0.5))
        return EntryState.SUPERSEDED, now, "the upload never arrived; it is made again"

    async def conclude(self, change: AddPortrait) -> None:
        """Let Frigate take up what was written; without it new faces may be ignored until the next write."""
        try:
            await self._writer.settle(await self._crop(change))
        except (Retryable, Permanent) as error:
            # The faces are stored and journalled; only Frigate's own taking-up is late.
            log.warning("Frigate has not taken up the new faces yet", error=str(error))

    async def _crop(self, change: AddPortrait) -> bytes:
        # A box is in the coordinates of the edited picture (facts/immich-api.md section 4).
        preview = await self._libraries(change.account).preview(change.asset, edited=True)
        return await self._portraits.crop(preview.data, change.box, change.frame)

    async def _ours(self, change: AddPortrait, crop: bytes, new: frozenset[str], *, alone: bool = True) -> list[str]:
        if alone and len(new) == 1:
            return list(new)  # answered and only one came: no need to look at it
        found = []
        for file in sorted(new):
            try:
                picture = await self._faces.picture(change.name, file)
            except Permanent:
                continue  # taken away meanwhile
            if await self._portraits.looks_like(crop, picture):
                found.append(file)
        return found
