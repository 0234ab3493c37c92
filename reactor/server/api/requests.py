"""What the API is asked, checked field by field; a field that nobody knows is an error."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from reactor.core.events import EVENT_TYPES
from reactor.core.history import DeadFilter, EventFilter
from reactor.core.ids import AccountId, AssetId
from reactor.core.runs import FASTEST, LARGEST, Only, ReplayRequest, ScanRequest

# The database takes no NUL, and no name has a reason to hold a control character.
_WORDS = r"^[^\x00-\x1f\x7f]+$"
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=_WORDS)]
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=_WORDS)]
# Beyond these, a time zone or a day more would leave what a date can say.
Day = Annotated[date, Field(ge=date(1800, 1, 1), le=date(9990, 1, 1))]
Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(9990, 1, 1, tzinfo=UTC))]
Names = Annotated[tuple[Name, ...], Field(max_length=100)]
KINDS = tuple(kind.__name__ for kind in EVENT_TYPES)
Kind = Annotated[str, Field(max_length=100, json_schema_extra={"enum": list(KINDS)})]
MOST = 1000
Id = Annotated[int, Field(ge=1, lt=2**63)]
Ids = Annotated[tuple[Id, ...], Field(min_length=1, max_length=MOST)]
Budget = Annotated[int, Field(ge=1, le=LARGEST)]


class Asked(BaseModel):
    """A request."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


B = TypeVar("B", bound=Asked)


class Nothing(Asked):
    """Nothing needs to be said: an empty object, or no body."""


class ScanBody(Asked):
    """A scan of photos that are there already; `since` and `until` are local capture days, both included."""

    accounts: Annotated[Names, Field(min_length=1)] | None = None
    since: Day | None = None
    until: Day | None = None
    album: Title | None = None
    only: Only | None = None
    dry: bool = False
    rate_per_minute: Annotated[int, Field(ge=1, le=FASTEST)] | None = None
    quiet_hours: Annotated[str, Field(max_length=20)] | None = None
    budget: Budget | None = None

    def request(self) -> ScanRequest:
        """Return the request as the core knows it."""
        said = self.model_dump(exclude={"accounts"})
        accounts = None if self.accounts is None else tuple(AccountId(name) for name in dict.fromkeys(self.accounts))
        return ScanRequest(accounts=accounts, **said)


class ReplayBody(Asked):
    """A replay of events that fit every filter given; `dry_run` only tells what would be delivered."""

    since: Moment | None = None
    until: Moment | None = None
    kinds: Annotated[tuple[Kind, ...], Field(max_length=len(KINDS))] = ()
    account: Name | None = None
    asset: Name | None = None
    handlers: Names = ()
    failed: bool = False
    everything: bool = False
    budget: Budget | None = None
    dry_run: bool = False

    def request(self) -> ReplayRequest:
        """Return the request as the core knows it."""
        said = self.model_dump(exclude={"dry_run", "account", "asset"})
        return ReplayRequest(
            account=None if self.account is None else AccountId(self.account),
            asset=None if self.asset is None else AssetId(self.asset),
            **said,
        )


class ResumeBody(Asked):
    """How many more changes the run may make; without one as many as it was last given, where it asked."""

    budget: Budget | None = None


class FollowQuery(Asked):
    """Which events are followed; `asset` may be a person's id too."""

    kind: Annotated[tuple[Kind, ...], Field(max_length=len(KINDS))] = ()
    account: Name | None = None
    asset: Name | None = None

    @model_validator(mode="after")
    def _known(self) -> "FollowQuery":
        if unknown := sorted(set(self.kind) - set(KINDS)):
            raise ValueError(f"there is no kind {', '.join(unknown)[:100]}; there are {', '.join(KINDS)}")
        return self

    def filter(self) -> EventFilter:
        """Return the filter as the core knows it."""
        account = None if self.account is None else AccountId(self.account)
        return EventFilter(kinds=self.kind, account=account, subject=self.asset)


class EventsQuery(FollowQuery):
    """Which events are listed, newest first; `since` and `until` bound when they were heard; `before` is a number."""

    since: Moment | None = None
    until: Moment | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 100
    before: Id | None = None

    def filter(self) -> EventFilter:
        """Return the filter as the core knows it."""
        return replace(super().filter(), since=self.since, until=self.until)


class RunsQuery(Asked):
    """How many of the newest runs are listed."""

    limit: Annotated[int, Field(ge=1, le=MOST)] = 20


class PlanQuery(Asked):
    """How many planned changes are listed, behind the first `after`."""

    limit: Annotated[int, Field(ge=1, le=10 * MOST)] = MOST
    after: Annotated[int, Field(ge=0, lt=2**31)] = 0


class LettersFilter(Asked):
    """Which given-up deliveries: the dead, or with `shelved` those whose preview never came."""

    handler: Name | None = None
    account: Name | None = None
    shelved: bool = False

    def filter(self) -> DeadFilter:
        """Return the filter as the core knows it."""
        account = None if self.account is None else AccountId(self.account)
        return DeadFilter(handler=self.handler, account=account, shelved=self.shelved)


class LettersQuery(LettersFilter):
    """Which given-up deliveries are listed: the dead, or with `shelved` those whose preview never came."""

    limit: Annotated[int, Field(ge=1, le=MOST)] = 100


class LettersBody(LettersFilter):
    """Which given-up deliveries are meant: those of `ids`, or `all` that fit the filters."""

    ids: Ids | None = None
    all: bool = False

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        return ids_or_all(self, self.ids, self.all)


def ids_or_all(body: B, ids: tuple[int, ...] | None, every: bool) -> B:
    """Return a body that names ids or says that all are meant; raises ValueError where it does both, or neither."""
    if (ids is None) is not every:
        raise ValueError("give either ids, or all: true")
    filters = [name for name in type(body).model_fields if name not in ("ids", "all")]
    if ids is not None and any(getattr(body, name) for name in filters):
        raise ValueError(f"ids name what is meant; {and_(filters)} go with all: true")
    return body


def and_(words: Sequence[str]) -> str:
    """Return words as a list that is read."""
    return " and ".join([", ".join(words[:-1])] * (len(words) > 1) + [words[-1]])
