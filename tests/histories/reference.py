"""The library as it would be had the reactor never run: the user's acts alone, told again in plain Python.

What a user does to a photo (tags, archive, trash, favourite, albums, deletion) is done here as it is there. What the
user does to a thing of ours, which does not stand here, is told so:

- What the user takes off, out or back (a tag, a photo out of the archive, the favourites or an album, a stack taken
  apart, a picture deleted in Frigate) is gone, here as there.
- A stack that the user touched (another cover, a member taken out or stolen, others added) is the user's from then on,
  with the cover and the members that the user left: it stands here too. Unless it is by that as we had left a stack
  before (the member that we had added last was taken out again): nothing of it is the user's, and undo takes it back,
  as far as to what the user had made of it before we added to it.
- What we add to a stack of the user's own making is taken back; what we add to one that became the user's, too.
- Photos in the trash keep their place in a stack; a photo that is deleted leaves it, and Immich makes the next the
  cover; the stack stays whose it was, but where what is left is as we had left it. A photo that was taken out of a
  stack of ours and deleted before the reactor looked is, for anybody who looks then, one that was deleted in it.
- A tag set again, a photo archived, made a favourite or put into an album again, a stack made again by hand, minutes
  after it was taken off and seen to be so, is the user's.

It knows nothing of how the reactor decides; of the reactor's doings it is told what the server's log of writes holds.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from .shown import Library, Photo, Stack


class Reference:
    """The user's library."""

    def __init__(self) -> None:
        self.photos: dict[str, Photo] = {}
        self.stacks: set[Stack] = set()
        self.pictures: set[tuple[str, str]] = set()
        self.ours: set[Stack] = set()
        """Stacks as we left them, of which the user was not yet seen to have parted any."""
        self.moved: set[tuple[str, str]] = set()
        """Covers that we put on top, each in the place of one that was not shown any more."""
        self.within: dict[Stack, frozenset[Stack]] = {}
        """The user's stacks to which we added in each of those."""
        self._joined: set[frozenset[str]] = set()
        """The members of ``ours`` that we put together, and did not only give another cover."""
        self._within_before: dict[Stack, frozenset[Stack] | None] = {}
        """What ``within`` said of each of them before we left it so for the last time."""

    def library(self) -> Library:
        return Library(
            photos=dict(self.photos),
            stacks={str(number): stack for number, stack in enumerate(sorted(self.stacks, key=str))},
            pictures=frozenset(self.pictures),
        )

    @property
    def made(self) -> frozenset[Stack]:
        """The stacks that the user made, not those of ours to which the user only gave another cover."""
        return frozenset(stack for stack in self.stacks if stack[1] not in self._joined)

    def change(self, assets: Collection[str], **fields: object) -> None:
        for asset in assets:
            self.photos[asset] = replace(self.photos[asset], **fields)  # type: ignore[arg-type] # fields of Photo

    def tag(self, asset: str, tag: str) -> None:
        self.change([asset], tags=self.photos[asset].tags | {tag})

    def untag(self, asset: str, tag: str) -> None:
        self.change([asset], tags=self.photos[asset].tags - {tag})

    def put(self, asset: str, album: str) -> None:
        self.change([asset], albums=self.photos[asset].albums | {album})

    def take_out(self, asset: str, album: str) -> None:
        self.change([asset], albums=self.photos[asset].albums - {album})

    def we_left(self, stack: Stack) -> None:
        """Hear that a call of the reactor's left this stack."""
        if stack not in self.stacks:
            self._within_before[stack] = self.within[stack] if stack in self.ours else None
            self.ours.add(stack)
            self.within[stack] = frozenset(one for one in self.stacks if one[1] <= stack[1])
            if not any(was[1] == stack[1] for was in self.within[stack]):
                self._joined.add(stack[1])

    def we_parted(self, stack: Stack) -> None:
        """Hear that we took a stack of ours apart, since it was wrong: we had not left it so."""
        self.ours = {one for one in self.ours if self._present(one[1]) != self._present(stack[1])}
        self._joined.discard(stack[1])

    def we_took_back(self, stack: Stack) -> None:
        """Hear that the cover which we had moved, so that this stack stood, was put back: as if it had never been."""
        before = self._within_before.pop(stack, None)
        if before is not None:
            self.within[stack] = before
        else:
            self.ours.discard(stack)

    def seen_apart(self, standing: Collection[Stack]) -> None:
        """Hear that the reactor looked: what does not stand together any more was parted by the user, or taken back."""
        self.ours = {one for one in self.ours if any(self._present(one[1]) <= members for _, members in standing)}
        self._joined &= {members for _, members in self.ours}

    def _the_users(self, stack: Stack) -> frozenset[Stack]:
        """Return what of a stack is the user's: all, or where it is as we left one, what they had made of it before.

        As we left it is also one of which photos were deleted since, and one whose cover we moved, when it had left
        the timeline, after we had made it.
        """
        left = [
            (cover, members)
            for cover, members in self.ours
            if self._present(members) == stack[1]
            and (cover == stack[0] or cover not in self.photos or (stack[0], cover) in self.moved)
        ]
        if not left:
            return frozenset({stack})
        found = {(cover, self._present(members)) for one in left for cover, members in self.within[one]}
        return frozenset(
            (cover if cover in members else min(members), members) for cover, members in found if len(members) > 1
        )

    def _present(self, members: frozenset[str]) -> frozenset[str]:
        return members.intersection(self.photos)

    def stacked(self, before: Mapping[str, Stack], after: Mapping[str, Stack]) -> None:
        """Hear what an act of the user on stacks made of the stacks that Immich shows."""
        old, new = frozenset(before.values()), frozenset(after.values())
        touched = frozenset[str]().union(*(members for _, members in old ^ new))
        self.stacks = {stack for stack in self.stacks if not stack[1] & touched}
        for stack in new:
            if stack[1] & touched and len(stack[1]) > 1:
                self.stacks |= self._the_users(stack)

    def deleted(self, assets: Collection[str], before: Mapping[str, Stack], after: Mapping[str, Stack]) -> None:
        """Hear that photos were deleted for good; the stacks that lost one stay whose they were."""
        for asset in assets:
            del self.photos[asset]
        for number, was in before.items():
            now = after.get(number)
            if now == was:
                continue
            mine = was in self.stacks
            self.stacks.discard(was)
            if mine and now is not None and len(now[1]) > 1:
                self.stacks |= self._the_users(now)
        gone = frozenset(assets)
        # Those that our stacks hide: the user's own that were grown by us.
        for cover, members in [stack for stack in self.stacks if stack[1] & gone]:
            self.stacks.discard((cover, members))
            left = members - gone
            if len(left) > 1:
                # One whose cover was only moved has the moved one where its own was deleted.
                shown = [now for now, inside in after.values() if inside == left]
                self.stacks.add((cover if cover in left else (*shown, min(left))[0], left))
        lost = {self._present(members) for _, members in self.ours if members & gone}
        for stack in [one for one in self.stacks if one[1] in lost]:
            self.stacks.discard(stack)
            self.stacks |= self._the_users(stack)
