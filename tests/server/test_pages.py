"""The live page: what it shows, and when."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from structlog.testing import capture_logs

from reactor.core.accounts import AccountStatus, Lack, Owner
from reactor.core.activity import Deed, PhotoCard, Summary, Work, in_order, notes_of_deed, notes_of_photo, notes_of_work
from reactor.core.changes import AddPortrait, Reason, TagAsset
from reactor.core.errors import Gone, NotReady, Retryable
from reactor.core.ids import AccountId, AssetId, FaceId, PersonId
from reactor.core.journal import EntryState
from reactor.core.modes import Modes
from reactor.core.pushes import PushSummary
from reactor.core.runs import Counts, RunState, ScanProgress, ScanRequest
from reactor.core.status import Hearing, Way
from reactor.server.feed import MAX_BROWSERS, TICK_SECONDS, message_of
from reactor.server.pages import MAX_THUMBNAIL

from .conftest import browsing
from .fakes import ME, NOON, PHOTO, World, a_letter, a_run, some_facts

EVIL = "<script>alert('x')</script>\"'>\r\n\r\nevent: board\r\ndata: x"
REASON = Reason(rule="like “a receipt”", scores=(("Receipts", 0.2834),))


def a_card(asset: str = PHOTO, *deeds: Deed, name: str = "Ida") -> PhotoCard:
    portrait = AddPortrait(
        account=ME,
        person=PersonId("p"),
        name=name,
        asset=AssetId(asset),
        face=FaceId("f"),
        box=(0.0, 0.0, 1.0, 1.0),
        frame=(1, 1),
        reason=Reason(rule=name),
    )
    tag = TagAsset(account=ME, asset=AssetId(asset), tags=("Auto/Receipts",), reason=REASON)
    all_deeds = [*deeds, *(Deed(change=c, state=EntryState.DONE, note="", at=NOON) for c in (portrait, tag))]
    works = [Work(handler="stack", dead=True, attempts=8, error=f"broken {name}", at=NOON)]
    notes = [note for deed in all_deeds for note in notes_of_deed(deed, AssetId(asset))]
    return PhotoCard(
        account=AccountId(name) if name == EVIL else ME,
        asset=AssetId(asset),
        heard_at=NOON,
        taken_at=NOON,
        camera=name,
        notes=in_order([*notes_of_photo(NOON, NOON), *notes, *notes_of_work(works)]),
    )


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
    world.changes.numbers = (500, 10)
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
        "A limit holds: 500 changes of tags",
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


def test_a_message_is_one_message_whatever_it_carries() -> None:
    lines = message_of("a\r\n\r\nevent: evil\rb\n").decode().splitlines()
    assert lines == ["event: board", "data: a", "data: ", "data: event: evil", "data: b", ""]


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


@asynccontextmanager
async def looking(client: aiohttp.ClientSession) -> AsyncIterator[AsyncIterator[str]]:
    """Open the feed as a browser does; yields an iterator over the pictures of the page."""
    async with client.get("/feed") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        pictures = boards(answer)
        try:
            yield pictures
        finally:
            await pictures.aclose()


async def boards(answer: aiohttp.ClientResponse) -> AsyncGenerator[str, None]:
    data: list[str] = []
    async for line in answer.content:
        words = line.decode().rstrip("\n")
        if words.startswith("data: "):
            data.append(words.removeprefix("data: "))
        elif not words and data:
            yield "\n".join(data)
            data = []


async def test_the_feed_tells_of_every_change_and_of_nothing_else(client: aiohttp.ClientSession, world: World) -> None:
    async with asyncio.timeout(20), looking(client) as one, looking(client) as other:
        assert "Nothing has been heard" in await anext(one)
        assert "Nothing has been heard" in await anext(other)
        # A new marker with the same page behind it is no news.
        world.board.number = 2
        await until(lambda: world.board.asked > 3)
        world.board.cards, world.board.number = (a_card(),), 3
        assert "portrait of Ida" in await anext(one)
        assert "portrait of Ida" in await anext(other)


async def test_the_feed_is_made_once_for_all_and_at_most_twice_a_second(
    client: aiohttp.ClientSession, world: World
) -> None:
    async with asyncio.timeout(20), looking(client) as one, looking(client) as two, looking(client) as three:
        began, asked = time.monotonic(), world.board.asked
        for browser in (one, two, three):
            await anext(browser)
        await until(lambda: world.board.asked >= asked + 3)
        assert time.monotonic() - began >= 0.9
        assert world.board.asked <= asked + 3 + (time.monotonic() - began) / 0.5


async def test_nobody_is_asked_while_nobody_looks(client: aiohttp.ClientSession, world: World) -> None:
    assert world.board.asked == 0
    async with asyncio.timeout(30):
        async with looking(client) as browser:
            await anext(browser)
        seen = -1
        while seen != world.board.asked:  # twice as long as a producer waits between two looks
            seen = world.board.asked
            await asyncio.sleep(2 * TICK_SECONDS)
        async with looking(client) as browser:
            await anext(browser)
        assert world.board.asked > seen


async def test_a_failing_database_does_not_end_the_feed(client: aiohttp.ClientSession, world: World) -> None:
    async with asyncio.timeout(20), looking(client) as browser:
        await anext(browser)
        world.board.error = Retryable("away")
        assert "The database is away" in await anext(browser)
        asked = world.board.asked
        await until(lambda: world.board.asked > asked + 1)
        world.board.error, world.board.cards, world.board.number = None, (a_card(),), 2
        board = await anext(browser)
        assert "portrait of Ida" in board
        assert "The database is away" not in board


async def test_what_the_process_knows_is_shown_at_once(client: aiohttp.ClientSession, world: World) -> None:
    async with asyncio.timeout(20), looking(client) as browser:
        await anext(browser)
        world.facts = some_facts(accounts=(AccountStatus(account=ME, standing="refused", why="make a new key"),))
        assert "Immich of me: key refused: make a new key" in await anext(browser)


async def test_a_producer_that_breaks_sends_the_browsers_home(client: aiohttp.ClientSession, world: World) -> None:
    async with asyncio.timeout(20), looking(client) as browser:
        await anext(browser)
        world.board.error = ValueError("a fault of ours")
        with pytest.raises(StopAsyncIteration):
            await anext(browser)
        world.board.error = None
        async with looking(client) as again:
            assert "Nothing has been heard" in await anext(again)


async def test_a_browser_that_does_not_read_is_let_go(client: aiohttp.ClientSession, world: World) -> None:
    world.board.cards = tuple(a_card(f"{number:08x}{PHOTO[8:]}", name="x" * 100_000) for number in range(10))
    with capture_logs() as lines:
        async with asyncio.timeout(40), client.get("/feed") as lazy, looking(client) as keen:
            while not any("let go" in line["event"] for line in lines):
                world.board.number += 1
                world.board.counts = Summary(heard=world.board.number)
                await anext(keen)
            assert lazy.status == 200


async def test_too_many_pages_are_told_so(world: World) -> None:
    async with asyncio.timeout(30), browsing(world) as client:
        feeds = [await client.get("/feed") for _ in range(MAX_BROWSERS)]
        async with client.get("/feed") as answer:
            assert answer.status == 503
        for feed in feeds:
            feed.close()


async def test_stopping_does_not_wait_for_browsers(world: World) -> None:
    async with browsing(world) as client:
        feed = await client.get("/feed")
        assert feed.status == 200
        began = time.monotonic()
    assert time.monotonic() - began < 2.0


async def until(state: Callable[[], bool]) -> None:
    while not state():
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("content_type", ["image/jpeg", "image/webp", "image/png", "Image/JPEG; q=1"])
async def test_a_thumbnail_is_passed_on(client: aiohttp.ClientSession, world: World, content_type: str) -> None:
    world.picture = (b"picture", content_type)
    async with client.get(f"/thumb/me/{PHOTO}") as answer:
        assert (answer.status, await answer.read()) == (200, b"picture")
        assert answer.headers["Content-Type"] == content_type.partition(";")[0].lower()
        assert "private" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("path", "picture", "status"),
    [
        ("/thumb/me/not-a-uuid", (b"", "image/jpeg"), 400),
        (f"/thumb/me%2f..%2f/{PHOTO}", (b"", "image/jpeg"), 400),
        (f"/thumb/me/{PHOTO}", NotReady("not yet"), 404),
        (f"/thumb/me/{PHOTO}", Gone("gone"), 404),
        (f"/thumb/me/{PHOTO}", (b"<svg onload=alert(1)>", "image/svg+xml"), 502),
        (f"/thumb/me/{PHOTO}", (b"<b>", "text/html"), 502),
        (f"/thumb/me/{PHOTO}", (b"x" * (MAX_THUMBNAIL + 1), "image/png"), 502),
        (f"/thumb/me/{PHOTO}", ValueError("a fault"), 500),
    ],
    ids=range(8),
)
async def test_only_small_pictures_are_passed_on(
    client: aiohttp.ClientSession, world: World, path: str, picture: tuple[bytes, str] | Exception, status: int
) -> None:
    world.picture = picture
    async with client.get(path) as answer:
        assert answer.status == status


@pytest.mark.parametrize("state", EntryState)
def test_every_state_of_the_journal_has_words(state: EntryState) -> None:
    change = TagAsset(account=ME, asset=PHOTO, tags=("Auto/Receipts",), reason=REASON)
    (note,) = notes_of_deed(Deed(change=change, state=state, note="why", at=NOON), PHOTO)
    assert note.text.startswith("Receipts") == (state is EntryState.DONE)
    assert "Receipts" in note.text
    assert (note.score, note.detail) == (0.2834, "like “a receipt” (why)")
