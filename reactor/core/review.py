"""What waits for a person: plans and suggestions, what a limit stopped, and what vanished all at once."""

from dataclasses import dataclass
from datetime import datetime

from reactor.core.changes import Feature
from reactor.core.ids import AccountId
from reactor.core.limits import Trip
from reactor.core.orders import Waiting
from reactor.core.vetoes import Veto, VetoKind


@dataclass(frozen=True, kw_only=True)
class Lost:
    """Things of one kind that vanished together, as a question; nothing of it is done again until it is answered.

    ``value`` is the tag that they lost, "" for other kinds. ``number`` counts the vetoes, ``since`` is when the first
    of them was noticed, ``subject`` one of the photos.
    """

    account: AccountId
    kind: VetoKind
    value: str
    number: int
    subject: str
    since: datetime | None
    question: str


@dataclass(frozen=True, kw_only=True)
class Review:
    """Everything that a person is asked; ``waiting`` is None where it is not known."""

    waiting: Waiting | None = None
    trips: tuple[Trip, ...] = ()
    lost: tuple[Lost, ...] = ()


def trip_words(trip: Trip) -> str:
    """Say what stands still, and why."""
    return f"{_STANDS_STILL[trip.feature].format(trip.account)}: {trip.why}"


def veto_words(veto: Veto) -> str:
    """Say in a few words what is not done again."""
    number = len(veto.subjects)
    match veto.kind:
        case "tag":
            words = f"never {veto.value} on this photo"
        case "archive":
            words = f"never archive {'this photo' if number == 1 else f'these {number:,} photos'}"
        case "favourite":
            words = "never make this photo a favourite"
        case "album":
            words = f"never put this photo into the album {veto.value}"
        case "stack":
            words = f"never stack these {number:,} photos as one"
        case "cover":
            words = "this photo stays the cover of its stack"
        case "portrait":
            words = "never give this face to Frigate"
    return words


def lost_words(lost: Lost) -> str:
    """Say whom is asked, and what."""
    return f"{lost.account}: {lost.question}"


_STANDS_STILL: dict[Feature, str] = {
    "tags": "tags of {} stand still",
    "archive": "archiving for {} stands still",
    "favourites": "favourites of {} stand still",
    "albums": "albums of {} stand still",
    "stacks": "stacks of {} stand still",
    "faces": "faces of {} stand still",
}


def lost_of(
    account: AccountId, kind: VetoKind, value: str, *, number: int, subject: str, since: datetime | None
) -> Lost:
    """Return the question about things that vanished together."""
    return Lost(
        account=account,
        kind=kind,
        value=value,
        number=number,
        subject=subject,
        since=since,
        question=f"{_vanished(kind, value, number)} within minutes: did you do that?",
    )


def _vanished(kind: VetoKind, value: str, number: int) -> str:
    thing, what = _VANISHED[kind]
    return f"{number:,} {thing}{'' if number == 1 else 's'} {what.format(value)}"


_VANISHED: dict[VetoKind, tuple[str, str]] = {
    "tag": ("photo", "lost the tag {}"),
    "archive": ("photo", "left the archive"),
    "favourite": ("photo", "left the favourites"),
    "album": ("photo", "left the album {}"),
    "stack": ("stack", "of ours came apart"),
    "cover": ("stack", "of ours got another cover"),
    "portrait": ("portrait", "disappeared from Frigate"),
}
