"""Who looks at every request of the reactor's: was it journalled before, what did it do, and where is it cut off."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import asyncpg
from aiohttp import web

from reactor.demo.immich.errors import DropConnectionError

from .journalled import is_journalled, is_write, shape
from .servers import Servers
from .shown import Library, Photo, Stack


class Effect(Protocol):
    """A write that took effect in Immich, as the simulated server keeps it."""

    @property
    def kind(self) -> str: ...

    @property
    def changes(self) -> tuple[str, ...]: ...

    @property
    def body(self) -> Any: ...

    @property
    def key(self) -> str: ...


@dataclass(kw_only=True)
class Plan:
    """Cut the reactor off at its ``number``-th write from now on, once it took ``effect`` or before it is taken.

    One that comes ``late`` takes effect after so many seconds, or at once when the reactor has given it up.
    """

    number: int
    effect: bool
    late: float = 0.0


@dataclass(kw_only=True)
class Witness:
    """Look at what the reactor does while it is ``awake``; the user never acts meanwhile."""

    servers: Servers
    pool: asyncpg.Pool
    cut_off: Callable[[], None]
    awake: bool = False
    undoing: bool = False
    plan: Plan | None = None
    unjournalled: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    stacks: dict[str, Stack] = field(default_factory=dict)
    left: list[Stack] = field(default_factory=list)
    moved: set[tuple[str, str]] = field(default_factory=set)
    returned: list[Stack] = field(default_factory=list)
    parted: list[Stack] = field(default_factory=list)
    tagged: set[tuple[str, str]] = field(default_factory=set)
    untagged: set[tuple[str, str]] = field(default_factory=set)
    shown_again: set[str] = field(default_factory=set)
    archived: list[frozenset[str]] = field(default_factory=list)
    unfavoured: set[str] = field(default_factory=set)
    taken_out: set[tuple[str, str]] = field(default_factory=set)
    given: dict[tuple[str, str], str] = field(default_factory=dict)
    writes: int = 0
    begun: Counter[str] = field(default_factory=Counter)
    kinds: set[str] = field(default_factory=set)
    _photos: Mapping[str, Photo] = field(default_factory=dict)
    _landed: asyncio.Event | None = None
    _immich: int = 0
    _frigate: int = 0

    def watch(self) -> None:
        immich, frigate = self.servers.immich, self.servers.frigate
        immich.on_request = self._immich_asked
        immich.before_answer = self._after
        frigate.on_request = self._frigate_asked
        frigate.before_answer = self._after

    @property
    def in_flight(self) -> bool:
        """Whether a server still works on a request, which it does though the caller be gone; a late one is let go."""
        done = {"immich": len(self.servers.immich.requests), "frigate": len(self.servers.frigate.requests)}
        return any(self.begun[server] > number for server, number in done.items()) and self._landed is None

    async def _immich_asked(self, method: str, path: str, body: object, key: str) -> None:
        self.begun["immich"] += 1
        if self._landed is not None and not await self._is_open():
            await self._landed.wait()
        if key == "reactor":
            await self._before(method, path, body)

    async def _frigate_asked(self, method: str, path: str, body: object, _: str) -> None:
        self.begun["frigate"] += 1
        if not self.awake:
            return
        try:
            await self._before(method, path, body)
        except DropConnectionError as error:
            self.begun["frigate"] -= 1  # one that breaks off like this is never noted there
            raise web.HTTPServiceUnavailable from error  # nobody is left to hear of it

    async def _before(self, method: str, path: str, body: object) -> None:
        if not is_write(method, path, body):
            return
        self.kinds.add(shape(method, path))
        if not await is_journalled(self.pool, method, path, body):
            self.unjournalled.append(f"{method} {path} {body}")
        if self.plan is not None:
            self.plan.number -= 1
            if self.plan.number <= 0 and (late := self.plan.late):
                self._landed = asyncio.Event()
                self._cut("on its way")
                await self._given_up(late)
            elif self.plan.number <= 0 and not self.plan.effect:
                self._cut("before it was taken")
                raise DropConnectionError

    async def _given_up(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await self._is_open():
                    await asyncio.sleep(0.002)

    async def _is_open(self) -> bool:
        found: bool = await self.pool.fetchval("SELECT EXISTS (SELECT FROM journal WHERE state = 'open')")
        return found

    async def _after(self, _: object) -> None:
        if self._landed is not None:
            self._landed.set()
            self._landed = None
        if self.awake and self.plan is not None and self.plan.number <= 0:
            self._cut("before its answer")

    def _cut(self, when: str) -> None:
        self.plan = None
        self.seen["crash inside a call"] += 1
        self.seen[f"crash {when}"] += 1
        self.cut_off()

    def begin(self, before: Library, *, undoing: bool) -> None:
        """Look from here on at what is done to this library."""
        self.undoing = undoing
        self.awake = True
        self.stacks = dict(before.stacks)
        self._photos = before.photos
        self.left, self.returned, self.parted = [], [], []
        self.tagged, self.untagged, self.shown_again = set(), set(), set()
        self.unfavoured, self.taken_out, self.archived = set(), set(), []
        self.writes = 0
        self._immich = len(self.servers.immich.effective_writes)
        self._frigate = len(self.servers.frigate.effective_writes)

    def end(self) -> None:
        """Take in what was done since."""
        self.awake = False
        for write in self.servers.immich.effective_writes[self._immich :]:
            if write.key == "reactor":
                self.writes += write.kind != "tag.create"
                self._take_in(write)
        for given in self.servers.frigate.effective_writes[self._frigate :]:
            self.writes += 1
            if given.kind == "register":
                self.given[given.name, given.file] = given.sha256

    def _take_in(self, write: Effect) -> None:
        # Of an album that is made its own id comes first.
        parts = [change.split(":", 1) for change in write.changes[write.kind == "album.create" :]]
        match write.kind:
            case "tag.link":
                self.tagged |= {(asset, tag) for asset, tag in parts}
            case "tag.unlink":
                self.untagged |= {(asset, tag) for asset, tag in parts}
            case "asset.update":
                self.shown_again |= {asset for asset, what in parts if what == "visibility=timeline"}
                self.archived.append(frozenset(asset for asset, what in parts if what == "visibility=archive"))
                self.unfavoured |= {asset for asset, what in parts if what == "isFavorite=False"}
                self.seen["favourite of ours"] += sum(what == "isFavorite=True" for _, what in parts)
            case "album.create" | "album.add":
                self.seen[write.kind] += 1
            case "album.remove":
                self.taken_out |= {(asset, album) for asset, album in parts}
            case "stack.create":
                self._stacked(parts[0][0], write.body["assetIds"][0], frozenset(member for _, member in parts))
            case "stack.update":
                ((stack, cover),) = parts
                self.seen["re-point"] += not self.undoing
                was = self.stacks[stack]
                if self.undoing and (was[0], cover) in self.moved:
                    self.moved.discard((was[0], cover))
                    self.returned.append(was)
                away = self._photos.get(was[0])
                if away is None or away.trashed or away.visibility != "timeline":
                    self.moved.add((cover, was[0]))
                self._stands(stack, (cover, was[1]))
            case "stack.remove":
                ((stack, member),) = parts
                self._stands(stack, (self.stacks[stack][0], self.stacks[stack][1] - {member}))
            case "stack.delete":
                was = self.stacks.pop(parts[0][0])
                if not self.undoing:
                    self.seen["part"] += 1
                    self.parted.append(was)

    def _stacked(self, stack: str, cover: str, members: frozenset[str]) -> None:
        former = {number: was for number, was in self.stacks.items() if was[1] & members}
        whole = [was for was in former.values() if was[1] < members and len(was[1]) > 1]
        self.seen["extend"] += len(whole) == 1 and len(former) == 1
        self.seen["merge"] += len(whole) > 1
        self.seen["re-point"] += not self.undoing and any(was[0] != cover for was in whole)
        for number, (primary, inside) in former.items():
            rest = inside - members
            if rest:
                self.stacks[number] = (primary, rest)
            else:
                del self.stacks[number]
        self._stands(stack, (cover, members))

    def _stands(self, stack: str, now: Stack) -> None:
        self.stacks[stack] = now
        self.left.append(now)
