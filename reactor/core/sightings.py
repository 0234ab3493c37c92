"""What the user changed about a photo since it was last seen: states are compared, and what we wrote is no change."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reactor.core.changes import Change, State, TagAsset, TagState, UntagAsset, VisibilityState
from reactor.core.ids import AssetId
from reactor.core.library import Asset


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """How a photo was when it was last looked at; ``tags`` is None where they were not read."""

    updated_at: datetime
    visibility: str
    trashed: bool
    taken_at: datetime
    tags: frozenset[str] | None


@dataclass(frozen=True, kw_only=True)
class Ours:
    """A settled journal entry of ours about the photo.

    ``sure`` says that it is done; of another the call may have been made all the same. ``new``: settled since the
    photo was last seen, so that its effect is in no sighting yet. ``recent``: settled so lately that Immich itself
    may still lose what it wrote (core/standing.py).
    """

    change: Change
    before: State
    after: State | None
    sure: bool = True
    new: bool = True
    recent: bool = False


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a photo without asking Immich.

    ``taken_at`` is the capture time by which it was embedded, None where it was not; ``left`` says that embedding
    gave it up or left it alone. ``ours`` are entries about its tags and its visibility, oldest first; ``newest`` is
    the number of the newest entry of any kind, ``unsettled`` whether one is open. ``stacked`` are the members of the
    stack in which our newest entry left the photo, None where it left it alone or a veto speaks of it; ``parted`` says
    that the user is known to have taken others out of that stack. ``favoured`` says that our newest entry left it a
    favourite, and that no veto speaks of that. ``at`` is the database's time of this knowledge.
    """

    at: datetime
    sighting: Sighting | None = None
    taken_at: datetime | None = None
    left: bool = False
    ours: tuple[Ours, ...] = ()
    newest: int = 0
    unsettled: bool = False
    stacked: frozenset[AssetId] | None = None
    parted: bool = False
    favoured: bool = False


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the user changed, in the words of events.CHANGED_FIELDS; nothing where it was us, or only time moved."""

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """Nothing can be said yet; the photo is to be looked at again."""

    why: str


def compare(now: Asset, before: Known, after: Known) -> Told | Undecided:
    """Decide what the user changed; ``now`` was read between ``before`` and ``after``.

    Only where no write of ours was under way meanwhile the reading shows all that the journal tells, and no more.
    Of several changes between two looks the difference that is left of them is told.
    """
    if before.unsettled or after.unsettled or before.newest != after.newest:
        return Undecided(why="a change of ours is under way")
    expected = _expected(now.id, after)
    if expected.fresh - now.tags:
        return Undecided(why="a tag of ours is missing so soon after it was set that Immich may have lost it")
    return Told(fields=tuple(_fields(now, after, expected)))


def sighting_of(asset: Asset) -> Sighting:
    """Return what is remembered of a photo that was read whole."""
    return Sighting(
        updated_at=asset.updated_at,
        visibility=asset.visibility,
        trashed=asset.trashed,
        taken_at=asset.taken_at,
        tags=asset.tags,
    )


@dataclass
class _Expected:
    """How the photo would be had the user done nothing; what cannot be told is left out of the comparison.

    ``visibility`` is None and tags are ``unsure`` where a call of ours may have arrived or not. ``fresh`` are tags
    that we set just now and that should be there.
    """

    visibility: str | None
    trashed: bool
    tags: frozenset[str]
    unsure: frozenset[str] = field(default_factory=frozenset)
    fresh: frozenset[str] = field(default_factory=frozenset)


def _expected(asset: AssetId, known: Known) -> _Expected:
    expected = _as_last_seen(known)
    for entry in known.ours:
        if isinstance(entry.before, TagState):
            _tags_by(entry, entry.before.tags, expected)
        elif isinstance(entry.before, VisibilityState) and entry.new:
            _visibility_by(entry, asset, expected)
    expected.fresh &= expected.tags
    return expected


def _as_last_seen(known: Known) -> _Expected:
    seen = known.sighting
    tags = seen.tags if seen is not None else None
    if tags is None:
        # Never looked at: what it carried when we first tagged it is no news.
        first = next((entry.before for entry in known.ours if isinstance(entry.before, TagState)), None)
        tags = first.tags if first is not None else frozenset()
    if seen is None:
        return _Expected(visibility="timeline", trashed=False, tags=tags)
    return _Expected(visibility=seen.visibility, trashed=seen.trashed, tags=tags)


def _tags_by(entry: Ours, before: frozenset[str], expected: _Expected) -> None:
    after = entry.after.tags if isinstance(entry.after, TagState) else None
    # Only what we claim is ours: the user may have tagged between the two readings of the entry.
    change = entry.change
    claimed = frozenset(change.tags) if isinstance(change, TagAsset | UntagAsset) else before ^ (after or before)
    if after is None or not entry.sure:
        # What was not found when it was looked at again has not arrived; of the rest nobody knows whose it is.
        expected.unsure |= claimed & (before ^ after if after is not None else claimed) if entry.new else frozenset()
        return
    gone = (before - after) & claimed
    if entry.new:
        expected.tags = (expected.tags | ((after - before) & claimed)) - gone
        expected.unsure -= claimed
    if entry.recent:
        expected.fresh = (expected.fresh | (after & claimed)) - gone


def _visibility_by(entry: Ours, asset: AssetId, expected: _Expected) -> None:
    before, after = _of(asset, entry.before), _of(asset, entry.after)
    if before == after:
        return  # it stood so already, or nothing arrived
    expected.visibility = after if entry.sure else None


def _of(asset: AssetId, state: State | None) -> str | None:
    return dict(state.visibility).get(asset) if isinstance(state, VisibilityState) else None


def _fields(now: Asset, known: Known, expected: _Expected) -> Sequence[str]:
    seen_at_time = known.sighting.taken_at if known.sighting is not None else known.taken_at
    was = expected.visibility
    told = {
        "trashed": now.trashed and not expected.trashed,
        "restored": expected.trashed and not now.trashed,
        "archived": now.visibility == "archive" and was not in ("archive", None),
        "unarchived": now.visibility == "timeline" and was == "archive",
        "hidden": now.visibility == "hidden" and was not in ("hidden", None),
        "shown": now.visibility == "timeline" and was == "hidden",
        "unfavoured": known.favoured and not now.favourite,
        "tags": bool((now.tags ^ expected.tags) - expected.unsure),
        "unstacked": not now.trashed and _unstacked(now, known),
        # A stage may be correcting the stored time right now, so what was seen before is no news either.
        "date": known.taken_at is not None and now.taken_at not in (known.taken_at, seen_at_time),
        "touched": known.left,
    }
    return [name for name, changed in told.items() if changed]


def _unstacked(now: Asset, known: Known) -> bool:
    """Say whether the photo stands in no stack, or in somebody else's.

    A photo shows no more of its stack than the cover. Of a stack whose parting is known already nothing more can be
    told by that.
    """
    if known.stacked is None:
        return False
    return now.stack is None or (not known.parted and now.stack_primary not in known.stacked)
