"""Plans and suggestions that a person has carried out later: held against what stands then."""

from dataclasses import replace

from reactor.core.changes import ArchiveAssets, Change, Reason, feature_of, subjects_of
from reactor.core.entry_orders import CarryOut, Undo
from reactor.core.ids import LIVE, RunId
from reactor.core.journal import Cause, EntryState

from ..household import ME
from .test_perform import CAUSE, WHY, Desk, archived, desk, stack, tag

__all__ = ["desk"]
ASKED = Cause(handler="apply", event=7, run=RunId("apply:1"))


async def planned(desk: Desk, change: Change, state: EntryState = EntryState.PLANNED) -> CarryOut:
    assert await desk.performer("observe").perform(change, CAUSE) is state
    entry: int = await desk.pool.fetchval("SELECT max(id) FROM journal")
    return CarryOut(account=ME, entry=entry, feature=feature_of(change), subjects=subjects_of(change))


async def state_of(desk: Desk, entry: int) -> tuple[str, str]:
    row = await desk.pool.fetchrow("SELECT state, note FROM journal WHERE id = $1", entry)
    assert row is not None
    return row["state"], row["note"]


async def test_a_plan_is_carried_out_though_the_mode_is_observe(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    order = await planned(desk, tag(photo, "Auto/X"))
    assert await desk.performer("observe").perform(order, ASKED) is EntryState.DONE
    assert (await desk.home.library.asset(photo)).tags == {"Auto/X"}
    assert await state_of(desk, order.entry) == ("carried out", f"carried out as {order.entry + 1}")
    row = await desk.pool.fetchrow("SELECT handler, event, run FROM journal WHERE state = 'done'")
    assert row is not None
    # Who decided it stays known: the plan's handler and event, in the run of the order.
    assert (row["handler"], row["event"], row["run"]) == (CAUSE.handler, CAUSE.event, ASKED.run)
    assert await desk.performer("observe").perform(order, ASKED) is None


async def test_a_plan_that_the_present_overtook_is_put_by(desk: Desk) -> None:
    one, two, three, four = await desk.home.photos(4)
    stacking = await planned(desk, stack(one, two))
    tagging = await planned(desk, tag(one, "Auto/X"))
    archiving = await planned(desk, archived(three))
    await desk.home.writer.make_stack([two, three, four])
    await desk.home.writer.add_tags(one, ["Auto/X"])
    await desk.home.user_deletes(three, force=True)
    performer = desk.performer()
    assert await performer.perform(stacking, ASKED) is EntryState.SUPERSEDED
    assert await performer.perform(tagging, ASKED) is None
    assert await performer.perform(archiving, ASKED) is EntryState.SUPERSEDED
    assert (await state_of(desk, stacking.entry))[0] == "superseded"
    assert await state_of(desk, tagging.entry) == ("carried out", "it stood so already")
    assert "gone" in (await state_of(desk, archiving.entry))[1]


async def test_a_stack_that_was_planned_again_larger_stands_once_in_the_plan(desk: Desk) -> None:
    one, two, three = await desk.home.photos(3)
    smaller = await planned(desk, stack(one, two))
    larger = await planned(desk, stack(one, two, three))
    assert (await state_of(desk, smaller.entry))[0] == "superseded"
    assert await desk.performer().perform(smaller, ASKED) is None
    assert await desk.performer().perform(larger, ASKED) is EntryState.DONE


async def test_a_planned_archive_is_not_made_once_its_tag_was_taken_back(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    archiving = await planned(
        desk, ArchiveAssets(account=ME, assets=(photo,), categories=("X",), reason=Reason(rule="wanted by X"))
    )
    await desk.performer().perform(tag(photo, "Auto/X"), CAUSE)
    await desk.home.rest()
    tagged: int = await desk.pool.fetchval("SELECT id FROM journal WHERE state = 'done'")
    taking_back = Undo(account=ME, entry=tagged, feature="tags", subjects=(photo,))
    assert await desk.performer().perform(taking_back, ASKED) is EntryState.DONE
    assert await desk.performer().perform(archiving, ASKED) is EntryState.VETOED
    assert (await state_of(desk, archiving.entry))[0] == "vetoed"
    assert (await desk.home.library.asset(photo)).visibility == "timeline"


async def test_what_lies_in_the_grey_zone_waits_for_a_person_in_any_mode(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    unsure = replace(tag(photo, "Auto/X"), reason=replace(WHY, sure=False))
    assert await desk.performer("apply").perform(unsure, CAUSE) is EntryState.SUGGESTED
    order = await planned(desk, unsure, EntryState.SUGGESTED)
    assert await desk.entries() == [("TagAsset", "suggested")]
    assert (await desk.home.library.asset(photo)).tags == set()
    assert await desk.performer("observe").perform(order, ASKED) is EntryState.DONE
    assert (await desk.home.library.asset(photo)).tags == {"Auto/X"}


async def test_dry_plans_of_a_run_are_complete_in_themselves(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    dry = Cause(handler="test", event=1, run=RunId("dry:1"))
    for cause in (dry, replace(dry, run=RunId("dry:2")), replace(dry, run=LIVE)):
        await desk.performer("observe").perform(tag(photo, "Auto/X"), cause)
    assert await desk.entries() == [("TagAsset", "planned")] * 3
