"""What the user changed and what we did: a table of cases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reactor.core.changes import ArchiveAssets, Reason, TagAsset, TagState, VisibilityState
from reactor.core.events import CHANGED_FIELDS
from reactor.core.ids import AccountId, AssetId, StackId
from reactor.core.library import Asset
from reactor.core.sightings import Known, Ours, Told, Undecided, compare, sighting_of

ME = AccountId("me")
A, B, THEIRS = AssetId("a"), AssetId("b"), AssetId("theirs")
S = StackId("s")
WHY = Reason(rule="because")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TAKEN = NOON - timedelta(days=9)
PHOTO = Asset(
    id=A,
    owner="u",
    kind="IMAGE",
    visibility="timeline",
    trashed=False,
    taken_at=TAKEN,
    created_at=NOON,
    updated_at=NOON,
)


def tags(*names: str) -> TagState:
    return TagState(tags=frozenset(names))


def we_tagged(names: str, before: TagState, after: TagState | None, **facts: Any) -> Ours:
    change = TagAsset(account=ME, asset=A, tags=tuple(names.split()), reason=WHY)
    return Ours(change=change, before=before, after=after, **facts)


def we_archived(before: str = "timeline", after: str | None = "archive", **facts: Any) -> Ours:
    """Return an entry about two photos, of which the other one was in the archive before."""
    change = ArchiveAssets(account=ME, assets=(A, B), reason=WHY)
    left = None if after is None else seen_as(after, "archive")
    return Ours(change=change, before=seen_as(before, "archive"), after=left, **facts)


def seen_as(one: str, other: str) -> VisibilityState:
    return VisibilityState(visibility=((A, one), (B, other)))


def known(*ours: Ours, first: bool = False, embedded: bool = True, left: bool = False, **seen: Any) -> Known:
    """Return what is known of a photo that was last seen as ``seen`` says, or never (``first``)."""
    sighting = None if first else sighting_of(replace(PHOTO, **seen))
    return Known(at=NOON, sighting=sighting, taken_at=TAKEN if embedded else None, ours=ours, left=left)


def in_our_stack(*, parted: bool = False) -> Known:
    return replace(known(), stacked=frozenset({A, B}), parted=parted)


def told(now: dict[str, Any], what: Known) -> str:
    verdict = compare(replace(PHOTO, **now), what, what)
    assert isinstance(verdict, Told)
    return " ".join(verdict.fields)


X, Y, XY = frozenset({"Auto/X"}), frozenset({"Auto/Y"}), frozenset({"Auto/X", "Auto/Y"})
HOLIDAY = frozenset({"Holiday"})


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        # only time moved: a stack, a favourite, a description
        ({"updated_at": NOON + timedelta(hours=1)}, known(), ""),
        ({"trashed": True}, known(), "trashed"),
        ({}, known(trashed=True), "restored"),
        ({"visibility": "archive"}, known(), "archived"),
        ({}, known(visibility="archive"), "unarchived"),
        ({"visibility": "hidden"}, known(), "hidden"),
        ({"visibility": "hidden"}, known(visibility="hidden"), ""),
        ({}, known(visibility="hidden"), "shown"),
        ({"visibility": "archive"}, known(visibility="hidden"), "archived"),
        ({"tags": HOLIDAY}, known(), "tags"),
        # we left it stacked with b: alone now, in our stack, in one of the user's, in the trash
        ({"stack": None}, in_our_stack(), "unstacked"),
        ({"stack": S, "stack_primary": B}, in_our_stack(), ""),
        ({"stack": S, "stack_primary": A}, in_our_stack(), ""),
        ({"stack": S, "stack_primary": THEIRS}, in_our_stack(), "unstacked"),
        ({"stack": None, "trashed": True}, in_our_stack(), "trashed"),
        # that the user took others out of it is known
        ({"stack": S, "stack_primary": THEIRS}, in_our_stack(parted=True), ""),
        ({"stack": None}, in_our_stack(parted=True), "unstacked"),
        ({"stack": None}, known(), ""),
        # we made it a favourite
        ({}, replace(known(), favoured=True), "unfavoured"),
        ({"favourite": True}, replace(known(), favoured=True), ""),
        ({"favourite": True}, known(), ""),
        ({}, known(tags=HOLIDAY), "tags"),
        ({"taken_at": NOON}, known(), "date"),
        ({"trashed": True, "tags": HOLIDAY, "taken_at": NOON}, known(), "trashed tags date"),
        # the first sighting: how a photo begins, or what our journal left
        ({}, known(first=True), ""),
        ({"trashed": True}, known(first=True), "trashed"),
        ({"visibility": "archive"}, known(first=True), "archived"),
        ({"tags": HOLIDAY}, known(first=True), "tags"),
        ({"tags": X}, known(we_tagged("Auto/X", tags(), TagState(tags=X)), first=True), ""),
        (
            {"tags": X | HOLIDAY},
            known(we_tagged("Auto/X", tags("Holiday"), TagState(tags=X | HOLIDAY)), first=True),
            "",
        ),
        ({"taken_at": NOON}, known(first=True), "date"),
        ({"taken_at": NOON}, known(first=True, embedded=False), ""),
        # a capture time that was read late, or that a stage has not corrected yet
        ({"taken_at": NOON}, known(embedded=False), ""),
        ({"taken_at": NOON}, known(taken_at=NOON), ""),
        ({}, known(taken_at=NOON), ""),
        # we tagged since the last look
        ({"tags": X}, known(we_tagged("Auto/X", tags(), TagState(tags=X))), ""),
        ({}, known(we_tagged("Auto/X", tags(), TagState(tags=X))), "tags"),
        ({"tags": X | HOLIDAY}, known(we_tagged("Auto/X", tags(), TagState(tags=X))), "tags"),
        # the user had tagged before us: not ours, though our readings show it
        ({"tags": X | HOLIDAY}, known(we_tagged("Auto/X", tags("Holiday"), TagState(tags=X | HOLIDAY))), "tags"),
        ({"tags": X | HOLIDAY}, known(we_tagged("Auto/X", tags(), TagState(tags=X | HOLIDAY))), "tags"),
        (
            {"tags": XY},
            known(
                we_tagged("Auto/X", tags(), TagState(tags=X)),
                we_tagged("Auto/Y", TagState(tags=X), TagState(tags=XY)),
            ),
            "",
        ),
        # what we did before the last look is in it: the user who takes it away, or sets it again, is told
        ({}, known(we_tagged("Auto/X", tags(), TagState(tags=X), new=False), tags=X), "tags"),
        ({}, known(we_tagged("Auto/X", tags(), TagState(tags=X), new=False)), ""),
        ({"tags": X}, known(we_tagged("Auto/X", tags(), TagState(tags=X), new=False)), "tags"),
        # a call that ended otherwise: what arrived of it is nobody's, what did not is the user's
        ({"tags": X}, known(we_tagged("Auto/X Auto/Y", tags(), TagState(tags=X), sure=False)), ""),
        ({}, known(we_tagged("Auto/X", tags(), tags(), sure=False)), ""),
        ({"tags": HOLIDAY}, known(we_tagged("Auto/X", tags(), TagState(tags=HOLIDAY), sure=False)), "tags"),
        ({"tags": X}, known(we_tagged("Auto/X", tags(), None, sure=False)), ""),
        ({"tags": X}, known(we_tagged("Auto/X", tags(), tags(), sure=False)), "tags"),
        # we archived since the last look
        ({"visibility": "archive"}, known(we_archived()), ""),
        ({}, known(we_archived()), "unarchived"),
        ({"visibility": "archive"}, known(we_archived(new=False), visibility="timeline"), "archived"),
        ({"visibility": "archive"}, known(we_archived(before="archive")), "archived"),
        ({"visibility": "archive", "trashed": True}, known(we_archived()), "trashed"),
        ({"visibility": "archive"}, known(we_archived(after=None, sure=False)), ""),
        ({"visibility": "archive"}, known(we_archived(after="timeline", sure=False)), "archived"),
        # what embedding gave up is told of whenever it moves
        ({}, known(embedded=False, left=True), "touched"),
        ({}, known(embedded=False, left=True, trashed=True), "restored touched"),
    ],
)
def test_what_is_told(now: dict[str, Any], before: Known, expected: str) -> None:
    assert told(now, before) == expected
    assert set(expected.split()) <= set(CHANGED_FIELDS)


def test_while_a_change_of_ours_is_under_way_nothing_is_decided() -> None:
    calm = known()
    changed = replace(PHOTO, trashed=True)
    for before, after in (
        (replace(calm, unsettled=True), calm),
        (calm, replace(calm, unsettled=True)),
        (calm, replace(calm, newest=7)),
    ):
        assert isinstance(compare(changed, before, after), Undecided)
    assert compare(changed, replace(calm, newest=7), replace(calm, newest=7)) == Told(fields=("trashed",))


def test_a_tag_that_is_missing_right_after_we_set_it_may_be_lost_by_immich() -> None:
    entry = we_tagged("Auto/X", tags(), TagState(tags=X), recent=True)
    for before in (known(entry), known(replace(entry, new=False), tags=X)):
        assert isinstance(compare(PHOTO, before, before), Undecided)
        assert told({"tags": X}, before) == ""
        assert told({"tags": X | HOLIDAY}, before) == "tags"
    undone = Ours(change=entry.change, before=TagState(tags=X), after=tags(), recent=True)
    assert told({}, known(entry, undone)) == ""
