"""Every row of the table of docs/labels.md, from a file on a restart and by an edit: looked at in Immich afterwards."""

from structlog.testing import capture_logs

from reactor.adapters.postgres.orders import PostgresOrders
from reactor.core.orders import ApplyRequest

from .rig import LabelRig, category

CATS = category("Cats", "cat")
BILLS = category("Bills", "receipt", action="tag_and_archive")


async def test_a_new_category_takes_effect_on_what_comes(either: LabelRig) -> None:
    await either.categories(CATS)
    old = await either.photo(1, cat=0.6, dog=0.6)
    assert await either.categories(CATS, category("Dogs", "dog")) is None
    new = await either.photo(2, cat=0.6, dog=0.6)
    assert await either.tags(old) == {"Auto/Cats"}
    assert await either.tags(new) == {"Auto/Cats", "Auto/Dogs"}


async def test_a_removed_category_takes_its_tags_and_its_archive_along_and_nothing_of_the_users(
    either: LabelRig,
) -> None:
    await either.categories(CATS, BILLS)
    ours, both = await either.photo(1, receipt=0.6), await either.photo(2, receipt=0.6, cat=0.6)
    tagged, archived = await either.photo(3, dog=0.9), await either.photo(4, receipt=0.6)
    await either.house.user_tags(tagged, "Auto/Bills")
    await either.house.user("PUT", "/assets", {"ids": [tagged], "visibility": "archive"})
    # Brought back by us and archived by the user again: it is theirs now.
    await either.house.user("PUT", "/assets", {"ids": [archived], "visibility": "timeline"})
    await either.house.user("PUT", "/assets", {"ids": [archived], "visibility": "archive"})
    run = await either.categories(CATS)
    assert run is not None
    assert (await either.tags(ours), await either.is_archived(ours)) == (set(), False)
    assert (await either.tags(both), await either.is_archived(both)) == ({"Auto/Cats"}, False)
    assert (await either.tags(tagged), await either.is_archived(tagged)) == ({"Auto/Bills"}, True)


async def test_what_another_category_archives_stays_in_the_archive(either: LabelRig) -> None:
    screens = category("Screens", "screenshot", action="tag_and_archive")
    await either.categories(BILLS, screens)
    photo = await either.photo(1, receipt=0.6, screenshot=0.6)
    await either.categories(screens)
    assert (await either.tags(photo), await either.is_archived(photo)) == ({"Auto/Screens"}, True)


async def test_a_renamed_category_is_another_one(either: LabelRig) -> None:
    await either.categories(BILLS)
    old = await either.photo(1, receipt=0.6)
    await either.categories(BILLS | {"name": "Receipts"})
    new = await either.photo(2, receipt=0.6)
    # The new name would archive it as well, so it is not shown for the time until it is looked at again.
    assert (await either.tags(old), await either.is_archived(old)) == (set(), True)
    assert (await either.tags(new), await either.is_archived(new)) == ({"Auto/Receipts"}, True)
    await either.rescan()
    assert (await either.tags(old), await either.is_archived(old)) == ({"Auto/Receipts"}, True)
    await either.categories()
    assert [await either.is_archived(photo) for photo in (old, new)] == [False, False]


async def test_a_stricter_threshold_takes_back_what_does_not_reach_it_and_leaves_the_rest(either: LabelRig) -> None:
    await either.categories(BILLS)
    near, sure = await either.photo(1, receipt=0.55), await either.photo(2, receipt=0.8)
    await either.categories(BILLS | {"similarity": 0.7})
    assert (await either.tags(near), await either.is_archived(near)) == (set(), False)
    assert (await either.tags(sure), await either.is_archived(sure)) == ({"Auto/Bills"}, True)
    # Made looser again it is no veto that it was taken back: the next look at the photo tags it.
    assert await either.categories(BILLS) is None
    assert await either.tags(near) == set()
    await either.rescan()
    assert (await either.tags(near), await either.is_archived(near)) == ({"Auto/Bills"}, True)


async def test_a_looser_threshold_takes_effect_on_what_comes(either: LabelRig) -> None:
    await either.categories(CATS | {"similarity": 0.7})
    old = await either.photo(1, cat=0.6)
    assert await either.categories(CATS) is None
    new = await either.photo(2, cat=0.6)
    assert (await either.tags(old), await either.tags(new)) == (set(), {"Auto/Cats"})
    await either.rescan()
    assert await either.tags(old) == {"Auto/Cats"}


async def test_other_prompts_take_back_what_they_do_not_describe(either: LabelRig) -> None:
    pets = category("Pets", "cat", "dog")
    await either.categories(pets)
    cat, dog = await either.photo(1, cat=0.6), await either.photo(2, dog=0.6)
    await either.categories(pets | {"prompts": ["dog"]})
    assert (await either.tags(cat), await either.tags(dog)) == (set(), {"Auto/Pets"})
    await either.categories(pets | {"negative_prompts": ["toy"]})
    toy = await either.photo(3, dog=0.6, toy=0.7)
    assert await either.tags(toy) == set()


async def test_another_action_takes_effect_on_what_comes(either: LabelRig) -> None:
    await either.categories(CATS, BILLS)
    cat, bill = await either.photo(1, cat=0.6), await either.photo(2, receipt=0.6)
    await either.categories(CATS | {"action": "tag_and_archive"}, BILLS | {"action": "tag"})
    new = await either.photo(3, cat=0.6)
    assert [await either.is_archived(photo) for photo in (cat, bill, new)] == [False, True, True]
    await either.rescan()
    assert [await either.is_archived(photo) for photo in (cat, bill, new)] == [True, True, True]


async def test_what_came_back_from_the_archive_goes_there_again_once_it_is_asked_for(either: LabelRig) -> None:
    await either.categories(BILLS)
    photo = await either.photo(1, receipt=0.6)
    await either.categories()
    await either.categories(BILLS | {"action": "tag"})
    await either.rescan()
    assert (await either.tags(photo), await either.is_archived(photo)) == ({"Auto/Bills"}, False)
    await either.categories(BILLS)
    await either.rescan()
    assert await either.is_archived(photo)


async def test_who_asks_for_the_archive_is_known_however_often_it_is_asked(either: LabelRig) -> None:
    screens = category("Screens", "screenshot", action="tag_and_archive")
    await either.categories(BILLS)
    photo = await either.photo(1, receipt=0.6, screenshot=0.6)
    await either.house.user("PUT", "/assets", {"ids": [photo], "visibility": "timeline"})
    await either.pool.execute("UPDATE journal SET state = 'undone' WHERE kind = 'ArchiveAssets'")
    await either.categories(BILLS, screens)
    await either.rescan()
    assert await either.is_archived(photo)
    # Both wanted it there: that one of them goes is no reason to show it.
    await either.categories(screens)
    assert (await either.tags(photo), await either.is_archived(photo)) == ({"Auto/Screens"}, True)


async def test_a_category_that_is_switched_off_is_skipped_at_once_and_keeps_what_it_did(either: LabelRig) -> None:
    await either.categories(CATS, BILLS)
    old = await either.photo(1, receipt=0.6)
    assert await either.categories(CATS, BILLS | {"enabled": False}) is None
    new = await either.photo(2, receipt=0.6, cat=0.6)
    assert (await either.tags(old), await either.is_archived(old)) == ({"Auto/Bills"}, True)
    assert (await either.tags(new), await either.is_archived(new)) == ({"Auto/Cats"}, False)


async def test_switched_off_as_a_whole_nothing_is_done_and_nothing_forgotten(either: LabelRig) -> None:
    await either.categories(CATS, BILLS)
    old = await either.photo(1, receipt=0.6)
    assert await either.categories(CATS, enabled=False) is None
    new = await either.photo(2, cat=0.6)
    assert (await either.tags(old), await either.is_archived(old)) == ({"Auto/Bills"}, True)
    assert await either.tags(new) == set()
    # On again: what was removed meanwhile is cleaned up now.
    assert await either.categories(CATS) is not None
    assert (await either.tags(old), await either.is_archived(old)) == (set(), False)


async def test_the_first_start_leaves_what_is_there(either: LabelRig) -> None:
    await either.categories(CATS, BILLS)
    photo = await either.photo(1, receipt=0.6)
    await either.pool.execute("DELETE FROM bookmarks WHERE name = 'labels:applied'")
    assert await either.categories(CATS) is None
    assert (await either.tags(photo), await either.is_archived(photo)) == ({"Auto/Bills"}, True)


async def test_what_a_person_accepted_stays_whatever_its_score(either: LabelRig) -> None:
    await either.categories(CATS | {"review": 0.2})
    photo = await either.photo(1, cat=0.4)
    assert await either.tags(photo) == set()
    await either.accept_suggestions()
    assert await either.tags(photo) == {"Auto/Cats"}
    await either.categories(CATS | {"similarity": 0.9})
    assert await either.tags(photo) == {"Auto/Cats"}


async def test_a_tag_that_the_user_took_off_stays_off_whatever_changes(either: LabelRig) -> None:
    await either.categories(CATS)
    photo = await either.photo(1, cat=0.6)
    await either.taken_off_by_the_user(photo, "Auto/Cats")
    await either.categories(CATS | {"prompts": ["cat", "dog"]})
    await either.rescan()
    assert await either.tags(photo) == set()


async def test_a_file_that_is_lost_takes_no_labels_along(rig: LabelRig) -> None:
    rig.managed = "file"
    await rig.categories(CATS)
    photo = await rig.photo(1, cat=0.6)
    rig.rules = rig._rules({})
    with capture_logs() as said:
        assert await rig.looked() is None
    assert any("the settings name no categories any more" in one["event"] for one in said)
    assert await rig.tags(photo) == {"Auto/Cats"}
    assert [one.name for one in (await rig.rules.catalogue()).categories] == ["Cats"]


async def test_a_lost_file_takes_no_labels_along_where_the_database_keeps_others(rig: LabelRig) -> None:
    await rig.categories(category("Dogs", "dog"))
    rig.managed = "file"
    await rig.categories(CATS)
    photo = await rig.photo(1, cat=0.6)
    rig.rules = rig._rules({})
    assert await rig.looked() is None
    assert await rig.tags(photo) == {"Auto/Cats"}
    assert [one.name for one in (await rig.rules.catalogue()).categories] == ["Dogs", "Cats"]


async def test_categories_of_a_lost_file_are_taken_over_once(rig: LabelRig) -> None:
    rig.managed = "file"
    await rig.categories(CATS)
    photo = await rig.photo(1, cat=0.6)
    rig.managed, rig.rules = "reactor", rig._rules({})
    await rig.rules.switch(False)
    assert await rig.looked() is None
    assert [one.name for one in await rig.store.categories()] == ["Cats"]
    # Removed while nothing is acted on, it does not come back by itself.
    assert await rig.categories(enabled=False) is None
    assert await rig.store.categories() == ()
    assert await rig.categories() is not None
    assert await rig.tags(photo) == set()


async def test_nothing_is_taken_back_in_observe_mode_but_planned(either: LabelRig) -> None:
    await either.categories(BILLS)
    photo = await either.photo(1, receipt=0.6)
    either.mode = "observe"
    await either.categories()
    assert (await either.tags(photo), await either.is_archived(photo)) == ({"Auto/Bills"}, True)
    plans = await either.pool.fetch("SELECT kind FROM journal WHERE state = 'planned' ORDER BY kind")
    assert [row["kind"] for row in plans] == ["UnarchiveAssets", "UntagAsset"]
    either.mode = "apply"
    await either.carry_out_plans()
    assert (await either.tags(photo), await either.is_archived(photo)) == (set(), False)


async def test_a_planned_retraction_is_left_where_a_category_asks_again_by_then(either: LabelRig) -> None:
    await either.categories(BILLS)
    photo = await either.photo(1, receipt=0.6)
    either.mode = "observe"
    await either.categories()
    await either.categories(BILLS)
    await either.carry_out_plans()
    assert (await either.tags(photo), await either.is_archived(photo)) == ({"Auto/Bills"}, True)
    rows = await either.pool.fetch("SELECT state, note FROM journal WHERE kind = 'UnarchiveAssets'")
    assert [tuple(row) for row in rows] == [("superseded", "a category asks for it again")]


async def test_a_person_who_declines_that_a_tag_is_taken_back_keeps_it(either: LabelRig) -> None:
    await either.categories(CATS)
    photo = await either.photo(1, cat=0.6)
    either.mode = "observe"
    await either.categories(CATS | {"similarity": 0.9})
    assert await PostgresOrders(either.pool).decline(ApplyRequest(everything=True)) == 1
    either.mode = "apply"
    await either.categories(CATS | {"similarity": 0.95})
    await either.rescan()
    assert await either.tags(photo) == {"Auto/Cats"}
