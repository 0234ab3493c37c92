"""A simulated Immich in a process of its own, with a library that is there from the start.

Run as ``python -m reactor.demo.immich.crowd FOLDER``. FOLDER holds ``crowd.json`` and the pictures that it names; many
assets may share one picture, whose preview is then made once. Prints a line of JSON when it serves, then, if it was
asked to tell, one for each request that changed something; ends when its standard input is closed.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from reactor.demo.immich.jobs import apply_capture
from reactor.demo.immich.media import Capture, Previews, make_previews, read_capture
from reactor.demo.immich.server import SimulatedImmich
from reactor.demo.immich.state import Write
from reactor.demo.immich.uploads import NewFile, add_asset

PLAN = "crowd.json"
# Seconds within which metadata and previews come, where the plan says nothing: as measured (section 4).
DELAYS = {"thumbnail_delay": (0.2, 0.8), "metadata_delay": (0.1, 0.4)}
AGE = timedelta(days=1)
KINDS = ("original", "preview", "thumbnail")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A file that many assets share: its bytes, what it says about itself, and where its three sizes lie."""

    data: bytes
    capture: Capture
    thumbhash: str
    folder: Path


class CrowdedImmich(SimulatedImmich):
    """A simulated Immich that may be filled with assets whose own work is done already."""

    @property
    def folder(self) -> Path:
        """Where the files lie; known once started."""
        return self._running().folder

    def fill(self, owner_id: str, assets: list[dict[str, str]], pictures: dict[str, Picture]) -> list[str]:
        """Add an asset for each row (picture, file_name, taken_at); return their ids.

        They came ``AGE`` ago, so that nobody takes them for new. Their files are links to the picture's, and their
        checksums differ as if each file were another one.
        """
        world = self._running()
        came = world.state.now() - AGE
        made = []
        for number, row in enumerate(assets):
            picture, taken_at = pictures[row["picture"]], datetime.fromisoformat(row["taken_at"])
            # What follows a JPEG's end is no part of the picture.
            data = picture.data + number.to_bytes(4, "big")
            file = NewFile(
                owner_id=owner_id, name=row["file_name"], data=data, created_at=taken_at, modified_at=taken_at
            )
            asset = add_asset(world, file, at=came + timedelta(milliseconds=number))
            apply_capture(world, asset, picture.capture)
            asset.updated_at = asset.exif.updated_at = asset.created_at
            for kind in KINDS:
                os.link(picture.folder / kind, world.file(asset.id, kind))
            asset.thumbhash, asset.media_at = picture.thumbhash, asset.created_at
            made.append(asset.id)
        return made


def read_pictures(folder: Path, names: set[str], target: Path) -> dict[str, Picture]:
    """Read pictures and make their previews; raises ValueError for one that cannot be decoded."""
    found = {}
    for number, name in enumerate(sorted(names)):
        data = (folder / name).read_bytes()
        previews = make_previews(data, is_video=False)
        if previews is None:
            raise ValueError(f"{name} is no picture")
        place = target / f"shared-{number}"
        place.mkdir()
        _keep(place, data, previews)
        capture = read_capture(data, is_video=False)
        found[name] = Picture(data=data, capture=capture, thumbhash=previews.thumbhash, folder=place)
    return found


def _keep(place: Path, data: bytes, previews: Previews) -> None:
    for kind, content in zip(KINDS, (data, previews.preview, previews.thumbnail), strict=True):
        (place / kind).write_bytes(content)


def told(write: Write) -> dict[str, Any]:
    """Return what is said of a request that changed something; ``at`` in seconds since 1970."""
    return {"kind": write.kind, "at": write.at.timestamp(), "changes": write.changes}


def say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


async def _tell(write: Write) -> None:
    say(told(write))


async def main(folder: Path) -> None:
    """Serve what the folder's plan says until standard input is closed."""
    plan = json.loads(await asyncio.to_thread((folder / PLAN).read_text, "utf-8"))
    delays = {name: (float(low), float(high)) for name, (low, high) in plan["delays"].items()}
    immich = CrowdedImmich(**(DELAYS | delays), seed=plan["seed"])
    async with immich:
        user = immich.add_user("Crowd", "crowd@example.com")
        target = immich.folder
        pictures = await asyncio.to_thread(read_pictures, folder, {row["picture"] for row in plan["assets"]}, target)
        assets = immich.fill(user.id, plan["assets"], pictures)
        if plan["tell"]:
            immich.before_answer = _tell
        say({"url": immich.url, "key": user.api_key, "assets": assets})
        await asyncio.to_thread(sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
