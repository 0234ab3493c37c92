"""What a person asks for about the journal: to take changes back, to do or to decline what waits."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias

from reactor.core.asking import BadRequest, expect_known, expect_ordered
from reactor.core.categories import name_of, tag_of
from reactor.core.changes import FEATURES, Feature
from reactor.core.ids import AccountId, AssetId, RunId
from reactor.core.journal_lines import JournalLine

OrderKind = Literal["undo", "apply"]
NAMED = 5
"""So many ids stand in a title; of more their number."""


@dataclass(frozen=True, kw_only=True)
class UndoRequest:
    """Take back the changes that fit every filter that is given, or all with ``everything``; newest first.

    ``entries`` are numbers of the journal, ``event`` the number of the event that led to them. ``category`` takes back
    its tag alone, where a change set others too, and what else it brought about. ``since`` and ``until`` (aware)
    bound when they were made, both included.
    """

    entries: tuple[int, ...] = ()
    event: int | None = None
    run: RunId | None = None
    category: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    account: AccountId | None = None
    feature: Feature | None = None
    everything: bool = False

    @property
    def kind(self) -> OrderKind:
        return "undo"

    @property
    def tag(self) -> str | None:
        """The tag that the category sets."""
        return tag_of(name_of(self.category)) if self.category is not None else None


@dataclass(frozen=True, kw_only=True)
class ApplyRequest:
    """Do what was planned and fits every filter that is given, or all with ``everything``; in the order of the plans.

    With ``suggestions`` what was suggested is meant instead; entries that are named are meant whatever they are: one
    that is done is done again where it is lost. What a dry run planned is meant only where the ``run``, or an entry,
    is named.
    """

    entries: tuple[int, ...] = ()
    run: RunId | None = None
    account: AccountId | None = None
    feature: Feature | None = None
    suggestions: bool = False
    everything: bool = False

    @property
    def kind(self) -> OrderKind:
        return "apply"


OrderRequest: TypeAlias = UndoRequest | ApplyRequest


@dataclass(frozen=True, kw_only=True)
class OrderProgress:
    """How far an order is: to which entry ``at``, of those up to ``last``; ``entries`` of ``found`` are asked for."""

    last: int | None = None
    at: int | None = None
    found: int = 0
    entries: int = 0
    fed: bool = False


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What an order would ask for: how many entries, of which features, and the first of them (newest first)."""

    entries: int
    features: tuple[tuple[Feature, int], ...] = ()
    first: tuple[JournalLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How many plans and suggestions wait for a person; those of dry runs are not counted."""

    planned: int = 0
    suggested: int = 0


@dataclass(frozen=True, kw_only=True)
class OutcomeLine:
    """An entry of which an order did not do what was asked: ``left`` alone, or ``failed``; and why."""

    entry: int
    account: AccountId
    feature: Feature
    what: str
    ended: Literal["left", "failed"]
    why: str


@dataclass(frozen=True, kw_only=True)
class OrderReport:
    """What came of an order, in entries: ``done`` (taken back, or carried out), ``left`` alone, ``failed``.

    Of ``nothing`` it was found that it stood so already; ``open`` are still to be looked at. ``lines`` tell of the
    first that were left or failed.
    """

    run: RunId
    kind: OrderKind
    done: int = 0
    left: int = 0
    failed: int = 0
    nothing: int = 0
    open: int = 0
    lines: tuple[OutcomeLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Example:
    """A photo of which a person said whether a category is right for it."""

    asset: AssetId
    wanted: bool


def check_order(request: OrderRequest, *, accounts: Collection[str]) -> None:
    """Raise BadRequest where an order could not be meant; ``accounts`` are those that are or were known."""
    expect_known("account", [request.account] if request.account is not None else [], accounts)
    expect_known("feature", [request.feature] if request.feature is not None else [], FEATURES)
    match request:
        case UndoRequest():
            expect_ordered(request.since, request.until)
            if not request.everything and request == UndoRequest():
                raise BadRequest('an undo needs a filter, or to be told that all is meant (--all; "everything": true)')
        case ApplyRequest(suggestions=suggestions):
            if not request.everything and replace(request, suggestions=False) == ApplyRequest():
                what = "suggestions" if suggestions else "plans"
                raise BadRequest(f'name the {what}, or say that all are meant (--all; "everything": true)')


def share_of_order(progress: OrderProgress) -> float:
    """Return how much was asked for, 0 to 1."""
    return 1.0 if progress.fed else min(1.0, progress.entries / progress.found) if progress.found else 0.0


def title_parts(request: OrderRequest) -> tuple[str, ...]:
    """Say in parts what was asked for; the span of time is told by the caller."""
    parts: tuple[str, ...]
    match request:
        case UndoRequest():
            of_category = f"category {request.category}" if request.category else "changes"
            parts = (
                f"Undo of {_entries(request.entries) or ('everything' if _is_all(request) else of_category)}",
                f"by event {request.event}" if request.event is not None else "",
                f"of category {request.category}" if request.category and request.entries else "",
            )
        case ApplyRequest(suggestions=suggestions):
            what = "suggestions" if suggestions else "plans"
            everything = f"all {what}" if _is_all(request) else what
            parts = (f"Carrying out {_entries(request.entries) or everything}",)
    return tuple(
        part
        for part in (
            *parts,
            f"of the run {request.run}" if request.run is not None else "",
            f"of {request.account}" if request.account else "",
            f"{request.feature} only" if request.feature else "",
        )
        if part
    )


def _is_all(request: OrderRequest) -> bool:
    match request:
        case UndoRequest():
            return replace(request, everything=False) == UndoRequest()
        case ApplyRequest():
            return replace(request, everything=False, suggestions=False) == ApplyRequest()


def _entries(entries: Collection[int]) -> str:
    if len(entries) > NAMED:
        return f"{len(entries):,} entries"
    if not entries:
        return ""
    return ("entry " if len(entries) == 1 else "entries ") + " and ".join(map(str, sorted(entries)))
