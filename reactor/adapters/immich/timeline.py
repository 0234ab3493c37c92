"""Read one account of Immich by capture time, for scans."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from reactor.adapters.immich.errors import Garbled
from reactor.adapters.immich.models import AssetJson, Items, SearchJson, assets_of, whole
from reactor.adapters.immich.reading import IS_ID, ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.days import DayPhoto, day_of, window
from reactor.core.library import Album, Asset, Person

LARGEST_PAGE = 1000
# One pass over several pages may miss a photo that moved while they were read; this many find it.
PASSES = 5
# Asked for by name, since a search without finds hidden ones too (facts/immich-api.md section 3).
VISIBILITIES = ("timeline", "archive")


class ImmichTimeline:
    """Find an account's own photos by the day on which they were taken. Every call raises Retryable or Permanent."""

    def __init__(self, transport: ImmichTransport, library: ImmichLibrary, *, page_size: int = LARGEST_PAGE) -> None:
        self._transport = transport
        self._library = library
        self._page_size = page_size
        self._assets = Items(AssetJson, account=transport.account)

    async def first(self, after: datetime | None, *, album: str | None) -> Asset | None:
        """Return the oldest photo taken at or after a moment (of all, where it is None)."""
        search = {"order": "asc"} | ({"takenAfter": _zulu(after)} if after is not None else {})
        found = [await self._outermost(search, visibility, album) for visibility in VISIBILITIES]
        return min((asset for asset in found if asset is not None), key=lambda asset: asset.taken_at, default=None)

    async def newest(self, *, album: str | None) -> Asset | None:
        """Return the photo that was taken last."""
        found = [await self._outermost({"order": "desc"}, visibility, album) for visibility in VISIBILITIES]
        return max((asset for asset in found if asset is not None), key=lambda asset: asset.taken_at, default=None)

    async def day(self, day: date, *, album: str | None, people: bool) -> tuple[DayPhoto, ...]:
        """Return the photos of a local day in order of time; who is seen on them where ``people`` is asked for.

        Pages shift while photos are archived; a day of several pages is read until a pass finds no news.
        """
        after, before = window(day)
        search: dict[str, object] = {"takenAfter": _zulu(after), "takenBefore": _zulu(before), "order": "asc"}
        search |= {"withPeople": True} if people else {}
        found: dict[str, DayPhoto] = {}
        for _ in range(PASSES):
            known = len(found)
            pages = [await self._pass(search, visibility, album, day, found) for visibility in VISIBILITIES]
            if max(pages) == 1 or len(found) == known:
                break
        return tuple(sorted(found.values()))

    async def albums(self) -> tuple[Album, ...]:
        """Return the albums that the account can see; the key needs album.read."""
        return await self._library.albums()

    async def named_people(self) -> tuple[Person, ...]:
        """Return the persons with a name, hidden ones too."""
        return await self._library.named_people()

    async def _outermost(self, search: Mapping[str, object], visibility: str, album: str | None) -> Asset | None:
        """Return the first own photo of a search; a partner's may stand before it, and are passed a page at a time."""
        owner = await self._library.owner()
        page: int | None = 1
        size = 1
        while page is not None:
            assets, following = await self._page(search, visibility, album, page=page, size=size)
            if own := next((asset for asset in assets if asset.owner == owner), None):
                return own
            page, size = (1 if size == 1 and following is not None else following), self._page_size
        return None

    async def _pass(
        self, search: Mapping[str, object], visibility: str, album: str | None, day: date, found: dict[str, DayPhoto]
    ) -> int:
        """Add what all pages show of the day; return how many pages there were."""
        owner = await self._library.owner()
        page: int | None = 1
        read = 0
        while page is not None:
            assets, page = await self._page(search, visibility, album, page=page, size=self._page_size)
            read += 1
            for asset in assets:
                own = asset.owner == owner and asset.motion_part_of is None
                if own and day_of(asset.taken_at, asset.local_day) == day:
                    found[asset.id] = DayPhoto(taken_at=asset.taken_at, asset=asset.id, people=asset.people)
        return read

    async def _page(
        self, search: Mapping[str, object], visibility: str, album: str | None, *, page: int, size: int
    ) -> tuple[list[Asset], int | None]:
        body = {**search, "visibility": visibility, "page": page, "size": size}
        body |= {"albumIds": [album]} if album is not None else {}
        answer = await self._transport.json("POST", "/search/metadata", body=body)
        part = whole(SearchJson, answer, "POST /search/metadata").assets
        if part.next_page is not None and part.next_page <= page:
            raise Garbled("POST /search/metadata: the next page is not behind this one")
        return [asset for asset in assets_of(self._assets.read(part.items)) if IS_ID(asset.id)], part.next_page


def _zulu(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
