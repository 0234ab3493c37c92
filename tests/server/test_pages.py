"""The live page: what it shows."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from reactor.core.accounts import AccountStatus, Lack, Owner
from reactor.core.activity import Deed, Summary, notes_of_deed
from reactor.core.changes import TagAsset
from reactor.core.errors import Retryable
from reactor.core.ids import AccountId
from reactor.core.journal import EntryState
from reactor.core.modes import Modes
from reactor.core.pushes import PushSummary
from reactor.core.runs import Counts, RunState, ScanProgress, ScanRequest
from reactor.core.status import Hearing, Way

from .fakes import EVIL, ME, NOON, PHOTO, World, a_letter, a_run, some_facts
from .orders import a_trip
from .page_rig import REASON, a_card, looking


async def test_the_page_tells_what_happened(client: aiohttp.ClientSession, world: World) -> None:
    world.board.cards = (a_card(),)
    world.board.counts = Summary(heard=12345, failed=1)
    async with client.get("/") as answer:
        html = await answer.text()
    assert answer.status == 200
    for words in ("12,345", "heard", "embedded", "Receipts", "0.28", "portrait of Ida", "stack gave up: broken Ida"):
        assert words in html
    assert f'src="/thumb/me/{PHOTO}"' in html


async def test_names_are_only_ever_text(client: aiohttp.ClientSession, world: World) -> None:
    world.board.cards = (a_card(name=EVIL),)
    world.board.counts = Summary(failed=1, shelved=1)
    world.history.letters = [a_letter(1, error=EVIL), a_letter(2, state="shelved", error=EVIL, account=AccountId(EVIL))]
    scan = a_run(1, ScanRequest(album=EVIL, accounts=(AccountId(EVIL),)))
    world.runs.runs = {scan.id: replace(scan, note=EVIL, state=RunState.FAILED)}
    evil = AccountStatus(
        account=AccountId(EVIL),
        standing="refused",
        why=EVIL,
        owner=Owner(id="1", name=EVIL),
        missing=(Lack(feature=EVIL, permissions=(EVIL,)),),
    )
    way = Way(name=EVIL, words=EVIL)
    pushes = PushSummary(missed=1)
    world.facts = some_facts(
        accounts=(evil,),
        hearing=(Hearing(account=AccountId(EVIL), pushes=pushes, ways=(way,), question=EVIL),),
        model=EVIL,
        provider=EVIL,
    )
    world.frigate = f"failed: {EVIL}"
    async with looking(client) as browser:
        board = await anext(browser)
    async with client.get("/") as answer:
        html = await answer.text()
    for shown in (html, board):
        assert shown.count("alert(") > 15
        assert "<script>alert" not in shown
        assert "\"'>" not in shown


async def test_the_page_shows_how_everything_stands(client: aiohttp.ClientSession, world: World) -> None:
    now = datetime.now(UTC)
    lacks = (Lack(feature="stacks", permissions=("stack.create",)), Lack(feature="albums", permissions=("album.read",)))
    world.facts = some_facts(
        modes=Modes(default="observe", features={"tags": "apply"}),
        accounts=(
            AccountStatus(account=ME, standing="ok", version="3.1.0", missing=lacks),
            AccountStatus(account=AccountId("you"), standing="away", why="no answer"),
        ),
        hearing=(
            Hearing(
                account=ME,
                pushes=PushSummary(
                    webhook_last_heard=now - timedelta(minutes=3), missed=12, missed_since=now - timedelta(hours=2)
                ),
                ways=(Way(name="socket", words="off: it lacks all"),),
                question="9 of 20 people are gone at once",
            ),
        ),
        optional=frozenset({"albums"}),
        model_fault="the file is cut off",
    )
    run = replace(a_run(1, ScanRequest()), counts=Counts(asked=9, done=4), progress=ScanProgress(fed=True))
    world.runs.runs = {run.id: run}
    world.board.counts = Summary(failed=25, shelved=1)
    world.history.letters = [a_letter(number) for number in range(20)]
    world.limits.trips = [a_trip()]
    html = await page_of(client)
    for words in (
        "webhook</b> last heard 3 minutes ago",
        "12 photos missed, the first 2 hours ago",
        'data-post="/api/accounts/me/missed/reset"',
        "socket</b> off: it lacks all",
        "9 of 20 people are gone at once",
        'data-post="/api/accounts/me/people/confirm"',
        "stacks</b> is switched off. Add to the key: stack.create",
        "Not used, and not needed: albums (album.read)",
        "Immich of you: cannot be reached: no answer",
        "The model cannot be used, so no photo is looked at: the file is cut off",
        "tags of me stand still: 131 changes of tags",
        "changes are only planned",
        "tags: made",
        '<progress max="1" value="0.4444"',
        'data-post="/api/runs/scan%3A0001/pause"',
        "25 given up",
        "and 5 older ones",
    ):
        assert words in html, words


async def test_frigate_is_asked_beside_the_page(client: aiohttp.ClientSession, world: World) -> None:
    world.frigate = "failed: no answer"
    while "Frigate: no answer" not in await page_of(client):
        await asyncio.sleep(0.02)


async def page_of(client: aiohttp.ClientSession) -> str:
    async with client.get("/") as answer:
        assert answer.status == 200
        return await answer.text()


async def test_an_empty_library_says_what_to_do(client: aiohttp.ClientSession) -> None:
    async with client.get("/") as answer:
        assert "Upload a photo" in await answer.text()


async def test_the_page_stands_without_its_database(client: aiohttp.ClientSession, world: World) -> None:
    world.board.error = Retryable("away: hunter2")
    for cards in ((), (a_card(),)):
        async with client.get("/") as answer:
            assert answer.status == 503
            html = await answer.text()
        for words in ("The database is away", "it does not answer", "Immich 3.1.0 · ok"):
            assert words in html
        assert "hunter2" not in html
        assert ("portrait of Ida" in html) == bool(cards)
        # What was read once is still shown afterwards.
        world.board.error, world.board.cards = None, (a_card(),)
        await page_of(client)
        world.board.error = Retryable("away: hunter2")


@pytest.mark.parametrize("state", EntryState)
def test_every_state_of_the_journal_has_words(state: EntryState) -> None:
    change = TagAsset(account=ME, asset=PHOTO, tags=("Auto/Receipts",), reason=REASON)
    (note,) = notes_of_deed(Deed(change=change, state=state, note="why", at=NOON), PHOTO)
    assert note.text.startswith("Receipts") == (state is EntryState.DONE)
    assert "Receipts" in note.text
    assert (note.score, note.detail) == (0.2834, "like “a receipt” (why)")
