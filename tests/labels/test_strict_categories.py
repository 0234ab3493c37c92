"""Categories by strictness: nothing before the model is measured; then what was stored catches up, once."""

from typing import Any

import pytest

from reactor.adapters.postgres.feeding import Fed
from reactor.core.calibration import ENOUGH
from reactor.core.changes import UntagAsset
from reactor.core.events import ArchiveWanted, AssetEmbedded
from reactor.core.ids import AssetId
from reactor.core.label_events import ArchiveDoubted, LabelsDoubted
from reactor.core.orders import UndoRequest
from reactor.core.relabel_runs import RelabelProgress, RelabelRequest
from reactor.sources.relabel import RelabelFeed
from reactor.stages.archive import unarchive
from reactor.stages.classify import retract

from ..household import ME
from ..stages.house import CAUSE
from .rig import LabelRig, category

STRICT = category("Cats", "cat", strictness="normal")
BILLS = category("Bills", "receipt", action="tag_and_archive")


async def stored(rig: LabelRig, number: int, cosines: dict[str, float]) -> list[AssetId]:
    return [await rig.photo(seed, cosines=cosines) for seed in range(number)]


async def test_until_the_model_is_measured_nothing_is_tagged_by_strictness_and_then_all_catches_up(
    rig: LabelRig,
) -> None:
    await rig.categories(STRICT, category("Dogs", "dog"))
    photos = await stored(rig, ENOUGH - 1, {"cat": 0.6, "dog": 0.6})
    assert await rig.looked() is None
    assert {frozenset(await rig.tags(photo)) for photo in photos} == {frozenset({"Auto/Dogs"})}
    last = await rig.photo(ENOUGH, cat=0.6)
    run = await rig.looked()
    assert run is not None
    assert {frozenset(await rig.tags(photo)) for photo in photos} == {frozenset({"Auto/Dogs", "Auto/Cats"})}
    assert await rig.tags(last) == {"Auto/Cats"}
    measured = await rig.rules.calibration()
    assert measured is not None
    # The best caption of such a picture has .8 of its word's cosine; most have nothing of it.
    assert (measured.photos, measured.version) == (ENOUGH, 1)
    assert measured.hi == pytest.approx(0.48, abs=0.001)
    # Photos of another kind do not move it.
    await stored(rig, ENOUGH, {"beach": 0.9})
    assert await rig.looked() is None
    assert await rig.rules.calibration() == measured


async def test_a_new_category_that_is_the_first_to_need_a_measurement_is_for_what_comes(rig: LabelRig) -> None:
    await rig.categories(category("Dogs", "dog"))
    photos = await stored(rig, ENOUGH, {"cat": 0.9})
    assert await rig.categories(category("Dogs", "dog"), STRICT) is None
    assert await rig.rules.calibration() is not None
    new = await rig.photo(ENOUGH, cat=0.9)
    assert (await rig.tags(photos[0]), await rig.tags(new)) == (set(), {"Auto/Cats"})


async def test_a_new_measurement_takes_back_what_it_makes_too_weak(rig: LabelRig) -> None:
    await rig.calibrate(0.0, 0.5)
    await rig.categories(STRICT)
    weak, strong = await rig.photo(1, cat=0.45), await rig.photo(2, cat=0.7)
    assert [await rig.tags(photo) for photo in (weak, strong)] == [{"Auto/Cats"}] * 2
    await rig.calibrate(0.0, 0.6, version=2)
    assert await rig.looked() is not None
    assert [await rig.tags(photo) for photo in (weak, strong)] == [set(), {"Auto/Cats"}]
    # A looser one is no reason to touch anything.
    await rig.calibrate(0.0, 0.4, version=3)
    assert await rig.looked() is None
    assert await rig.tags(weak) == set()


async def test_another_model_takes_back_what_it_sees_otherwise_once_it_has_seen_it(rig: LabelRig) -> None:
    await rig.categories(category("Cats", "cat"))
    photo = await rig.photo(1, cat=0.6)
    rig.embedder.model = "another"
    await rig.looked()
    assert await rig.tags(photo) == {"Auto/Cats"}  # not seen by it yet
    await rig.reseen(photo, cat=0.2)
    assert await rig.tags(photo) == set()


async def test_a_crash_between_the_run_and_the_snapshot_asks_twice_and_does_once(rig: LabelRig) -> None:
    await rig.categories(BILLS)
    photo = await rig.photo(1, receipt=0.6)
    before = await rig.house.bookmarks.get("labels:applied")
    assert await rig.categories() is not None
    written = await rig.pool.fetchval("SELECT count(*) FROM journal")
    await rig.house.bookmarks.put("labels:applied", before)
    assert await rig.looked() is not None
    assert await rig.pool.fetchval("SELECT count(*) FROM journal") == written
    assert (await rig.tags(photo), await rig.is_archived(photo)) == (set(), False)


async def test_a_crash_after_the_tag_was_taken_off_does_not_leave_the_photo_in_the_archive(rig: LabelRig) -> None:
    await rig.categories(BILLS)
    photo = await rig.photo(1, receipt=0.6)
    rig.managed = "reactor"
    await rig.store.edit(lambda _: ())
    rig.rules.forget()
    doubt = LabelsDoubted(account=ME, asset=photo, why="test")
    first = await retract([doubt], rig.services())
    assert [type(change) for change in first.changes] == [UntagAsset]
    await rig.house.performer().carry_out(first.changes, CAUSE)
    await rig.home.rest()
    # What followed was lost with the process; the delivery comes again.
    again = await retract([doubt], rig.services())
    assert (again.changes, [type(event) for event in again.events]) == ((), [ArchiveDoubted])
    brought = await unarchive(again.events, rig.services())
    await rig.house.performer().carry_out(brought.changes, CAUSE)
    await rig.home.rest()
    assert (await rig.tags(photo), await rig.is_archived(photo)) == (set(), False)


async def test_what_the_user_did_to_a_photo_meanwhile_is_left_alone(rig: LabelRig) -> None:
    await rig.categories(BILLS)
    shown, again = await rig.photo(1, receipt=0.6), await rig.photo(2, receipt=0.6)
    await rig.house.user("PUT", "/assets", {"ids": [shown], "visibility": "timeline"})
    await rig.taken_off_by_the_user(again, "Auto/Bills")
    await rig.house.user_tags(again, "Auto/Bills")  # and set by hand: the user's own from now on
    await rig.categories()
    assert (await rig.tags(shown), await rig.is_archived(shown)) == (set(), False)
    assert await rig.tags(again) == {"Auto/Bills"}


@pytest.mark.parametrize("now", [[], [BILLS | {"action": "tag"}], [BILLS | {"enabled": False}]])
async def test_what_was_wanted_in_the_archive_by_a_category_that_does_not_want_it_now_stays_out(
    rig: LabelRig, now: list[dict[str, Any]]
) -> None:
    await rig.categories(BILLS)
    photo = await rig.photo(1, receipt=0.6, heard=False)
    # It waited for its stack, or for a limit, while the category was changed.
    wanted = ArchiveWanted(account=ME, asset=photo, categories=("Bills",), model=rig.embedder.model, checksum="c1")
    await rig.categories(*now)
    await rig.hear(wanted)
    assert not await rig.is_archived(photo)


async def test_a_stack_that_we_archived_comes_back_whole(rig: LabelRig) -> None:
    await rig.categories(BILLS)
    one, two = await rig.photo(1, receipt=0.6, heard=False), await rig.photo(2, receipt=0.8, heard=False)
    await rig.house.user("POST", "/stacks", {"assetIds": [one, two]})
    for number, photo in enumerate((one, two), 1):
        await rig.hear(AssetEmbedded(account=ME, asset=photo, model=rig.embedder.model, checksum=f"c{number}"))
    assert [await rig.is_archived(photo) for photo in (one, two)] == [True, True]
    await rig.categories(BILLS | {"similarity": 0.7})
    assert [await rig.tags(photo) for photo in (one, two)] == [set(), {"Auto/Bills"}]
    assert [await rig.is_archived(photo) for photo in (one, two)] == [False, False]
    # Nor is it archived again for what one of them was wanted for before.
    await rig.rescan()
    assert [await rig.is_archived(photo) for photo in (one, two)] == [False, False]


async def test_who_left_the_stack_since_stays_in_the_archive_while_it_is_wanted_there(rig: LabelRig) -> None:
    await rig.categories(BILLS)
    one, two = await rig.photo(1, receipt=0.6, heard=False), await rig.photo(2, receipt=0.8, heard=False)
    stack = await rig.house.user("POST", "/stacks", {"assetIds": [one, two]})
    for number, photo in enumerate((one, two), 1):
        await rig.hear(AssetEmbedded(account=ME, asset=photo, model=rig.embedder.model, checksum=f"c{number}"))
    await rig.house.user("DELETE", f"/stacks/{stack['id']}", None)
    await rig.categories(BILLS | {"similarity": 0.7})
    assert [await rig.is_archived(photo) for photo in (one, two)] == [False, True]
    await rig.asked(UndoRequest(everything=True))
    assert [await rig.is_archived(photo) for photo in (one, two)] == [False, False]


async def test_what_was_decided_before_the_change_is_set_before_labels_are_looked_at_again(rig: LabelRig) -> None:
    await rig.categories(BILLS)
    photo = await rig.photo(1, receipt=0.6)
    feed = RelabelFeed((ME,), rig.labels, rig.rules, rig.embedder, rig.log)
    run = await rig.runs.start(RelabelRequest())
    await rig.store.edit(lambda _: ())
    rig.rules.forget()
    await rig.pool.execute("UPDATE deliveries SET state = 'running' WHERE handler = 'classify'")
    progress = RelabelProgress()
    for _ in range(5):
        step = await feed.step(Fed(id=run.id, request=RelabelRequest(), progress=progress, note=""), 10)
        assert isinstance(step.progress, RelabelProgress)
        progress = step.progress
    assert (len(progress.waits_for or ()), progress.looked, step.wait_s > 0) == (1, 0, True)
    await rig.pool.execute("UPDATE deliveries SET state = 'done' WHERE handler = 'classify'")
    await rig.ended(run)
    assert await rig.tags(photo) == set()
