"""A simulated Immich with a household, and what the setup command says to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from reactor.config import FixedSettings
from reactor.demo.immich import SimulatedImmich
from reactor.wiring.setup import WebhookSetup, setup_webhooks

URL = "http://reactor:8080"
SECRET = "correct-horse-battery"
PHOTOS, METADATA = "Immich Reactor: new photos", "Immich Reactor: metadata"


@dataclass
class House:
    """Users with their keys; ``run`` is the command, ``said`` everything that it printed."""

    immich: SimulatedImmich
    keys: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, list[str]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def add(self, name: str, permissions: tuple[str, ...] = ("all",), secret: str = SECRET) -> None:
        self.keys[name] = self.immich.add_user(name, f"{name}@example.org", permissions=permissions).api_key
        self.secrets[name] = [secret]

    @property
    def settings(self) -> FixedSettings:
        accounts = {
            name: {"api_key": key, "webhook_secrets": self.secrets.get(name, [])} for name, key in self.keys.items()
        }
        return FixedSettings(immich_url=self.immich.url, accounts=accounts)

    async def run(self, **wanted: Any) -> int:
        self.said.clear()
        return await setup_webhooks(self.settings, WebhookSetup(**wanted), self.said.append)

    async def ask(self, method: str, path: str, body: object = None, *, user: str = "me") -> Any:
        headers = {"x-api-key": self.keys[user]}
        async with (
            aiohttp.ClientSession(self.immich.url, headers=headers) as session,
            session.request(method, f"/api{path}", json=body) as answer,
        ):
            assert answer.status < 300, await answer.text()
            return await answer.json() if answer.content_type == "application/json" else None

    async def workflows(self, user: str = "me") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.ask("GET", "/workflows", user=user)
        return sorted(found, key=lambda one: str(one["name"]))

    async def workflow(self, name: str, user: str = "me") -> dict[str, Any]:
        (found,) = [one for one in await self.workflows(user) if one["name"] == name]
        return found

    def writes(self) -> list[str]:
        return [write.kind for write in self.immich.effective_writes]


@asynccontextmanager
async def a_house(version: tuple[int, int, int] = (3, 1, 0)) -> AsyncIterator[House]:
    """Start a simulated Immich with one user, ``me``."""
    async with SimulatedImmich(version=version, thumbnail_delay=(0, 0.01), metadata_delay=(0, 0.01)) as immich:
        house = House(immich)
        house.add("me")
        yield house


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with a_house() as opened:
        yield opened
