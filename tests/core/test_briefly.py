"""Entries in a few words: the same that are said of the change itself."""

import pytest

from reactor.core.activity import words_of
from reactor.core.briefly import briefly, photo_of
from reactor.core.changes import (
    AddPortrait,
    ArchiveAssets,
    Change,
    Reason,
    RemovePortrait,
    RestoreStacks,
    StackAssets,
    TagAsset,
    TagState,
    UnarchiveAssets,
    UntagAsset,
)
from reactor.core.ids import AccountId, AssetId, FaceId, PersonId, RunId
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.journal_lines import JournalLine, journal_line

from ..server.fakes import NOON

ME = AccountId("me")
A, B = (AssetId(f"{letter * 8}-249d-4d68-a79a-269a50b0ba12") for letter in "ab")
WHY = Reason(rule="a rule")
# Names that hold what our own lines are made of.
ODD = "Ida: {photos} on under"


def a_line(change: Change) -> JournalLine:
    cause = Cause(handler="x", event=1, run=RunId("live"))
    return journal_line(
        Entry(
            id=1,
            change=change,
            cause=cause,
            state=EntryState.DONE,
            before=TagState(tags=frozenset()),
            after=None,
            note="",
            written_at=NOON,
            settled_at=None,
        )
    )


def portrait(name: str) -> AddPortrait:
    return AddPortrait(
        account=ME,
        person=PersonId("p"),
        name=name,
        asset=A,
        face=FaceId("f"),
        box=(0.0, 0.0, 1.0, 1.0),
        frame=(1, 1),
        reason=WHY,
    )


@pytest.mark.parametrize(
    ("change", "photo"),
    [
        (TagAsset(account=ME, asset=A, tags=("Auto/Pets", f"Auto/{ODD}"), reason=WHY), A),
        (UntagAsset(account=ME, asset=A, tags=(f"Auto/{ODD}",), undoes=1, reason=WHY), A),
        (ArchiveAssets(account=ME, assets=(A,), reason=WHY), A),
        (ArchiveAssets(account=ME, assets=(B, A), reason=WHY), A),
        (UnarchiveAssets(account=ME, assets=(A, B), undoes=1, reason=WHY), A),
        (StackAssets(account=ME, cover=B, members=(A, B), reason=WHY), B),
        (RestoreStacks(account=ME, cover=B, members=(A, B), stacks=(), undoes=1, reason=WHY), B),
        (portrait("Ida"), A),
        (portrait(ODD), A),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_entry_in_a_few_words(change: Change, photo: AssetId) -> None:
    line = a_line(change)
    assert briefly(line) == words_of(change)
    assert photo_of(line) == photo


def test_a_deletion_in_frigate_names_its_file() -> None:
    change = RemovePortrait(
        account=ME, person=PersonId("p"), name="Ida", face=FaceId("f"), file="a.webp", undoes=1, reason=WHY
    )
    assert briefly(a_line(change)) == "delete a.webp of Ida in Frigate"
    assert photo_of(a_line(change)) is None
