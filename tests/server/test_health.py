"""Alive, and ready: what makes the service unready, and what only fails a check."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
import structlog
from pydantic import SecretStr

from reactor.core.accounts import AccountStatus, Lack, Standing
from reactor.core.activity import Summary
from reactor.core.errors import Retryable, Unreachable
from reactor.core.ids import AccountId
from reactor.core.modes import Modes
from reactor.core.pushes import PushSummary
from reactor.core.runs import Counts, RunState, ScanRequest
from reactor.core.status import Hearing
from reactor.server import overview
from reactor.server.app import make_app
from reactor.server.health import Readiness
from reactor.server.run import serving

from .conftest import browsing
from .fakes import ME, WEB_TOKEN, World, a_run, some_facts
from .orders import a_trip, a_veto
from .test_guard import FORGED

YOU = AccountId("you")


async def ready_of(client: aiohttp.ClientSession) -> tuple[int, dict[str, str]]:
    async with client.get("/readyz") as answer:
        body = await answer.json()
        assert body["ready"] is (answer.status == 200)
    async with client.get("/healthz") as alive:
        assert (alive.status, await alive.json()) == (200, {"alive": True})
    return answer.status, body["checks"]


def accounts(*standings: Standing) -> tuple[AccountStatus, ...]:
    return tuple(
        AccountStatus(account=AccountId(f"a{number}"), standing=standing, why="" if standing == "ok" else "why")
        for number, standing in enumerate(standings)
    )


async def test_ready_tells_each_thing_it_stands_on(client: aiohttp.ClientSession, world: World) -> None:
    world.board.counts = Summary(waiting=3, failed=2, shelved=1, held=4)
    heard = datetime.now(UTC) - timedelta(minutes=3)
    pushes = PushSummary(webhook_last_heard=heard, missed=12, missed_since=heard)
    world.facts = replace(world.facts, hearing=(Hearing(account=ME, pushes=pushes),))
    run = replace(a_run(1, ScanRequest(), RunState.PAUSED), counts=Counts(asked=2, done=1))
    world.runs.runs = {run.id: run}
    assert await ready_of(client) == (
        200,
        {
            "database": "ok",
            "model": "ViT-B-32__openai",
            "provider": "cpu",
            "immich me": "ok",
            "sources me": "webhook last heard 3 minutes ago; 12 photos missed, the first 3 minutes ago",
            "backlog": "3 waiting, 2 dead, 1 shelved, 4 held",
            "limits": "ok",
            "asks": "nothing",
            "runs": "scan:0001 is paused, 0% done",
            "frigate": "ok",
        },
    )
    assert world.looks == 1


@pytest.mark.parametrize(
    ("standings", "status", "checks"),
    [
        (("ok", "away"), 200, {"immich a0": "ok", "immich a1": "failed: cannot be reached: why"}),
        (("refused", "ok"), 200, {"immich a0": "failed: key refused: why", "immich a1": "ok"}),
        (("away", "away"), 503, {"immich a0": "failed: cannot be reached: why"}),
        (("refused", "stopped"), 503, {"immich a1": "failed: stopped: why"}),
        (("unknown",), 503, {"immich a0": "failed: not looked at yet: why"}),
    ],
    ids=str,
)
async def test_one_account_of_several_makes_nothing_unready(
    client: aiohttp.ClientSession, world: World, standings: tuple[Standing, ...], status: int, checks: dict[str, str]
) -> None:
    world.facts = some_facts(accounts=accounts(*standings))
    found, told = await ready_of(client)
    assert found == status
    assert {name: told[name] for name in checks} == checks


async def test_without_the_database_nothing_is_ready(client: aiohttp.ClientSession, world: World) -> None:
    world.board.error = Unreachable("postgresql://reactor:hunter2@host/")
    status, checks = await ready_of(client)
    assert (status, checks["database"], checks["immich me"]) == (503, "failed: it does not answer", "ok")
    assert "hunter2" not in str(checks)


async def test_without_the_model_nothing_is_ready(client: aiohttp.ClientSession, world: World) -> None:
    world.facts = replace(world.facts, model_fault="the file is cut off")
    status, checks = await ready_of(client)
    assert (status, checks["model"]) == (503, "failed: the file is cut off")


async def test_what_only_one_feature_needs_makes_nothing_unready(client: aiohttp.ClientSession, world: World) -> None:
    lacks = (Lack(feature="stacks", permissions=("stack.read",)), Lack(feature="albums", permissions=("album.read",)))
    well = AccountStatus(account=ME, standing="ok", missing=lacks)
    world.facts = some_facts(accounts=(well,), optional=frozenset({"albums"}), modes=Modes(default="apply"))
    world.limits.trips = [a_trip()]
    world.vetoes.known = [a_veto(number, "lost") for number in range(1, 24)]
    world.frigate = "failed: no answer"
    lost = replace(
        a_run(1, ScanRequest(), RunState.FAILED),
        note="no such album",
        finished_at=datetime.now(UTC) - timedelta(hours=1),
    )
    old = replace(a_run(2, ScanRequest(), RunState.FAILED), finished_at=datetime.now(UTC) - timedelta(days=2))
    world.runs.runs = {lost.id: lost, old.id: old}
    status, checks = await ready_of(client)
    assert status == 200
    assert checks["immich me"] == "ok, but switched off: stacks (add stack.read)"
    assert checks["limits"].startswith("failed: tags of me stand still: 131 changes of tags within an hour")
    assert checks["asks"] == "me: 23 photos lost the tag Auto/Receipts within minutes: did you do that?"
    assert checks["runs"] == "failed: scan:0001 failed: no such album"
    assert checks["frigate"] == "failed: no answer"


class Stuck(World):
    """A world in which one thing does not answer at all."""

    stuck: str = ""

    async def look(self) -> None:
        await self._maybe("immich")

    async def ask_frigate(self) -> str:
        await self._maybe("frigate")
        return "ok"

    async def thumbnail(self, *_: object) -> tuple[bytes, str]:
        raise Retryable("no picture")

    async def _maybe(self, name: str) -> None:
        if self.stuck == name:
            await asyncio.Event().wait()


async def never() -> Summary:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize("stuck", ["immich", "frigate", "database"])
async def test_what_hangs_is_said_in_time(stuck: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "CHECK_SECONDS", 0.2)
    world = Stuck()
    world.stuck = stuck
    if stuck == "database":
        monkeypatch.setattr(world.board, "summary", never)
    began = time.monotonic()
    async with browsing(world) as client:
        status, checks = await ready_of(client)
    assert time.monotonic() - began < 30
    assert status == (503 if stuck == "database" else 200)
    assert checks["frigate"] == ("failed: no answer within 0.2 s" if stuck == "frigate" else "ok")


async def test_a_crowd_that_asks_is_one_question(client: aiohttp.ClientSession, world: World) -> None:
    answers = await asyncio.gather(*(client.get("/readyz") for _ in range(50)))
    assert {answer.status for answer in answers} == {200}
    assert world.looks < 10


@pytest.mark.parametrize("headers", FORGED, ids=str)
@pytest.mark.parametrize("ready", [True, False])
async def test_a_stranger_is_told_whether_it_is_ready_and_not_of_whom(
    client: aiohttp.ClientSession, world: World, headers: dict[str, str], ready: bool
) -> None:
    if not ready:
        world.facts = some_facts(accounts=accounts("refused"))
    async with client.get("/readyz", headers=headers) as answer:
        assert (answer.status, await answer.json()) == (200 if ready else 503, {"ready": ready})


async def test_with_a_token_the_words_are_for_whoever_carries_it(world: World) -> None:
    world.web_token = SecretStr(WEB_TOKEN)
    async with browsing(world) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Host": "photos.example"}):
            async with client.get("/readyz", headers=headers) as answer:
                assert (answer.status, await answer.json()) == (200, {"ready": True})
                assert "WWW-Authenticate" not in answer.headers
        client.headers["Authorization"] = f"Bearer {WEB_TOKEN}"
        status, checks = await ready_of(client)
        assert (status, checks["immich me"]) == (200, "ok")


@pytest.mark.parametrize("ready", [True, False])
async def test_a_readiness_that_is_given_is_told(ready: bool) -> None:
    async def given() -> Readiness:
        return Readiness(ready=ready, checks={"database": "does it answer"})

    status, checks = await ready_of_app(given)
    assert (status, checks) == (200 if ready else 503, {"database": "does it answer"})


async def ready_of_app(readiness: Callable[[], Awaitable[Readiness]]) -> tuple[int, dict[str, str]]:
    world = World()
    app = make_app(
        sink=world.sink,
        accounts={},
        activity=world.board,
        thumbnail=world.thumbnail,
        log=structlog.get_logger(),
        readiness=readiness,
    )
    async with serving(app, host="127.0.0.1", port=0) as port, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as one:
        return await ready_of(one)
