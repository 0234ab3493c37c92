"""Previews over a real database and the simulated Immich, with what the user said by their own doing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from pydantic import SecretStr

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.postgres.orders import PostgresOrders
from reactor.config.settings import FixedSettings
from reactor.core.asking import BadRequest
from reactor.core.categories import Category
from reactor.core.category_edits import ModelAway
from reactor.core.gates import Gates
from reactor.core.ids import AccountId
from reactor.core.label_examples import Learned
from reactor.core.orders import ApplyRequest
from reactor.ports import Embedder
from reactor.wiring.label_desk import LabelDesk
from reactor.wiring.models import NoModel
from reactor.wiring.rules import KeptRules

from ..household import ME
from .rig import LabelRig, category

CATS = Category(name="Cats", prompts=("cat",), similarity=0.5)


def a_desk(rig: LabelRig, *, library: ImmichLibrary | None = None, embedder: Embedder | None = None) -> LabelDesk:
    return LabelDesk(
        rig.rules,
        rig.store,
        rig.labels,
        PostgresOrders(rig.pool),
        embedder or rig.embedder,
        accounts=(ME,),
        library=lambda _: library or rig.home.library,
    )


async def learned(rig: LabelRig, name: str, word: str = "cat") -> Learned:
    category = Category(name=name, prompts=(word,), similarity=0.5)
    found = (await a_desk(rig).preview(ME, category)).learned
    assert found is not None
    return found


async def test_what_would_be_won_and_lost_among_what_is_stored(rig: LabelRig) -> None:
    await rig.categories(category("Cats", "cat"))
    sure, near, far = await rig.photo(1, cat=0.8), await rig.photo(2, cat=0.55), await rig.photo(3, cat=0.4)
    await rig.photo(4, dog=0.9)
    desk = a_desk(rig)
    same = await desk.preview(ME, CATS)
    assert (same.photos, same.fits, same.gains, same.loses) == (4, 2, 0, 0)
    stricter = await desk.preview(ME, Category(name="Cats", prompts=("cat",), similarity=0.6))
    assert (stricter.fits, stricter.gains, stricter.loses) == (1, 0, 1)
    looser = await desk.preview(ME, Category(name="Cats", prompts=("cat",), similarity=0.3))
    assert (looser.fits, looser.gains, looser.loses) == (3, 1, 0)
    assert [(one.asset, one.tagged) for one in looser.top[:3]] == [(sure, True), (near, True), (far, False)]
    draft = await desk.preview(ME, Category(name="Pets", prompts=("cat", "dog"), similarity=0.5))
    assert (draft.fits, draft.gains, draft.loses) == (3, 3, 0)
    toys = await desk.preview(ME, Category(name="Cats", prompts=("cat",), negative_prompts=("dog",), similarity=0.5))
    assert (toys.fits, toys.vetoed) == (2, 1)
    assert draft.made_at is not None
    # It is a preview: nothing was written.
    assert [one.name for one in (await desk.catalogue()).categories] == ["Cats"]
    assert await rig.tags(far) == set()


async def test_gates_are_asked_of_what_is_stored(rig: LabelRig) -> None:
    await rig.photo(1, heard=False, cat=0.8)
    await rig.photo(2, heard=False, cat=0.8)
    found = await a_desk(rig).preview(
        ME, Category(name="Cats", prompts=("cat",), similarity=0.5, gates=Gates(filename=("1.*",)))
    )
    assert (found.fits, found.shut, found.waits) == (1, 1, 0)
    faces = await a_desk(rig).preview(
        ME, Category(name="Cats", prompts=("cat",), similarity=0.5, gates=Gates(with_faces="any"))
    )
    assert (faces.fits, faces.shut, faces.waits) == (0, 0, 2)


async def test_a_tag_by_hand_says_yes_one_that_is_taken_off_says_no_and_ours_say_nothing(rig: LabelRig) -> None:
    await rig.categories(category("Cats", "cat"))
    ours, wrong = await rig.photo(1, cat=0.8), await rig.photo(2, cat=0.6)
    by_hand, also = await rig.photo(3, cat=0.45), await rig.photo(4, cat=0.4)
    second = await rig.photo(5, cat=0.52)
    assert await learned(rig, "Cats") == Learned(wanted=0, unwanted=0)
    for photo in (by_hand, also):
        await rig.house.user_tags(photo, "Auto/Cats")
    for photo in (wrong, second):
        await rig.taken_off_by_the_user(photo, "Auto/Cats")
    found = await learned(rig, "Cats")
    assert (found.wanted, found.unwanted, found.note) == (2, 2, "")
    assert found.now is not None
    # Of those that the user spoke of, the threshold of .5 finds the two wrong ones alone.
    assert (found.now.precision, found.now.recall) == (0.0, 0.0)
    assert found.better is not None
    assert found.better.threshold < 0.4
    assert (found.better.precision, found.better.recall) == (0.5, 1.0)
    assert await rig.tags(ours) == {"Auto/Cats"}
    preview = await a_desk(rig).preview(ME, CATS)
    # A tag that the user took off is set by nobody again, and is none of ours any more.
    assert (preview.fits, preview.gains) == (3, 2)


async def test_a_tag_below_the_category_says_nothing_of_the_category(rig: LabelRig) -> None:
    both, below, above = await rig.photo(1, cat=0.8), await rig.photo(2, cat=0.8), await rig.photo(3, cat=0.8)
    for photo in (both, below):
        await rig.house.user_tags(photo, "Auto/Work/Bills")
    for photo in (both, above):
        await rig.house.user_tags(photo, "Auto/Work")
    assert (await learned(rig, "Work/Bills")).wanted == 2
    # Immich does not tell whether a photo that it finds by a tag below carries the tag itself, too.
    assert (await learned(rig, "Work")).wanted == 1


async def test_a_suggestion_that_is_accepted_or_declined_is_an_example(rig: LabelRig) -> None:
    await rig.categories(category("Cats", "cat", review=0.2))
    yes = await rig.photo(1, cat=0.4)
    await rig.accept_suggestions()
    no = await rig.photo(2, cat=0.35)
    entry = await rig.pool.fetchval("SELECT id FROM journal WHERE subjects = ARRAY[$1] AND state = 'suggested'", no)
    assert await PostgresOrders(rig.pool).decline(ApplyRequest(entries=(entry,))) == 1
    found = await learned(rig, "Cats")
    assert (found.wanted, found.unwanted) == (1, 1)
    assert await rig.tags(yes) == {"Auto/Cats"}


@asynccontextmanager
async def away() -> AsyncIterator[ImmichLibrary]:
    async with aiohttp.ClientSession() as session:
        yield ImmichLibrary(ImmichTransport("http://127.0.0.1:9", SecretStr("k" * 20), ME, session=session))


async def test_without_immich_the_rest_is_told_with_a_note(rig: LabelRig) -> None:
    await rig.categories(category("Cats", "cat"))
    await rig.photo(1, cat=0.8)
    wrong = await rig.photo(2, cat=0.6)
    await rig.taken_off_by_the_user(wrong, "Auto/Cats")
    async with away() as library:
        found = await a_desk(rig, library=library).preview(ME, CATS)
    assert (found.fits, found.learned is not None) == (2, True)
    assert found.learned is not None
    assert (found.learned.wanted, found.learned.unwanted) == (0, 1)
    assert found.learned.note.startswith("without the photos that you tagged by hand: ")


async def test_what_cannot_be_previewed_is_said(rig: LabelRig) -> None:
    desk = a_desk(rig)
    with pytest.raises(BadRequest, match="there is no account 'tom'; there are me"):
        await desk.preview(AccountId("tom"), CATS)
    with pytest.raises(BadRequest, match="needs a prompt"):
        await desk.preview(ME, Category(name="Cats", prompts=()))
    with pytest.raises(ModelAway, match="the model cannot be asked now"):
        await a_desk(rig, embedder=NoModel()).preview(ME, CATS)
    with pytest.raises(BadRequest, match="on 20 stored photos at least"):
        await desk.measure()
    empty = await desk.preview(ME, CATS)
    assert (empty.photos, empty.fits, empty.histogram) == (0, 0, ())


async def test_an_edit_takes_the_usual_grey_zone_for_no_zone_of_its_own(rig: LabelRig) -> None:
    settings = FixedSettings.model_validate({"review": {"tags": 0.1}})
    rig.rules = KeptRules(settings, rig.store, rig.labels, rig.house.bookmarks, rig.embedder)
    desk = a_desk(rig)
    await desk.add(CATS)
    (used,), (shown,) = (await rig.rules.catalogue()).categories, (await desk.catalogue()).categories
    assert (used.review, shown.review) == (0.1, 0.0)
    await desk.alter("Cats", lambda old: Category(name="Kittens", prompts=old.prompts, review=old.review))
    (kept,) = await rig.store.categories()
    assert (kept.name, kept.review) == ("Kittens", 0.0)


async def test_what_held_last_is_known_without_a_model(rig: LabelRig) -> None:
    assert await a_desk(rig).last_measured() == (None, 0)
    await rig.calibrate(0.2, 0.6)
    await rig.photo(1, heard=False, cat=0.8)
    await rig.categories(category("Cats", "cat", strictness="normal"))
    found, stored = await a_desk(rig, embedder=NoModel()).last_measured()
    assert found is not None
    assert (found.lo, found.hi, stored) == (0.2, 0.6, 1)
    # Of another model by which labels are decided now nothing is known.
    rig.embedder.model = "another"
    rig.rules.forget()
    await rig.looked()
    assert await a_desk(rig, embedder=NoModel()).last_measured() == (None, 0)
