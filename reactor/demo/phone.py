"""A phone and its owner: uploads photos, and names the people on them in Immich."""

import asyncio
import io
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

import aiohttp
from PIL import Image, UnidentifiedImageError

from reactor.core.errors import StartError

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".tif", ".tiff", ".gif", ".bmp"})
LARGEST = 200 * 1024 * 1024
TIMEOUT = aiohttp.ClientTimeout(total=60)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A photo to upload: its bytes, the time of the file, and whose faces are where (pixels of the picture), burst."""

    file_name: str
    data: bytes
    taken_at: datetime
    faces: tuple[tuple[str, tuple[float, float, float, float]], ...] = ()
    size: tuple[int, int] = (0, 0)
    burst_id: str | None = None


class Phone:
    """Speak to Immich as its app does, with the owner's key."""

    def __init__(self, url: str, key: str) -> None:
        self._session = aiohttp.ClientSession(f"{url}/api/", headers={"x-api-key": key}, timeout=TIMEOUT)
        self._people: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def upload(self, shot: Shot) -> str:
        """Upload a photo and return its id; the faces on it are named afterwards."""
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("assetData", shot.data, filename=shot.file_name, content_type="application/octet-stream")
        for name in ("fileCreatedAt", "fileModifiedAt"):
            form.add_field(name, shot.taken_at.astimezone(UTC).isoformat(timespec="milliseconds"))
        form.add_field("filename", shot.file_name)
        if shot.burst_id is not None:
            # Only the simulated server reads it so; a real photo carries it in its own metadata.
            form.add_field("autoStackId", shot.burst_id)
        async with self._session.post("assets", data=form) as answer:
            answer.raise_for_status()
            asset = str(UUID((await answer.json())["id"]))
        for name, box in shot.faces:
            await self._name_face(asset, name, box, shot.size)
        return asset

    async def _name_face(
        self, asset: str, name: str, box: tuple[float, float, float, float], size: tuple[int, int]
    ) -> None:
        if name not in self._people:
            self._people[name] = (await self._post("people", {"name": name}))["id"]
        left, top, right, bottom = box
        await self._post(
            "faces",
            {
                "personId": self._people[name],
                "assetId": asset,
                "imageWidth": size[0],
                "imageHeight": size[1],
                "x": round(left),
                "y": round(top),
                "width": round(right - left),
                "height": round(bottom - top),
            },
        )

    async def tell_reactor(self, url: str, secret: str) -> None:
        """Make the two workflows by which Immich tells of new photos (facts/immich-api.md section 8)."""
        for trigger in ("AssetCreate", "AssetMetadataExtraction"):
            step = {
                "method": "immich-plugin-core#webhook",
                "config": {
                    "url": url,
                    "headerName": "Authorization",
                    "headerValue": f"Bearer {secret}",
                    "method": "POST",
                },
                "enabled": True,
            }
            await self._post("workflows", {"trigger": trigger, "name": "reactor", "enabled": True, "steps": [step]})

    async def _post(self, path: str, body: object) -> dict[str, str]:
        async with self._session.post(path, json=body) as answer:
            answer.raise_for_status()
            return dict(await answer.json()) if answer.content_length else {}

    async def stacks(self) -> list[int]:
        """Return the sizes of all stacks that Immich shows."""
        async with self._session.get("stacks") as answer:
            answer.raise_for_status()
            return [len(stack["assets"]) for stack in await answer.json()]

    async def archived(self) -> int:
        """Return how many photos are archived."""
        body = {"visibility": "archive", "size": 1000}
        async with self._session.post("search/metadata", json=body) as answer:
            answer.raise_for_status()
            return len((await answer.json())["assets"]["items"])


def pictures_in(folder: Path) -> Sequence[Path]:
    """Return the pictures of a folder and its sub-folders, by name; raises StartError where there are none."""
    if not folder.is_dir():
        raise StartError(f"{folder} is no folder")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES and path.is_file())
    if not found:
        raise StartError(f"{folder} holds no pictures ({', '.join(sorted(PICTURES))})")
    return found


def shots_of(paths: Sequence[Path], *, tell: Callable[[str], None]) -> Iterator[Shot]:
    """Read pictures one after the other; the capture time is left to the EXIF in the file, as on a phone.

    A file that is no readable picture is skipped, and ``tell`` hears why; raises StartError when none is left.
    """
    read = 0
    for path in paths:
        try:
            shot = _shot(path)
        except (OSError, ValueError) as error:
            tell(f"skipped {sendable(path.name)}: {getattr(error, 'strerror', None) or error}")
        else:
            read += 1
            yield shot
    if not read:
        raise StartError("none of the pictures can be read")


def _shot(path: Path) -> Shot:
    status = path.stat()
    if status.st_size > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1024**2} MB")
    data = path.read_bytes()
    _require_picture(data)
    return Shot(file_name=sendable(path.name), data=data, taken_at=datetime.fromtimestamp(status.st_mtime, UTC))


def sendable(name: str) -> str:
    """Return a file's name without what no header carries: control characters, line ends, bytes that are no UTF-8."""
    refused = ("Cc", "Cs", "Zl", "Zp")
    return "".join("_" if unicodedata.category(letter) in refused else letter for letter in name)


def _require_picture(data: bytes) -> None:
    """Decode bytes as Immich will; raises ValueError with a sentence where that fails."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.convert("RGB")
    except UnidentifiedImageError:
        raise ValueError("it is no picture that can be read here") from None
    except Image.DecompressionBombError:
        raise ValueError("it has too many pixels to be opened safely") from None
    except Exception as error:  # noqa: BLE001 - a decoder may stumble over a broken file in any way
        raise ValueError(f"it cannot be decoded ({error})") from None


def begun(shots: Iterator[Shot]) -> Iterator[Shot]:
    """Take the first shot already now, so that it is known before anything is started whether there is one."""
    return chain([next(shots)], shots)


async def in_thread(shots: Iterator[Shot]) -> AsyncIterator[Shot]:
    """Yield shots that are read or rendered in a thread, one ahead at most."""
    while (shot := await asyncio.to_thread(next, shots, None)) is not None:
        yield shot
