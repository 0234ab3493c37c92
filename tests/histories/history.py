"""One history: what the reactor does, and what holds after each of its doings and at the end."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from reactor.core.ids import AssetId
from reactor.core.orders import ApplyRequest, OrderRequest, UndoRequest
from reactor.core.relabel_runs import RelabelRequest
from reactor.core.runs import ReplayRequest, Run, RunRequest
from reactor.demo.promises import expect_kept

from .ground import Ground
from .held import Refused, nobody_sees, redone, wronged
from .life import Life, clients_of
from .parts import Parts
from .reference import Reference
from .servers import Servers, some_servers
from .shown import Library, Stack, difference
from .vision import Look
from .wishes import Deeds, Wishes
from .witness import Plan, Witness

PATIENCE_S = 20.0
PAUSE_S = 0.01
OLDER = "2 minutes"

_OPEN = """
SELECT count(*) AS open, count(*) FILTER (WHERE state = 'waiting' AND run_at > clock_timestamp()) AS later
FROM deliveries WHERE state IN ('waiting', 'running', 'joined')
"""
_UNDONE = """
SELECT handler, state, attempts, error FROM deliveries WHERE state IN ('waiting', 'running', 'joined')
"""
_DEAD = """
SELECT d.handler, e.kind, e.subject, d.error FROM deliveries d JOIN events e ON e.seq = d.event
WHERE d.state IN ('dead', 'shelved')
"""
_MOVED = "SELECT count(*) FROM journal WHERE kind = 'MoveCover' AND state IN ('done', 'undone')"
_UNTOLD = """
SELECT id, kind, subjects FROM journal j
WHERE state = 'done' AND undoes IS NULL
    AND NOT EXISTS (SELECT FROM journal l WHERE l.undoes = j.id AND l.state = 'left')
"""


class Broken(AssertionError):
    """Say which promise a history broke."""


@dataclass(kw_only=True)
class Base:
    """The stage of a history and the reactor's part in it."""

    servers: Servers
    ground: Ground
    life: Life
    witness: Witness
    reference: Reference = field(default_factory=Reference)
    refused: Refused = field(default_factory=Refused)
    wishes: Wishes = field(default_factory=Wishes)
    now: Library = field(default_factory=Library)
    assets: dict[AssetId, Look | None] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    by_hand: set[str] = field(default_factory=set)
    """Covers that lie on top though not shown by the user's own act, or by Immich's when another was deleted."""
    heard: bool = False
    """Whether something came into the log of which nothing is decided yet."""

    async def look(self) -> Library:
        self.now = await self.servers.show(list(self.assets))
        return self.now

    async def minutes_pass(self) -> None:
        """Let everything that was written down so far lie two minutes back: nothing of it is Immich's to lose."""
        await self.life.pool.execute(f"""
            WITH vetoed AS (UPDATE vetoes SET noticed_at = noticed_at - interval '{OLDER}'),
                seen AS (UPDATE sightings SET seen_at = seen_at - interval '{OLDER}')
            UPDATE journal SET written_at = written_at - interval '{OLDER}',
                settled_at = settled_at - interval '{OLDER}'
        """)

    async def decide(self, request: RunRequest | Run | None = None) -> None:
        """Let the reactor work until nothing is left to do, with a run where one is asked for, or was begun."""
        self.wishes.off |= self.refused.tags
        self.wishes.vetoed = set(self.refused.tags)
        self.wishes.shown |= self.refused.archive
        if request is None and not self.heard:
            return
        self.heard = False
        before = self.now
        undoing = isinstance(request, UndoRequest)
        self.witness.begin(before, undoing=undoing)
        self.life.begin()
        try:
            await self._until_idle(request)
        finally:
            await self.life.end()
        await self.servers.rest()
        after = await self.look()
        self.witness.end()
        self._take_in(before, after, undoing=undoing)
        self._expect_nothing_redone(after)
        self._expect_labels(before, after, request)

    async def poll(self) -> None:
        """Let minutes pass, and the reactor look at what the user changed."""
        await self.minutes_pass()
        self.heard |= await self.life.look()
        await self.decide()
        self.reference.seen_apart(self.now.standing)
        self.witness.seen["moved cover"] += await self.life.pool.fetchval(_MOVED)
        if self.life.mode == "apply":
            for what in await nobody_sees(self.now, self.by_hand, self.life.pool):
                self.expect(False, what)

    async def replay(self) -> None:
        await self.decide(ReplayRequest(everything=True))

    async def undo(self, request: OrderRequest) -> None:
        await self.decide(request)

    async def undo_all(self) -> None:
        await self.decide(UndoRequest(everything=True))

    async def undo_all_twice(self) -> None:
        await self.decide()  # what is decided beside an undo is no part of it
        await self.undo_all()
        first = self.witness.writes
        await self.undo_all()
        self.expect(not self.witness.writes, "the second undo changed something")
        self.witness.seen["double undo"] += first > 0

    async def apply_all(self) -> None:
        await self.decide(ApplyRequest(everything=True))

    async def expect_at_most(self, feature: str, changes: int) -> None:
        """Hold how much was done of a feature so far."""
        made = await self.life.pool.fetchval(
            "SELECT count(*) FROM journal WHERE feature = $1 AND state = 'done'", feature
        )
        self.expect(made <= changes, f"{made} changes of {feature}, at most {changes} are allowed")

    async def crash_at(self, number: int, effect: bool) -> None:
        """Let the reactor be cut off in one of its next calls."""
        self.witness.plan = Plan(number=number, effect=effect)

    async def crash_late(self, number: int, late: float) -> None:
        """Let the reactor be cut off while one of its next calls is on its way, which takes effect all the same."""
        self.witness.plan = Plan(number=number, effect=True, late=late)

    async def finish(self) -> None:
        """Take everything back, and hold what stands against the reference; then let all be decided once more."""
        self.witness.plan = None
        await self.decide()
        await self.undo_all()
        self.expect_as_if_never()
        untold = await self.life.pool.fetch(_UNTOLD)
        self.expect(not untold, f"left alone without a word: {[tuple(row) for row in untold]}")
        self.life.mode = "apply"
        await self.replay()
        self.expect(not self.witness.unjournalled, f"not journalled before: {self.witness.unjournalled}")
        expect_kept(self.servers.immich, self.servers.frigate)

    def expect_as_if_never(self) -> None:
        lines = difference(self.now, self.reference.library())
        self.expect(not lines, "\n".join(["not as if the reactor had never run:", *lines]))

    def expect(self, holds: bool, why: str) -> None:
        if not holds:
            raise Broken("\n".join([why, "the history:", *self.told]))

    async def _until_idle(self, request: RunRequest | Run | None) -> None:
        begun = request if isinstance(request, Run | None) else await self.life.runs.start(request)
        run = begun.id if begun is not None else None
        feeder = self.life.feeders[begun.kind] if begun is not None else None
        until = time.monotonic() + PATIENCE_S
        hastened = 0
        while True:
            if self.life.is_cut_off:
                await self._die()
                self.life.begin()
            if feeder is not None and run is not None:
                await feeder.turn()
                found = await self.life.runs.get(run)
                assert found is not None
                if not found.is_open:
                    feeder = None
            row = await self.life.pool.fetchrow(_OPEN)
            assert row is not None
            if not row["open"]:
                if feeder is None and not self.life.is_cut_off:
                    break
            elif row["open"] == row["later"]:
                if hastened > 3 and await self.life.pool.fetchval("SELECT EXISTS (SELECT FROM trips)"):
                    break
                hastened += 1
                await self.life.hasten()
            if time.monotonic() > until:
                rows = await self.life.pool.fetch(_UNDONE)
                self.expect(False, f"it does not come to rest: {[tuple(row) for row in rows]}")
            await asyncio.sleep(PAUSE_S)
        dead = await self.life.pool.fetch(_DEAD)
        self.expect(not dead, f"given up: {[tuple(row) for row in dead]}")
        unsettled = await self.life.pool.fetchval("SELECT count(*) FROM journal WHERE state = 'open'")
        self.expect(not unsettled, "an entry of the journal is open though nothing is left to do")

    async def _die(self) -> None:
        """Let the servers finish what was sent to them before the reactor was cut off, unless it is to come late."""
        await self.life.end()
        # By the time when these are answered, what was sent before has come in.
        await self.servers.pictures()
        await self.servers.ask("GET", "/tags")
        async with asyncio.timeout(PATIENCE_S):
            while self.witness.in_flight:
                await asyncio.sleep(PAUSE_S)

    def _take_in(self, before: Library, after: Library, *, undoing: bool) -> None:
        for stack in self.witness.left:
            if len(stack[1]) > 1:
                if not undoing:
                    self._expect_theirs_kept(stack, before)
                self.reference.we_left(stack)
        for stack in self.witness.returned:
            self.reference.we_took_back(stack)
        for stack in self.witness.parted:
            self.reference.we_parted(stack)
        self.reference.moved = set(self.witness.moved)
        if undoing:
            self.refused.tags |= self.witness.untagged
            self.refused.archive |= self.witness.shown_again
            self.refused.favourites |= self.witness.unfavoured
            self.refused.albums |= self.witness.taken_out
            self.refused.together |= before.together() - after.together()
            gone = before.pictures - after.pictures
            self.refused.pictures |= {self.witness.given[one] for one in gone if one in self.witness.given}

    def _expect_theirs_kept(self, stack: Stack, before: Library) -> None:
        theirs = [one for one in self.reference.made if one[1] < stack[1]]
        if theirs:
            self.witness.seen["user's stack extended"] += 1
        for what in wronged(theirs, stack, before, extending=self.life.extending):
            self.expect(False, what)

    def _expect_labels(self, before: Library, after: Library, request: RunRequest | Run | None) -> None:
        if isinstance(request, UndoRequest):
            return
        seen, applied = self.witness, self.life.mode == "apply"
        changed, anew = isinstance(request, Run), isinstance(request, RelabelRequest)
        deeds = Deeds(
            before=before,
            after=after,
            mine=self.reference.photos,
            looks=dict(self.assets.items()),
            tagged=frozenset(seen.tagged),
            untagged=frozenset(seen.untagged),
            archived=tuple(seen.archived),
            shown=frozenset(seen.shown_again),
            applied=applied,
            changed=changed,
            anew=anew,
        )
        seen.seen["retraction"] += len(deeds.untagged)
        seen.seen["shown again by the rules"] += len(deeds.shown)
        seen.seen["set again after a retraction"] += len(deeds.tagged & self.wishes.taken_off)
        if isinstance(request, ApplyRequest):
            self.wishes.planned.clear()
        if changed and not applied:
            self.wishes.plan(deeds)
        self.wishes.take_in(deeds)
        lines = list(self.wishes.faults(deeds))
        self.expect(not lines, "\n".join(["labels are not as the categories ask:", *lines]))

    def _expect_nothing_redone(self, found: Library) -> None:
        for what in redone(self.refused, found, self.witness.given):
            self.expect(False, what)


@asynccontextmanager
async def a_stage(ground: Ground, parts: Parts) -> AsyncIterator[tuple[Servers, Life, Witness]]:
    """Set the stage of a history: an empty database, new servers, a reactor that has looked at them once."""
    await ground.empty()
    async with AsyncExitStack() as exits:
        servers = await exits.enter_async_context(some_servers())
        session = await exits.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        life = Life(ground, clients_of(servers, session), parts)
        witness = Witness(servers=servers, pool=ground.pool, cut_off=life.cut_off)
        witness.watch()
        await life.poll.once()
        await life.reconsider()
        yield servers, life, witness
