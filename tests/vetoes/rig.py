"""A house that is lived in: the real worker over a simulated Immich, and a user who undoes things."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from reactor.adapters.postgres.claims import PostgresClaims
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.categories import Category
from reactor.core.events import AssetUploaded
from reactor.core.ids import AssetId, RunId
from reactor.core.vetoes import Standing, Veto
from reactor.ports import EventSink
from reactor.routing import merge
from reactor.sources.sweep import Sweep, Swept
from reactor.stages import actions, archive, classify, cover, embed, stack, veto
from reactor.worker.worker import WorkerPolicy

from ..household import ME, START, eventually
from ..sources.changes_rig import Poll
from ..stages.house import House
from ..working import AT_ONCE, a_worker

AWAY = Category(name="Away", prompts=("anything",), similarity=-1.0, action="tag_and_archive")
PLAIN = Category(name="Plain", prompts=("anything",), similarity=-1.0)
OPEN = "('waiting', 'running', 'joined')"


@dataclass(kw_only=True)
class Home:
    """What a test does and sees."""

    house: House
    poll: Poll
    vetoes: PostgresVetoes
    runs: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def upload(self, seed: int, *, seconds: float = 0.0) -> AssetId:
        """Take a photo, let it be heard of, and wait until all is done about it."""
        asset = await self.house.home.photo(seed, START + timedelta(seconds=seconds))
        await self.house.log.append([AssetUploaded(account=ME, asset=asset)])
        await self.rest()
        return asset

    async def again(self, *assets: AssetId) -> None:
        """Replay these photos."""
        events = [AssetUploaded(account=ME, asset=asset) for asset in assets]
        await self.house.log.append(events, RunId(f"replay:{next(self.runs)}"))
        await self.rest()

    async def rest(self) -> None:
        """Wait until nothing is left to do, not even for what waits to grow old."""

        async def nothing_waits() -> bool:
            waiting = await self.house.pool.fetchval(f"SELECT count(*) FROM deliveries WHERE state IN {OPEN}")
            return not waiting and self.house.home.immich.idle

        await eventually(nothing_waits, "nothing waits")

    async def later(self) -> None:
        """Let what we did lie minutes back."""
        await self.house.pool.execute("UPDATE journal SET settled_at = settled_at - interval '2 minutes'")
        await self.house.pool.execute("UPDATE sightings SET seen_at = seen_at - interval '2 minutes'")

    async def notice(self) -> list[str]:
        """Let the poll look and the reactor conclude; return the fields that were told."""
        told = [fields for _, fields in await self.poll.turn()]
        await self.rest()
        return told

    async def sweep(self) -> int:
        """Go round once."""
        await self.house.pool.execute("DELETE FROM bookmarks WHERE name LIKE 'sweep%'")
        told = await a_sweep(self.house).once()
        await self.rest()
        return told

    async def listed(self, state: Standing | None = None) -> list[Veto]:
        return list(await self.vetoes.standing(state=state))

    async def revoke(self) -> None:
        """Take every veto back."""
        assert await self.vetoes.revoke([one.id for one in await self.listed()]) > 0

    async def tags(self, asset: AssetId) -> set[str]:
        return set((await self.house.home.library.asset(asset)).tags)

    async def archived(self, asset: AssetId) -> bool:
        return (await self.house.home.library.asset(asset)).visibility == "archive"

    async def stack_of(self, asset: AssetId) -> list[AssetId]:
        """Return the members of the photo's stack, the cover first."""
        shown = await self.house.home.library.asset(asset)
        if shown.stack is None:
            return []
        found = await self.house.home.library.stack(shown.stack)
        return [found.primary, *sorted(found.members - {found.primary})]

    async def choose_cover(self, cover: AssetId) -> None:
        shown = await self.house.home.library.asset(cover)
        await self.house.user("PUT", f"/stacks/{shown.stack}", {"primaryAssetId": cover})

    async def dissolve(self, asset: AssetId) -> None:
        shown = await self.house.home.library.asset(asset)
        await self.house.user("DELETE", f"/stacks/{shown.stack}", None)

    async def take_out(self, asset: AssetId) -> None:
        shown = await self.house.home.library.asset(asset)
        await self.house.user("DELETE", f"/stacks/{shown.stack}/assets/{asset}", None)

    async def delete_tag(self, value: str) -> None:
        (found,) = [tag["id"] for tag in await self.house.user("GET", "/tags", None) if tag["value"] == value]
        await self.house.user("DELETE", f"/tags/{found}", None)


def a_sweep(
    house: House,
    *,
    every: timedelta = timedelta(hours=6),
    gap: timedelta = timedelta(0),
    library: Swept | None = None,
    log: EventSink | None = None,
) -> Sweep:
    return Sweep(
        ME,
        library or house.home.library,
        PostgresClaims(house.pool),
        log or house.log,
        house.bookmarks,
        every=every,
        now=lambda: datetime.now(UTC),
        gap=gap,
    )


@asynccontextmanager
async def a_home(house: House, *categories: Category) -> AsyncIterator[Home]:
    """Run the worker with every reaction of photos, and a poll that has begun."""
    labels = [classify.router, archive.router, actions.router]
    router = merge([embed.router, *labels, veto.router, stack.router, cover.router])
    lived_in = replace(house, log=PostgresEventLog(house.pool, router, house.wake))
    poll = Poll(lived_in)
    await poll.turn()
    services = lived_in.services(categories=categories)
    policy = WorkerPolicy(quiet=AT_ONCE, deadline_s=30)
    async with a_worker(house.pool, house.wake, router, services, lived_in.performer(), policy):
        yield Home(house=lived_in, poll=poll, vetoes=PostgresVetoes(house.pool))
