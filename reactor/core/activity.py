"""What happened, photo by photo, as a person reads it: short notes made of events, deliveries and the journal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reactor.core.categories import name_of
from reactor.core.changes import (
    AddPortrait,
    AddToAlbum,
    ArchiveAssets,
    Change,
    FavouriteAsset,
    MoveCover,
    RemoveFromAlbum,
    RemovePortrait,
    RemoveTag,
    Restoration,
    RestoreStacks,
    ReturnCover,
    StackAssets,
    TagAsset,
    UnarchiveAssets,
    UnfavouriteAsset,
    UntagAsset,
)
from reactor.core.ids import AccountId, AssetId
from reactor.core.journal import EntryState

MAX_WORDS = 300


class Tone(StrEnum):
    """How a note is meant: done, wished only (observe mode), under way, left alone, or gone wrong."""

    DONE = "done"
    PLANNED = "planned"
    BUSY = "busy"
    QUIET = "quiet"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How much happened: photos heard, embedded, tagged and archived, stacks, portraits; changes that are planned
    only; deliveries that wait, that were given up, that wait for a preview no more, and those of paused runs."""

    heard: int = 0
    embedded: int = 0
    tagged: int = 0
    archived: int = 0
    stacks: int = 0
    portraits: int = 0
    planned: int = 0
    waiting: int = 0
    failed: int = 0
    shelved: int = 0
    held: int = 0


@dataclass(frozen=True, kw_only=True)
class Note:
    """One thing that happened to a photo; ``score`` a cosine similarity, ``detail`` the reason in words.

    ``topic`` and ``about`` (a tag, a person, a handler) tell which notes speak of the same thing.
    """

    text: str
    tone: Tone
    at: datetime
    topic: str
    about: str = ""
    score: float | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Work:
    """A delivery of a photo that is not done: its ``state`` in the queue, and the ``error`` of the last try, if any."""

    handler: str
    state: str
    attempts: int
    error: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class PhotoCard:
    """A photo and its notes, oldest first; ``taken_at`` and ``camera`` are known once it is embedded."""

    account: AccountId
    asset: AssetId
    heard_at: datetime
    taken_at: datetime | None
    camera: str
    notes: tuple[Note, ...]


def notes_of_photo(heard_at: datetime, embedded_at: datetime | None) -> tuple[Note, ...]:
    """Return the notes of the way in: heard, and embedded so many seconds later."""
    heard = Note(text="heard", tone=Tone.DONE, at=heard_at, topic="heard")
    if embedded_at is None:
        return (heard,)
    return heard, Note(text="embedded", tone=Tone.DONE, at=embedded_at, topic="embedded")


def notes_of_work(works: Sequence[Work]) -> tuple[Note, ...]:
    """Return a note for everything that went wrong, and one for all that is still to be done."""
    troubled = [work for work in works if work.error or work.state in ("dead", "shelved")]
    notes = [_trouble(work) for work in troubled]
    for words, states in (("to do", ("waiting", "running", "joined")), ("paused", ("held",))):
        if pending := [work for work in works if work.state in states and work not in troubled]:
            names = ", ".join(sorted({work.handler for work in pending}))
            latest = max(work.at for work in pending)
            notes.append(Note(text=f"{words}: {names}", tone=Tone.BUSY, at=latest, topic=words))
    return tuple(notes)


@dataclass(frozen=True, kw_only=True)
class Deed:
    """A change, how it stands in the journal, and since when."""

    change: Change
    state: EntryState
    note: str
    at: datetime


def notes_of_deed(deed: Deed, asset: AssetId) -> tuple[Note, ...]:
    """Return what a change means for one of its photos."""
    match deed.change:
        case TagAsset(tags=tags, reason=reason):
            scores = dict(reason.scores)
            names = [name_of(tag) for tag in tags]
            notes = tuple(_note(deed, name, "tag", about=name, score=scores.get(name)) for name in names)
        case ArchiveAssets(assets=assets):
            notes = (_note(deed, "archived" + _company(len(assets) - 1), "archive"),)
        case FavouriteAsset():
            notes = (_note(deed, "made a favourite", "favourite"),)
        case AddToAlbum(album=album):
            notes = (_note(deed, f"put into the album {album}", "album", about=album),)
        case StackAssets(members=members, cover=cover):
            text = "stacked" + _company(len(members) - 1) + (", as its cover" if cover == asset else "")
            notes = (_note(deed, text, "stack"),)
        case MoveCover(cover=cover):
            text = "made the cover of its stack" if cover == asset else "its stack has another cover"
            notes = (_note(deed, text, "cover"),)
        case AddPortrait(name=name):
            notes = (_note(deed, f"portrait of {name}", "portrait", about=name),)
        case _ as change:
            notes = _taken_back(deed, change)
    return notes


def _taken_back(deed: Deed, change: Restoration) -> tuple[Note, ...]:
    match change:
        case UntagAsset(tags=tags):
            names = [name_of(tag) for tag in tags]
            return tuple(_note(deed, f"{name} taken off", "tag", about=name) for name in names)
        case UnarchiveAssets():
            return (_note(deed, "brought back from the archive", "archive"),)
        case UnfavouriteAsset():
            return (_note(deed, "taken out of the favourites", "favourite"),)
        case RemoveFromAlbum(named=album):
            return (_note(deed, f"taken out of the album {album}", "album", about=album),)
        case RestoreStacks():
            return (_note(deed, "stack taken back", "stack"),)
        case ReturnCover():
            return (_note(deed, "its stack has its former cover again", "cover"),)
        case RemovePortrait(name=name):
            return (_note(deed, f"portrait of {name} taken back", "portrait", about=name),)
        case RemoveTag():
            return ()  # about no photo


def words_of(change: Change) -> str:
    """Say in a few words what a change does."""
    match change:
        case TagAsset(tags=tags):
            words = f"tag {', '.join(tags)}"
        case ArchiveAssets(assets=assets):
            words = f"archive {len(assets)} photo{'' if len(assets) == 1 else 's'}"
        case FavouriteAsset():
            words = "make a photo a favourite"
        case AddToAlbum(album=album):
            words = f"put a photo into the album {album}"
        case StackAssets(members=members):
            words = f"stack {len(members)} photos"
        case MoveCover(members=members):
            words = f"give a stack of {len(members)} photos another cover"
        case AddPortrait(name=name):
            words = f"teach Frigate a portrait of {name}"
        case _:
            words = _words_of_undo(change)
    return words


def _words_of_undo(change: Restoration) -> str:
    match change:
        case UntagAsset(tags=tags):
            return f"take off {', '.join(tags)}"
        case UnarchiveAssets(assets=assets):
            return f"bring {len(assets)} photo{'' if len(assets) == 1 else 's'} back from the archive"
        case UnfavouriteAsset():
            return "take a photo out of the favourites"
        case RemoveFromAlbum(named=album):
            return f"take a photo out of the album {album}"
        case RestoreStacks(members=members):
            return f"take back a stack of {len(members)} photos"
        case ReturnCover(members=members):
            return f"give a stack of {len(members)} photos its former cover"
        case RemovePortrait(name=name):
            return f"take back a portrait of {name}"
        case RemoveTag(tag=tag):
            return f"delete the empty tag {tag}"


def in_order(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return the notes by time; of several about one thing the newest: a stack grows, a plan is carried out."""
    newest: dict[tuple[str, str], Note] = {}
    for note in sorted(notes, key=lambda note: note.at):
        newest[note.topic, note.about] = note
    return tuple(sorted(newest.values(), key=lambda note: note.at))


def _trouble(work: Work) -> Note:
    words = shortened(work.error or "no reason was noted")
    if work.state in ("dead", "shelved"):
        ended, tone = ("gave up", Tone.FAILED) if work.state == "dead" else ("was put aside", Tone.BUSY)
        return Note(text=f"{work.handler} {ended}: {words}", tone=tone, at=work.at, topic="error", about=work.handler)
    # What waits without a try (a limit, a missing key) is no failure.
    doing = f"will try again ({work.attempts} so far)" if work.attempts else "waits"
    text = f"{work.handler} {doing}: {words}"
    return Note(text=text, tone=Tone.BUSY, at=work.at, topic="retry", about=work.handler)


def _note(deed: Deed, text: str, topic: str, *, about: str = "", score: float | None = None) -> Note:
    prefix, tone = _STANDING[deed.state]
    rule = deed.change.reason.rule
    detail = f"{rule} ({deed.note})" if rule and deed.note else rule or deed.note
    return Note(
        text=f"{prefix}{text}" + (f": {shortened(deed.note)}" if tone is Tone.FAILED and deed.note else ""),
        tone=tone,
        at=deed.at,
        topic=topic,
        about=about,
        score=score,
        detail=shortened(detail),
    )


_STANDING = {
    EntryState.PLANNED: ("would be: ", Tone.PLANNED),
    EntryState.OPEN: ("under way: ", Tone.BUSY),
    EntryState.DONE: ("", Tone.DONE),
    EntryState.SUPERSEDED: ("overtaken: ", Tone.QUIET),
    EntryState.FAILED: ("refused: ", Tone.FAILED),
    EntryState.VETOED: ("left as you want it: ", Tone.QUIET),
    EntryState.PARKED: ("needs a look: ", Tone.FAILED),
    EntryState.SUGGESTED: ("asks whether: ", Tone.PLANNED),
    EntryState.DECLINED: ("declined: ", Tone.QUIET),
    EntryState.CARRIED_OUT: ("planned before: ", Tone.QUIET),
    EntryState.UNDONE: ("taken back: ", Tone.QUIET),
    EntryState.LEFT: ("left as it is: ", Tone.QUIET),
}


def _company(others: int) -> str:
    return "" if others <= 0 else f" with {others} other{'s' if others > 1 else ''}"


def shortened(words: str) -> str:
    """Return the words cut to what fits on a card."""
    return words if len(words) <= MAX_WORDS else words[: MAX_WORDS - 1] + "…"
