import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from reactor.demo.immich import SimulatedImmich, User
from tests.contract import Contract, load_contract
from tests.immich_simulator.photos import photo


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Api:
    """Speaks as one key; checks every documented answer against the OpenAPI document where that is at hand."""

    session: aiohttp.ClientSession
    contract: Contract | None

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        options = options if body is None else options | {"json": body}
        async with self.session.request(method, f"/api{path}", allow_redirects=False, **options) as response:
            is_json = response.content_type == "application/json"
            read = await response.json() if is_json else await response.read()
            if self.contract and "nosuch" not in path and method != "PATCH":
                self.contract.check_response(method, path, response.status, read if is_json else None)
            return Answer(status=response.status, body=read, headers=dict(response.headers))

    async def upload(self, data: bytes, name: str = "a.jpg", **fields: str) -> Answer:
        times = {"fileCreatedAt": "2024-05-01T10:00:00.000Z", "fileModifiedAt": "2024-05-01T10:00:00.000Z"}
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("assetData", data, filename=name)
        for key, value in (times | fields).items():
            form.add_field(key, value)
        return await self.call("POST", "/assets", data=form)

    async def add(self, shade: int, name: str = "a.jpg", **fields: str) -> str:
        """Upload a picture that differs by its shade, and return the asset's id."""
        return str((await self.upload(photo(shade), name, **fields)).body["id"])

    async def asset(self, asset_id: str) -> Any:
        return (await self.call("GET", f"/assets/{asset_id}")).body

    async def tag(self, value: str) -> str:
        return str((await self.call("PUT", "/tags", {"tags": [value]})).body[0]["id"])

    async def search(self, **filters: Any) -> list[str]:
        found = await self.call("POST", "/search/metadata", filters)
        return [item["id"] for item in found.body["assets"]["items"]]


Connect = Callable[[str], Api]


async def until(true: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Wait for a state, for a bounded time."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)


async def settled(immich: SimulatedImmich) -> None:
    await until(lambda: immich.idle)


@dataclass(frozen=True, kw_only=True)
class Delays:
    """Seconds of the server's own work; SLOW where a test must look before that work is done."""

    thumbnail: tuple[float, float] = (0.03, 0.05)
    metadata: tuple[float, float] = (0.01, 0.02)
    tag_race: float = 0.03


SLOW = Delays(thumbnail=(1.0, 1.0), metadata=(0.6, 0.6), tag_race=0.6)


@pytest.fixture
def delays() -> Delays:
    return Delays()


@pytest.fixture
async def immich(delays: Delays) -> AsyncIterator[SimulatedImmich]:
    async with SimulatedImmich(
        thumbnail_delay=delays.thumbnail, metadata_delay=delays.metadata, tag_race_s=delays.tag_race
    ) as server:
        yield server


@pytest.fixture(scope="session")
def contract() -> Contract | None:
    return load_contract()


@pytest.fixture
async def connect(immich: SimulatedImmich, contract: Contract | None) -> AsyncIterator[Connect]:
    sessions: list[aiohttp.ClientSession] = []

    def make(key: str) -> Api:
        sessions.append(aiohttp.ClientSession(immich.url, headers={"x-api-key": key}))
        return Api(session=sessions[-1], contract=contract)

    yield make
    for session in sessions:
        await session.close()


@pytest.fixture
def ann(immich: SimulatedImmich) -> User:
    return immich.add_user("Ann", "ann@example.org")


@pytest.fixture
async def api(connect: Connect, ann: User) -> Api:
    return connect(ann.api_key)


@pytest.fixture
async def other(connect: Connect, immich: SimulatedImmich, ann: User) -> Api:
    """A second user, after Ann, who is the admin."""
    return connect(immich.add_user("Ben", "ben@example.org").api_key)
