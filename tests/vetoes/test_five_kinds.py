"""What a user undoes is noticed, remembered, listed, never redone, and possible again once the veto is revoked."""

from collections.abc import AsyncIterator

import pytest

from ..sources.changes_rig import favour
from ..stages.house import House
from .rig import AWAY, PLAIN, Home, a_home


@pytest.fixture
async def home(house: House) -> AsyncIterator[Home]:
    async with a_home(house, AWAY) as opened:
        yield opened


@pytest.fixture
async def plain(house: House) -> AsyncIterator[Home]:
    async with a_home(house, PLAIN) as opened:
        yield opened


async def test_a_tag_that_was_taken_off(plain: Home) -> None:
    asset = await plain.upload(1)
    assert await plain.tags(asset) == {"Auto/Plain"}
    await plain.later()
    await plain.notice()
    await plain.house.home.user_untags(asset, "Auto/Plain")
    assert await plain.notice() == ["tags"]
    (veto,) = await plain.listed()
    assert (veto.kind, veto.subjects, veto.value, veto.why) == ("tag", (asset,), "Auto/Plain", "you took the tag off")
    for _ in range(2):
        await plain.again(asset)
        assert await plain.tags(asset) == set()
    assert len(await plain.listed()) == 1
    await plain.revoke()
    assert await plain.notice() == []
    assert await plain.listed() == []
    await plain.again(asset)
    assert await plain.tags(asset) == {"Auto/Plain"}


async def test_a_photo_that_was_brought_back_from_the_archive(home: Home) -> None:
    asset = await home.upload(1)
    assert await home.archived(asset)
    await home.later()
    await home.notice()
    await home.house.user("PUT", "/assets", {"ids": [asset], "visibility": "timeline"})
    assert await home.notice() == ["unarchived"]
    (veto,) = await home.listed()
    assert (veto.kind, veto.subjects) == ("archive", (asset,))
    await home.again(asset)
    assert not await home.archived(asset)
    await home.revoke()
    await home.again(asset)
    assert await home.archived(asset)


async def test_a_pair_that_was_taken_apart(plain: Home) -> None:
    pair = [await plain.upload(seed, seconds=seed * 0.5) for seed in (1, 2)]
    assert sorted(await plain.stack_of(pair[0])) == sorted(pair)
    await plain.later()
    await plain.notice()
    await plain.dissolve(pair[0])
    assert await plain.notice() == ["unstacked", "unstacked"]
    (veto,) = await plain.listed()
    assert (veto.kind, sorted(veto.subjects), len(veto.groups)) == ("stack", sorted(pair), 2)
    await favour(plain.house, *pair)
    assert await plain.notice() == []  # told once
    await plain.again(*pair)
    assert await plain.stack_of(pair[0]) == []
    # a new neighbour goes to one of them, and never brings the other along
    third = await plain.upload(3, seconds=2.0)
    assert third in await plain.stack_of(third)
    together = await plain.stack_of(third)
    assert len(set(together) & set(pair)) == 1
    assert len(await plain.listed()) == 1
    await plain.revoke()
    await plain.again(*pair)
    assert sorted(await plain.stack_of(third)) == sorted([*pair, third])


async def test_a_photo_that_was_taken_out_of_its_stack_and_the_rest_later(plain: Home) -> None:
    photos = [await plain.upload(seed, seconds=seed * 0.4) for seed in (1, 2, 3)]
    cover, out, rest = await plain.stack_of(photos[0])
    await plain.later()
    await plain.notice()
    await plain.take_out(out)
    assert await plain.notice() == ["unstacked"]
    (veto,) = await plain.listed()
    assert {frozenset(group) for group in veto.groups} == {frozenset({out}), frozenset({cover, rest})}
    await plain.again(*photos)
    assert (await plain.stack_of(cover), await plain.stack_of(out)) == ([cover, rest], [])
    # what is left of our stack is remembered too: taken apart later, it stays so
    await plain.dissolve(cover)
    assert await plain.notice() == ["unstacked", "unstacked"]
    await plain.again(*photos)
    assert [await plain.stack_of(asset) for asset in photos] == [[], [], []]


async def test_a_cover_that_the_user_chose(plain: Home) -> None:
    pair = [await plain.upload(seed, seconds=seed * 0.5) for seed in (1, 2)]
    ours, theirs = await plain.stack_of(pair[0])
    await plain.later()
    assert await plain.sweep() == 0
    await plain.choose_cover(theirs)
    assert await plain.notice() == []  # nothing moves
    assert await plain.sweep() == 1
    (veto,) = await plain.listed()
    assert (veto.kind, veto.subjects) == ("cover", (theirs,))
    assert await plain.sweep() == 0
    await plain.again(*pair)
    assert (await plain.stack_of(ours))[0] == theirs
    third = await plain.upload(3, seconds=2.0)
    for _ in range(2):  # our own newest entry has their cover by now
        assert (await plain.stack_of(third))[0] == theirs
        await plain.again(third)
    await plain.revoke()
    await plain.again(third)
    assert (await plain.stack_of(third))[0] == ours


async def test_a_cover_that_was_chosen_is_chosen_anew_when_the_veto_is_revoked_at_once(plain: Home) -> None:
    pair = [await plain.upload(seed, seconds=seed * 0.5) for seed in (1, 2)]
    ours, theirs = await plain.stack_of(pair[0])
    await plain.later()
    await plain.choose_cover(theirs)
    await plain.sweep()
    # back and forth: what lies on top is the user's word, whatever was remembered before
    await plain.choose_cover(ours)
    await plain.again(*pair)
    assert (await plain.stack_of(ours))[0] == ours
    assert await plain.sweep() == 1
    await plain.choose_cover(theirs)
    await plain.sweep()
    await plain.revoke()
    assert await plain.sweep() == 0
    await plain.again(*pair)
    assert (await plain.stack_of(ours))[0] == ours


async def test_a_tag_that_was_deleted_as_a_whole(plain: Home) -> None:
    photos = [await plain.upload(seed, seconds=seed * 100) for seed in range(3)]
    await plain.later()
    await plain.notice()
    await plain.delete_tag("Auto/Plain")
    assert await plain.notice() == []  # nothing moves
    assert await plain.sweep() == 1
    found = await plain.listed()
    assert sorted(veto.subjects for veto in found) == sorted((asset,) for asset in photos)
    assert {veto.value for veto in found} == {"Auto/Plain"}
    await plain.again(*photos)
    assert [await plain.tags(asset) for asset in photos] == [set(), set(), set()]
    new = await plain.upload(4, seconds=1000)
    assert await plain.tags(new) == {"Auto/Plain"}  # only what carried it is meant
    await plain.revoke()
    await plain.again(*photos)
    assert [await plain.tags(asset) for asset in photos] == [{"Auto/Plain"}] * 3
