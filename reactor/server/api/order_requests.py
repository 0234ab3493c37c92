"""What the API is asked about the journal, the vetoes and the limits."""

from typing import Annotated, Self, get_args

from pydantic import Field, model_validator

from reactor.core.changes import CHANGE_TYPES, Feature
from reactor.core.ids import AccountId, AssetId, RunId
from reactor.core.journal import EntryState
from reactor.core.journal_lines import JournalFilter
from reactor.core.orders import ApplyRequest, UndoRequest
from reactor.core.vetoes import Standing, VetoKind
from reactor.server.api.requests import MOST, Asked, Id, Ids, Moment, Name, Title, ids_or_all

RunName = Annotated[str, Field(max_length=100, pattern=r"^[a-z]{1,20}(:[0-9A-Za-z_-]{1,64})?$")]
CHANGE_KINDS = tuple(kind.__name__ for kind in CHANGE_TYPES)
ChangeKind = Annotated[str, Field(max_length=100, json_schema_extra={"enum": list(CHANGE_KINDS)})]
STATES = len(EntryState)
KINDS = get_args(VetoKind)


class JournalQuery(Asked):
    """Which entries are listed, newest first; `since` and `until` bound when they were written, `asset` may be a
    person's or a face's id too, `before` is a number."""

    account: Name | None = None
    feature: Feature | None = None
    state: Annotated[tuple[EntryState, ...], Field(max_length=STATES)] = ()
    since: Moment | None = None
    until: Moment | None = None
    run: RunName | None = None
    event: Id | None = None
    asset: Name | None = None
    kind: ChangeKind | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 100
    before: Id | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.kind is not None and self.kind not in CHANGE_KINDS:
            raise ValueError(f"there is no kind {self.kind[:100]}; there are {', '.join(CHANGE_KINDS)}")
        return self

    def filter(self) -> JournalFilter:
        """Return the filter as the core knows it."""
        return JournalFilter(
            account=account_of(self.account),
            feature=self.feature,
            states=self.state,
            since=self.since,
            until=self.until,
            run=run_id(self.run),
            event=self.event,
            asset=None if self.asset is None else AssetId(self.asset),
            kind=self.kind,
        )


class WaitingFilter(Asked):
    """Which plans, or with `suggestions` which suggestions; those of a dry run only where the `run` is named."""

    account: Name | None = None
    feature: Feature | None = None
    run: RunName | None = None
    suggestions: bool = False

    def filter(self) -> ApplyRequest:
        """Return the filter as the core knows it; without one everything is meant."""
        return ApplyRequest(
            account=account_of(self.account),
            feature=self.feature,
            run=run_id(self.run),
            suggestions=self.suggestions,
            everything=True,
        )


class WaitingQuery(WaitingFilter):
    """Which plans, or with `suggestions` which suggestions, are listed, newest first; `before` is a number."""

    limit: Annotated[int, Field(ge=1, le=MOST)] = 100
    before: Id | None = None


class WaitingBody(WaitingFilter):
    """Which plans or suggestions are meant: those of `ids`, or `all` that fit the filters."""

    ids: Ids | None = None
    all: bool = False

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        return ids_or_all(self, self.ids, self.all)

    def request(self) -> ApplyRequest:
        """Return the request as the core knows it."""
        return ApplyRequest(entries=_once(self.ids)) if self.ids is not None else self.filter()


class UndoBody(Asked):
    """What is taken back: changes that fit every filter given, or `everything`; `dry_run` only tells what it would be.

    `entries` are numbers of the journal, `event` is that of the event that led to them; `since` and `until` bound when
    they were made.
    """

    entries: Ids | None = None
    event: Id | None = None
    run: RunName | None = None
    category: Title | None = None
    since: Moment | None = None
    until: Moment | None = None
    account: Name | None = None
    feature: Feature | None = None
    everything: bool = False
    dry_run: bool = False

    def request(self) -> UndoRequest:
        """Return the request as the core knows it."""
        return UndoRequest(
            entries=_once(self.entries),
            event=self.event,
            run=run_id(self.run),
            category=self.category,
            since=self.since,
            until=self.until,
            account=account_of(self.account),
            feature=self.feature,
            everything=self.everything,
        )


class VetoesQuery(Asked):
    """Which vetoes are listed, newest first: of a `state`, or all that are not revoked; `before` is a number."""

    account: Name | None = None
    kind: VetoKind | None = None
    state: Standing | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 100
    before: Id | None = None


class IdsBody(Asked):
    """Which are meant, by their ids."""

    ids: Ids


class LostBody(Asked):
    """Which vetoes that are asked about are meant: those of `ids`, or `all` that fit the filters.

    `value` is a tag.
    """

    ids: Ids | None = None
    all: bool = False
    account: Name | None = None
    kind: VetoKind | None = None
    value: Title | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        return ids_or_all(self, self.ids, self.all)


class TripsBody(Asked):
    """Which stopped features are meant: those of `ids`, or `all`."""

    ids: Ids | None = None
    all: bool = False

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        return ids_or_all(self, self.ids, self.all)


def account_of(name: str | None) -> AccountId | None:
    """Return a name as an account's."""
    return None if name is None else AccountId(name)


def run_id(name: str | None) -> RunId | None:
    """Return a name as a run's."""
    return None if name is None else RunId(name)


def _once(ids: tuple[int, ...] | None) -> tuple[int, ...]:
    return tuple(dict.fromkeys(ids or ()))
