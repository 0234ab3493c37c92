"""Albums on the one path of every change: filled once, made where a name says so, taken back by provenance."""

from datetime import timedelta
from typing import Any

import pytest

from reactor.core.changes import AddToAlbum, Change, Reason
from reactor.core.entry_orders import CarryOut, Undo
from reactor.core.errors import Gone, Held, Permanent, Retryable
from reactor.core.ids import AssetId
from reactor.core.journal import EntryState
from reactor.core.limits import LimitPolicy
from reactor.demo.immich import DropConnectionError, Write

from ..household import ME
from ..immich_client.phone import ask
from .test_limits import embedded
from .test_perform import CAUSE, Desk, desk, tag
from .test_plans import planned
from .test_undo import ASKED, done, state_of, undo

__all__ = ["desk"]
NOBODYS = "0e1d2c3b-4a59-4687-9a8b-7c6d5e4f3a2b"


def album(photo: AssetId, name: str = "Bills", *categories: str) -> AddToAlbum:
    return AddToAlbum(account=ME, asset=photo, album=name, categories=categories, reason=Reason(rule="wanted"))


async def user(desk: Desk, method: str, path: str, body: object = None) -> Any:
    return await ask(desk.home.immich.url, desk.home.key, method, path, body)


async def the_users_album(desk: Desk, name: str = "Bills", *photos: AssetId) -> str:
    made = await user(desk, "POST", "/albums", {"albumName": name, "assetIds": photos})
    return str(made["id"])


async def names(desk: Desk, photo: AssetId) -> list[str]:
    return sorted(name for _, name in await desk.home.library.albums_of(photo))


async def take_out(desk: Desk, photo: AssetId, name: str = "Bills") -> None:
    for found, called in await desk.home.library.albums_of(photo):
        if called == name:
            await user(desk, "DELETE", f"/albums/{found}/assets", {"ids": [photo]})


async def test_the_first_photo_makes_the_album_and_the_next_join_it(desk: Desk) -> None:
    one, two = await desk.home.photos(2)
    assert await desk.performer("observe").perform(album(one), CAUSE) is EntryState.PLANNED
    assert await desk.home.library.albums() == ()
    assert await desk.performer().perform(album(one), CAUSE) is EntryState.DONE
    assert await desk.performer().perform(album(one), CAUSE) is None
    assert await desk.performer().perform(album(two), CAUSE) is EntryState.DONE
    (made,) = await desk.home.library.albums()
    assert (made.name, made.mine) == ("Bills", True)
    assert await desk.home.library.photos_in(made.id) == {one, two}
    assert desk.home.immich.idle  # no file is written
    assert desk.home.writes("album.create") == ["album.create"]


async def test_an_album_is_found_by_its_name_or_its_id_and_only_ones_own_by_name(desk: Desk) -> None:
    one, two = await desk.home.photos(2)
    mine = await the_users_album(desk)
    other = desk.home.immich.add_user("Other", "other@example.com")
    me = (await user(desk, "GET", "/users/me"))["id"]
    body = {"albumName": "Shared", "albumUsers": [{"userId": me, "role": "editor"}]}
    shared = (await ask(desk.home.immich.url, other.api_key, "POST", "/albums", body))["id"]
    for name in ("Bills", mine, shared, "Shared"):
        await desk.performer().perform(album(one, name), CAUSE)
    found = await desk.home.library.albums_of(one)
    assert {(mine, "Bills"), (shared, "Shared")} < found
    assert sorted(name for _, name in found) == ["Bills", "Shared", "Shared"]  # the third is ours, made by name
    assert await desk.performer().perform(album(two, "bills"), CAUSE) is EntryState.DONE
    assert await names(desk, two) == ["bills"]


async def test_what_cannot_be_meant_is_refused_in_words_and_nothing_is_made(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    with pytest.raises(Permanent, match=f"there is no album {NOBODYS}"):
        await desk.performer().perform(album(photo, NOBODYS), CAUSE)
    for _ in range(2):
        await the_users_album(desk)
    with pytest.raises(Permanent, match="several albums are named 'Bills'"):
        await desk.performer().perform(album(photo), CAUSE)
    other = desk.home.immich.add_user("Other", "other@example.com")
    me = (await user(desk, "GET", "/users/me"))["id"]
    body = {"albumName": "Look", "albumUsers": [{"userId": me, "role": "viewer"}]}
    shown = (await ask(desk.home.immich.url, other.api_key, "POST", "/albums", body))["id"]
    with pytest.raises(Retryable, match="only shown to the account"):
        await desk.performer().perform(album(photo, shown), CAUSE)
    assert await desk.entries() == [("AddToAlbum", "superseded")]
    assert await names(desk, photo) == []


async def test_what_we_put_in_is_taken_out_and_the_album_stays(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    wanted = await done(desk, album(photo))
    assert await undo(desk, wanted) is EntryState.DONE
    assert await names(desk, photo) == []
    assert [found.name for found in await desk.home.library.albums()] == ["Bills"]
    assert await state_of(desk, wanted.entry) == "undone"
    assert await undo(desk, wanted) is None
    assert await desk.performer().perform(album(photo), CAUSE) is EntryState.VETOED
    (made,) = await desk.home.library.albums()
    assert await desk.performer().perform(album(photo, made.id), CAUSE) is EntryState.VETOED
    assert await desk.performer().perform(album(photo, "Others"), CAUSE) is EntryState.DONE


async def test_what_the_user_put_in_before_is_never_ours(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    await the_users_album(desk, "Bills", photo)
    assert await desk.performer().perform(album(photo), CAUSE) is None
    assert await desk.entries() == []


async def test_each_album_of_a_photo_is_taken_back_for_itself(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    bills = await done(desk, album(photo))
    trips = await done(desk, album(photo, "Trips"))
    assert await undo(desk, bills) is EntryState.DONE
    assert await names(desk, photo) == ["Trips"]
    assert await undo(desk, trips) is EntryState.DONE
    assert await names(desk, photo) == []


async def test_what_the_user_took_out_stays_out_and_what_they_put_in_again_stays_in(desk: Desk) -> None:
    photo = await desk.home.photo(1)
    wanted = await done(desk, album(photo))
    await take_out(desk, photo)
    desk.ahead = timedelta(minutes=2)
    assert await desk.performer().perform(album(photo), CAUSE) is EntryState.VETOED
    row = await desk.pool.fetchrow("SELECT kind, value, why FROM vetoes")
    assert row is not None
    assert tuple(row) == ("album", "Bills", "you took it out of the album")
    (made,) = await desk.home.library.albums()
    await user(desk, "PUT", f"/albums/{made.id}/assets", {"ids": [photo]})
    assert await undo(desk, wanted) is EntryState.LEFT
    assert await names(desk, photo) == ["Bills"]


@pytest.mark.parametrize("renamed", [False, True])
async def test_a_whole_album_that_the_user_deletes_is_not_made_again_for_its_photos(desk: Desk, renamed: bool) -> None:
    one, two = await desk.home.photos(2)
    wanted = await done(desk, album(one))
    (made,) = await desk.home.library.albums()
    if renamed:
        await user(desk, "PATCH", f"/albums/{made.id}", {"albumName": "Invoices"})
        # it is where we put it, whatever it is called by now
        assert await desk.performer().perform(album(one), CAUSE) is None
    await user(desk, "DELETE", f"/albums/{made.id}")
    desk.ahead = timedelta(minutes=2)
    assert await desk.performer().perform(album(one), CAUSE) is EntryState.VETOED
    assert await desk.performer().perform(album(two), CAUSE) is EntryState.DONE
    assert await desk.performer().perform(album(one), CAUSE) is EntryState.VETOED
    assert await undo(desk, wanted) is EntryState.UNDONE
    assert await names(desk, one) == []


async def test_in_the_trash_nothing_is_put_in_and_everything_taken_out(desk: Desk) -> None:
    one, two, three = await desk.home.photos(3)
    wanted, gone = await done(desk, album(one)), await done(desk, album(three))
    for photo in (one, two):
        await desk.home.user_deletes(photo, force=False)
    with pytest.raises(Gone):
        await desk.performer().perform(album(two), CAUSE)
    assert await undo(desk, wanted) is EntryState.DONE
    assert await names(desk, one) == []
    await desk.home.user_deletes(three, force=True)
    assert await undo(desk, gone) is EntryState.UNDONE


@pytest.mark.parametrize("what", ["make", "put in", "take out"])
@pytest.mark.parametrize("arrived", [False, True])
async def test_a_lost_answer_is_looked_at(desk: Desk, what: str, arrived: bool) -> None:
    photo = await desk.home.photo(1)
    wanted: Change | Undo = album(photo)
    if what == "put in":
        await the_users_album(desk)
    elif what == "take out":
        wanted = await done(desk, album(photo))

    async def lose(write: object) -> None:
        if isinstance(write, Write):
            raise DropConnectionError

    async def refuse(method: str, path: str, body: object, key: str) -> None:
        if method != "GET":
            raise DropConnectionError

    immich = desk.home.immich
    before = len(immich.effective_writes)
    immich.before_answer, immich.on_request = (lose, None) if arrived else (None, refuse)
    with pytest.raises(Retryable):
        await desk.performer().perform(wanted, ASKED)
    immich.before_answer = immich.on_request = None
    assert await desk.performer().perform(wanted, ASKED) is (None if arrived else EntryState.DONE)
    assert len(immich.effective_writes) == before + 1
    assert await names(desk, photo) == ([] if what == "take out" else ["Bills"])
    assert await desk.pool.fetchval("SELECT count(*) FROM journal WHERE state = 'open'") == 0


async def test_what_became_of_a_call_is_found_out_though_two_albums_have_the_name_by_then(desk: Desk) -> None:
    photo = await desk.home.photo(1)

    async def lose(write: object) -> None:
        if isinstance(write, Write):
            raise DropConnectionError

    desk.home.immich.before_answer = lose
    with pytest.raises(Retryable):
        await desk.performer().perform(album(photo), CAUSE)
    desk.home.immich.before_answer = None
    await the_users_album(desk)
    with pytest.raises(Permanent, match="several albums"):
        await desk.performer().perform(album(photo), CAUSE)
    assert await desk.entries() == [("AddToAlbum", "done")]


async def test_a_plan_is_carried_out_only_while_a_category_asks_for_it(desk: Desk) -> None:
    one, two = await desk.home.photos(2)
    plans = [await planned(desk, album(photo, "Bills", "Paper", "Post")) for photo in (one, two)]

    def asked(plan: CarryOut, *albums: tuple[str, str]) -> CarryOut:
        return CarryOut(
            account=ME, entry=plan.entry, feature="albums", subjects=plan.subjects, albums=frozenset(albums)
        )

    assert await desk.performer().perform(asked(plans[0], ("Post", "Bills")), ASKED) is EntryState.DONE
    newest = (await desk.journal.newest(ME, "albums", [one]))[one]
    assert newest.change == album(one, "Bills", "Post")
    # the category names another album by now
    assert await desk.performer().perform(asked(plans[1], ("Post", "Other")), ASKED) is EntryState.SUPERSEDED
    assert await names(desk, two) == []


async def test_a_category_fills_no_more_than_its_share_and_tags_go_on(desk: Desk) -> None:
    photos = await desk.home.photos(3)
    await embedded(desk, photos)
    policy = LimitPolicy(tag_share=0.34, share_floor=1)
    assert await desk.performer(limits=policy).perform(album(photos[0], "Bills", "Paper"), CAUSE) is EntryState.DONE
    with pytest.raises(Held, match="albums of me stands still: Paper has put into an album 1 of 3 photos"):
        await desk.performer(limits=policy).perform(album(photos[1], "Bills", "Paper"), CAUSE)
    assert await desk.performer(limits=policy).perform(tag(photos[1], "Auto/Y"), CAUSE) is EntryState.DONE


async def test_an_hour_holds_so_many(desk: Desk) -> None:
    photos = await desk.home.photos(2)
    policy = LimitPolicy(each=0, floor=1)
    await desk.performer(limits=policy).perform(album(photos[0]), CAUSE)
    with pytest.raises(Held, match="1 change of albums"):
        await desk.performer(limits=policy).perform(album(photos[1]), CAUSE)
