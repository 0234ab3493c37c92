"""Favourites on the one path of every change: made once, taken back by provenance, never against the user."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from reactor.core.changes import Change, FavouriteAsset, Reason
from reactor.core.entry_orders import CarryOut, Undo
from reactor.core.errors import Gone, Held, Retryable
from reactor.core.ids import AssetId
from reactor.core.journal import EntryState
from reactor.core.limits import LimitPolicy
from reactor.demo.immich import DropConnectionError, Write

from ..household import ME
from ..immich_client.phone import ask
from .test_limits import confirm, embedded
from .test_perform import CAUSE, Desk, desk, tag
from .test_plans import planned
from .test_undo import ASKED, done, order, state_of, undo

__all__ = ["desk"]


def favourite(photo: AssetId, *categories: str) -> FavouriteAsset:
    return FavouriteAsset(account=ME, asset=photo, categories=categories, reason=Reason(rule="wanted"))


async def is_favourite(desk: Desk, photo: AssetId) -> bool:
    return (await desk.home.library.asset(photo)).favourite


async def user_says(desk: Desk, photo: AssetId, *, favourite: bool) -> None:
    await ask(desk.home.immich.url, desk.home.key, "PUT", f"/assets/{photo}", {"isFavorite": favourite})


async def test_a_photo_is_made_a_favourite_once_and_no_file_is_written(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    assert await desk.performer("observe").perform(favourite(photo), CAUSE) is EntryState.PLANNED
    assert not await is_favourite(desk, photo)
    assert await desk.performer().perform(favourite(photo), CAUSE) is EntryState.DONE
    assert desk.home.immich.idle  # no sidecar is written, which could lose a tag
    assert await desk.performer().perform(favourite(photo), CAUSE) is None
    assert await is_favourite(desk, photo)
    entry = (await desk.journal.newest(ME, "favourites", [photo]))[photo]
    assert (entry.change, entry.state) == (favourite(photo), EntryState.DONE)


async def test_tags_and_favourites_back_to_back_lose_nothing(desk: Desk) -> None:
    photos = await desk.home.photos(10)
    for number, photo in enumerate(photos):
        changes: Sequence[Change] = (tag(photo, "Auto/X"), favourite(photo))
        await desk.performer().carry_out(changes if number % 2 else changes[::-1], CAUSE)
    await desk.home.rest()
    for photo in photos:
        assert (await desk.home.library.asset(photo)).tags == {"Auto/X"}
        assert await is_favourite(desk, photo)


async def test_what_we_made_a_favourite_is_none_again(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    wanted = await done(desk, favourite(photo))
    assert await undo(desk, wanted) is EntryState.DONE
    assert not await is_favourite(desk, photo)
    assert await state_of(desk, wanted.entry) == "undone"
    assert await undo(desk, wanted) is None
    assert await desk.performer().perform(favourite(photo), CAUSE) is EntryState.VETOED


async def test_a_favourite_of_the_user_is_never_ours(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    await user_says(desk, photo, favourite=True)
    assert await desk.performer().perform(favourite(photo), CAUSE) is None
    assert await desk.entries() == []


async def test_what_the_user_took_out_stays_out_and_what_they_put_in_again_stays_in(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    wanted = await done(desk, favourite(photo))
    await user_says(desk, photo, favourite=False)
    desk.ahead = timedelta(minutes=2)
    assert await desk.performer().perform(favourite(photo), CAUSE) is EntryState.VETOED
    assert await desk.pool.fetchval("SELECT why FROM vetoes") == "you took it out of the favourites"
    await user_says(desk, photo, favourite=True)
    assert await undo(desk, wanted) is EntryState.LEFT
    assert await is_favourite(desk, photo)


async def test_what_is_out_already_is_no_failure(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    wanted = await done(desk, favourite(photo))
    await user_says(desk, photo, favourite=False)
    assert await undo(desk, wanted) is EntryState.UNDONE
    assert await desk.performer().perform(favourite(photo), CAUSE) is EntryState.VETOED


async def test_in_the_trash_nothing_is_made_and_everything_taken_back(desk: Desk) -> None:
    one, two, three = await desk.home.photos(3)
    wanted, gone = await done(desk, favourite(one)), await done(desk, favourite(three))
    for photo in (one, two):
        await desk.home.user_deletes(photo, force=False)
    with pytest.raises(Gone):
        await desk.performer().perform(favourite(two), CAUSE)
    assert await undo(desk, wanted) is EntryState.DONE
    assert not await is_favourite(desk, one)
    await desk.home.user_deletes(three, force=True)
    assert await undo(desk, gone) is EntryState.UNDONE


@pytest.mark.parametrize("taking_back", [False, True])
@pytest.mark.parametrize("arrived", [False, True])
async def test_a_lost_answer_is_looked_at(desk: Desk, taking_back: bool, arrived: bool) -> None:
    photo = await desk.home.photo(1)
    wanted: Change | Undo = favourite(photo)
    if taking_back:
        wanted = await done(desk, favourite(photo))
    before = len(desk.home.writes("asset.update"))

    async def lose(write: object) -> None:
        if isinstance(write, Write):
            raise DropConnectionError

    async def refuse(method: str, path: str, body: object, key: str) -> None:
        if method == "PUT":
            raise DropConnectionError

    immich = desk.home.immich
    immich.before_answer, immich.on_request = (lose, None) if arrived else (None, refuse)
    with pytest.raises(Retryable):
        await desk.performer().perform(wanted, ASKED)
    immich.before_answer = immich.on_request = None
    assert await desk.performer().perform(wanted, ASKED) is (None if arrived else EntryState.DONE)
    assert len(desk.home.writes("asset.update")) == before + 1
    assert await is_favourite(desk, photo) is not taking_back
    assert await desk.pool.fetchval("SELECT count(*) FROM journal WHERE state = 'open'") == 0


async def test_a_plan_is_carried_out_only_while_a_category_asks_for_it(desk: Desk) -> None:
    one, two, three = await desk.home.photos(3)
    plans = [await planned(desk, favourite(photo, "Best", "Pets")) for photo in (one, two, three)]

    def asked(plan: CarryOut, *favouring: str) -> CarryOut:
        return CarryOut(
            account=ME,
            entry=plan.entry,
            feature="favourites",
            subjects=plan.subjects,
            favouring=frozenset(favouring),
        )

    assert await desk.performer().perform(asked(plans[0], "Pets"), ASKED) is EntryState.DONE
    newest = (await desk.journal.newest(ME, "favourites", [one]))[one]
    assert newest.change == favourite(one, "Pets")
    assert await desk.performer().perform(asked(plans[1]), ASKED) is EntryState.SUPERSEDED
    # the user took the tag off that asks for it
    tagged = await done(desk, tag(three, "Auto/Pets"))
    assert await undo(desk, tagged) is EntryState.DONE
    assert await desk.performer().perform(asked(plans[2], "Pets"), ASKED) is EntryState.VETOED
    assert not await is_favourite(desk, three)


async def test_a_category_takes_no_more_favourites_than_its_share_and_tags_go_on(desk: Desk) -> None:
    photos = await desk.home.photos(3)
    await embedded(desk, photos)
    policy = LimitPolicy(tag_share=0.34, share_floor=1)
    assert await desk.performer(limits=policy).perform(favourite(photos[0], "Best"), CAUSE) is EntryState.DONE
    with pytest.raises(Held, match="favourites of me stands still: Best has made favourites of 1 of 3 photos"):
        await desk.performer(limits=policy).perform(favourite(photos[1], "Best"), CAUSE)
    assert await desk.performer(limits=policy).perform(tag(photos[1], "Auto/Y"), CAUSE) is EntryState.DONE
    await confirm(desk)
    assert await desk.performer(limits=policy).perform(favourite(photos[1], "Best"), CAUSE) is EntryState.DONE


async def test_an_hour_holds_so_many_favourites(desk: Desk) -> None:
    photos = await desk.home.photos(2)
    policy = LimitPolicy(each=0, floor=1)
    await desk.performer(limits=policy).perform(favourite(photos[0]), CAUSE)
    with pytest.raises(Held, match="1 change of favourites"):
        await desk.performer(limits=policy).perform(favourite(photos[1]), CAUSE)


async def test_the_order_names_its_feature(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    assert order(favourite(photo), 1).feature == "favourites"
