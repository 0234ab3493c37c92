"""The page of categories: what it shows, and what each of its buttons sends."""

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import aiohttp
import pytest
from pydantic import TypeAdapter

from reactor.core.accounts import AccountStatus
from reactor.core.activity import Summary
from reactor.core.categories import Category
from reactor.core.errors import Permanent, Retryable
from reactor.core.gates import Gates
from reactor.core.ids import AccountId
from reactor.core.modes import Modes

from .conftest import browsing
from .fakes import EVIL, ME, World, some_facts
from .labels import MEASURED
from .test_review_page import buttons

RECEIPTS = Category(
    name="Receipts",
    prompts=("a paper receipt", "a shop bill"),
    negative_prompts=("a handwritten note",),
    strictness="strict",
    action="tag_and_archive",
    favourite=True,
    album="Bills",
    review=0.02,
    accounts=frozenset({"me"}),
    gates=Gates(camera=False, aspect_max=0.65),
)
PETS = Category(name="Pets", prompts=("a dog",), similarity=0.31, enabled=False)
EDIT = re.compile(r'data-edit="([^"]*)"')


async def page_of(client: aiohttp.ClientSession, status: int = 200) -> str:
    async with client.get("/categories") as answer:
        assert answer.status == status
        assert answer.headers["Cache-Control"] == "no-store"
        return await answer.text()


def drafts(html: str) -> list[Any]:
    """Return what each Change button puts into the form."""
    return [json.loads(unescape(body)) for body in EDIT.findall(html)]


async def test_the_list_tells_everything_without_javascript(client: aiohttp.ClientSession, world: World) -> None:
    world.labels.categories = (RECEIPTS, PETS)
    html = await page_of(client)
    for words in (
        "2 categories",
        "<bdi>Receipts</bdi>",
        "<bdi>a paper receipt</bdi>",
        "<b>not</b> <bdi>a handwritten note</bdi>",
        "strictness strict: a cosine of <b>0.560</b> now",
        "suggested down to 0.02 below",
        "for <bdi>me</bdi>",
        "no camera in the EXIF",
        "width by height at most 0.65",
        "tags and archives",
        "favourite",
        "album <bdi>Bills</bdi>",
        "similarity 0.31: a cosine of <b>0.310</b> now",
        "disabled",
        "labelling is on",
        "kept in the <b>database</b>",
        "<noscript>",
    ):
        assert words in html, words


async def test_the_front_page_leads_there(client: aiohttp.ClientSession, world: World) -> None:
    async with client.get("/") as answer:
        assert '<a href="/categories">' in await answer.text()
    # Where nothing is known of categories there is no such page, and no link to it.
    world.has_desk = False
    async with browsing(world) as bare:
        async with bare.get("/") as answer:
            assert "/categories" not in await answer.text()
        async with bare.get("/categories") as answer:
            assert answer.status == 404


async def test_the_buttons_send_what_the_api_takes(client: aiohttp.ClientSession, world: World) -> None:
    world.labels.categories = (RECEIPTS, PETS)
    html = await page_of(client)
    sent = buttons(html)
    assert sent["Switch it off"] == [("/api/classification/switch", {"enabled": False})]
    assert sent["Remove"] == [("/api/categories/remove", {"name": name}) for name in ("Receipts", "Pets")]
    read = TypeAdapter(Category).validate_python
    assert [read(body) for body in drafts(html)] == [RECEIPTS, PETS], "a form sent untouched changes nothing"
    for (path, body), one in zip((*sent["Disable"], *sent["Enable"]), (RECEIPTS, PETS), strict=True):
        assert (path, body["name"]) == ("/api/categories/change", one.name)
        assert read(body["category"]) == replace(one, enabled=not one.enabled)
        async with client.post(path, json=body) as answer:
            assert answer.status == 200
    assert [one.enabled for one in world.labels.categories] == [False, True]
    assert "Remove Receipts? Its tag Auto/Receipts comes off wherever the reactor set it" in html


async def test_what_was_measured_is_told_with_when_to_measure_again(
    client: aiohttp.ClientSession, world: World
) -> None:
    html = await page_of(client)
    for words in ("0.480", "0.520", "0.560", "Measured on 200 photos", "cosine of 0.200", "one of 0.600"):
        assert words in html, words
    assert "worth measuring again" not in html
    world.labels.measured = replace(MEASURED, photos=60)
    world.board.counts = Summary(embedded=150)
    assert "worth measuring again once 200 photos are stored" in await page_of(client)
    world.board.counts = Summary(embedded=1234)
    assert "worth measuring again: 60 photos told little, and 1,234 are stored by now" in await page_of(client)


async def test_before_a_measurement_a_strictness_has_no_cosine(client: aiohttp.ClientSession, world: World) -> None:
    world.labels.measured = None
    world.labels.categories = (RECEIPTS, PETS)
    world.facts = some_facts(model_fault="the file is cut off", modes=Modes(default="observe"))
    html = await page_of(client)
    for words in (
        "strictness strict: no cosine yet",
        "a cosine of <b>0.310</b> now",
        "has looked at 20 photos",
        "The model cannot be used now, so nothing can be previewed: the file is cut off",
        "tags are only planned",
    ):
        assert words in html, words
    assert 'id="measure"' not in html


async def test_categories_of_the_file_are_only_shown(client: aiohttp.ClientSession, world: World) -> None:
    world.labels.categories, world.labels.by_file = (RECEIPTS, PETS), True
    html = await page_of(client)
    assert "<bdi>Receipts</bdi>" in html
    assert "kept in the <b>settings' file</b> and changed there alone" in html
    for gone in ("<form", "/api/categories/", "/api/classification/switch", "data-edit"):
        assert gone not in html, gone


async def test_switched_off_as_a_whole(client: aiohttp.ClientSession, world: World) -> None:
    world.labels.enabled = False
    html = await page_of(client)
    assert "labelling is off" in html
    assert "None yet." in html
    assert buttons(html)["Switch it on"] == [("/api/classification/switch", {"enabled": True})]


@pytest.mark.parametrize("error", [Retryable("secret words"), Permanent("secret words")])
async def test_without_the_database_it_says_so(client: aiohttp.ClientSession, world: World, error: Exception) -> None:
    world.board.error = error
    html = await page_of(client, 503)
    assert "The database is away" in html
    world.board.error, world.labels.away = None, error
    html = await page_of(client, 503)
    assert "The database is away: it does not answer" in html
    assert "<form" not in html
    assert "secret" not in html


async def test_names_are_only_ever_text(client: aiohttp.ClientSession, world: World) -> None:
    gates = Gates(filename=(EVIL,), folder=(EVIL,), album=(EVIL,))
    evil = Category(
        name=EVIL, prompts=(EVIL,), negative_prompts=(EVIL,), album=EVIL, accounts=frozenset({EVIL}), gates=gates
    )
    world.labels.categories = (evil,)
    you = AccountStatus(account=AccountId(EVIL), standing="ok", version="3.1.0")
    world.facts = some_facts(accounts=(you,), model=EVIL, model_fault=EVIL)
    html = await page_of(client)
    assert html.count("alert(") > 15
    assert "<script>alert" not in html
    assert "\"'>" not in html
    assert drafts(html)[0]["name"] == EVIL


async def test_a_form_loses_no_account_that_a_category_names(client: aiohttp.ClientSession, world: World) -> None:
    world.labels.categories = (replace(RECEIPTS, accounts=frozenset({"gone", str(ME)})),)
    html = await page_of(client)
    assert re.findall(r'name="accounts" data-as="chosen" value="([^"]*)"', html) == ["me", "gone"]
    assert "<option>gone</option>" not in html, "its photos are not there to be previewed"
