"""Switched off in the midst of taking labels back: nothing is done, and what was asked for is done later."""

from reactor.core.ids import AssetId, RunId
from reactor.core.relabel_runs import RelabelProgress, RelabelRequest
from reactor.sources.label_keeper import LabelKeeper
from reactor.sources.relabel import SWITCHED_OFF, RelabelFeed

from ..household import ME, eventually
from .rig import LabelRig, category

BILLS = category("Bills", "receipt", action="tag_and_archive")


async def _removed_and_switched_off(rig: LabelRig) -> AssetId:
    await rig.categories(BILLS)
    photo = await rig.photo(1, receipt=0.6)
    await rig.store.edit(lambda _: ())
    rig.rules.forget()
    assert await LabelKeeper(rig.rules, rig.embedder, rig.runs, rig.house.bookmarks).once() == 1
    return photo


async def _stands(rig: LabelRig, photo: AssetId) -> tuple[set[str], bool]:
    return await rig.tags(photo), await rig.is_archived(photo)


async def test_a_run_waits_while_labelling_is_switched_off(rig: LabelRig) -> None:
    photo = await _removed_and_switched_off(rig)
    await rig.rules.switch(False)
    (run,) = await rig.runs.list(10)

    async def waits() -> bool:
        found = await rig.runs.get(run.id)
        return found is not None and found.is_open and found.note == SWITCHED_OFF

    async with rig.working():
        await eventually(waits, "the run waits")
    assert await _stands(rig, photo) == ({"Auto/Bills"}, True)
    await rig.rules.switch(True)
    await rig.ended(run)
    assert await _stands(rig, photo) == (set(), False)


async def test_what_was_doubted_already_waits_too(rig: LabelRig) -> None:
    photo = await _removed_and_switched_off(rig)
    (run,) = await rig.runs.list(10)
    feed = RelabelFeed((ME,), rig.labels, rig.rules, rig.embedder, rig.log)
    doubted = await feed.step(_Open(run.id, run.request, RelabelProgress(photos=1, waits_for=())), 10)
    assert isinstance(doubted.progress, RelabelProgress) and doubted.progress.differing == 1
    await rig.rules.switch(False)

    async def held() -> bool:
        found = await rig.pool.fetchrow("SELECT state, error FROM deliveries WHERE handler = 'retract'")
        return found is not None and (found["state"], found["error"]) == ("waiting", SWITCHED_OFF)

    async with rig.working():
        await eventually(held, "the doubt waits")
    assert await _stands(rig, photo) == ({"Auto/Bills"}, True)
    await rig.rules.switch(True)
    await rig.pool.execute("UPDATE deliveries SET run_at = clock_timestamp() WHERE state = 'waiting'")
    await rig.ended(run)
    assert await _stands(rig, photo) == (set(), False)


class _Open:
    """A run in our hand."""

    note = ""

    def __init__(self, run: RunId, request: object, progress: RelabelProgress) -> None:
        assert isinstance(request, RelabelRequest)
        self.id, self.request, self.progress = run, request, progress
