"""The page in a real browser: what it shows as things change, and what its buttons send."""

from collections.abc import AsyncIterator
from datetime import date

import aiohttp
import pytest

from reactor.core.activity import PhotoCard, Summary
from reactor.core.history import DeadFilter
from reactor.core.ids import AssetId, RunId
from reactor.core.runs import RunState, ScanRequest

from .browser import Tab, a_tab, find_browser
from .fakes import EVIL, ME, NOON, PHOTO, World, a_letter, a_run

BROWSER = find_browser()
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium on the path: page.js runs in no browser here")


@pytest.fixture
async def tab(client: aiohttp.ClientSession, world: World) -> AsyncIterator[Tab]:
    assert BROWSER is not None
    async with a_tab(BROWSER) as opened:
        yield opened
        assert opened.faults == []


def a_photo(asset: str, camera: str = "Pixel") -> PhotoCard:
    return PhotoCard(account=ME, asset=AssetId(asset), heard_at=NOON, taken_at=NOON, camera=camera, notes=())


def url_of(client: aiohttp.ClientSession) -> str:
    return str(client._base_url)


async def test_what_changes_is_shown_and_the_rest_is_left_alone(
    client: aiohttp.ClientSession, world: World, tab: Tab
) -> None:
    other = f"00000000{PHOTO[8:]}"
    world.board.cards = (a_photo(PHOTO),)
    await tab.open(url_of(client))
    await tab.until("document.getElementById('live').dataset.state === 'on'")
    await tab.value("window.kept = document.querySelector('.photo img'); window.form = document.querySelector('.ask')")
    await tab.value("window.form.open = true; window.form.querySelector('input').value = '2026-06-01'")
    await tab.value("window.form.querySelector('input').focus()")

    world.runs.runs = {RunId("scan:0001"): a_run(1, ScanRequest())}
    world.board.cards, world.board.counts = (a_photo(other, EVIL), a_photo(PHOTO)), Summary(heard=77_777)
    world.board.number += 1
    await tab.until("document.querySelector('.summary').textContent.includes('77,777')")
    assert await tab.value("document.querySelectorAll('.photo').length") == 2
    assert await tab.value("document.querySelectorAll('.run').length") == 1
    assert await tab.value("document.querySelectorAll('.photo img')[1] === window.kept")
    assert await tab.value("document.querySelector('.ask') === window.form && window.form.open")
    assert await tab.value("document.activeElement.value") == "2026-06-01"
    assert EVIL.split("\r")[0] in await tab.value("document.querySelector('.where bdi').textContent")
    assert await tab.value("document.querySelectorAll('script').length") == 1

    world.board.cards, world.board.number = (), world.board.number + 1
    await tab.until("document.querySelectorAll('.photo').length === 0")
    assert await tab.value("document.querySelector('.empty') !== null")


async def test_a_run_is_paused_resumed_and_cancelled(client: aiohttp.ClientSession, world: World, tab: Tab) -> None:
    world.runs.runs = {RunId("scan:0001"): a_run(1, ScanRequest())}
    await tab.open(url_of(client))
    await tab.value("window.confirm = () => true")
    for words, state in (("Pause", "paused"), ("Go on", "running"), ("Cancel", "cancelled")):
        await tab.until(button(words))
        await tab.value(f"{button(words)}.click()")
        await tab.until("document.getElementById('said').textContent === 'Done.'")
        world.board.number += 1
        await tab.until(f"document.querySelector('.run .chip').textContent === '{state}'")
        await tab.value("document.getElementById('said').textContent = ''")
    assert await tab.value("document.querySelectorAll('.run button').length") == 0


async def test_a_scan_is_started_from_the_form(client: aiohttp.ClientSession, world: World, tab: Tab) -> None:
    await tab.open(url_of(client))
    await tab.value("document.querySelector('[name=since]').value = '2026-06-01'")
    await tab.value("document.querySelector('[name=accounts]').value = 'me'")
    await tab.value("document.querySelector('[name=only]').value = 'stack'")
    await tab.value(f"{button('Start')}.click()")
    await tab.until("document.getElementById('said').textContent")
    (run,) = world.runs.runs.values()
    assert run.request == ScanRequest(accounts=(ME,), since=date(2026, 6, 1), only="stack", dry=True)
    await tab.value(f"{button('Start')}.click()")
    await tab.until("document.getElementById('said').textContent.startsWith('Joined what is under way: Dry scan')")
    assert len(world.runs.runs) == 1


async def test_what_was_given_up_is_tried_again_or_dropped(
    client: aiohttp.ClientSession, world: World, tab: Tab
) -> None:
    world.history.letters = [a_letter(7), a_letter(8)]
    world.board.counts = Summary(failed=2)
    await tab.open(url_of(client))
    asked: list[str] = []
    await tab.value("window.confirm = () => false")
    await tab.value(f"{button('Drop all')}.click()")
    for words in ("Try again", "Try all again"):
        await tab.value(f"{button(words)}.click()")
        await tab.until(f"!{button(words)}.disabled")
        asked.append(await tab.value("document.getElementById('said').textContent"))
    assert asked == ["1 tried again.", "2 tried again."]
    assert world.history.changed == [("retry", (7,), DeadFilter()), ("retry", None, DeadFilter())]


async def test_a_refusal_is_said(client: aiohttp.ClientSession, world: World, tab: Tab) -> None:
    run = RunId("scan:0001")
    world.runs.runs = {run: a_run(1, ScanRequest())}
    await tab.open(url_of(client))
    await tab.until(button("Pause"))
    world.runs.runs = {run: a_run(1, ScanRequest(), RunState.DONE)}
    await tab.value(f"{button('Pause')}.click()")
    await tab.until("document.getElementById('said').textContent === 'the run is done already'")
    assert await tab.value("document.getElementById('said').className") == "ill"


def button(words: str) -> str:
    return f"[...document.querySelectorAll('button')].find((one) => one.textContent === '{words}')"
