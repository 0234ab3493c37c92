"""Two simulated servers that outlive every reactor, photos for each stage, and what stands at the end."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import asyncpg
import structlog

from reactor.adapters.postgres.embedded import EmbeddedNotRunning, embedded_postgres
from reactor.demo.frigate import SimulatedFrigate
from reactor.demo.immich import SimulatedImmich
from reactor.demo.labels import CLASSIFICATION
from reactor.demo.phone import Phone, Shot

from ..household import eventually
from ..postgres_embedded.servers import open_home

ACCOUNT = "me"
SECRET = "a secret of the test"


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything that a person could see at the end, by file name."""

    embedded: frozenset[str]
    tags: dict[str, frozenset[str]]
    archived: frozenset[str]
    stacks: frozenset[tuple[str, frozenset[str]]]
    portraits: dict[str, frozenset[str]]
    dead: tuple[str, ...]


@dataclass(kw_only=True)
class Stage:
    """The servers, the phone, and the reactor's data directory."""

    immich: SimulatedImmich
    frigate: SimulatedFrigate
    phone: Phone
    key: str
    home: Path
    names: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "accounts": {ACCOUNT: {"api_key": self.key, "url": self.immich_url, "webhook_secrets": [SECRET]}},
            "mode": "apply",
            "host": "127.0.0.1",
            "port": self.port,
            "data_dir": str(self.home / "data"),
            "classification": CLASSIFICATION.model_dump(mode="json"),
            "stacks": {"quiet_seconds": 0.5, "patience_seconds": 3.0},
            "frigate": {"url": self.frigate_url, "unanswered_seconds": 1.0},
            "poll_seconds": 1.0,
            "people_seconds": 0.5,
            "lease_seconds": self.lease_seconds,
            **self.more,
        }

    port: int = 0
    lease_seconds: float = 30.0
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def immich_url(self) -> str:
        """The address under which the reactor is told to find Immich."""
        return self.immich.url

    @property
    def frigate_url(self) -> str:
        return self.frigate.url

    @asynccontextmanager
    async def reactor(self, point: str | None = None) -> AsyncIterator["Child"]:
        """Run a reactor as a child; whatever is left of it is killed at the end."""
        file = self.home / "settings.json"
        file.write_text(json.dumps(self.settings), "utf-8")
        arguments = [sys.executable, "-m", "tests.crash.child", str(file), *([point] if point else [])]
        process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
        child = Child(process)
        try:
            yield child
        finally:
            child.kill()
            await process.wait()

    async def upload(self, shots: Sequence[Shot]) -> None:
        for one in shots:
            self.names[await self.phone.upload(one)] = one.file_name

    async def database(self) -> asyncpg.Connection:
        """Connect to the running reactor's own database, beside it."""
        async with embedded_postgres(self.home / "data", log=structlog.get_logger(), attach_only=True) as dsn:
            return await asyncpg.connect(dsn, server_settings={"search_path": "reactor"})

    async def settle(self) -> None:
        """Wait until everything uploaded is embedded and nothing is left to do for two turns of the people poll."""
        calm = itertools.count(1)
        last: object = None

        async def at_rest() -> bool:
            nonlocal calm, last
            try:
                connection = await self.database()
            except (EmbeddedNotRunning, OSError, asyncpg.PostgresError):
                return False
            try:
                row = await connection.fetchrow(
                    """
                    SELECT (SELECT count(*) FROM photos) AS photos, (SELECT count(*) FROM events) AS events,
                        (SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'running', 'joined')) AS waiting,
                        (SELECT count(*) FROM journal WHERE state = 'open') AS open,
                        (SELECT count(*) FROM deliveries WHERE state = 'dead') AS dead
                    """
                )
            finally:
                await connection.close()
            assert row is not None
            resting = self.immich.idle and not row["waiting"] and row["photos"] + row["dead"] >= len(self.names)
            if not resting or row != last:
                calm = itertools.count(1)
            last = row
            await asyncio.sleep(0.1)
            return resting and next(calm) >= 12

        await eventually(at_rest, "all is settled", seconds=90)

    async def world(self) -> World:
        """Read what stands in Immich over its API, in Frigate's folder of uploads, and in the reactor's tables."""
        connection = await self.database()
        try:
            embedded = {self.names[row["asset"]] for row in await connection.fetch("SELECT asset FROM photos")}
            rows = await connection.fetch("SELECT handler, attempts, error FROM deliveries WHERE state = 'dead'")
        finally:
            await connection.close()
        tags: dict[str, frozenset[str]] = {}
        archived: set[str] = set()
        stacks: set[tuple[str, frozenset[str]]] = set()
        headers = {"x-api-key": self.key}
        async with aiohttp.ClientSession(f"{self.immich.url}/api/", headers=headers) as session:
            for asset, name in self.names.items():
                async with session.get(f"assets/{asset}") as answer:
                    found = await answer.json()
                tags[name] = frozenset(tag["value"] for tag in found["tags"])
                if found["visibility"] == "archive":
                    archived.add(name)
            async with session.get("stacks") as answer:
                for stack in await answer.json():
                    members = frozenset(self.names[member["id"]] for member in stack["assets"])
                    stacks.add((self.names[stack["primaryAssetId"]], members))
        return World(
            embedded=frozenset(embedded),
            tags=tags,
            archived=frozenset(archived),
            stacks=frozenset(stacks),
            portraits=self.portraits(),
            dead=tuple(f"{row['handler']} {row['attempts']}: {row['error']}" for row in rows),
        )

    async def ends_as(self, expected: World) -> World:
        """Wait until what stands is as expected (a poll may be backing off), and return what stands then."""
        world = await self.world()

        async def as_expected() -> bool:
            nonlocal world
            world = await self.world()
            return world == expected

        with contextlib.suppress(AssertionError):  # the caller shows the difference
            await eventually(as_expected, "it stands as expected", seconds=60)
        return world

    def portraits(self) -> dict[str, frozenset[str]]:
        """Return the pictures that Frigate was given of each person, by what was uploaded."""
        found: dict[str, set[str]] = {}
        for write in self.frigate.effective_writes:
            if write.kind == "register":
                found.setdefault(write.name, set()).add(write.sha256[:8])
        return {name: frozenset(pictures) for name, pictures in found.items()}

    def doubled(self) -> list[str]:
        """Return every change that took effect twice."""
        seen: Counter[str] = Counter()
        for write in self.immich.effective_writes:
            if write.kind in ("tag.link", "asset.update"):
                seen.update(f"{write.kind} {change}" for change in write.changes)
            elif write.kind == "stack.create":
                seen[f"stack {sorted(write.body['assetIds'])}"] += 1
        seen.update(f"crop {write.sha256}" for write in self.frigate.effective_writes if write.kind == "register")
        return sorted(what for what, times in seen.items() if times > 1)


class Child:
    """A reactor's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.url = ""
        self.hit = False

    async def up(self) -> bool:
        """Wait until it runs; return False if it died before (a point on the way up)."""
        return await self._read("UP ")

    async def died(self) -> bool:
        """Wait for its death and say whether it was killed."""
        try:
            async with asyncio.timeout(30):
                while await self._read(""):
                    pass
                return await self.process.wait() == -signal.SIGKILL
        except TimeoutError:
            return False

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):  # it may have died in this moment
            os.kill(self.process.pid, signal.SIGKILL)

    async def _read(self, wanted: str) -> bool:
        assert self.process.stdout is not None
        async with asyncio.timeout(60):
            while line := (await self.process.stdout.readline()).decode():
                if line.startswith("UP "):
                    self.url = line.removeprefix("UP ").strip()
                self.hit |= line == "HIT\n"
                if line.startswith(wanted):
                    return True
        return False


async def stop_the_database(data: Path) -> None:
    """Stop the server that a killed reactor has left behind, by taking it over once more."""
    if data.exists():
        async with embedded_postgres(data, log=structlog.get_logger()):
            pass


S = TypeVar("S", bound=Stage)


def a_stage(port: int) -> AbstractAsyncContextManager[Stage]:
    """Start the servers, and let Immich tell the reactor at ``port`` of new photos."""
    return a_stage_of(Stage, port)


@asynccontextmanager
async def a_stage_of(kind: type[S], port: int) -> AsyncIterator[S]:
    """Start the servers for a kind of stage."""
    async with AsyncExitStack() as exits:
        home = exits.enter_context(open_home())
        exits.push_async_callback(stop_the_database, home / "data")
        immich = await exits.enter_async_context(
            SimulatedImmich(seed=3, thumbnail_delay=(0.05, 0.3), metadata_delay=(0.02, 0.05))
        )
        frigate = await exits.enter_async_context(SimulatedFrigate())
        user = immich.add_user("Me", "me@example.com")
        phone = await exits.enter_async_context(Phone(immich.url, user.api_key))
        await phone.tell_reactor(f"http://127.0.0.1:{port}/webhook/{ACCOUNT}", SECRET)
        yield kind(immich=immich, frigate=frigate, phone=phone, key=user.api_key, home=home, port=port)
