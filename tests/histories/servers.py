"""The simulated servers of a history, the user who acts there by a key of their own, and what they show."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from reactor.core.ids import AssetId
from reactor.demo.frigate import SimulatedFrigate
from reactor.demo.frigate.detector import Box, Picture
from reactor.demo.immich import SimulatedImmich
from reactor.demo.promises import hold

from ..household import a_picture
from ..immich_client.phone import jpeg
from .shown import Library, Photo, Stack

FACE = (160, 160)


def middle(picture: Picture) -> tuple[Box, ...]:
    """See a face in the middle of every picture."""
    height, width = picture.shape[:2]
    return ((width // 4, height // 4, 3 * width // 4, 3 * height // 4),)


@dataclass(kw_only=True)
class Servers:
    """Immich with one user and two keys, and Frigate."""

    immich: SimulatedImmich
    frigate: SimulatedFrigate
    session: aiohttp.ClientSession
    owner: str
    reactor: str
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    albums: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """Do what the user's own app does in Immich, and let Immich finish its own work on it."""
        headers = {"x-api-key": self.owner}
        async with self.session.request(method, f"{self.immich.url}/api{path}", json=body, headers=headers) as answer:
            assert answer.status < 300, f"{method} {path} {body}: {answer.status} {await answer.text()}"
            read = await answer.json() if answer.content_type == "application/json" else None
        if method != "GET":
            await self.rest()
        return read

    async def rest(self) -> None:
        """Wait until Immich has done all its own work."""
        async with asyncio.timeout(20):
            while not self.immich.idle:
                await asyncio.sleep(0.001)

    async def upload(self, taken_at: str, *, face: bool = False) -> AssetId:
        number = next(self.numbers)
        form = aiohttp.FormData()
        form.add_field("fileCreatedAt", taken_at)
        form.add_field("fileModifiedAt", taken_at)
        data = a_picture(number, FACE) if face else jpeg(number)
        form.add_field("assetData", data, filename=f"{number}.jpg")
        headers = {"x-api-key": self.owner}
        async with self.session.post(f"{self.immich.url}/api/assets", data=form, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            asset = AssetId((await answer.json())["id"])
        await self.rest()
        return asset

    async def named_face(self, asset: AssetId, name: str) -> str:
        """Name the face in the middle of a photo; return the person's id."""
        if name not in self.people:
            self.people[name] = (await self.ask("POST", "/people", {"name": name}))["id"]
        left, top, right, bottom = (edge // 4 for edge in (FACE[0], FACE[1], 3 * FACE[0], 3 * FACE[1]))
        body = {"personId": self.people[name], "assetId": asset, "imageWidth": FACE[0], "imageHeight": FACE[1]}
        box = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        await self.ask("POST", "/faces", body | box)
        return self.people[name]

    async def tag_id(self, tag: str) -> str:
        found: str = (await self.ask("PUT", "/tags", {"tags": [tag]}))[0]["id"]
        return found

    async def album_id(self, name: str) -> str:
        """Return the album of a name, which the user makes if nobody did."""
        await self.find_albums()
        if name not in self.albums:
            self.albums[name] = (await self.ask("POST", "/albums", {"albumName": name, "assetIds": []}))["id"]
        return self.albums[name]

    async def find_albums(self) -> None:
        """Look which albums there are, each name once."""
        listed = await self.ask("GET", "/albums")
        self.albums = {album["albumName"]: album["id"] for album in listed}
        assert len(self.albums) == len(listed), "two albums have one name"

    async def own_picture(self, name: str) -> tuple[str, str]:
        """Teach Frigate a picture by hand; return (name, file)."""
        before = await self.pictures()
        form = aiohttp.FormData()
        form.add_field("file", a_picture(1000 + next(self.numbers), FACE), filename="face.jpg")
        async with self.session.post(f"{self.frigate.url}/api/faces/{name}/register", data=form) as answer:
            assert answer.status == 200, await answer.text()
        (added,) = await self.pictures() - before
        return added

    async def delete_picture(self, name: str, file: str) -> None:
        url = f"{self.frigate.url}/api/faces/{name}/delete"
        async with self.session.post(url, json={"ids": [file]}) as answer:
            assert answer.status == 200, await answer.text()

    async def pictures(self) -> frozenset[tuple[str, str]]:
        async with self.session.get(f"{self.frigate.url}/api/faces", headers={"X-Cache-Bypass": "1"}) as answer:
            listed = await answer.json()
        return frozenset((name, file) for name, files in listed.items() if name != "train" for file in files)

    async def show(self, assets: Sequence[str]) -> Library:
        """Read all of it as the user sees it."""
        read = await asyncio.gather(*(self._asset(asset) for asset in assets))
        found = {one["id"]: one for one in read if one is not None}
        inside: dict[str, set[str]] = {}
        await self.find_albums()
        for name, album in self.albums.items():
            query = {"albumIds": [album], "withDeleted": True, "size": 1000}
            items = (await self.ask("POST", "/search/metadata", query))["assets"]["items"] if found else []
            for item in items:
                inside.setdefault(item["id"], set()).add(name)
        members: dict[str, set[str]] = {}
        for asset, one in found.items():
            if one["stack"] is not None:
                members.setdefault(one["stack"]["id"], set()).add(asset)
        stacks: dict[str, Stack] = {
            stack: (found[min(inside_it)]["stack"]["primaryAssetId"], frozenset(inside_it))
            for stack, inside_it in members.items()
        }
        photos = {
            asset: Photo(
                visibility=one["visibility"],
                trashed=one["isTrashed"],
                favourite=one["isFavorite"],
                tags=frozenset(tag["value"] for tag in one["tags"]),
                albums=frozenset(inside.get(asset, ())),
            )
            for asset, one in found.items()
        }
        return Library(photos=photos, stacks=stacks, pictures=await self.pictures())

    async def _asset(self, asset: str) -> dict[str, Any] | None:
        headers = {"x-api-key": self.owner}
        async with self.session.get(f"{self.immich.url}/api/assets/{asset}", headers=headers) as answer:
            return dict(await answer.json()) if answer.status == 200 else None


@asynccontextmanager
async def some_servers() -> AsyncIterator[Servers]:
    """Start both, whose own work takes no time."""
    async with AsyncExitStack() as exits:
        immich = await exits.enter_async_context(
            SimulatedImmich(thumbnail_delay=(0.0, 0.0), metadata_delay=(0.0, 0.0), tag_race_s=0.0)
        )
        frigate = await exits.enter_async_context(
            SimulatedFrigate(camera_fps=1000.0, detector=middle, build_seconds=0.0)
        )
        user = immich.add_user("Me", "me@example.com")
        key = immich.add_key(user.id, name="reactor")
        hold(immich, key, frigate)
        session = await exits.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        yield Servers(immich=immich, frigate=frigate, session=session, owner=user.api_key, reactor=key)
