"""The API over a real PostgreSQL: what is asked for is written down, and what is there is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import asyncpg
import pytest
import structlog

from reactor.adapters.postgres.activity import PostgresActivity
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.history import PostgresHistory
from reactor.adapters.postgres.limits import PostgresLimits
from reactor.adapters.postgres.losses import PostgresLosses
from reactor.adapters.postgres.orders import PostgresOrders
from reactor.adapters.postgres.runs import PostgresRuns
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.adapters.postgres.wake import Wake
from reactor.core.events import AssetUploaded, Event, PersonNamed
from reactor.core.ids import AssetId, PersonId
from reactor.routing import Outcome, Router
from reactor.server.app import make_app
from reactor.server.desk import Desk
from reactor.server.run import serving

from ..server.fakes import ME, PHOTO, World
from .conftest import an_api

EVIL = "</p><script>alert('x')</script>\u202e“\r\nevent: board"


async def nothing(*_: object) -> Outcome:
    return Outcome()


class House:
    """A log over one database, and the application that shows it."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        router = Router()
        router.on(AssetUploaded, name="embed")(nothing)
        router.on(PersonNamed, name="faces")(nothing)
        self.pool = pool
        self.world = World()
        self.log = PostgresEventLog(pool, router, Wake(pool))
        self.desk = Desk(
            facts=lambda: self.world.facts,
            runs=PostgresRuns(pool, router),
            history=PostgresHistory(pool),
            orders=PostgresOrders(pool),
            vetoes=PostgresVetoes(pool),
            losses=PostgresLosses(pool),
            limits=PostgresLimits(pool),
            labels=self.world.labels,
            handlers=tuple(router.reactions),
            reset_missed=self.world.reset.append,
            confirm_people=lambda _: 0,
        )

    async def hear(self, *events: Event) -> None:
        for event in events:
            await self.log.append([event], source="webhook")

    async def give_up(self, state: str, error: str) -> None:
        await self.pool.execute(
            "UPDATE deliveries SET state = $1, error = $2, attempts = 8, settled_at = clock_timestamp()", state, error
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[aiohttp.ClientSession]:
        app = make_app(
            sink=self.log,
            accounts={},
            activity=PostgresActivity(self.pool),
            thumbnail=self.world.thumbnail,
            log=structlog.get_logger(),
            desk=self.desk,
        )
        async with (
            serving(app, host="127.0.0.1", port=0) as port,
            aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
        ):
            yield session


@pytest.fixture
def house(pool: asyncpg.Pool) -> House:
    return House(pool)


def uploaded(number: int) -> AssetUploaded:
    return AssetUploaded(account=ME, asset=AssetId(f"{number:08x}{PHOTO[8:]}"))


async def test_runs_are_started_joined_steered_and_told(house: House) -> None:
    async with house.open() as session:
        api = await an_api(session)
        status, first = await api.post("/scan", {"dry": True, "only": None, "album": EVIL.replace("\r\n", " ")})
        assert (status, first["joined"]) == (202, False)
        run = first["run"]["id"]
        assert run.startswith("dry:")
        _, second = await api.post("/scan")
        assert (second["joined"], second["run"]["id"]) == (True, run)
        for step, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
            status, told = await api.post(f"/runs/{run}/{step}")
            assert (status, told["state"]) == (200, state)
        assert (await api.post(f"/runs/{run}/cancel"))[0] == 200
        assert (await api.post(f"/runs/{run}/pause"))[0] == 409
        status, plan = await api.get(f"/runs/{run}/plan")
        assert (status, plan["total"], plan["after"]) == (200, 0, None)
        _, listed = await api.get("/runs")
        assert [one["id"] for one in listed["runs"]] == [run]
        assert (await api.get("/runs/scan:0123456789ab"))[0] == 404
        async with session.get("/") as answer:
            html = await answer.text()
    assert "Dry scan of all accounts, album" in html
    assert "<script>alert" not in html


async def test_a_replay_is_told_beforehand_and_then_asked_for(house: House) -> None:
    await house.hear(uploaded(1), uploaded(2))
    async with house.open() as session:
        api = await an_api(session)
        status, told = await api.post("/replay", {"kinds": ["AssetUploaded"], "dry_run": True})
        assert (status, told["events"], told["deliveries"]) == (200, 2, [["AssetUploaded", "embed", 2]])
        assert await house.pool.fetchval("SELECT count(*) FROM runs") == 0
        status, started = await api.post("/replay", {"kinds": ["AssetUploaded"]})
        assert (status, started["run"]["kind"], started["joined"]) == (202, "replay", False)
    stored = await house.pool.fetchval("SELECT request FROM runs")
    assert json.loads(stored)["kinds"] == ["AssetUploaded"]


async def test_events_are_listed_and_followed(house: House) -> None:
    await house.hear(uploaded(1), PersonNamed(account=ME, person=PersonId("p"), name=EVIL))
    async with house.open() as session, asyncio.timeout(30):
        api = await an_api(session)
        _, listed = await api.get("/events")
        assert [event["kind"] for event in listed["events"]] == ["PersonNamed", "AssetUploaded"]
        assert listed["events"][0]["payload"]["name"] == EVIL
        assert (listed["events"][1]["source"], listed["events"][1]["deliveries"][0]["state"]) == ("webhook", "waiting")
        _, mine = await api.get("/events", account="you")
        assert mine["events"] == []
        async with session.get("/api/events/follow") as answer:
            await answer.content.readline()
            await house.hear(uploaded(2))
            event = await next_of(answer)
    assert event["subject"] == uploaded(2).asset
    api.check("GET", "/events/follow", 200, event)


async def test_what_was_given_up_is_tried_again_or_dropped(house: House) -> None:
    await house.hear(*(uploaded(number) for number in range(4)))
    await house.give_up("dead", f"Immich answered {EVIL}")
    async with house.open() as session:
        api = await an_api(session)
        _, told = await api.get("/deadletters", limit=3)
        ids = [letter["id"] for letter in told["letters"]]
        assert (len(ids), told["more"], told["letters"][0]["attempts"]) == (3, True, 8)
        async with session.get("/") as answer:
            html = await answer.text()
        assert "4 given up" in html
        assert "<script>alert" not in html
        assert await api.post("/deadletters/retry", {"ids": ids[:1]}) == (200, {"changed": 1})
        assert await api.post("/deadletters/drop", {"ids": ids}) == (200, {"changed": 2})
        assert await api.post("/deadletters/drop", {"all": True, "account": "you"}) == (200, {"changed": 0})
        assert await api.post("/deadletters/retry", {"all": True}) == (200, {"changed": 1})
        await house.give_up("shelved", "the preview is not there yet")
        _, told = await api.get("/deadletters", shelved="true")
        assert len(told["letters"]) == 4
        _, status = await api.get("/status")
        assert (status["counts"]["shelved"], status["counts"]["waiting"]) == (4, 0)


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("/events?asset=%00", True),
        ("/events?asset=%FF%FE", False),
        ("/events?asset=%ED%A0%80", False),
        ("/events?account='; DROP TABLE events; --", False),
        ("/events?asset=мe%E2%80%AE", False),
        ("/events?since=0001-01-01T00:00:00%2B14:00", True),
        ("/events?until=9999-12-31T23:59:59-14:00", True),
        ("/deadletters?handler=%5C%27%22%00", True),
        ("/deadletters?account=%25&shelved=1", False),
        (f"/events?before={2**63 - 1}", False),
    ],
)
async def test_no_query_reaches_the_database_as_more_than_a_value(house: House, path: str, refused: bool) -> None:
    async with house.open() as session:
        api = await an_api(session)
        status, _ = await api.get(path)
    assert status == (400 if refused else 200)
    assert await house.pool.fetchval("SELECT count(*) FROM events") == 0


@pytest.mark.parametrize(
    "body",
    [
        {"album": "a\u0000b"},
        {"since": "0001-01-01"},
        {"until": "9999-12-31"},
        {"accounts": ["me\n"]},
        {"quiet_hours": "\u0000"},
    ],
    ids=str,
)
async def test_no_scan_is_written_down_that_could_not_be(house: House, body: dict[str, Any]) -> None:
    async with house.open() as session:
        api = await an_api(session)
        status, _ = await api.post("/scan", body)
    assert status == 400
    assert await house.pool.fetchval("SELECT count(*) FROM runs") == 0


async def test_a_closed_database_is_said_on_page_and_api(house: House) -> None:
    async with house.open() as session:
        api = await an_api(session)
        assert (await api.get("/status"))[1]["database"] == "ok"
        await house.pool.close()
        assert (await api.get("/runs"))[0] == 503
        status, told = await api.get("/status")
        assert (status, told["ready"], told["database"]) == (200, False, "failed: it does not answer")
        async with session.get("/readyz") as answer:
            assert (answer.status, (await answer.json())["ready"]) == (503, False)
        async with session.get("/") as answer:
            html = await answer.text()
            assert answer.status == 503
    assert "The database is away" in html
    assert "Immich 3.1.0 · ok" in html


async def next_of(answer: aiohttp.ClientResponse) -> Any:
    async for line in answer.content:
        if line.startswith(b"data: "):
            return json.loads(line.removeprefix(b"data: "))
    raise AssertionError("the stream ended")
