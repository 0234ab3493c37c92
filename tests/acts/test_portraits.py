"""Portraits given to a simulated Frigate: one upload each, whatever becomes of the answers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import asyncpg
import pytest
import pytest_asyncio

from reactor.acts.hands import Hand, PortraitHand
from reactor.acts.perform import Performer
from reactor.acts.restoring import RemovalHand
from reactor.adapters.frigate.faces import FrigateFaces
from reactor.adapters.frigate.transport import FrigateTransport
from reactor.adapters.frigate.writing import FrigateFaceWriter
from reactor.adapters.pictures import PillowPortraits
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.core.changes import AddPortrait, Change, PortraitState, Reason, RemovePortrait
from reactor.core.entry_orders import Undo
from reactor.core.errors import Held, Retryable, Stale, Unreachable
from reactor.core.ids import LIVE, AssetId, PersonId
from reactor.core.journal import Cause, EntryState
from reactor.core.portraits import PortraitPolicy
from reactor.demo.frigate import SimulatedFrigate
from reactor.demo.phone import Shot
from reactor.demo.pictures.library import SamplePhoto, sample_library

from ..household import ME, START, Household, a_household, a_performer, eventually

CAUSE = Cause(handler="faces", event=1, run=LIVE)
POLICY = PortraitPolicy()


@pytest.fixture(scope="module")
def portraits() -> list[SamplePhoto]:
    return [photo for photo in sample_library(seed=5, photos=40, start=START) if len(photo.faces) == 1][:3]


class Studio:
    """A household, a Frigate, and a performer between them."""

    def __init__(
        self, home: Household, frigate: SimulatedFrigate, pool: asyncpg.Pool, transport: FrigateTransport
    ) -> None:
        self.home = home
        self.frigate = frigate
        self.pool = pool
        self.transport = transport
        self.faces = FrigateFaces(transport)
        self.journal = PostgresJournal(pool)

    def performer(self, *, timeout_s: float = 20.0, unanswered: timedelta = timedelta(seconds=60)) -> Performer:
        hand = PortraitHand(
            lambda _: self.home.library,
            self.faces,
            FrigateFaceWriter(self.transport, self.faces, timeout_s=timeout_s, settle_s=5, pause_s=0.05),
            PillowPortraits(POLICY),
            now=lambda: datetime.now(UTC),
            unanswered=unanswered,
        )
        hands: dict[type[Change], Hand[Any]] = {AddPortrait: hand}
        return a_performer(self.pool, hands, conclusions={AddPortrait: hand.conclude})

    async def wish(self, photo: SamplePhoto, box: tuple[float, float, float, float] | None = None) -> AddPortrait:
        shot = Shot(file_name=photo.file_name, data=photo.jpeg, taken_at=photo.taken_at)
        asset = AssetId(await self.home.phone.upload(shot))
        await self.home.rest()
        left, top, right, bottom = map(int, photo.faces[0].box)
        person = PersonId(self.home.immich.recognise(asset, box=(left, top, right, bottom), image_size=photo.size))
        (face,) = await self.home.library.faces(asset)
        return AddPortrait(
            account=ME,
            person=person,
            name=photo.faces[0].person.replace(".", ""),
            asset=asset,
            face=face.id,
            box=box or photo.faces[0].box,
            frame=photo.size,
            reason=Reason(rule="new, sharp and clear"),
        )

    async def entries(self) -> list[str]:
        return [row["state"] for row in await self.pool.fetch("SELECT state FROM journal ORDER BY id")]

    def uploads(self) -> int:
        return sum(write.kind == "register" for write in self.frigate.effective_writes)


@pytest_asyncio.fixture
async def studio(pool: asyncpg.Pool) -> AsyncIterator[Studio]:
    jar = aiohttp.DummyCookieJar()
    async with a_household() as home, SimulatedFrigate() as frigate, aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Studio(home, frigate, pool, FrigateTransport(frigate.url, session=session))


async def test_a_face_is_given_once_and_its_file_is_known(studio: Studio, portraits: list[SamplePhoto]) -> None:
    change = await studio.wish(portraits[0])
    assert await studio.performer().perform(change, CAUSE) is EntryState.DONE
    assert await studio.performer().perform(change, CAUSE) is None
    entry = (await studio.journal.newest(ME, "faces", [change.person]))[change.person]
    assert isinstance(entry.after, PortraitState)
    assert {entry.after.ours} == set((await studio.faces.faces())[change.name])
    assert studio.uploads() == 1


async def test_a_face_that_is_somebody_elses_by_now_is_not_given(studio: Studio, portraits: list[SamplePhoto]) -> None:
    change = await studio.wish(portraits[0])
    other = studio.home.immich.recognise(change.asset, box=(0, 0, 90, 90), image_size=change.frame)
    headers = {"x-api-key": studio.home.key}
    async with aiohttp.ClientSession(studio.home.immich.url, headers=headers, raise_for_status=True) as session:
        await session.put(f"/api/faces/{other}", json={"id": change.face})
    with pytest.raises(Stale, match="somebody else's by now"):
        await studio.performer().perform(change, CAUSE)
    assert (await studio.entries(), studio.uploads()) == (["superseded"], 0)


async def test_what_was_given_is_taken_up(studio: Studio, portraits: list[SamplePhoto]) -> None:
    changes = [await studio.wish(photo) for photo in portraits[:2]]
    await studio.performer().carry_out(changes, CAUSE)
    preview = await studio.home.library.preview(changes[0].asset)
    crop = await PillowPortraits(POLICY).crop(preview.data, changes[0].box, changes[0].frame)
    seen = await studio.faces.recognize(crop)
    assert seen is not None
    assert seen.name == changes[0].name


async def test_a_late_upload_is_found_and_not_sent_twice(studio: Studio, portraits: list[SamplePhoto]) -> None:
    change = await studio.wish(portraits[0])
    studio.frigate.faults.late_registers = 1
    studio.frigate.faults.late_seconds = 1.5
    with pytest.raises(Retryable):
        await studio.performer(timeout_s=0.3).perform(change, CAUSE)
    with pytest.raises(Held, match="may still be stored"):
        await studio.performer().perform(change, CAUSE)

    async def stored() -> bool:
        return bool((await studio.faces.faces()).get(change.name))

    await eventually(stored, "Frigate stores it late")
    assert await studio.performer().perform(change, CAUSE) is None
    assert await studio.entries() == ["done"]
    assert studio.uploads() == 1


async def test_an_upload_that_never_arrived_is_made_again(studio: Studio, portraits: list[SamplePhoto]) -> None:
    change = await studio.wish(portraits[0])
    await studio.journal.write(change, CAUSE, PortraitState(files=frozenset()), EntryState.OPEN)
    assert await studio.performer(unanswered=timedelta(0)).perform(change, CAUSE) is EntryState.DONE
    assert await studio.entries() == ["superseded", "done"]
    assert studio.uploads() == 1


async def test_without_camera_frames_nothing_is_sent_and_nothing_is_lost(
    studio: Studio, portraits: list[SamplePhoto]
) -> None:
    change = await studio.wish(portraits[0])
    studio.frigate.camera_fps = 0.0
    with pytest.raises(Unreachable):
        await studio.performer().perform(change, CAUSE)
    studio.frigate.camera_fps = 5.0
    assert await studio.performer().perform(change, CAUSE) is EntryState.DONE
    assert studio.uploads() == 1


async def test_a_crop_without_a_face_keeps_no_other_from_being_given(
    studio: Studio, portraits: list[SamplePhoto]
) -> None:
    faceless = await studio.wish(portraits[0], box=(0.0, 0.0, 60.0, 60.0))
    good = await studio.wish(portraits[1])
    await studio.performer().carry_out([faceless, good], CAUSE)
    assert await studio.entries() == ["failed", "done"]


async def test_a_late_upload_of_a_photo_that_is_gone_waits_for_a_person(
    studio: Studio, portraits: list[SamplePhoto]
) -> None:
    change = await studio.wish(portraits[0])
    studio.frigate.faults.late_registers = 1
    studio.frigate.faults.late_seconds = 0.6
    with pytest.raises(Retryable):
        await studio.performer(timeout_s=0.3).perform(change, CAUSE)

    async def stored() -> bool:
        return bool((await studio.faces.faces()).get(change.name))

    await eventually(stored, "Frigate stores it late")
    await studio.home.user_deletes(change.asset, force=True)
    await studio.performer(unanswered=timedelta(0)).recover("faces", ME, [change.person], [])
    assert await studio.entries() == ["parked"]


async def test_a_picture_is_taken_back_from_a_folder_that_was_renamed(
    studio: Studio, portraits: list[SamplePhoto]
) -> None:
    change = await studio.wish(portraits[0])
    assert await studio.performer().perform(change, CAUSE) is EntryState.DONE
    async with (
        aiohttp.ClientSession(studio.frigate.url) as session,
        session.put(f"/api/faces/{change.name}/rename", json={"new_name": "Other"}) as answer,
    ):
        assert answer.status == 200
    writer = FrigateFaceWriter(studio.transport, studio.faces, timeout_s=20, settle_s=5, pause_s=0.05)
    undoing = a_performer(studio.pool, {RemovePortrait: RemovalHand(studio.faces, writer)})
    entry: int = await studio.pool.fetchval("SELECT max(id) FROM journal")
    order = Undo(account=ME, entry=entry, feature="faces", subjects=(change.person, change.face))
    assert await undoing.perform(order, CAUSE) is EntryState.DONE
    assert not any((await studio.faces.faces()).values())
    assert await studio.entries() == ["undone", "done"]
