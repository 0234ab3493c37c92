"""Plans that wait while the world and the settings move on: carried out as the present asks for it."""

from collections.abc import Sequence
from dataclasses import replace

from reactor.core.gates import Gates
from reactor.core.ids import AssetId
from reactor.core.orders import ApplyRequest
from reactor.core.runs import Run

from ..household import ME
from .rig import KNOWN, Rig, archived, stack, tag

ALL = ApplyRequest(everything=True)
ARCHIVING = tuple(replace(category, action="tag_and_archive") for category in KNOWN)


async def asked(rig: Rig, request: ApplyRequest) -> Run:
    run = await rig.runs.start(request)
    async with rig.running():
        return await rig.ended(run)


async def test_plans_are_carried_out_in_the_order_of_their_making(rig: Rig) -> None:
    one, two, three = await rig.home.photos(3)
    entries = [await rig.planned(tag(photo, "Auto/A")) for photo in (one, two, three)]
    orders, request = rig.orders, ALL
    last, found = await orders.last(request)
    assert (last, found) == (entries[-1], 3)
    run = await rig.runs.start(request)
    first = await orders.page(request, run.id, at=None, last=last, limit=2)
    rest = await orders.page(request, run.id, at=first.at, last=last, limit=2)
    assert [event.subject for event in (*first.events, *rest.events)] == [one, two, three]
    assert rest.at == 0


async def test_what_no_category_asks_for_any_more_is_left_out(rig: Rig) -> None:
    one, two = await rig.home.photos(2)
    both, gone = await rig.planned(tag(one, "Auto/A", "Auto/B")), await rig.planned(tag(two, "Auto/B"))
    away = await rig.planned(archived(two, categories=("B",)))
    rig.categories = tuple(replace(category, enabled=category.name != "B") for category in ARCHIVING)
    await assert_only_a_is_set(rig, (both, gone, away), one, two)


async def test_what_a_category_that_became_stricter_asks_for_no_more_is_left_out(rig: Rig) -> None:
    one, two, three = [await rig.house.photo(seed) for seed in (1, 2, 3)]
    both, gone = await rig.planned(tag(one, "Auto/A", "Auto/B")), await rig.planned(tag(two, "Auto/B"))
    away = await rig.planned(archived(two, categories=("B",)))
    accepted = await rig.did(tag(three, "Auto/B", sure=False))
    rig.categories = tuple(
        replace(category, similarity=1.1 if category.name == "B" else -1.0) for category in ARCHIVING
    )
    await assert_only_a_is_set(rig, (both, gone, away), one, two)
    # What a person accepts, whom the category left in doubt, is set all the same.
    await rig.carried_out(replace(ALL, suggestions=True))
    assert await rig.tags(three) == {"Auto/B"}
    assert await rig.states(accepted) == ["carried out"]


async def test_a_stack_stays_in_the_timeline_where_one_of_its_photos_is_wanted_in_the_archive_no_more(
    rig: Rig,
) -> None:
    one, two = [await rig.house.photo(seed) for seed in (1, 2)]
    away = await rig.planned(archived(one, two, categories=("A", "B")))
    low, high = sorted([await likeness(rig, photo) for photo in (one, two)])
    rig.categories = tuple(
        replace(category, similarity=(low + high) / 2 if category.name == "A" else 1.1) for category in ARCHIVING
    )
    await rig.carried_out(ALL)
    assert await rig.states(away) == ["superseded"]
    assert {(await rig.home.library.asset(photo)).visibility for photo in (one, two)} == {"timeline"}


async def test_a_plan_for_a_photo_that_is_gone_is_closed_though_a_category_asks_for_its_file(rig: Rig) -> None:
    photo = await rig.house.photo(1)
    entry = await rig.planned(tag(photo, "Auto/A"))
    await rig.home.user_deletes(photo, force=True)
    # As earlier releases stored it: what the category asks for has to be read from Immich.
    await rig.pool.execute("UPDATE photos SET file_name = NULL, path = NULL")
    rig.categories = tuple(replace(one, similarity=-1.0, gates=Gates(filename=("*",))) for one in KNOWN)
    await rig.carried_out(ALL)
    assert await rig.states(entry) == ["superseded"]


async def assert_only_a_is_set(rig: Rig, entries: Sequence[int], one: AssetId, two: AssetId) -> None:
    """Carry out plans of A and B for one photo, and of B and the archive for the other: A alone is done."""
    both, gone, away = entries
    report = await rig.carried_out(ALL)
    assert [await rig.tags(photo) for photo in (one, two)] == [{"Auto/A"}, frozenset()]
    assert (await rig.home.library.asset(two)).visibility == "timeline"
    assert await rig.states(both, gone, away) == ["carried out", "superseded", "superseded"]
    assert {line.entry: line.why for line in report.lines if line.entry != both} == dict.fromkeys(
        (gone, away), "no category asks for it any more"
    )


async def likeness(rig: Rig, photo: AssetId) -> float:
    """Return how like a photo is to what all categories ask for."""
    (stored,) = await rig.house.photos.embedded(ME, (photo,), rig.house.looker.model)
    prompt = (await rig.house.looker.texts(KNOWN[0].prompts))[KNOWN[0].prompts[0]]
    return float(stored.vector @ prompt)


async def test_suggestions_for_one_photo_are_all_set_though_immich_loses_one_of_two_quick_calls(rig: Rig) -> None:
    (photo,) = await rig.home.photos(1)
    entries = [await rig.did(tag(photo, f"Auto/{name}", sure=False)) for name in ("A", "B")]
    await asked(rig, replace(ALL, suggestions=True))
    assert await rig.states(*entries) == ["carried out", "carried out"]
    assert await rig.tags(photo) == {"Auto/A", "Auto/B"}


async def test_the_archive_is_asked_about_anew_for_a_photo_that_was_stacked_since(rig: Rig) -> None:
    rig.categories = ARCHIVING
    one, two = [await rig.house.photo(seed) for seed in (1, 2)]
    entries = [await rig.planned(archived(photo, categories=("A",))) for photo in (one, two)]
    await rig.planned(stack(one, two))
    await asked(rig, replace(ALL, feature="stacks"))
    assert await rig.stack_of(one) == {one, two}
    await asked(rig, replace(ALL, feature="archive"))
    assert await rig.states(*entries) == ["superseded", "superseded"]
    handled = await rig.pool.fetchval(
        "SELECT count(*) FROM deliveries WHERE handler = 'archive' AND run LIKE 'apply:%' AND state = 'done'"
    )
    assert handled == 2
