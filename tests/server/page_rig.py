"""A photo for the page to show, and a browser that looks at its feed."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from reactor.core.activity import Deed, PhotoCard, Work, in_order, notes_of_deed, notes_of_photo, notes_of_work
from reactor.core.changes import AddPortrait, Reason, TagAsset
from reactor.core.ids import AccountId, AssetId, FaceId, PersonId
from reactor.core.journal import EntryState

from .fakes import EVIL, ME, NOON, PHOTO

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
    works = [Work(handler="stack", state="dead", attempts=8, error=f"broken {name}", at=NOON)]
    notes = [note for deed in all_deeds for note in notes_of_deed(deed, AssetId(asset))]
    return PhotoCard(
        account=AccountId(name) if name == EVIL else ME,
        asset=AssetId(asset),
        heard_at=NOON,
        taken_at=NOON,
        camera=name,
        notes=in_order([*notes_of_photo(NOON, NOON), *notes, *notes_of_work(works)]),
    )


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
