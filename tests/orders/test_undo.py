"""Undo through the worker: of an entry, an event, a run, a category, a span of time, of everything."""

from datetime import UTC, datetime

import pytest

from reactor.core.ids import LIVE, RunId
from reactor.core.orders import UndoRequest
from reactor.core.runs import RunState

from .rig import Rig, ago, archived, stack, tag

SCAN = RunId("scan:1")


async def test_one_entry_is_taken_back_and_nothing_else(rig: Rig) -> None:
    one, two = await rig.home.photos(2)
    first, second = await rig.did(tag(one, "Auto/A")), await rig.did(tag(two, "Auto/A"))
    report = await rig.carried_out(UndoRequest(entries=(first,)))
    assert (report.done, report.left, report.failed, report.nothing, report.open) == (1, 0, 0, 0, 0)
    assert [await rig.tags(photo) for photo in (one, two)] == [frozenset(), {"Auto/A"}]
    assert await rig.states(first, second) == ["undone", "done"]
    # A second time there is nothing that fits.
    again = await rig.carried_out(UndoRequest(entries=(first,)))
    assert (again.done, again.left, again.nothing, again.lines) == (0, 0, 0, ())


async def test_what_an_event_or_a_run_led_to_is_taken_back(rig: Rig) -> None:
    one, two, three = await rig.home.photos(3)
    entries = [
        await rig.did(tag(one, "Auto/A"), event=7),
        await rig.did(tag(two, "Auto/A"), event=8, run=SCAN),
        await rig.did(tag(three, "Auto/A"), event=9, run=SCAN),
    ]
    assert (await rig.carried_out(UndoRequest(event=7))).done == 1
    assert await rig.states(*entries) == ["undone", "done", "done"]
    assert (await rig.carried_out(UndoRequest(run=SCAN))).done == 2
    assert await rig.states(*entries) == ["undone"] * 3
    assert [await rig.tags(photo) for photo in (one, two, three)] == [frozenset()] * 3


async def test_a_category_takes_back_its_own_tag_and_what_it_archived(rig: Rig) -> None:
    one, two, three = await rig.home.photos(3)
    both = await rig.did(tag(one, "Auto/A", "Auto/B"))
    other = await rig.did(tag(two, "Auto/B"))
    away = await rig.did(archived(one, categories=("A",)))
    kept = await rig.did(archived(three, categories=("B",)))
    preview = await rig.orders.preview(UndoRequest(category="A"))
    assert (preview.entries, preview.features) == (2, (("archive", 1), ("tags", 1)))
    assert [line.id for line in preview.first] == [away, both]
    report = await rig.carried_out(UndoRequest(category="A"))
    assert (report.done, report.left) == (2, 0)
    assert [await rig.tags(photo) for photo in (one, two)] == [{"Auto/B"}, {"Auto/B"}]
    seen = [(await rig.home.library.asset(photo)).visibility for photo in (one, three)]
    assert seen == ["timeline", "archive"]
    # The rest of the first entry stands, and can be taken back later.
    assert await rig.states(both, other, away, kept) == ["done", "done", "undone", "done"]
    assert (await rig.carried_out(UndoRequest(category="Auto/B"))).done == 3
    assert await rig.states(other, away, kept) == ["undone"] * 3
    assert [await rig.tags(photo) for photo in (one, two)] == [frozenset(), frozenset()]


async def test_a_span_of_time_an_account_and_a_feature_bound_an_undo(rig: Rig) -> None:
    one, two = await rig.home.photos(2)
    old, new = await rig.did(tag(one, "Auto/A")), await rig.did(tag(two, "Auto/A"))
    away = await rig.did(archived(two))
    await rig.pool.execute("UPDATE journal SET written_at = $2 WHERE id = $1", old, ago(days=2))
    assert (await rig.orders.preview(UndoRequest(until=ago(days=1)))).entries == 1
    assert (await rig.orders.preview(UndoRequest(since=ago(days=1)))).entries == 2
    assert (await rig.orders.preview(UndoRequest(account=None, everything=True))).entries == 3
    report = await rig.carried_out(UndoRequest(since=ago(hours=1), until=datetime.now(UTC), feature="tags"))
    assert report.done == 1
    assert await rig.states(old, new, away) == ["done", "undone", "done"]


async def test_everything_is_taken_back_newest_first_page_by_page(rig: Rig) -> None:
    one, two, three = await rig.home.photos(3)
    entries = [
        await rig.did(tag(one, "Auto/A")),
        await rig.did(stack(one, two)),
        await rig.did(stack(one, two, three)),
        await rig.did(tag(two, "Auto/A")),
    ]
    # The steps of the feeder are so small that the run is fed while it is done.
    rig.window = type(rig.window)(untried=1, unfinished=1)
    run = await rig.runs.start(UndoRequest(everything=True))
    async with rig.running():
        ended = await rig.ended(run)
    assert (ended.state, ended.counts.done) == (RunState.DONE, 4)
    assert await rig.asked(run.id) == entries[::-1]
    assert await rig.states(*entries) == ["undone"] * 4
    assert [await rig.stack_of(photo) for photo in (one, two, three)] == [frozenset()] * 3
    assert (await rig.report(run.id)).done == 4
    # What took back is no change that could be taken back itself.
    assert (await rig.orders.preview(UndoRequest(everything=True))).entries == 0


async def test_what_the_user_changed_since_is_left_and_told(rig: Rig) -> None:
    one, two, three = await rig.home.photos(3)
    entry = await rig.did(stack(one, two))
    await rig.home.writer.make_stack([one, two, three])
    report = await rig.carried_out(UndoRequest(entries=(entry,)))
    assert (report.done, report.left) == (0, 1)
    (line,) = report.lines
    assert (line.entry, line.ended, line.why) == (entry, "left", "the stack is not as we left it: you changed it")
    assert await rig.stack_of(one) == {one, two, three}
    # It is told again, though it is written down once.
    assert (await rig.carried_out(UndoRequest(entries=(entry,)))).left == 1


async def test_a_photo_that_was_deleted_is_no_failure(rig: Rig) -> None:
    one, two = await rig.home.photos(2)
    entries = [await rig.did(tag(one, "Auto/A")), await rig.did(tag(two, "Auto/A"))]
    await rig.home.user_deletes(one, force=True)
    report = await rig.carried_out(UndoRequest(everything=True))
    assert (report.done, report.nothing, report.failed) == (1, 1, 0)
    assert await rig.states(*entries) == ["undone", "undone"]


async def test_an_open_entry_is_looked_at_before_it_is_taken_back(rig: Rig) -> None:
    one, two = await rig.home.photos(2)
    arrived, never = await rig.did(tag(one, "Auto/A")), await rig.did(tag(two, "Auto/B"))
    await rig.home.user_untags(two, "Auto/B")
    await rig.pool.execute("UPDATE journal SET state = 'open', after = NULL, settled_at = NULL")
    report = await rig.carried_out(UndoRequest(everything=True))
    assert (report.done, report.nothing, report.failed) == (1, 1, 0)
    assert await rig.states(arrived, never) == ["undone", "superseded"]
    assert await rig.tags(one) == frozenset()


async def test_a_run_that_was_interrupted_goes_on_where_it_stood(rig: Rig) -> None:
    photos = await rig.home.photos(4)
    entries = [await rig.did(tag(photo, "Auto/A")) for photo in photos]
    rig.window = type(rig.window)(untried=1, unfinished=1)
    run = await rig.runs.start(UndoRequest(everything=True))
    for feeder in rig.feeders():
        # It counts what there is, asks for the newest, and the process ends.
        await feeder.turn()
        await feeder.turn()
    assert await rig.asked(run.id) == entries[:2:-1]
    later = await rig.did(tag(photos[0], "Auto/Later"))
    async with rig.running():
        await rig.ended(run)
    assert await rig.states(*entries, later) == ["undone"] * 4 + ["done"]
    assert (await rig.report(run.id)).done == 4


@pytest.mark.parametrize("request_", [UndoRequest(entries=(99,)), UndoRequest(run=LIVE), UndoRequest(category="None")])
async def test_an_undo_of_nothing_ends_at_once(rig: Rig, request_: UndoRequest) -> None:
    run = await rig.runs.start(request_)
    async with rig.running():
        ended = await rig.ended(run)
    assert (ended.state, ended.share, ended.counts.asked) == (RunState.DONE, 1.0, 0)
