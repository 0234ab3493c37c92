"""A poll for changes over a house, and what it told."""

from datetime import datetime, timedelta

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.changes import Reason, TagAsset
from reactor.core.ids import AssetId
from reactor.sources.changes import ChangesPoll, ReadPace
from reactor.sources.cursor import CURSOR

from ..household import ME
from ..stages.house import House

WHY = Reason(rule="because")
AT_ONCE = ReadPace(gap=timedelta(0))


class Later(ImmichLibrary):
    """Read an Immich whose clock shows a later time."""

    by = timedelta(0)

    async def server_time(self) -> datetime:
        return await super().server_time() + self.by


class Poll:
    """A poll of the house, and what it told."""

    def __init__(self, house: House, *, page_size: int = 1000, **options: object) -> None:
        self.house = house
        transport: ImmichTransport = house.home.library._transport  # one connection for both readers
        self.library = Later(transport, page_size=page_size)
        known = {"reads": AT_ONCE, "sightings": house.sightings}
        self.poll = ChangesPoll(ME, self.library, house.log, house.bookmarks, **(known | options))  # type: ignore[arg-type]  # its options

    async def turn(self) -> list[tuple[str, str]]:
        """Take a turn; return (photo, fields) of what it told."""
        before: int = await self.house.pool.fetchval("SELECT coalesce(max(seq), 0) FROM events")
        count = await self.poll.once()
        told = await self.all_told(before)
        assert count == len(told)
        return told

    async def all_told(self, since: int = 0) -> list[tuple[str, str]]:
        rows = await self.house.pool.fetch(
            "SELECT subject, payload ->> 'fields' AS fields FROM events WHERE kind = 'AssetChanged' AND seq > $1"
            " ORDER BY seq",
            since,
        )
        return [(row["subject"], " ".join(word for word in row["fields"].split('"')[1::2])) for row in rows]

    async def cursor(self) -> datetime:
        return CURSOR.validate_python(await self.house.bookmarks.get("changes:me")).until

    def reads(self) -> int:
        """Return how many photos were read whole so far."""
        paths = [path for method, path, _ in self.house.home.immich.requests if method == "GET"]
        return sum(path.startswith("/api/assets/") and path.count("/") == 3 for path in paths)


def tag(asset: AssetId, *tags: str) -> TagAsset:
    return TagAsset(account=ME, asset=asset, tags=tags, reason=WHY)


async def trash(house: House, asset: AssetId) -> None:
    await house.user("DELETE", "/assets", {"ids": [asset]})


async def restore(house: House, asset: AssetId) -> None:
    await house.user("POST", "/trash/restore/assets", {"ids": [asset]})


async def favour(house: House, *assets: AssetId, favourite: bool = True) -> None:
    """Move the photos' updatedAt, and nothing else that anybody here looks at."""
    await house.user("PUT", "/assets", {"ids": assets, "isFavorite": favourite})


async def show(house: House, asset: AssetId, visibility: str) -> None:
    await house.user("PUT", "/assets", {"ids": [asset], "visibility": visibility})


async def moved_at(house: House, asset: AssetId) -> datetime:
    return (await house.home.library.asset(asset)).updated_at
