"""What may be ordered, how it is told, and in which order it is done."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from reactor.adapters.postgres.eventlog import priority_of
from reactor.adapters.postgres.orders import PostgresOrders
from reactor.core.asking import BadRequest
from reactor.core.changes import PortraitState, StackState, TagState, VisibilityState
from reactor.core.ids import AccountId, AssetId, RunId
from reactor.core.journal import EntryState
from reactor.core.journal_lines import JournalFilter, words_of_state
from reactor.core.orders import ApplyRequest, OrderProgress, UndoRequest, share_of_order
from reactor.core.run_view import title_of
from reactor.core.runs import ReplayRequest, RunRequest, ScanRequest, check

from .rig import Rig, ago, tag

ANNA = AccountId("anna")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def ordered(request: RunRequest) -> None:
    check(request, accounts=["anna", "ben"], handlers=["embed"])


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (UndoRequest(), "an undo needs a filter"),
        (ApplyRequest(), "name the plans, or say that all are meant"),
        (ApplyRequest(suggestions=True), "name the suggestions"),
        (UndoRequest(account=AccountId("carl")), "there is no account 'carl'; there are anna, ben"),
        (ApplyRequest(feature="films"), "there is no feature 'films'"),  # type: ignore[arg-type]  # from outside
        (UndoRequest(since=NOON, until=NOON - timedelta(hours=1)), "before it begins"),
        (ScanRequest(budget=0), "a budget is 1 to"),
        (ReplayRequest(budget=5), "a replay needs a filter"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(request_: RunRequest, sentence: str) -> None:
    with pytest.raises(BadRequest, match=sentence.replace("(", r"\(")):
        ordered(request_)


@pytest.mark.parametrize(
    ("request_", "title"),
    [
        (UndoRequest(everything=True), "Undo of everything"),
        (UndoRequest(entries=(12, 7)), "Undo of entries 7 and 12"),
        (UndoRequest(entries=tuple(range(1, 2001))), "Undo of 2,000 entries"),
        (UndoRequest(event=7, account=ANNA), "Undo of changes, by event 7, of anna"),
        (
            UndoRequest(category="Receipts", feature="tags", since=NOON),
            "Undo of category Receipts, tags only, from 2026-06-01 12:00 UTC",
        ),
        (UndoRequest(run=RunId("scan:1")), "Undo of changes, of the run scan:1"),
        (ApplyRequest(everything=True), "Carrying out all plans"),
        (ApplyRequest(everything=True, suggestions=True), "Carrying out all suggestions"),
        (ApplyRequest(run=RunId("dry:1"), feature="stacks"), "Carrying out plans, of the run dry:1, stacks only"),
        (ApplyRequest(entries=(3,)), "Carrying out entry 3"),
    ],
)
def test_an_order_is_told_in_a_line(request_: UndoRequest | ApplyRequest, title: str) -> None:
    ordered(request_)
    assert title_of(request_) == title


def test_orders_go_before_scans_and_behind_what_is_heard() -> None:
    ranks = [priority_of(RunId(run)) for run in ("live", "undo:1", "apply:1", "scan:1", "dry:1", "replay:1")]
    assert ranks == [0, 5, 5, 10, 10, 20]


def test_how_far_an_order_is_is_told_by_what_it_found() -> None:
    assert share_of_order(OrderProgress()) == 0.0
    assert share_of_order(OrderProgress(found=4, entries=1)) == 0.25
    assert share_of_order(OrderProgress(found=4, entries=4, fed=True)) == 1.0


def test_what_stood_outside_is_told_in_words() -> None:
    one, two = AssetId("p"), AssetId("q")
    assert words_of_state(TagState(tags=frozenset({"b", "a"}))) == "tags: a, b"
    assert words_of_state(TagState(tags=frozenset())) == "tags: none"
    assert words_of_state(VisibilityState(visibility=((one, "timeline"),))) == "p in the timeline"
    stacks = StackState(stacks=((one, frozenset({one, two})),), missing=frozenset({AssetId("r")}))
    assert words_of_state(stacks) == "2 stacked under p; 1 missing"
    assert words_of_state(StackState(stacks=())) == "no stack"
    assert words_of_state(PortraitState(files=frozenset({"f"}), ours="f")) == "1 pictures in Frigate, ours f"


async def test_the_journal_is_listed_by_filter_and_paged(rig: Rig) -> None:
    one, two = await rig.home.photos(2)
    entries = [await rig.did(tag(one, "Auto/A"), event=7), await rig.planned(tag(two, "Auto/B"), run=RunId("dry:1"))]
    await rig.pool.execute("UPDATE journal SET written_at = $2 WHERE id = $1", entries[0], ago(days=2))

    async def found(wanted: JournalFilter) -> list[int]:
        return [line.id for line in await rig.orders.entries(wanted)]

    assert await found(JournalFilter()) == entries[::-1]
    for wanted in (
        JournalFilter(event=7),
        JournalFilter(until=ago(days=1)),
        JournalFilter(asset=one),
        JournalFilter(states=(EntryState.DONE, EntryState.OPEN)),
    ):
        assert await found(wanted) == entries[:1]
    for wanted in (
        JournalFilter(run=RunId("dry:1")),
        JournalFilter(since=ago(days=1)),
        JournalFilter(states=(EntryState.PLANNED,)),
    ):
        assert await found(wanted) == entries[1:]
    assert await found(JournalFilter(kind="StackAssets")) == []
    assert await found(JournalFilter(feature="archive")) == []
    assert await found(JournalFilter(account=ANNA)) == []
    (line,) = await rig.orders.entries(JournalFilter(), 1, before=entries[1])
    assert (line.what, line.why, line.scores) == (f"tag {one}: Auto/A", "because", {"Receipts": 0.91})
    assert (line.before, line.after, line.state) == ("tags: none", "tags: Auto/A", "done")


async def test_nothing_is_told_of_an_order_that_is_none(pool: asyncpg.Pool) -> None:
    orders = PostgresOrders(pool)
    assert await orders.report(RunId("undo:none")) is None
    assert await orders.report(RunId("live")) is None
