"""The review in a real browser: its buttons send what they say, and the page says what came of it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from reactor.core.journal import EntryState
from reactor.core.orders import ApplyRequest, UndoRequest

from .browser import Tab, a_tab, find_browser
from .fakes import ME, NOON, World
from .orders import a_trip, a_veto, an_entry
from .test_browser import button, url_of

BROWSER = find_browser()
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium on the path: page.js runs in no browser here")
SAID = "document.getElementById('said').textContent"


@pytest.fixture
async def tab(client: aiohttp.ClientSession, world: World) -> AsyncIterator[Tab]:
    assert BROWSER is not None
    async with a_tab(BROWSER) as opened:
        yield opened
        assert opened.faults == []


async def press(tab: Tab, words: str) -> str:
    """Press a button and return what the page says then."""
    await tab.value("document.getElementById('said').textContent = ''")
    await tab.value(f"{button(words)}.click()")
    await tab.until(SAID)
    return str(await tab.value(SAID))


async def test_plans_are_carried_out_and_declined(client: aiohttp.ClientSession, world: World, tab: Tab) -> None:
    world.orders.journal = [an_entry(1), an_entry(2)]
    await tab.open(url_of(client))
    assert await press(tab, "Apply") == "Begun: Carrying out entry 2"
    assert await press(tab, "Decline") == "1 declined."
    await tab.value("window.confirm = () => true")
    assert await press(tab, "Apply all") == "Begun: Carrying out all plans"
    assert [run.request for run in world.runs.runs.values()] == [
        ApplyRequest(entries=(2,)),
        ApplyRequest(everything=True),
    ]
    assert world.orders.declined == [ApplyRequest(entries=(2,))]
    world.orders.journal, world.board.number = [], 2
    await tab.until("document.getElementById('planned') === null")


async def test_everything_is_taken_back_only_after_a_question(
    client: aiohttp.ClientSession, world: World, tab: Tab
) -> None:
    world.orders.journal = [an_entry(1, state=EntryState.DONE)]
    await tab.open(url_of(client))
    await tab.value("window.asked = []; window.confirm = (words) => { window.asked.push(words); return false; }")
    await tab.value(f"{button('Undo everything')}.click()")
    assert await tab.value("window.asked.length === 1 && window.asked[0].includes('XMP files')")
    await tab.value("window.confirm = () => true")
    assert await press(tab, "Undo everything") == "Begun: Undo of everything"
    assert await press(tab, "Undo") == "Begun: Undo of entry 1"
    await tab.value(f"Date.now = () => {NOON.timestamp() * 1000:.0f}")
    assert (await press(tab, "Undo the last hour")).startswith("Begun: Undo of changes")
    assert [run.request for run in world.runs.runs.values()] == [
        UndoRequest(everything=True),
        UndoRequest(entries=(1,)),
        UndoRequest(since=NOON - timedelta(hours=1)),
    ]


async def test_questions_are_answered(client: aiohttp.ClientSession, world: World, tab: Tab) -> None:
    world.limits.trips = [a_trip(7)]
    world.vetoes.known = [a_veto(1), *(a_veto(number, "lost", value="Auto/Pets") for number in range(2, 40))]
    await tab.open(url_of(client))
    assert await press(tab, "Go on") == "1 let go on."
    assert (world.limits.trips, world.hastened) == ([], [ME])
    assert await press(tab, "Put them back") == "Begun: Carrying out 38 entries"
    assert await press(tab, "I did that") == "38 left as you made it."
    assert await press(tab, "Revoke") == "1 revoked."
    assert {veto.state for veto in world.vetoes.known} == {"active", "revoked"}
    world.board.number += 1
    await tab.until("document.getElementById('lost') === null && document.getElementById('stopped') === null")
