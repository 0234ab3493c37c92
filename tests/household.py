"""A simulated Immich with one user, our client on it, and ways to put photos there."""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import asyncpg
import numpy as np
from PIL import Image
from pydantic import SecretStr

from reactor.acts.actions import AlbumHand, FavouriteHand, LeaveAlbumHand, UnfavouriteHand
from reactor.acts.covers import MoveHand, ReturnHand
from reactor.acts.gate import Gate
from reactor.acts.hands import ArchiveHand, Hand, StackHand, TagHand
from reactor.acts.perform import Performer
from reactor.acts.restoring import RestoreHand, UnarchiveHand, UntagHand
from reactor.acts.tag_list import RemoveTagHand
from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.immich.writing import ImmichWriter
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.limits import PostgresLimits
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.changes import (
    AddToAlbum,
    ArchiveAssets,
    Change,
    FavouriteAsset,
    MoveCover,
    RemoveFromAlbum,
    RemoveTag,
    RestoreStacks,
    ReturnCover,
    StackAssets,
    TagAsset,
    UnarchiveAssets,
    UnfavouriteAsset,
    UntagAsset,
)
from reactor.core.ids import AccountId, AssetId
from reactor.core.limits import LimitPolicy
from reactor.core.modes import Mode, Modes
from reactor.demo.immich import SimulatedImmich
from reactor.demo.phone import Phone, Shot
from reactor.ports import Library, LibraryWriter
from reactor.routing import Router

ME = AccountId("me")
START = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)


def a_picture(seed: int, size: tuple[int, int] = (320, 240)) -> bytes:
    """Return a JPEG that is like no other seed's."""
    chance = np.random.default_rng(seed)
    coarse = Image.fromarray(chance.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    out = io.BytesIO()
    coarse.resize(size, Image.Resampling.BICUBIC).save(out, "JPEG", quality=85)
    return out.getvalue()


async def eventually(state: Callable[[], Awaitable[bool]], what: str, seconds: float = 20.0) -> None:
    """Wait for a state, or fail saying which."""
    deadline = time.monotonic() + seconds
    while not await state():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.05)


@dataclass(frozen=True, kw_only=True)
class Household:
    """One user's Immich."""

    immich: SimulatedImmich
    phone: Phone
    key: str
    library: ImmichLibrary
    writer: ImmichWriter

    async def photo(self, seed: int, taken_at: datetime = START) -> AssetId:
        """Upload a picture and wait until Immich has made its preview."""
        asset = AssetId(await self.phone.upload(Shot(file_name=f"{seed}.jpg", data=a_picture(seed), taken_at=taken_at)))
        await self.rest()
        return asset

    async def photos(self, count: int) -> list[AssetId]:
        return [await self.photo(seed, START + timedelta(minutes=seed)) for seed in range(count)]

    async def user_untags(self, asset: AssetId, tag: str) -> None:
        """Take a tag off a photo, as the user does in Immich's pages, and wait until Immich has written it down."""
        await self.rest()
        headers = {"x-api-key": self.key}
        async with aiohttp.ClientSession(f"{self.immich.url}/api/", headers=headers) as session:
            async with session.get("tags") as answer:
                (found,) = [known["id"] for known in await answer.json() if known["value"] == tag]
            async with session.delete(f"tags/{found}/assets", json={"ids": [asset]}) as answer:
                assert answer.status == 200
        await self.rest()

    async def user_deletes(self, asset: AssetId, *, force: bool) -> None:
        """Put a photo into the trash, or with ``force`` delete it for good."""
        headers = {"x-api-key": self.key}
        async with (
            aiohttp.ClientSession(f"{self.immich.url}/api/", headers=headers) as session,
            session.delete("assets", json={"ids": [asset], "force": force}) as answer,
        ):
            assert answer.status == 204
        await self.rest()

    async def user_locks(self, asset: AssetId) -> None:
        """Put a photo into the locked folder, which no key of the reactor's may do."""
        headers = {"x-api-key": self.key}
        body = {"ids": [asset], "visibility": "locked"}
        async with (
            aiohttp.ClientSession(f"{self.immich.url}/api/", headers=headers) as session,
            session.put("assets", json=body) as answer,
        ):
            assert answer.status == 204
        await self.rest()

    async def rest(self) -> None:
        """Wait until Immich has done all its own work: previews, metadata, sidecar files."""

        async def settled() -> bool:
            return self.immich.idle

        await eventually(settled, "Immich has done its own work")

    def writes(self, kind: str | None = None) -> list[str]:
        return [write.kind for write in self.immich.effective_writes if kind in (None, write.kind)]


def a_performer(
    pool: asyncpg.Pool,
    hands: Mapping[type[Change], Hand[Any]],
    *,
    mode: Mode | Modes = "apply",
    limits: LimitPolicy | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    conclusions: Mapping[type[Change], Callable[[Any], Awaitable[None]]] | None = None,
    router: Router | None = None,
) -> Performer:
    """Return the one path of every change, over a real journal; ``router`` tells who hears of what follows."""
    return Performer(
        PostgresJournal(pool, router),
        PostgresVetoes(pool),
        hands,
        modes=mode if isinstance(mode, Modes) else Modes(default=mode),
        gate=Gate(PostgresLimits(pool), limits or LimitPolicy(), now=now),
        now=now,
        conclusions=conclusions,
    )


def hands_of(home: Household) -> dict[type[Change], Hand[Any]]:
    """Return what carries out every change that Immich is asked for."""

    def library(_: AccountId) -> Library:
        return home.library

    def writer(_: AccountId) -> LibraryWriter:
        return home.writer

    return {
        TagAsset: TagHand(library, writer),
        ArchiveAssets: ArchiveHand(library, writer),
        StackAssets: StackHand(library, writer),
        UntagAsset: UntagHand(library, writer),
        FavouriteAsset: FavouriteHand(library, writer),
        UnfavouriteAsset: UnfavouriteHand(library, writer),
        AddToAlbum: AlbumHand(library, writer),
        RemoveFromAlbum: LeaveAlbumHand(library, writer),
        RemoveTag: RemoveTagHand(library, writer),
        UnarchiveAssets: UnarchiveHand(library, writer),
        RestoreStacks: RestoreHand(library, writer),
        MoveCover: MoveHand(library, writer),
        ReturnCover: ReturnHand(library, writer),
    }


@asynccontextmanager
async def a_household(
    thumbnail_delay: tuple[float, float] = (0.0, 0.01), *, tag_race_s: float = 0.05
) -> AsyncIterator[Household]:
    """Start a simulated Immich whose own work takes no time, unless told otherwise."""
    async with AsyncExitStack() as exits:
        immich = await exits.enter_async_context(
            SimulatedImmich(thumbnail_delay=thumbnail_delay, metadata_delay=(0.0, 0.01), tag_race_s=tag_race_s)
        )
        user = immich.add_user("Me", "me@example.com")
        phone = await exits.enter_async_context(Phone(immich.url, user.api_key))
        session = await exits.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        transport = ImmichTransport(immich.url, SecretStr(user.api_key), ME, session=session)
        yield Household(
            immich=immich,
            phone=phone,
            key=user.api_key,
            library=ImmichLibrary(transport),
            writer=ImmichWriter(transport),
        )
