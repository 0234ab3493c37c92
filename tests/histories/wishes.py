"""What the categories ask for, told again in plain Python: which labels of ours may stand, and which must.

- A tag of ours stands where its category is there and the photo fits it, or the category is switched off; it is taken
  off nowhere else. What the user tagged, archived, made a favourite or put into an album stands always.
- A photo that we archived stays while anything that archived it fits it still (though it should only tag by now) or is
  switched off, and while another category that fits archives. A stack comes back whole, and only where a member of it
  is wanted in the archive no more.
- What the rules took back is no word of the user's: asked anew, all is set that is asked for and that the user, or an
  undo, never took away.

It knows nothing of scores: a photo fits what it shows, and a faint one only while the category is not strict.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from .shown import Library, Photo, Tagged
from .vision import AUTO, CATEGORIES, Look


@dataclass(frozen=True, kw_only=True)
class Word:
    """A category, as a person speaks of it."""

    there: bool = True
    on: bool = True
    strict: bool = False
    archives: bool = False


@dataclass(frozen=True, kw_only=True)
class Deeds:
    """What the reactor did in one go, and the library before and after; ``mine`` are the photos as the user has them.

    ``changed`` says that the categories had changed, ``anew`` that all was asked anew.
    """

    before: Library
    after: Library
    mine: Mapping[str, Photo]
    looks: Mapping[str, Look | None]
    tagged: frozenset[Tagged]
    untagged: frozenset[Tagged]
    archived: tuple[frozenset[str], ...]
    shown: frozenset[str]
    applied: bool
    changed: bool = False
    anew: bool = False


@dataclass(kw_only=True)
class Wishes:
    """The categories of now, and what is remembered of what they asked for before."""

    words: dict[str, Word] = field(
        default_factory=lambda: {one.name: Word(archives=one.archives) for one in CATEGORIES}
    )
    labelling: bool = True
    off: set[Tagged] = field(default_factory=set)
    """Tags that the user, or an undo, ever took off: nothing is expected of them any more."""
    vetoed: set[Tagged] = field(default_factory=set)
    """Those of them that may not be set: nobody set them again since, nor revoked the veto."""
    shown: set[str] = field(default_factory=set)
    """Photos that the user, or an undo, ever brought back: likewise."""
    planned: set[Tagged] = field(default_factory=set)
    """Tags that are only planned to be taken off."""
    taken_off: set[Tagged] = field(default_factory=set)
    archived_for: dict[str, frozenset[str]] = field(default_factory=dict)
    """The categories that a photo was archived for, by the rules of then."""
    with_it: dict[str, frozenset[str]] = field(default_factory=dict)
    """The same, with those of the photos that were archived in the same call."""

    def change(self, name: str, **fields: bool) -> None:
        self.words[name] = replace(self.words[name], **fields)

    def take_in(self, deeds: Deeds) -> None:
        """Remember for what photos were archived, and what the rules took off."""
        self.taken_off |= deeds.untagged
        for together in deeds.archived:
            for asset in together:
                self.archived_for[asset] = frozenset(self._archiving(asset, deeds))
            union = frozenset[str]().union(*(self.archived_for[asset] for asset in together))
            self.with_it |= dict.fromkeys(together, union)

    def plan(self, deeds: Deeds) -> None:
        """Remember what is to be taken off, and is not."""
        self.planned |= set(self._stale(deeds))

    def faults(self, deeds: Deeds) -> Iterator[str]:
        """Say what was done, or left, that should not have been."""
        yield from self._wronged(deeds)
        yield from self._done_wrongly(deeds)
        yield from self._shown_wrongly(deeds)
        if deeds.applied and self.labelling:
            for asset, tag in self._stale(deeds):
                if (asset, tag) not in self.planned:
                    yield f"{tag} is on {asset} still, and no category asks for it"
            if deeds.changed:
                yield from self._hidden_still(deeds)
            if deeds.anew:
                yield from self._missing(deeds)

    def _wronged(self, deeds: Deeds) -> Iterator[str]:
        for asset, mine in deeds.mine.items():
            found = deeds.after.photos.get(asset)
            stands = found is not None and (
                mine.tags <= found.tags
                and mine.albums <= found.albums
                and mine.favourite <= found.favourite
                and (mine.visibility == "timeline" or found.visibility == mine.visibility)
            )
            if not stands:
                yield f"the user's own was touched: {asset} is {found}, the user's is {mine}"

    def _done_wrongly(self, deeds: Deeds) -> Iterator[str]:
        for asset, tag in deeds.untagged:
            if not self.labelling or self._may_stand(asset, tag, deeds):
                yield f"{tag} was taken off {asset}, though it may stand there"
        for asset, tag in deeds.tagged:
            if not self._asks(tag.removeprefix(AUTO), asset, deeds):
                yield f"{tag} was set on {asset}, and no category asks for it"
        for together in deeds.archived:
            for asset in together:
                if not any(self._archiving(asset, deeds)):
                    yield f"{asset} was archived, and no category wants it there"

    def _shown_wrongly(self, deeds: Deeds) -> Iterator[str]:
        for asset in deeds.shown:
            stack = deeds.after.stack_of(asset)
            if all(self._surely_wanted(one, deeds) for one in stack | deeds.before.stack_of(asset)):
                yield f"{asset} was brought back, though it is wanted in the archive"
            rest = {one for one in stack if deeds.after.photos[one].visibility == "archive"}
            if rest and not any(deeds.after.photos[one].trashed for one in stack):
                yield f"{asset} was brought back alone: of its stack {sorted(rest)} stay in the archive"

    def _stale(self, deeds: Deeds) -> Iterator[Tagged]:
        """Yield our tags that stand though no category asks for them."""
        for asset, photo in deeds.after.photos.items():
            for tag in photo.tags - deeds.mine[asset].tags:
                if not self._may_stand(asset, tag, deeds):
                    yield asset, tag

    def _hidden_still(self, deeds: Deeds) -> Iterator[str]:
        """Yield what lost the category that archived it, or stands in a stack with such a one, and is not shown."""
        for asset, tag in deeds.untagged:
            if tag.removeprefix(AUTO) not in self.archived_for.get(asset, ()) or self._perhaps_wanted(asset, deeds):
                continue
            stack = deeds.after.stack_of(asset)
            ours = all(
                deeds.mine[one].visibility == "timeline" and not deeds.after.photos[one].trashed for one in stack
            )
            if ours and deeds.before.photos[asset].visibility == "archive":
                for one in stack:
                    if deeds.after.photos[one].visibility == "archive":
                        yield f"{one} is in the archive still, and nothing wants {asset} there"

    def _missing(self, deeds: Deeds) -> Iterator[str]:
        """Yield what should stand once all was asked anew, as far as the user never decided against any of it."""
        for asset, photo in deeds.after.photos.items():
            for name in self.words:
                tag = AUTO + name
                asked = self._asks(name, asset, deeds) and (asset, tag) not in self.off
                if asked and not photo.trashed and photo.visibility != "hidden" and tag not in photo.tags:
                    yield f"{tag} is not on {asset}, though it was asked anew and a category asks for it"
            stack = deeds.after.stack_of(asset)
            wanted = all(
                one not in self.shown
                and not deeds.after.photos[one].trashed
                and deeds.mine[one].visibility == "timeline"
                and any((one, AUTO + name) not in self.off for name in self._archiving(one, deeds))
                for one in stack
            )
            if wanted and photo.visibility != "archive":
                yield f"{asset} is not in the archive, though it was asked anew and all of {sorted(stack)} is wanted"

    def _fits(self, name: str, asset: str, deeds: Deeds) -> bool:
        look = deeds.looks.get(asset)
        return look is not None and name in look.fits and not (look.faint and self.words[name].strict)

    def _asks(self, name: str, asset: str, deeds: Deeds) -> bool:
        word = self.words[name]
        return self.labelling and word.there and word.on and self._fits(name, asset, deeds)

    def _may_stand(self, asset: str, tag: str, deeds: Deeds) -> bool:
        word = self.words[name := tag.removeprefix(AUTO)]
        return word.there and (not word.on or self._fits(name, asset, deeds))

    def _archiving(self, asset: str, deeds: Deeds) -> Iterator[str]:
        """Yield the categories by which the photo belongs into the archive, whatever the others of its stack."""
        for name, word in self.words.items():
            if word.archives and self._asks(name, asset, deeds) and (asset, AUTO + name) not in self.vetoed:
                yield name

    def _surely_wanted(self, asset: str, deeds: Deeds) -> bool:
        was_for = self.archived_for.get(asset, ())
        return any(
            (asset, AUTO + name) not in self.off
            and self._may_stand(asset, AUTO + name, deeds)
            and ((word.on and word.archives) or name in was_for)
            for name, word in self.words.items()
        )

    def _perhaps_wanted(self, asset: str, deeds: Deeds) -> bool:
        was_for = self.with_it.get(asset, ())
        return any(
            self._may_stand(asset, AUTO + name, deeds) and (word.archives or name in was_for)
            for name, word in self.words.items()
        )
