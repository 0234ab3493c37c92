"""The worker, with everything that its stages and acts may use."""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from reactor.acts.actions import AlbumHand, FavouriteHand, LeaveAlbumHand, UnfavouriteHand
from reactor.acts.covers import MoveHand, ReturnHand
from reactor.acts.gate import Gate
from reactor.acts.hands import ArchiveHand, Hand, PortraitHand, StackHand, TagHand
from reactor.acts.perform import Performer
from reactor.acts.restoring import RemovalHand, RestoreHand, UnarchiveHand, UntagHand
from reactor.acts.tag_list import RemoveTagHand
from reactor.adapters.pictures import PillowPortraits
from reactor.config import Settings
from reactor.core.changes import (
    AddPortrait,
    AddToAlbum,
    ArchiveAssets,
    Change,
    FavouriteAsset,
    MoveCover,
    RemoveFromAlbum,
    RemovePortrait,
    RemoveTag,
    RestoreStacks,
    ReturnCover,
    StackAssets,
    TagAsset,
    UnarchiveAssets,
    UnfavouriteAsset,
    UntagAsset,
)
from reactor.core.ids import AccountId
from reactor.ports import LabelRules, Library, LibraryWriter, Services
from reactor.ports.pictures import Similar
from reactor.routing import Router
from reactor.wiring.frigate import Frigate
from reactor.wiring.immich import Accounts
from reactor.wiring.index import KeptIndex, NoIndex
from reactor.wiring.measure import RandomPairs
from reactor.wiring.models import Model
from reactor.wiring.rules import KeptRules
from reactor.wiring.stores import Stores
from reactor.worker.worker import Worker, WorkerPolicy

# One try ends well before its lease does, so that two workers never hold one delivery.
DEADLINE_SHARE = 0.8


# How long a call to Immich whose answer was lost may still take effect there.
UNANSWERED = timedelta(seconds=5)


def now() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)


def make_services(
    settings: Settings,
    stores: Stores,
    accounts: Accounts,
    embedder: Model,
    portraits: PillowPortraits,
    rules: LabelRules,
    similar: Similar,
) -> Services:
    """Return everything that a stage may ask."""

    def library(account: AccountId) -> Library:
        return accounts.guarded(account).library

    return Services(
        library=library,
        embedder=embedder,
        photos=stores.photos,
        similar=similar,
        backlog=stores.log,
        journal=stores.journal,
        vetoes=stores.vetoes,
        rules=rules,
        labels=stores.labels,
        portraits=portraits,
        random_pair_cosine=RandomPairs(
            embedder=embedder,
            accounts=tuple(status.account for status in accounts.status()),
            photos=stores.photos,
            bookmarks=stores.bookmarks,
        ),
        tag_external=settings.tag_external,
        stack_policy=settings.stack_policy(),
        portrait_policy=settings.portrait_policy(),
        now=now,
    )


def make_rules(settings: Settings, stores: Stores, embedder: Model) -> KeptRules:
    """Return what labels are decided by."""
    return KeptRules(settings, stores.catalogue, stores.labels, stores.bookmarks, embedder)


def make_worker(
    settings: Settings,
    router: Router,
    stores: Stores,
    accounts: Accounts,
    embedder: Model,
    frigate: Frigate | None,
    rules: LabelRules | None = None,
    kept: KeptIndex | None = None,
) -> Worker:
    """Return the worker; one without an index has no role either, and leaves stacks to a reactor."""
    portraits = PillowPortraits(settings.portrait_policy())
    rules = rules or make_rules(settings, stores, embedder)
    return Worker(
        queue=stores.queue,
        router=router,
        services=make_services(
            settings, stores, accounts, embedder, portraits, rules, kept.index if kept is not None else NoIndex()
        ),
        acts=make_performer(settings, stores, accounts, portraits, frigate),
        wake=stores.wake,
        policy=WorkerPolicy(
            quiet=settings.stacks.quiet(),
            deadline_s=settings.lease_seconds * DEADLINE_SHARE,
            retry=settings.retry_policy(),
        ),
        chance=random.Random(),  # noqa: S311 - jitter, not a secret
        holds=kept.holds if kept is not None else lambda _: False,
    )


def make_performer(
    settings: Settings, stores: Stores, accounts: Accounts, portraits: PillowPortraits, frigate: Frigate | None
) -> Performer:
    """Return the one path of every change, with the hands that this installation has."""

    def library(account: AccountId) -> Library:
        return accounts.guarded(account).library

    def writer(account: AccountId) -> LibraryWriter:
        return accounts.guarded(account).writer

    hands: dict[type[Change], Hand[Any]] = {
        TagAsset: TagHand(library, writer),
        ArchiveAssets: ArchiveHand(library, writer),
        FavouriteAsset: FavouriteHand(library, writer),
        StackAssets: StackHand(library, writer),
        UntagAsset: UntagHand(library, writer),
        RemoveTag: RemoveTagHand(library, writer),
        UnarchiveAssets: UnarchiveHand(library, writer),
        UnfavouriteAsset: UnfavouriteHand(library, writer),
        AddToAlbum: AlbumHand(library, writer),
        RemoveFromAlbum: LeaveAlbumHand(library, writer),
        RestoreStacks: RestoreHand(library, writer),
        MoveCover: MoveHand(library, writer),
        ReturnCover: ReturnHand(library, writer),
    }
    conclusions: dict[type[Change], Callable[[Any], Awaitable[None]]] = {}
    found = settings.face_library()
    if frigate is not None and found is not None:
        unanswered = timedelta(seconds=found.unanswered_seconds)
        hand = PortraitHand(library, frigate.faces, frigate.writer, portraits, now=now, unanswered=unanswered)
        hands[AddPortrait] = hand
        hands[RemovePortrait] = RemovalHand(frigate.faces, frigate.writer)
        conclusions[AddPortrait] = hand.conclude
    return Performer(
        stores.journal,
        stores.vetoes,
        hands,
        modes=settings.modes(),
        gate=Gate(stores.limits, settings.limit_policy(), now=now),
        now=now,
        unanswered=UNANSWERED,
        conclusions=conclusions,
    )
