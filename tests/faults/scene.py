"""A stage whose servers are reached through proxies, and what a fault did to the photos that came meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp

from reactor.demo.phone import Shot

from ..crash.stage import Stage, World, a_stage_of
from ..free_ports import a_free_port
from .proxy import Proxy, a_proxy


@dataclass(kw_only=True)
class Scene(Stage):
    """A stage behind proxies; ``proxy`` stands before Immich, ``before_frigate`` before Frigate."""

    proxy: Proxy = field(default_factory=lambda: Proxy(target=0))
    before_frigate: Proxy = field(default_factory=lambda: Proxy(target=0))

    @property
    def immich_url(self) -> str:
        return self.proxy.url

    @property
    def frigate_url(self) -> str:
        return self.before_frigate.url

    async def says(self, url: str) -> tuple[int, str]:
        """Return status and text of what the reactor answers."""
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.text()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of the photos of one fault."""

    fault: str
    lost: tuple[str, ...]
    doubled: tuple[str, ...]


def judged(fault: str, batch: Sequence[Shot], stage: Stage, expected: World, found: World) -> Verdict:
    """Compare the photos of a batch with an undisturbed run, by file name."""
    names = [shot.file_name for shot in batch]
    lost = [
        name
        for name in names
        if name not in found.embedded
        or found.tags.get(name) != expected.tags.get(name)
        or (name in found.archived) != (name in expected.archived)
        or _stack_of(name, found) != _stack_of(name, expected)
    ]
    ids = [asset for asset, name in stage.names.items() if name in names]
    doubled = [what for what in stage.doubled() if any(asset in what for asset in ids)]
    return Verdict(fault=fault, lost=tuple(lost), doubled=tuple(doubled))


def _stack_of(name: str, world: World) -> object:
    return next(((cover, members) for cover, members in world.stacks if name in members), None)


def told(verdicts: Sequence[Verdict]) -> str:
    """Return the lines of the fault matrix."""
    runs: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        runs.setdefault(verdict.fault, []).append(verdict)
    lines = ["| fault | runs | lost | doubled |", "|---|---|---|---|"]
    for fault, found in runs.items():
        lost = sum(len(one.lost) for one in found)
        lines.append(f"| {fault} | {len(found)} | {lost} | {sum(len(one.doubled) for one in found)} |")
    return "\n".join(lines)


@asynccontextmanager
async def a_scene() -> AsyncIterator[Scene]:
    """Start the servers with a proxy before each."""
    async with AsyncExitStack() as exits:
        scene = await exits.enter_async_context(a_stage_of(Scene, a_free_port()))
        immich, frigate = urlsplit(scene.immich.url).port, urlsplit(scene.frigate.url).port
        assert immich is not None
        assert frigate is not None
        scene.proxy = await exits.enter_async_context(a_proxy(immich))
        scene.before_frigate = await exits.enter_async_context(a_proxy(frigate))
        yield scene


async def until_met(proxy: Proxy, before: int, seconds: float = 20.0) -> None:
    """Wait until the reactor has met the weather."""
    async with asyncio.timeout(seconds):
        while proxy.broken == before:
            await asyncio.sleep(0.02)
