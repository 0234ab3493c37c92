"""Read one account of Immich; fits ports.Library and what the sources ask."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from unicodedata import category

from reactor.adapters.immich.albums import album_of, albums_of
from reactor.adapters.immich.errors import Garbled
from reactor.adapters.immich.faces import FaceJson
from reactor.adapters.immich.models import (
    AssetJson,
    CountJson,
    Items,
    KeyJson,
    PeoplePageJson,
    PersonJson,
    SearchJson,
    StackJson,
    TagJson,
    UserJson,
    VersionJson,
    assets_of,
    preview_of,
    rows,
    whole,
)
from reactor.adapters.immich.routes import UUID
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.ids import AlbumId, AssetId, PersonId, StackId, TagId
from reactor.core.library import Album, Asset, Face, Person, Preview, StackNow

LARGEST_PAGE = 1000
MOST_PAGES = 1000
LONGEST_NAME = 200
LONGEST_THUMBNAIL = 4 * 1024 * 1024
# Control characters, halves of pairs, and format characters: those that nobody sees or that turn others around.
UNSEEN_KINDS = frozenset({"Cc", "Cs", "Cf"})
# Letters by their category, but blank: fillers of Korean syllables.
FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
# Persian, Indian scripts and emoji need them.
JOINERS = frozenset("\u200c\u200d")
IS_ID = re.compile(UUID).fullmatch


class ImmichLibrary:
    """Read one account. Every call raises Retryable, NotReady, Gone or Permanent."""

    def __init__(self, transport: ImmichTransport, *, page_size: int = LARGEST_PAGE) -> None:
        self._transport = transport
        self._page_size = page_size
        self._assets = Items(AssetJson, account=transport.account)
        self._faces = Items(FaceJson, account=transport.account)
        self._people = Items(PersonJson, account=transport.account)
        self._tags = Items(TagJson, account=transport.account)
        self._owner: str | None = None

    def clock(self) -> datetime:
        """Return the present time by Immich's own clock, as its latest answer told it."""
        return self._transport.clock()

    async def asset(self, asset: AssetId) -> Asset:
        """Return a photo; one that a partner shares is readable too, and is marked as not ours (section 3)."""
        path = f"/assets/{asset}"
        found = whole(AssetJson, await self._transport.json("GET", path), f"GET {path}")
        if found.id != asset:
            raise Garbled(f"GET {path}: the answer is about another photo")
        return found.to_core(me=await self.owner())

    async def preview(self, asset: AssetId, *, edited: bool = False) -> Preview:
        """Return the preview; ``edited`` where boxes of faces are laid on it (facts/immich-api.md section 4)."""
        query = {"size": "preview"} | ({"edited": "true"} if edited else {})
        data, _ = await self._transport.media(f"/assets/{asset}/thumbnail", query=query)
        return preview_of(data)

    async def thumbnail(self, asset: AssetId) -> tuple[bytes, str]:
        """Return the small picture and its content type."""
        return await self._transport.media(
            f"/assets/{asset}/thumbnail", query={"size": "thumbnail"}, limit=LONGEST_THUMBNAIL
        )

    async def stack(self, stack: StackId) -> StackNow:
        path = f"/stacks/{stack}"
        return whole(StackJson, await self._transport.json("GET", path), f"GET {path}").to_core()

    async def tags(self) -> frozenset[str]:
        """Return the full values of all tags that the account has, whether or not a photo has them."""
        return frozenset(await self.tag_ids())

    async def tag_ids(self) -> Mapping[str, TagId]:
        """Return all tags of the account by their full values."""
        answer = rows(await self._transport.json("GET", "/tags"), "GET /tags")
        return {tag.value: TagId(tag.id) for tag in self._tags.read(answer) if tag.value}

    async def is_tagged(self, tag: TagId) -> bool:
        """Say whether a photo carries the tag or one below it, in the archive, hidden or in the trash too.

        Without a visibility all but locked photos are searched, which no key sees (section 3).
        """
        body = {"tagIds": [tag], "withDeleted": True, "page": 1, "size": 1}
        answer = await self._transport.json("POST", "/search/metadata", body=body)
        return bool(whole(SearchJson, answer, "POST /search/metadata").assets.items)

    async def albums(self) -> tuple[Album, ...]:
        """Return the albums that the account can see; the key needs album.read."""
        answer = rows(await self._transport.json("GET", "/albums"), "GET /albums")
        return albums_of(answer, await self.owner())

    async def album(self, album: AlbumId) -> Album:
        """Return an album; Gone where it was deleted, or is shared with the account no more."""
        path = f"/albums/{album}"
        return album_of(await self._transport.json("GET", path), await self.owner(), f"GET {path}")

    async def albums_of(self, asset: AssetId) -> frozenset[tuple[AlbumId, str]]:
        """Return the albums that hold a photo, as (id, name)."""
        answer = rows(await self._transport.json("GET", "/albums", query={"assetId": asset}), "GET /albums")
        return frozenset((album.id, album.name) for album in albums_of(answer, await self.owner()))

    async def tagged(self, tag: str) -> frozenset[AssetId]:
        """Return the account's own photos that carry a tag and none below it; those in the trash left out.

        A search by a tag finds those of the tags below it, too (facts/immich-api.md section 3), and does not tell
        which of them carry the tag itself as well.
        """
        answer = self._tags.read(rows(await self._transport.json("GET", "/tags"), "GET /tags"))
        ids = {one.value: one.id for one in answer if one.value == tag or one.value.startswith(tag + "/")}
        if tag not in ids:
            return frozenset()
        found = {value: await self._with_tag(number) for value, number in sorted(ids.items())}
        below = frozenset[AssetId]().union(*(photos for value, photos in found.items() if value != tag))
        return found[tag] - below

    async def _with_tag(self, number: str) -> frozenset[AssetId]:
        return frozenset([asset.id async for asset in self.search({"tagIds": [number]})])

    async def photos_in(self, album: AlbumId) -> frozenset[AssetId]:
        """Return the account's own photos in an album, those in the trash too."""
        return frozenset([asset.id async for asset in self.search({"albumIds": [album], "withDeleted": True})])

    async def photos_of(self, person: PersonId, *, limit: int) -> tuple[Asset, ...]:
        """Return the newest timeline photos of a person by capture time, at most ``limit``."""
        search = {"personIds": [person], "visibility": "timeline", "type": "IMAGE", "order": "desc"}
        found: list[Asset] = []
        async for asset in self.search(search, page_size=min(limit, self._page_size)):
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
        async for asset in self.search(search, page_size=self._page_size):
            yield asset

    async def people(self) -> tuple[Person, ...]:
        """Return the persons that the list shows, hidden and unnamed ones too.

        The list leaves out people whose photos are all archived (section 9): absence proves nothing. Its order moves
        between pages, so one may be missed.
        """
        found: dict[PersonId, Person] = {}
        for page in range(1, MOST_PAGES + 1):
            query = {"page": str(page), "size": str(self._page_size), "withHidden": "true"}
            answer = await self._transport.json("GET", "/people", query=query)
            part = whole(PeoplePageJson, answer, "GET /people")
            people = [_usable(model.to_core()) for model in self._people.read(part.people) if IS_ID(model.id)]
            found |= {person.id: person for person in people}
            if not part.has_next_page or not part.people:
                return tuple(found.values())
        raise Garbled(f"GET /people: the list does not end within {MOST_PAGES} pages")

    async def named_people(self) -> tuple[Person, ...]:
        """Return the persons with a name that the list shows, hidden ones too."""
        return tuple(person for person in await self.people() if person.name)

    async def person(self, person: PersonId) -> Person:
        """Return a person, listed or not; Gone where it was deleted or merged into another (section 9)."""
        path = f"/people/{person}"
        return _usable(whole(PersonJson, await self._transport.json("GET", path), f"GET {path}").to_core())

    async def people_seen(self, after: datetime, *, limit: int) -> frozenset[PersonId]:
        """Return who is on the account's own timeline photos that reached the server since then.

        Recognition follows an upload by seconds to hours (section 9). Of more than ``limit`` photos the newest by
        capture time are looked at.
        """
        search = {"createdAfter": _zulu(after), "visibility": "timeline", "withPeople": True}
        seen: set[PersonId] = set()
        async for asset in self.search(search, most_pages=max(1, limit // self._page_size)):
            seen |= asset.people
        return frozenset(seen)

    async def photo_count(self, person: PersonId) -> int:
        """Return how many timeline photos show the person."""
        path = f"/people/{person}/statistics"
        return whole(CountJson, await self._transport.json("GET", path), f"GET {path}").assets

    async def owner(self) -> str:
        """Return the id of the user to whom the key belongs; asked once."""
        if self._owner is None:
            self._owner = (await self.whoami())[0]
        return self._owner

    async def search(
        self, search: Mapping[str, object], *, page_size: int | None = None, most_pages: int | None = None
    ) -> AsyncIterator[Asset]:
        """Yield the own assets of all pages, or of the first ones.

        A partner's are listed too, but cannot be changed (section 3).
        """
        page_size = page_size or self._page_size
        owner = await self.owner()
        page: int | None = 1
        while page is not None and (most_pages is None or page <= most_pages):
            body = {**search, "page": page, "size": page_size}
            answer = await self._transport.json("POST", "/search/metadata", body=body)
            part = whole(SearchJson, answer, "POST /search/metadata").assets
            for asset in assets_of(self._assets.read(part.items)):
                if asset.owner == owner and IS_ID(asset.id):
                    yield asset
            if part.next_page is not None and part.next_page <= page:
                raise Garbled("POST /search/metadata: the next page is not behind this one")
            page = part.next_page


def _usable(person: Person) -> Person:
    return replace(person, name=usable_name(person.name))


def usable_name(name: str) -> str:
    """Return a name that fits into the key of an event, and that shows what it is: no tricks."""
    return "".join(filter(_is_seen, name))[:LONGEST_NAME].strip()


def _is_seen(letter: str) -> bool:
    return letter in JOINERS or (category(letter) not in UNSEEN_KINDS and letter not in FILLERS)


def _zulu(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
