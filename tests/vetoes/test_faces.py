"""A portrait that somebody deleted in Frigate: noticed, remembered, never given again until the veto is revoked."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import aiohttp

from reactor.acts.hands import PortraitHand
from reactor.acts.perform import Performer
from reactor.acts.restoring import RemovalHand
from reactor.adapters.frigate.faces import FrigateFaces
from reactor.adapters.frigate.transport import FrigateTransport
from reactor.adapters.frigate.writing import FrigateFaceWriter
from reactor.adapters.pictures import PillowPortraits
from reactor.adapters.postgres.claims import PostgresClaims
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.losses import PostgresLosses
from reactor.adapters.postgres.orders import PostgresOrders
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.changes import AddPortrait, RemovePortrait, subjects_of
from reactor.core.claims import HANDFUL
from reactor.core.entry_orders import CarryOut, Undo
from reactor.core.events import PersonNamed
from reactor.core.ids import PersonId
from reactor.core.portraits import PortraitPolicy
from reactor.demo.frigate import SimulatedFrigate
from reactor.demo.phone import Shot
from reactor.demo.pictures.library import SamplePhoto, sample_library
from reactor.routing import merge
from reactor.sources.sweep import FaceSweep
from reactor.stages import faces, veto
from reactor.worker.worker import WorkerPolicy

from ..household import ME, START, a_performer, eventually
from ..stages.house import CAUSE, House
from ..working import AT_ONCE, a_worker

NAME = "Anna"
FOUR = 4


@cache
def portraits() -> Sequence[SamplePhoto]:
    """Return eight photos of one face each; they take a while."""
    return [photo for photo in sample_library(seed=5, photos=60, start=START) if len(photo.faces) == 1][:8]


@dataclass(kw_only=True)
class Gallery:
    """Anna's photos in Immich, her portraits in Frigate, and the reactor between them."""

    house: House
    frigate: SimulatedFrigate
    faces: FrigateFaces
    writer: FrigateFaceWriter
    person: PersonId
    acts: Performer
    revision: int = 0

    async def decide(self) -> None:
        """Let the faces be decided about once more."""
        self.revision += 1
        await self.house.log.append([PersonNamed(account=ME, person=self.person, name=NAME, revision=self.revision)])
        await self.rest()

    async def rest(self) -> None:
        async def nothing_waits() -> bool:
            return not await self.house.pool.fetchval(
                "SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'running', 'joined')"
            )

        await eventually(nothing_waits, "nothing waits")

    async def later(self) -> None:
        await self.house.pool.execute("UPDATE journal SET settled_at = settled_at - interval '2 minutes'")

    def sweeping(self) -> FaceSweep:
        return FaceSweep(
            self.faces, PostgresClaims(self.house.pool), self.house.log, self.house.bookmarks,
            every=timedelta(0), now=lambda: datetime.now(UTC),
        )  # fmt: skip

    async def sweep(self) -> int:
        told = await self.sweeping().once()
        await self.rest()
        return told

    async def files(self) -> list[str]:
        return sorted((await self.faces.faces()).get(NAME, ()))

    async def given(self) -> int:
        return sum(write.kind == "register" for write in self.frigate.effective_writes)


@asynccontextmanager
async def a_gallery(house: House, photos: Sequence[SamplePhoto], **policy: float) -> AsyncIterator[Gallery]:
    portrait_policy = PortraitPolicy(**policy)  # type: ignore[arg-type]  # one field is a whole number
    async with AsyncExitStack() as exits:
        frigate = await exits.enter_async_context(SimulatedFrigate())
        session = await exits.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        transport = FrigateTransport(frigate.url, session=session)
        library = FrigateFaces(transport)
        writer = FrigateFaceWriter(transport, library, timeout_s=10, settle_s=5, pause_s=0.01)
        person: str | None = None
        for photo in photos:
            asset = await house.home.phone.upload(
                Shot(file_name=photo.file_name, data=photo.jpeg, taken_at=photo.taken_at)
            )
            left, top, right, bottom = map(int, photo.faces[0].box)
            await house.home.rest()
            person = house.home.immich.recognise(
                asset, box=(left, top, right, bottom), image_size=photo.size, person_id=person
            )
        assert person is not None
        await house.user("PUT", f"/people/{person}", {"name": NAME})
        router = merge([faces.router, veto.router])
        house = replace(house, log=PostgresEventLog(house.pool, router, house.wake))
        pictures = PillowPortraits(portrait_policy)
        hand = PortraitHand(
            lambda _: house.home.library, library, writer, pictures,
            now=lambda: datetime.now(UTC), unanswered=timedelta(0),
        )  # fmt: skip
        acts = a_performer(house.pool, {AddPortrait: hand, RemovePortrait: RemovalHand(library, writer)})
        services = replace(house.services(), portraits=pictures, portrait_policy=portrait_policy)
        worker = a_worker(house.pool, house.wake, router, services, acts, WorkerPolicy(quiet=AT_ONCE, deadline_s=30))
        await exits.enter_async_context(worker)
        gallery = Gallery(
            house=house, frigate=frigate, faces=library, writer=writer, person=PersonId(person), acts=acts
        )
        await gallery.decide()
        yield gallery


async def test_a_face_that_was_deleted_in_frigate(house: House) -> None:
    async with a_gallery(house, portraits()[:FOUR]) as gallery:
        first = await gallery.files()
        assert len(first) == FOUR
        assert await gallery.sweep() == 0
        await gallery.writer.delete(NAME, first[:1])
        assert await gallery.sweep() == 0  # too soon after our own upload
        await gallery.later()
        assert await gallery.sweep() == 1
        (found,) = await PostgresVetoes(house.pool).standing()
        assert (found.kind, found.why) == ("portrait", "you deleted it in Frigate")
        assert await gallery.sweep() == 0
        for _ in range(2):
            await gallery.decide()
            assert await gallery.files() == first[1:]
        assert await PostgresVetoes(house.pool).revoke([found.id]) == 1
        assert await gallery.sweep() == 0
        await gallery.decide()
        assert len(await gallery.files()) == len(first)
        await gallery.later()
        await gallery.writer.delete(NAME, await gallery.files())  # and with them the folder, the only one
        assert await gallery.sweep() == len(first)
        assert {one.state for one in await PostgresVetoes(house.pool).standing()} == {"active"}
        await gallery.decide()
        assert await gallery.files() == []


async def test_a_face_that_was_taken_back_by_us_is_the_users_will_too(house: House) -> None:
    async with a_gallery(house, portraits()[:2]) as gallery:
        first = await gallery.files()
        entry = await house.pool.fetchrow("SELECT id, subjects FROM journal WHERE kind = 'AddPortrait' LIMIT 1")
        assert entry is not None
        undoing = a_performer(house.pool, {RemovePortrait: RemovalHand(gallery.faces, gallery.writer)})
        order = Undo(account=ME, entry=entry["id"], feature="faces", subjects=tuple(entry["subjects"]))
        await undoing.perform(order, CAUSE)
        assert len(await gallery.files()) == 1
        await gallery.later()
        assert await gallery.sweep() == 0  # our own hand is not the user's
        await gallery.decide()
        assert len(await gallery.files()) == 1
        (found,) = await PostgresVetoes(house.pool).standing()
        assert found.source == "undo"
        await PostgresVetoes(house.pool).revoke([found.id])
        await gallery.decide()
        assert len(await gallery.files()) == len(first)


async def test_a_frigate_that_was_set_up_anew_is_asked_about(house: House) -> None:
    vetoes = PostgresVetoes(house.pool)
    given = HANDFUL + 1
    async with a_gallery(house, portraits(), maximum=given) as gallery:
        assert len(await gallery.files()) == given
        await gallery.later()
        await gallery.writer.delete(NAME, await gallery.files())
        assert await gallery.sweep() == given
        (asked,) = await PostgresLosses(house.pool).lost()
        assert asked.question == f"{given} portraits disappeared from Frigate within minutes: did you do that?"
        # Until that is answered no other face takes the place of a lost one.
        await gallery.decide()
        assert (await gallery.files(), await gallery.sweep()) == ([], 0)
        mine, *others = [one.id for one in await vetoes.standing(state="lost")]
        assert await vetoes.mine([mine]) == 1
        for entry in await PostgresOrders(house.pool).put_back(others):
            face = await house.journal.entry(entry)
            assert face is not None
            await gallery.acts.perform(
                CarryOut(account=ME, entry=entry, feature="faces", subjects=subjects_of(face.change)), CAUSE
            )
        assert len(await gallery.files()) == len(others)
        await gallery.later()
        await gallery.decide()
        # The one that the user took away has left its place to another face.
        assert (len(await gallery.files()), await gallery.sweep()) == (given, 0)


async def test_unsure_faces_are_suggested_and_take_no_place(house: House) -> None:
    async with a_gallery(house, portraits()[:FOUR], min_sharpness=1e9, review=0.999999999) as gallery:
        assert await gallery.files() == []
        states = await house.pool.fetch("SELECT state FROM journal WHERE kind = 'AddPortrait'")
        assert [row["state"] for row in states] == ["suggested"] * FOUR
        await gallery.decide()
        assert await house.pool.fetchval("SELECT count(*) FROM journal") == FOUR
