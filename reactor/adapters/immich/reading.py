"""Read one account of Immich; fits ports.Library and what the sources ask."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

from reactor.adapters.immich.errors import Garbled, MissingPermission
from reactor.adapters.immich.models import (
    AssetJson,
    CountJson,
    FaceJson,
    Items,
    KeyJson,
    PeoplePageJson,
    PersonJson,
    SearchJson,
    StackJson,
    UserJson,
    VersionJson,
    assets_of,
    preview_of,
    rows,
    whole,
)
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.ids import AssetId, PersonId, StackId
from reactor.core.library import Asset, Face, Person, Preview, StackNow

LARGEST_PAGE = 1000


class ImmichLibrary:
    """Read one account. Every call raises Retryable, NotReady, Gone or Permanent."""

    def __init__(self, transport: ImmichTransport, *, page_size: int = LARGEST_PAGE) -> None:
        self._transport = transport
        self._page_size = page_size
        self._assets = Items(AssetJson, account=transport.account)
        self._faces = Items(FaceJson, account=transport.account)
        self._people = Items(PersonJson, account=transport.account)
        self._owner: str | None = None

    async def asset(self, asset: AssetId) -> Asset:
        path = f"/assets/{asset}"
        return whole(AssetJson, await self._transport.json("GET", path), f"GET {path}").to_core()

    async def preview(self, asset: AssetId, *, edited: bool = False) -> Preview:
        """Return the preview; ``edited`` where boxes of faces are laid on it (facts/immich-api.md section 4)."""
        query = {"size": "preview"} | ({"edited": "true"} if edited else {})
        data, _ = await self._transport.media(f"/assets/{asset}/thumbnail", query=query)
        return preview_of(data)

    async def thumbnail(self, asset: AssetId) -> tuple[bytes, str]:
        """Return the small picture and its content type."""
        return await self._transport.media(f"/assets/{asset}/thumbnail", query={"size": "thumbnail"})

    async def stack(self, stack: StackId) -> StackNow:
        path = f"/stacks/{stack}"
        return whole(StackJson, await self._transport.json("GET", path), f"GET {path}").to_core()

    async def photos_of(self, person: PersonId, *, limit: int) -> tuple[Asset, ...]:
        """Return the newest timeline photos of a person by capture time, at most ``limit``."""
        search = {"personIds": [person], "visibility": "timeline", "type": "IMAGE", "order": "desc"}
        found: list[Asset] = []
        async for asset in self._search(search, page_size=min(limit, self._page_size)):
            found.append(asset)
            if len(found) >= limit:
                break
        return tuple(found)

    async def faces(self, asset: AssetId) -> tuple[Face, ...]:
        answer = await self._transport.json("GET", "/faces", query={"id": asset})
        return tuple(face.to_core() for face in self._faces.read(rows(answer, "GET /faces")))

    async def version(self) -> tuple[int, int, int]:
        answer = await self._transport.json("GET", "/server/version")
        version = whole(VersionJson, answer, "GET /server/version")
        return version.major, version.minor, version.patch

    async def whoami(self) -> tuple[str, str]:
        """Return the id and the name of the user to whom the key belongs."""
        user = whole(UserJson, await self._transport.json("GET", "/users/me"), "GET /users/me")
        return user.id, user.name or ""

    async def permissions(self) -> frozenset[str]:
        """Return what the key may do; any key may ask this (facts/immich-api.md section 2)."""
        answer = await self._transport.json("GET", "/api-keys/me")
        return frozenset(whole(KeyJson, answer, "GET /api-keys/me").permissions)

    async def server_time(self) -> datetime:
        return await self._transport.server_time()

    async def uploaded_between(self, after: datetime, before: datetime, visibility: str) -> AsyncIterator[Asset]:
        """Yield the account's own assets that reached the server in the window, page by page.

        The order is by capture time and moves while EXIF is read (facts/immich-api.md section 3): an asset may come
        twice, and one pass may miss one that moved.
        """
        search = {"createdAfter": _zulu(after), "createdBefore": _zulu(before), "visibility": visibility}
        async for asset in self._search(search, page_size=self._page_size):
            yield asset

    async def named_people(self) -> tuple[Person, ...]:
        """Return the persons with a name that the list shows, hidden ones too.

        The list leaves out people whose photos are all archived (section 9): absence proves nothing.
        """
        found: dict[PersonId, Person] = {}
        page = 1
        while True:
            query = {"page": str(page), "size": str(self._page_size), "withHidden": "true"}
            answer = await self._transport.json("GET", "/people", query=query)
            part = whole(PeoplePageJson, answer, "GET /people")
            people = (model.to_core() for model in self._people.read(part.people))
            found |= {person.id: person for person in people if person.name}
            if not part.has_next_page or not part.people:
                return tuple(found.values())
            page += 1

    async def photo_count(self, person: PersonId) -> int | None:
        """Return how many timeline photos show the person, None where the key may not ask."""
        path = f"/people/{person}/statistics"
        try:
            answer = await self._transport.json("GET", path)
        except MissingPermission:
            return None
        return whole(CountJson, answer, f"GET {path}").assets

    async def _search(self, search: Mapping[str, object], *, page_size: int) -> AsyncIterator[Asset]:
        """Yield the own assets of all pages; a partner's are listed too, but cannot be changed (section 3)."""
        if self._owner is None:
            self._owner = (await self.whoami())[0]
        page: int | None = 1
        while page is not None:
            body = {**search, "page": page, "size": page_size}
            answer = await self._transport.json("POST", "/search/metadata", body=body)
            part = whole(SearchJson, answer, "POST /search/metadata").assets
            for asset in assets_of(self._assets.read(part.items)):
                if asset.owner == self._owner:
                    yield asset
            if part.next_page is not None and part.next_page <= page:
                raise Garbled("POST /search/metadata: the next page is not behind this one")
            page = part.next_page


def _zulu(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
