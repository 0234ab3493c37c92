"""How a wish stands to the world: tables of cases."""

from datetime import UTC, datetime

import pytest

from reactor.core.changes import (
    ArchiveAssets,
    Change,
    Reason,
    StackAssets,
    StackState,
    State,
    TagAsset,
    TagState,
    VisibilityState,
    feature_of,
    subjects_of,
)
from reactor.core.ids import LIVE, AccountId, AssetId
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.past import Past, Refused
from reactor.core.standing import Unknown, admissible, resolve, satisfied, strangers

ME = AccountId("me")
WHY = Reason(rule="because")
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
A, B, C, D = (AssetId(name) for name in "abcd")


def tag(*tags: str) -> TagAsset:
    return TagAsset(account=ME, asset=A, tags=tags, reason=WHY)


def tags(*names: str) -> TagState:
    return TagState(tags=frozenset(names))


def archive(*assets: AssetId) -> ArchiveAssets:
    return ArchiveAssets(account=ME, assets=assets, reason=WHY)


def seen(**visibility: str) -> VisibilityState:
    return VisibilityState(visibility=tuple((AssetId(asset), how) for asset, how in sorted(visibility.items())))


def stack(cover: AssetId, *rest: AssetId) -> StackAssets:
    return StackAssets(account=ME, cover=cover, members=(cover, *rest), reason=WHY)


def stacks(*groups: tuple[AssetId, ...]) -> StackState:
    return StackState(stacks=tuple((group[0], frozenset(group)) for group in groups))


def done(change: Change, after: State) -> Past:
    entry = Entry(
        id=1,
        change=change,
        cause=Cause(handler="h", event=1, run=LIVE),
        state=EntryState.DONE,
        before=after,
        after=after,
        note="",
        written_at=NOW,
        settled_at=NOW,
    )
    left = after.tags if isinstance(after, TagState) else frozenset[str]()
    return Past(newest=dict.fromkeys(subjects_of(change), entry), tags=dict.fromkeys(left, entry))


@pytest.mark.parametrize(
    ("change", "now", "expected"),
    [
        (tag("Auto/X"), tags(), False),
        (tag("Auto/X"), tags("Auto/X", "Holiday"), True),
        (tag("Auto/X", "Auto/Y"), tags("Auto/X"), False),
        (archive(A), seen(a="timeline"), False),
        (archive(A, B), seen(a="archive", b="archive"), True),
        (stack(A, B), stacks(), False),
        (stack(A, B), stacks((A, B)), True),
        (stack(A, B), stacks((B, A)), False),
        (stack(A, B), stacks((A, B, C)), False),
    ],
)
def test_satisfied(change: Change, now: State, expected: bool) -> None:
    assert satisfied(change, now, Past()) is expected


@pytest.mark.parametrize(
    ("change", "now", "before", "expected"),
    [
        (tag("Auto/X"), tags(), Past(), tag("Auto/X")),
        # the user took X away: X stays away, Y may come
        (tag("Auto/X", "Auto/Y"), tags(), done(tag("Auto/X"), tags("Auto/X")), tag("Auto/Y")),
        (tag("Auto/X"), tags(), done(tag("Auto/X"), tags("Auto/X")), None),
        (tag("Auto/X"), tags("Auto/X"), done(tag("Auto/X"), tags("Auto/X")), tag("Auto/X")),
        (archive(A), seen(a="timeline"), done(archive(A), seen(a="archive")), None),
        (archive(A, B), seen(a="archive", b="timeline"), done(archive(A), seen(a="archive")), archive(A, B)),
        (stack(A, B), stacks(), done(stack(A, B), stacks((A, B))), None),
        (stack(A, B, C), stacks((A, B)), done(stack(A, B), stacks((A, B))), stack(A, B, C)),
        (stack(A, B, C), stacks((A, C)), done(stack(A, B), stacks((A, B))), None),
    ],
)
def test_what_the_user_undid_stays_undone(change: Change, now: State, before: Past, expected: Change | None) -> None:
    found = admissible(change, now, before)
    assert (None if isinstance(found, Refused) else found) == expected


@pytest.mark.parametrize(
    ("change", "before", "now", "expected"),
    [
        (tag("Auto/X"), tags(), tags("Auto/X"), Unknown.ARRIVED),
        (tag("Auto/X"), tags(), tags(), Unknown.NEVER_ARRIVED),
        (tag("Auto/X"), tags(), tags("Holiday"), Unknown.NEVER_ARRIVED),
        (tag("Auto/X", "Auto/Y"), tags(), tags("Auto/X"), Unknown.OVERTAKEN),
        (archive(A), seen(a="timeline"), seen(a="locked"), Unknown.OVERTAKEN),
        (stack(A, B, C), stacks((A, B)), stacks((A, B, C)), Unknown.ARRIVED),
        (stack(A, B, C), stacks((A, B)), stacks((A, B)), Unknown.NEVER_ARRIVED),
        (stack(A, B, C), stacks((A, B)), stacks(), Unknown.OVERTAKEN),
    ],
)
def test_unanswered_calls(change: Change, before: State, now: State, expected: Unknown) -> None:
    assert resolve(change, before, now) is expected


@pytest.mark.parametrize(
    ("change", "now", "before", "expected"),
    [
        (stack(A, B), stacks(), Past(), ()),
        # other members would be left behind
        (stack(A, B), stacks((B, C, D)), done(stack(B, C, D), stacks((B, C, D))), (B,)),
        (stack(A, B, C), stacks((B, C)), done(stack(B, C), stacks((B, C))), ()),
        # the user made it, or gave it another cover
        (stack(A, B, C), stacks((B, C)), Past(), (B,)),
        (stack(A, B, C), stacks((C, B)), done(stack(B, C), stacks((B, C))), (C,)),
        (stack(C, A, B), stacks((C, B)), done(stack(B, C), stacks((B, C))), ()),
        # nobody stands there but the one, or who was put on top of others that Immich lists no more
        (stack(A, B), stacks((B,)), Past(), ()),
        (stack(A, B), stacks((B,)), Past(covered=frozenset({B})), (B,)),
        # the user added one to ours
        (stack(A, B, C, D), stacks((B, C, D)), done(stack(B, C), stacks((B, C))), (B,)),
    ],
)
def test_stacks_of_others_are_not_touched(
    change: StackAssets, now: StackState, before: Past, expected: tuple[AssetId, ...]
) -> None:
    assert strangers(change, now, before) == expected


def test_every_change_names_its_feature() -> None:
    assert [feature_of(change) for change in (tag("x"), archive(A), stack(A, B))] == ["tags", "archive", "stacks"]
