"""Look slowly whether what we put into albums is there still: being taken out moves no photo's time, and tells nobody.

Adding to an album moves no updatedAt (facts/immich-api.md section 3), and its event says only which album.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from reactor.adapters.immich.errors import MissingPermission
from reactor.core.claims import AlbumClaim
from reactor.core.errors import Blocked, Gone, Permanent, Retryable, Unreachable
from reactor.core.events import Event
from reactor.core.ids import AccountId, AlbumId, AssetId
from reactor.core.interventions import AlbumDeleted, AlbumLeft
from reactor.core.library import Album
from reactor.ports import Bookmarks, EventSink
from reactor.sources.sweep import GAP, Round, Rounds

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Albums(Protocol):
    """What is asked of a library."""

    async def album(self, album: AlbumId) -> Album: ...

    async def photos_in(self, album: AlbumId) -> frozenset[AssetId]: ...


class AlbumClaims(Protocol):
    """What our entries left in albums, where no veto speaks of it; nothing that is open or too young."""

    async def albums(self, account: AccountId) -> tuple[AlbumClaim, ...]: ...


class AlbumSweep(Rounds):
    """Look at the albums of one account into which we put photos, two requests for each and a ``gap`` before them."""

    def __init__(
        self,
        account: AccountId,
        library: Albums,
        claims: AlbumClaims,
        sink: EventSink,
        bookmarks: Bookmarks,
        *,
        every: timedelta,
        now: Callable[[], datetime],
        gap: timedelta = GAP,
    ) -> None:
        super().__init__(f"sweep of albums of {account}", sink, bookmarks, every, now)
        self._account = account
        self._library = library
        self._claims = claims
        self._gap = gap

    async def _go_round(self, turn: Round) -> Round:
        for claim in await self._claims.albums(self._account):
            if claim.album <= turn.album:
                continue
            try:
                told = await self._tell(await self._past_trouble(claim))
            except MissingPermission as error:
                self._notes.say("albums", f"albums are not looked at: {error}")
                return turn
            turn = replace(turn, album=claim.album, looked=turn.looked + len(claim.photos), told=turn.told + told)
            await self._keep(turn)
        self._notes.clear("albums")
        return turn

    async def _past_trouble(self, claim: AlbumClaim) -> list[Event]:
        try:
            return await self._look(claim)
        except (Unreachable, Blocked):
            raise
        except (Retryable, Permanent) as error:
            log.warning("an album cannot be looked at", album=claim.album, error=str(error))
            return []

    async def _look(self, claim: AlbumClaim) -> list[Event]:
        """Return which photos are not in the album any more; who hears of it looks again before concluding anything."""
        try:
            await self._ask(lambda: self._library.album(claim.album))
        except Gone:
            newest = max(claim.photos.values())
            return [AlbumDeleted(account=self._account, album=claim.album, name=claim.name, entry=newest)]
        inside = await self._ask(lambda: self._library.photos_in(claim.album))
        return [
            AlbumLeft(account=self._account, asset=asset, album=claim.album, name=claim.name, entry=entry)
            for asset, entry in sorted(claim.photos.items())
            if asset not in inside
        ]

    async def _ask(self, read: Callable[[], Awaitable[T]]) -> T:
        await asyncio.sleep(self._gap.total_seconds())
        return await read()
