"""The journal as it is read: which entries are asked for, and each of them in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reactor.core.changes import (
    AlbumState,
    FavouriteState,
    Feature,
    ListedState,
    PortraitState,
    StackState,
    State,
    TagState,
    VisibilityState,
    feature_of,
    subjects_of,
    undoes,
)
from reactor.core.ids import AccountId, AssetId, RunId
from reactor.core.journal import Entry, EntryState
from reactor.core.plans import what_of


@dataclass(frozen=True, kw_only=True)
class JournalFilter:
    """Which entries are listed; ``since`` and ``until`` (aware) bound when they were written, both included.

    ``asset`` is the id of a photo, a person or a face; ``kind`` that of a change (its class name).
    """

    account: AccountId | None = None
    feature: Feature | None = None
    states: tuple[EntryState, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    run: RunId | None = None
    event: int | None = None
    asset: AssetId | None = None
    kind: str | None = None


@dataclass(frozen=True, kw_only=True)
class JournalLine:
    """An entry as it is read: ``what`` it does, ``why``, what stood ``before`` and ``after`` ("" where unknown).

    ``undoes`` is the entry that it takes back. One that is not ``sure`` was suggested.
    """

    id: int
    account: AccountId
    feature: Feature
    kind: str
    what: str
    why: str
    scores: Mapping[str, float] = field(default_factory=dict)
    sure: bool = True
    subjects: tuple[str, ...]
    state: EntryState
    note: str
    before: str
    after: str
    handler: str
    event: int
    run: RunId
    undoes: int | None
    written_at: datetime
    settled_at: datetime | None


def journal_line(entry: Entry) -> JournalLine:
    """Return an entry as it is read."""
    reason = entry.change.reason
    return JournalLine(
        id=entry.id,
        account=entry.change.account,
        feature=feature_of(entry.change),
        kind=type(entry.change).__name__,
        what=what_of(entry.change),
        why=reason.rule,
        scores=dict(reason.scores),
        sure=reason.sure,
        subjects=subjects_of(entry.change),
        state=entry.state,
        note=entry.note,
        before=words_of_state(entry.before),
        after=words_of_state(entry.after) if entry.after is not None else "",
        handler=entry.cause.handler,
        event=entry.cause.event,
        run=entry.cause.run,
        undoes=undoes(entry.change),
        written_at=entry.written_at,
        settled_at=entry.settled_at,
    )


def words_of_state(state: State) -> str:
    """Say what stood outside."""
    match state:
        case TagState(tags=tags):
            return f"tags: {', '.join(sorted(tags)) or 'none'}"
        case VisibilityState(visibility=visibility):
            return ", ".join(f"{asset} in {'the ' if seen != 'hidden' else ''}{seen}" for asset, seen in visibility)
        case FavouriteState(favourite=favourite):
            return "a favourite" if favourite else "no favourite"
        case AlbumState(albums=albums):
            return f"albums: {', '.join(sorted(name for _, name in albums)) or 'none'}"
        case StackState(stacks=stacks, missing=missing):
            words = [f"{len(members)} stacked under {primary}" for primary, members in stacks]
            words += [f"{len(missing)} missing"] * bool(missing)
            return "; ".join(words) or "no stack"
        case PortraitState(files=files, ours=ours):
            return f"{len(files)} pictures in Frigate" + (f", ours {ours}" if ours is not None else "")
        case ListedState(listed=listed):
            return "an empty tag" if listed else "no such tag"
