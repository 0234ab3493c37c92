"""The page of categories in a real browser: its form sends what it says, and the page shows what came of it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from reactor.core.categories import Category
from reactor.core.category_edits import ModelAway
from reactor.core.gates import Gates
from reactor.core.ids import AssetId
from reactor.core.label_examples import Learned, OnExamples
from reactor.core.label_preview import AtThreshold, Bin, LabelPreview, Seen

from .browser import Tab, a_tab, find_browser
from .fakes import EVIL, ME, PHOTO, World
from .labels import MEASURED
from .test_browser import button, url_of
from .test_category_page import PETS, RECEIPTS

BROWSER = find_browser()
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no chromium on the path: categories.js runs in no browser here"
)
ANSWER = "document.getElementById('answer').textContent.trim()"
SAID = "document.getElementById('said').textContent"
FOUND = "document.getElementById('found')"
EVERYTHING = replace(
    RECEIPTS,
    strictness=0.85,
    enabled=False,
    gates=Gates(
        filename=("Screenshot*", "IMG-*"),
        folder=("*/DCIM",),
        camera=False,
        media="photo",
        aspect_min=0.4,
        aspect_max=0.65,
        with_faces="any",
        without_faces="named",
        album=("Trips",),
    ),
)
A_PREVIEW = LabelPreview(
    account=ME,
    category=EVIL,
    model="m",
    photos=1234,
    threshold=0.52,
    calibration=MEASURED,
    fits=12,
    shut=3,
    gains=11,
    loses=2,
    counts=(
        AtThreshold(cosine=0.48, strictness="loose", photos=40),
        AtThreshold(cosine=0.52, strictness="normal", photos=15),
    ),
    histogram=tuple(Bin(low=at / 10, high=(at + 1) / 10, photos=100 * (9 - at)) for at in range(1, 8)),
    top=(Seen(asset=AssetId(PHOTO), score=0.71, fits=True, tagged=False),),
    borderline=(Seen(asset=AssetId(PHOTO), score=0.5, fits=False, tagged=True),),
    learned=Learned(
        wanted=4,
        unwanted=3,
        now=OnExamples(threshold=0.52, precision=0.5, recall=0.75),
        better=OnExamples(threshold=0.54, precision=1.0, recall=0.75, strictness=0.85),
        note=f"without the photos that you tagged by hand: {EVIL}",
    ),
)


@pytest.fixture
async def tab(client: aiohttp.ClientSession, world: World) -> AsyncIterator[Tab]:
    assert BROWSER is not None
    async with a_tab(BROWSER) as opened:
        yield opened
        assert opened.faults == []


async def opened(tab: Tab, client: aiohttp.ClientSession) -> None:
    await tab.open(f"{url_of(client)}/categories")
    await tab.value("window.asked = []; window.confirm = (words) => { window.asked.push(words); return true; }")


async def filled(tab: Tab, **fields: str) -> None:
    for name, value in fields.items():
        await tab.value(f"document.querySelector('#draft [name={name}]').value = {value!r}")


async def press(tab: Tab, words: str, place: str = SAID) -> str:
    """Press a button and return what is said in a place then."""
    await tab.value("for (const one of document.querySelectorAll('#said, #answer > span')) one.textContent = ''")
    await tab.value(f"{button(words)}.click()")
    await tab.until(f"{place} && {place} !== 'Looking …' && !document.querySelector('button:disabled')")
    return str(await tab.value(place))


async def test_a_category_is_made_refused_changed_and_removed(
    client: aiohttp.ClientSession, world: World, tab: Tab
) -> None:
    world.labels.categories = (PETS,)
    await opened(tab, client)
    await filled(tab, name="pets", prompts="a paper receipt\n\n  a shop bill ")
    assert "differ only in capitals" in await press(tab, "Add", ANSWER)
    await filled(tab, name="Receipts")
    assert (await press(tab, "Add", ANSWER)).startswith("Added Receipts")
    made = Category(name="Receipts", prompts=("a paper receipt", "a shop bill"), strictness="normal")
    assert [*world.labels.categories] == [PETS, made]
    assert await tab.value("[...document.querySelectorAll('#kept h3')].map((one) => one.textContent)") == [
        "Pets",
        "Receipts",
    ]
    # What was made stays in the form, to be changed.
    await filled(tab, name="Bills", measure="similarity")
    await tab.value("document.querySelector('[name=measure]').dispatchEvent(new Event('change'))")
    await tab.value(f"{button('Save')}.click()")
    assert await tab.value("document.querySelector('[name=amount]').matches(':invalid')")
    assert [*world.labels.categories] == [PETS, made], "a number is missing"
    await filled(tab, amount="0.3")
    assert (await press(tab, "Save", ANSWER)).startswith("Saved Bills")
    assert [*world.labels.categories] == [PETS, replace(made, name="Bills", strictness=None, similarity=0.3)]
    assert await press(tab, "Enable") == "Enabled Pets."
    assert world.labels.categories[0] == replace(PETS, enabled=True)
    assert await press(tab, "Remove") == "Removed Pets."
    assert "Auto/Pets comes off" in (await tab.value("window.asked"))[0]
    assert [one.name for one in world.labels.categories] == ["Bills"]


async def test_a_form_that_is_saved_untouched_changes_nothing(
    client: aiohttp.ClientSession, world: World, tab: Tab
) -> None:
    evil = Category(name=EVIL.split("\r")[0], prompts=(EVIL.split("\r")[0],), strictness="strict")
    for one in (EVERYTHING, PETS, evil):
        world.labels.categories = (one,)
        await opened(tab, client)
        await tab.value(f"{button('Change')}.click()")
        assert await tab.value("document.getElementById('draft-head').textContent") == f"Change {one.name}"
        assert (await press(tab, "Save", ANSWER)).startswith(f"Saved {one.name}")
        assert world.labels.categories == (one,)
    assert await tab.value("window.asked") == []


async def test_labelling_is_switched_and_the_model_measured(
    client: aiohttp.ClientSession, world: World, tab: Tab
) -> None:
    world.labels.categories = (RECEIPTS,)
    await opened(tab, client)
    assert await press(tab, "Switch it off") == "Labelling is switched off."
    assert not world.labels.enabled
    assert await press(tab, "Switch it on") == "Labelling is switched on."
    assert world.labels.enabled
    assert await press(tab, "Measure again") == "The new measurement holds."
    assert "200 photos: 0.200 to 0.600" in (await tab.value("window.asked"))[-1]
    assert (await press(tab, "Look at stored photos again")).startswith("Begun: ")
    world.labels.by_file = True
    assert "settings' file" in await press(tab, "Switch it off")
    assert world.labels.enabled
    await opened(tab, client)
    assert await tab.value("document.querySelector('form') === null")
    assert await press(tab, "Measure again") == "The new measurement holds."


async def test_a_draft_is_previewed_and_a_better_threshold_taken(
    client: aiohttp.ClientSession, world: World, tab: Tab
) -> None:
    world.labels.found = A_PREVIEW
    await opened(tab, client)
    await filled(tab, name="Receipts", prompts="a paper receipt")
    await tab.value(f"{button('Preview')}.click()")
    await tab.until(f"!{FOUND}.hidden")
    text = await tab.value(f"{FOUND}.textContent")
    for words in (
        f"12 of 1,234 photos of me fit {EVIL.split(chr(13))[0]}",
        "11",
        "normal0.52015",
        "4 right, 3 wrong: 50 % of what it finds is right (precision), and it finds 75 %",
        "Better: a cosine of 0.540, strictness 0.85: 100 %",
        "tagged by hand: <script>",
        "tagged, would lose it",
    ):
        assert words in text, words
    assert await tab.value(f"{FOUND}.querySelectorAll('rect').length") == 7
    assert await tab.value(f"{FOUND}.querySelector('tr.now th').textContent") == "normal"
    assert await tab.value(f"{FOUND}.querySelector('img').getAttribute('src')") == f"/thumb/me/{PHOTO}"
    assert await tab.value("document.querySelectorAll('script').length") == 1
    await tab.value(f"{button('Use it')}.click()")
    await tab.until("!document.querySelector('button:disabled')")
    assert [one.strictness for one in world.labels.asked] == ["normal", 0.85]
    assert world.labels.categories == (), "a preview keeps nothing"
    world.labels.error = ModelAway("the model cannot be asked now: it is loaded")
    assert await press(tab, "Preview", ANSWER) == "the model cannot be asked now: it is loaded"
