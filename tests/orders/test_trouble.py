"""An order while a key is refused, an account is gone, or Immich is away: it ends, or waits, and says why."""

import pytest

from reactor.core.ids import AccountId, RunId
from reactor.core.orders import ApplyRequest, UndoRequest
from reactor.core.runs import RunState
from reactor.worker.worker import WorkerPolicy

from ..household import eventually
from ..working import AT_ONCE
from .rig import Rig, tag


async def test_a_key_that_may_not_ends_the_order_with_a_sentence_and_the_others_go_on(rig: Rig) -> None:
    one, two = await rig.home.photos(2)
    entries = [await rig.did(tag(photo, "Auto/A")) for photo in (one, two)]
    rig.home.immich.fail(
        "DELETE", "/api/tags/*/assets", times=1, status=403, message="Missing required permission: tag.asset"
    )
    run = await rig.runs.start(UndoRequest(everything=True))
    async with rig.running():
        ended = await rig.ended(run)
    assert (ended.state, ended.counts.done, ended.counts.failed) == (RunState.DONE, 1, 1)
    report = await rig.report(run.id)
    assert (report.done, report.failed) == (1, 1)
    (line,) = report.lines
    assert line.ended == "failed"
    assert line.why.startswith("could not be taken back: ")
    assert "tag.asset" in line.why
    # Once the key may again, the rest is taken back by another order.
    assert (await rig.carried_out(UndoRequest(everything=True))).done == 1
    assert await rig.states(*entries) == ["undone", "undone"]


async def test_an_undo_whose_answer_was_lost_is_found_done(rig: Rig) -> None:
    (photo,) = await rig.home.photos(1)
    entry = await rig.did(tag(photo, "Auto/A"))
    rig.home.immich.fail("DELETE", "/api/tags/*/assets", times=1, drop=True, after=True)
    report = await rig.carried_out(UndoRequest(everything=True))
    assert (report.failed, report.left, report.open) == (0, 0, 0)
    assert await rig.states(entry) == ["undone"]
    assert await rig.tags(photo) == frozenset()
    assert rig.home.writes("tag.unlink") == ["tag.unlink"]


async def test_an_outage_is_waited_out(rig: Rig) -> None:
    (photo,) = await rig.home.photos(1)
    entry = await rig.did(tag(photo, "Auto/A"))
    await rig.home.immich.pause()
    run = await rig.runs.start(UndoRequest(entries=(entry,)))

    async def waits() -> bool:
        found = await rig.pool.fetchval("SELECT error FROM deliveries WHERE run = $1 AND state = 'waiting'", run.id)
        return bool(found)

    async with rig.running():
        await eventually(waits, "it was tried, and waits")
        assert (await rig.now(run.id)).state is RunState.RUNNING
        await rig.home.immich.resume()
        ended = await rig.ended(run)
    assert (ended.state, ended.counts.failed) == (RunState.DONE, 0)
    assert await rig.states(entry) == ["undone"]


@pytest.mark.parametrize(
    ("run", "sentence"),
    [("undo:1", "could not be taken back"), ("apply:1", "could not be carried out"), ("live", None), ("scan:1", None)],
)
def test_only_what_a_person_ordered_is_given_up_at_once(run: str, sentence: str | None) -> None:
    policy = WorkerPolicy(quiet=AT_ONCE, deadline_s=1.0).retry_of(RunId(run))
    assert policy.blocked == sentence


async def test_a_run_is_paused_resumed_and_cancelled_like_any_other(rig: Rig) -> None:
    photos = await rig.home.photos(2)
    entries = [await rig.did(tag(photo, "Auto/A")) for photo in photos]
    run = await rig.runs.start(UndoRequest(everything=True))
    await rig.runs.pause(run.id)
    async with rig.running():
        other = await rig.ended(await rig.runs.start(UndoRequest(entries=(entries[0],))))
        assert other.counts.done == 1
        assert await rig.states(*entries) == ["undone", "done"]
        resumed = await rig.runs.resume(run.id)
        assert resumed is not None
        assert resumed.state is RunState.RUNNING
        await rig.ended(run)
    assert await rig.states(*entries) == ["undone", "undone"]
    waiting = await rig.runs.start(ApplyRequest(account=AccountId("me")))
    assert waiting.joined is False
    cancelled = await rig.runs.cancel(waiting.id)
    assert cancelled is not None
    assert cancelled.state is RunState.CANCELLED
