"""The reactor of a history: real stages, hands, journal, queue and worker, which may be cut off in any call."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from pydantic import SecretStr

from reactor.acts.actions import AlbumHand, FavouriteHand, LeaveAlbumHand, UnfavouriteHand
from reactor.acts.covers import MoveHand, ReturnHand
from reactor.acts.hands import ArchiveHand, Hand, PortraitHand, StackHand, TagHand
from reactor.acts.perform import Performer
from reactor.acts.restoring import RemovalHand, RestoreHand, UnarchiveHand, UntagHand
from reactor.adapters.frigate.faces import FrigateFaces
from reactor.adapters.frigate.transport import FrigateTransport
from reactor.adapters.frigate.writing import FrigateFaceWriter
from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.immich.writing import ImmichWriter
from reactor.adapters.pictures import PillowPortraits
from reactor.adapters.postgres.bookmarks import PostgresBookmarks
from reactor.adapters.postgres.claims import PostgresClaims
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.feeding import PostgresFeeding
from reactor.adapters.postgres.limits import PostgresLimits
from reactor.adapters.postgres.orders import PostgresOrders
from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.adapters.postgres.queue import PostgresQueue
from reactor.adapters.postgres.replays import PostgresReplays
from reactor.adapters.postgres.runs import PostgresRuns
from reactor.adapters.postgres.sightings import PostgresSightings
from reactor.core.calibration import Calibration
from reactor.core.categories import Category
from reactor.core.changes import (
    AddPortrait,
    AddToAlbum,
    ArchiveAssets,
    Change,
    FavouriteAsset,
    MoveCover,
    RemoveFromAlbum,
    RemovePortrait,
    RestoreStacks,
    ReturnCover,
    StackAssets,
    TagAsset,
    UnarchiveAssets,
    UnfavouriteAsset,
    UntagAsset,
)
from reactor.core.ids import AccountId
from reactor.core.modes import Mode, Modes
from reactor.core.portraits import PortraitPolicy
from reactor.core.runs import Run
from reactor.core.stack_policy import StackPolicy
from reactor.ports import Library, LibraryWriter, Services
from reactor.routing import Quiet, merge
from reactor.sources.album_sweep import AlbumSweep
from reactor.sources.changes import ChangesPoll, ReadPace
from reactor.sources.feeding import Feeder
from reactor.sources.label_keeper import LabelKeeper
from reactor.sources.orders import OrdersFeed
from reactor.sources.relabel import RelabelFeed
from reactor.sources.replay import ReplayFeed
from reactor.sources.sweep import FaceSweep, Sweep
from reactor.worker.worker import Worker, WorkerPolicy

from ..rules import NamedRules
from ..similar import ExactSimilar
from .ground import Ground
from .parts import Parts
from .servers import Servers
from .vision import CATEGORIES, ME, RANDOM_PAIR, Sight

AT_ONCE = Quiet(quiet=timedelta(0), patience=timedelta(0), size=200)
LEASE = timedelta(seconds=60)
PORTRAITS = PortraitPolicy(maximum=2, min_side=40, min_sharpness=0.0, height=160)


def now() -> datetime:
    return datetime.now(UTC)


async def random_pair() -> float | None:
    return RANDOM_PAIR


class Rules(NamedRules):
    """The categories of now, which the user changes while the history goes on; they need no measured model."""

    def __init__(self) -> None:
        self.now: Sequence[Category] = CATEGORIES
        super().__init__(lambda: self.now)

    async def measured(self) -> Calibration | None:
        return None

    async def keep(self, found: Calibration) -> Calibration:
        return found

    async def adopt(self, categories: Sequence[Category]) -> None:
        raise AssertionError("no file of a history is lost")


@dataclass(frozen=True, kw_only=True)
class Clients:
    """The reactor's own clients, with its own key."""

    library: ImmichLibrary
    writer: ImmichWriter
    faces: FrigateFaces
    face_writer: FrigateFaceWriter


def clients_of(servers: Servers, session: aiohttp.ClientSession) -> Clients:
    immich = ImmichTransport(servers.immich.url, SecretStr(servers.reactor), ME, session=session)
    frigate = FrigateTransport(servers.frigate.url, session=session)
    faces = FrigateFaces(frigate)
    return Clients(
        library=ImmichLibrary(immich),
        writer=ImmichWriter(immich, written_s=1.0, pause_s=0.001),
        faces=faces,
        face_writer=FrigateFaceWriter(frigate, faces, timeout_s=10, settle_s=5, pause_s=0.005),
    )


class Life:
    """A reactor over one database; its worker lives while something is to be done."""

    def __init__(self, ground: Ground, clients: Clients, parts: Parts) -> None:
        pool = self.pool = ground.pool
        self.ground, self.clients, self.parts = ground, clients, parts
        self.mode: Mode = "apply"
        self.extending = False
        self.router = merge(parts.stages())
        self.log = PostgresEventLog(pool, self.router, ground.wake)
        self.rules = Rules()
        self.journal, self.vetoes = parts.journal(pool, self.router, ground.wake), parts.vetoes(pool)
        self.photos, self.orders = PostgresPhotos(pool), PostgresOrders(pool)
        self.similar = ExactSimilar(pool)
        self.runs = PostgresRuns(pool, self.router)
        self.queue = PostgresQueue(pool, self.router, ground.wake, worker="w", lease=LEASE)
        self.labels = parts.labels(pool)
        self.portraits = PillowPortraits(PORTRAITS)
        leases = PostgresFeeding(pool, feeder="w")
        replays = ReplayFeed(PostgresReplays(pool, self.router), self.log)
        orders = OrdersFeed(self.orders, self.log)
        self.feeders = {
            "replay": Feeder("replay", leases, replays),
            "undo": Feeder("undo", leases, orders),
            "apply": Feeder("apply", leases, orders),
            "relabel": Feeder(
                "relabel", leases, RelabelFeed((ME,), self.labels, self.rules, Sight(), self.log, settles_s=0.0)
            ),
        }
        self.poll = ChangesPoll(
            ME,
            clients.library,
            self.log,
            PostgresBookmarks(pool),
            PostgresSightings(pool),
            reads=ReadPace(gap=timedelta(0), a_turn=10_000),
        )
        self.conclusions: dict[type[Change], Callable[[Any], Awaitable[None]]] = {}
        claims = PostgresClaims(pool)
        marks, at_once = PostgresBookmarks(pool), timedelta(0)
        self.keeper = LabelKeeper(self.rules, Sight(), self.runs, marks)
        self.sweeps = (
            Sweep(ME, clients.library, claims, self.log, marks, every=at_once, now=now, gap=at_once),
            AlbumSweep(ME, clients.library, claims, self.log, marks, every=at_once, now=now, gap=at_once),
            FaceSweep(clients.faces, claims, self.log, marks, every=at_once, now=now),
        )
        self._life: asyncio.Task[None] | None = None

    async def look(self) -> bool:
        """Hear of all that the user changed, by the poll and the sweeps; say whether any of it is news."""
        told = await self.poll.once()
        for sweep in self.sweeps:
            told += await sweep.once()
        return told > 0

    async def reconsider(self) -> Run | None:
        """Look whether the categories changed; return the run that follows, None where nothing does."""
        if not await self.keeper.once():
            return None
        return (await self.runs.list(1, "relabel"))[0]

    def begin(self) -> None:
        """Start a worker under the name that every one of this history bears."""
        self._life = asyncio.create_task(self._worker().run(), name="the worker")

    async def end(self) -> None:
        """Stop the worker as a shutdown does."""
        if (life := self._life) is not None:
            self._life = None
            life.cancel()
            (found,) = await asyncio.gather(life, return_exceptions=True)
            assert isinstance(found, asyncio.CancelledError), found

    def cut_off(self) -> None:
        """Drop the worker with everything that it is doing, wherever that is, as the death of the process does."""
        names = {"the worker", *self.router.reactions}
        for task in asyncio.all_tasks():
            if task.get_name() in names:
                task.cancel()

    @property
    def is_cut_off(self) -> bool:
        return self._life is not None and (self._life.done() or bool(self._life.cancelling()))

    async def hasten(self) -> None:
        """Let nothing wait for its time."""
        await self.queue.hasten(ME)

    def library(self, _: AccountId) -> Library:
        return self.clients.library

    def writer(self, _: AccountId) -> LibraryWriter:
        return self.clients.writer

    def _hands(self) -> Mapping[type[Change], Hand[Any]]:
        clients, library, writer = self.clients, self.library, self.writer
        portrait = PortraitHand(
            library, clients.faces, clients.face_writer, self.portraits, now=now, unanswered=timedelta(0)
        )
        hands: dict[type[Change], Hand[Any]] = {
            TagAsset: TagHand(library, writer),
            ArchiveAssets: ArchiveHand(library, writer),
            StackAssets: StackHand(library, writer),
            AddPortrait: portrait,
            UntagAsset: UntagHand(library, writer),
            FavouriteAsset: FavouriteHand(library, writer),
            UnfavouriteAsset: UnfavouriteHand(library, writer),
            AddToAlbum: AlbumHand(library, writer),
            RemoveFromAlbum: LeaveAlbumHand(library, writer),
            UnarchiveAssets: UnarchiveHand(library, writer),
            RestoreStacks: RestoreHand(library, writer),
            MoveCover: MoveHand(library, writer),
            ReturnCover: ReturnHand(library, writer),
            RemovePortrait: RemovalHand(clients.faces, clients.face_writer),
        }
        self.conclusions = {AddPortrait: portrait.conclude}
        return self.parts.hands(hands)

    def _services(self) -> Services:
        return Services(
            library=self.library,
            embedder=Sight(),
            photos=self.photos,
            similar=self.similar,
            backlog=self.log,
            journal=self.journal,
            vetoes=self.vetoes,
            rules=self.rules,
            labels=self.labels,
            portraits=self.portraits,
            random_pair_cosine=random_pair,
            tag_external=True,
            stack_policy=StackPolicy(extend_user_stacks=self.extending),
            portrait_policy=PORTRAITS,
            now=now,
        )

    def performer(self) -> Performer:
        hands = self._hands()
        return self.parts.performer(
            self.journal,
            self.vetoes,
            hands,
            modes=Modes(default=self.mode),
            gate=self.parts.gate(PostgresLimits(self.pool), self.parts.limits, now=now),
            now=now,
            conclusions=self.conclusions,
            unanswered=self.parts.unanswered,
            writes=timedelta(0),
        )

    def _worker(self) -> Worker:
        return Worker(
            queue=self.queue,
            router=self.router,
            services=self._services(),
            acts=self.performer(),
            wake=self.ground.wake,
            policy=WorkerPolicy(quiet=AT_ONCE, deadline_s=30),
            chance=random.Random(1),
        )
