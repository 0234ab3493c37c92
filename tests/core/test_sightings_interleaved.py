"""Whatever the user and we do in turns, the user's doings are told and ours are not."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from reactor.core.changes import ArchiveAssets, Change, State, TagAsset, TagState, VisibilityState
from reactor.core.library import Asset
from reactor.core.sightings import Known, Ours, Told, compare, sighting_of

from .test_sightings import ME, NOON, PHOTO, TAKEN, WHY, A

NAMES = ("Auto/X", "Auto/Y", "Holiday")
DATES = (TAKEN, NOON, NOON - timedelta(days=400))


@dataclass
class Write:
    """A change of ours on its way: what it claims, how the photo was before, when it was settled and how."""

    change: Change
    before: State
    after: State | None = None
    called: bool = False
    settled_at: int | None = None
    sure: bool = False


@dataclass
class Life:
    """One photo, our journal of it, and how it would be had the user done nothing since the last decided look."""

    photo: Asset = PHOTO
    expected: Asset = PHOTO
    journal: list[Write] = field(default_factory=list)
    clock: int = 0


class UserAndReactor(RuleBasedStateMachine):
    """Whatever both do, a decided look tells exactly what the user left different, and nothing of ours."""

    @initialize()
    def begin(self) -> None:
        self.life = Life()
        self.known = Known(at=NOON, taken_at=TAKEN, sighting=sighting_of(PHOTO))
        self.seen_at = 0
        self.before: Known | None = None
        self.read: Asset | None = None

    def open_one(self) -> Write | None:
        return next((write for write in self.life.journal if write.settled_at is None), None)

    def tick(self) -> int:
        self.life.clock += 1
        return self.life.clock

    def know(self) -> Known:
        ours = tuple(
            Ours(
                change=write.change,
                before=write.before,
                after=write.after,
                sure=write.sure,
                new=write.settled_at > self.seen_at,
            )
            for write in self.life.journal
            if write.settled_at is not None
        )
        unsettled = self.open_one() is not None
        return replace(self.known, ours=ours, newest=len(self.life.journal), unsettled=unsettled)

    @rule(trashed=st.booleans())
    def user_trashes_or_restores(self, trashed: bool) -> None:
        self.life.photo = replace(self.life.photo, trashed=trashed)

    @rule(visibility=st.sampled_from(("timeline", "archive", "hidden")))
    def user_archives_hides_or_brings_back(self, visibility: str) -> None:
        if not isinstance(getattr(self.open_one(), "change", None), ArchiveAssets):
            self.life.photo = replace(self.life.photo, visibility=visibility)

    @rule(tag=st.sampled_from(NAMES))
    def user_sets_or_removes_a_tag(self, tag: str) -> None:
        # Whose a tag is that both set at the same moment, nobody could say.
        change = getattr(self.open_one(), "change", None)
        if not isinstance(change, TagAsset) or tag not in change.tags:
            self.life.photo = replace(self.life.photo, tags=self.life.photo.tags ^ {tag})

    @rule(date=st.sampled_from(DATES))
    def user_changes_the_date(self, date: datetime) -> None:
        self.life.photo = replace(self.life.photo, taken_at=date)

    @precondition(lambda self: self.open_one() is None)
    @rule(names=st.sets(st.sampled_from(NAMES[:2]), min_size=1))
    def we_wish_for_tags(self, names: set[str]) -> None:
        if not names <= self.life.photo.tags:
            change = TagAsset(account=ME, asset=A, tags=tuple(sorted(names)), reason=WHY)
            self.life.journal.append(Write(change=change, before=TagState(tags=self.life.photo.tags)))

    @precondition(lambda self: self.open_one() is None)
    @rule()
    def we_wish_for_the_archive(self) -> None:
        if self.life.photo.visibility != "archive":
            change = ArchiveAssets(account=ME, assets=(A,), reason=WHY)
            before = VisibilityState(visibility=((A, self.life.photo.visibility),))
            self.life.journal.append(Write(change=change, before=before))

    @precondition(lambda self: self.open_one() is not None)
    @rule()
    def our_call_arrives(self) -> None:
        write = self.open_one()
        assert write is not None
        write.called = True
        photo, expected = self.life.photo, self.life.expected
        if isinstance(write.change, TagAsset):
            new = frozenset(write.change.tags) - photo.tags
            self.life.photo = replace(photo, tags=photo.tags | new)
            self.life.expected = replace(expected, tags=expected.tags | new)
        else:
            self.life.photo = replace(photo, visibility="archive")
            self.life.expected = replace(expected, visibility="archive")

    @precondition(lambda self: self.open_one() is not None)
    @rule()
    def our_entry_is_settled(self) -> None:
        write = self.open_one()
        assert write is not None
        photo = self.life.photo
        is_tag = isinstance(write.change, TagAsset)
        write.after = TagState(tags=photo.tags) if is_tag else VisibilityState(visibility=((A, photo.visibility),))
        write.sure = write.called
        write.settled_at = self.tick()

    @rule()
    def a_look_begins(self) -> None:
        self.before, self.read = self.know(), None

    @precondition(lambda self: self.before is not None)
    @rule()
    def the_photo_is_read(self) -> None:
        self.read = self.life.photo

    @precondition(lambda self: self.read is not None)
    @rule()
    def the_look_ends(self) -> None:
        assert self.before is not None
        assert self.read is not None
        verdict = compare(self.read, self.before, self.know())
        if isinstance(verdict, Told):
            assert verdict.fields == self.left_by_the_user(self.read)
            self.life.expected = self.read
            # As the stages do that hear of it.
            self.known = replace(self.known, sighting=sighting_of(self.read), taken_at=self.read.taken_at)
            self.seen_at = self.tick()
        self.before = self.read = None

    def left_by_the_user(self, now: Asset) -> tuple[str, ...]:
        was = self.life.expected
        told = {
            "trashed": now.trashed and not was.trashed,
            "restored": was.trashed and not now.trashed,
            "archived": was.visibility != "archive" and now.visibility == "archive",
            "unarchived": (was.visibility, now.visibility) == ("archive", "timeline"),
            "hidden": was.visibility != "hidden" and now.visibility == "hidden",
            "shown": (was.visibility, now.visibility) == ("hidden", "timeline"),
            "tags": now.tags != was.tags,
            "date": now.taken_at != was.taken_at,
        }
        return tuple(name for name, changed in told.items() if changed)

    def teardown(self) -> None:
        """Look once more, at rest: now everything has to be decided."""
        if not hasattr(self, "life"):
            return
        if self.open_one() is not None:
            self.our_entry_is_settled()
        verdict = compare(self.life.photo, self.know(), self.know())
        assert verdict == Told(fields=self.left_by_the_user(self.life.photo))


TestUserAndReactor = UserAndReactor.TestCase
TestUserAndReactor.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
