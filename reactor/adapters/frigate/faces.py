"""Read Frigate's face library."""

import asyncio
import re
from collections.abc import Mapping
from urllib.parse import quote

from reactor.adapters.frigate.answers import (
    camera_fps_of,
    expect_success,
    faces_of,
    recognition_of,
)
from reactor.adapters.frigate.transport import TIMEOUT_S, FrigateTransport, Request
from reactor.core.errors import Permanent, Unreachable
from reactor.core.portraits import Recognition

LONGEST_PICTURE = 8 * 1024 * 1024
# nginx keeps JSON answers for 5 s: right after an upload the list is stale without this (section 0, 5).
FRESH = {"X-Cache-Bypass": "1"}
IS_VERSION = re.compile(r"[\w.+~:-]{1,100}", re.ASCII).fullmatch


class NoFrames(Unreachable):
    """Say that no camera delivers frames, which may last for days; Frigate answers no face call meanwhile."""


class FrigateFaces:
    """Tell what Frigate knows; every call raises Unreachable, Blocked, Retryable, Gone or Permanent."""

    def __init__(self, transport: FrigateTransport, *, timeout_s: float = TIMEOUT_S) -> None:
        self._transport = transport
        self._timeout_s = timeout_s
        self.one_at_a_time = asyncio.Lock()
        """Held around calls to Frigate's one embeddings loop: 0.18 fails those that overlap (section 0, 1)."""

    async def faces(self) -> Mapping[str, tuple[str, ...]]:
        """Return the files of every folder, ``train`` included, newest first; never from nginx's cache."""
        request = Request(method="GET", path="/api/faces", headers=FRESH)
        answer = await self._transport.call(request, timeout_s=self._timeout_s)
        expect_success(answer)
        return faces_of(answer)

    async def version(self) -> str:
        """Return the version, such as ``0.18.0-e3fa701``."""
        answer = await self._transport.call(Request(method="GET", path="/api/version"), timeout_s=self._timeout_s)
        expect_success(answer)
        text = answer.text().decode(errors="replace").strip()
        if "html" in answer.kind or not IS_VERSION(text):
            raise Permanent("GET /api/version: the answer is no version; is this the address of a Frigate server?")
        return text

    async def camera_fps(self) -> Mapping[str, float]:
        """Return the frames per second that each camera delivers now."""
        request = Request(method="GET", path="/api/stats", headers=FRESH)
        answer = await self._transport.call(request, timeout_s=self._timeout_s)
        expect_success(answer)
        return camera_fps_of(answer)

    async def expect_frames(self) -> None:
        """Raise NoFrames when no camera delivers any.

        Without any, Frigate answers no face call, and 0.16 and 0.17 hang altogether (section 3).
        """
        if not any(fps > 0 for fps in (await self.camera_fps()).values()):
            raise NoFrames(
                "no camera of Frigate delivers frames, and without them it takes no faces: faces wait until one does"
            )

    async def picture(self, name: str, file: str) -> bytes:
        """Return a stored picture, at most 8 MB; raises Gone when it is not there."""
        request = Request(method="GET", path=f"/clips/faces/{segment(name)}/{segment(file)}")
        answer = await self._transport.call(request, timeout_s=self._timeout_s, limit=LONGEST_PICTURE)
        expect_success(answer)
        return answer.body

    async def recognize(self, jpeg: bytes) -> Recognition | None:
        """Ask whose the biggest face of a picture is; None while the classifier is absent or being built.

        Raises NoFace where Frigate sees none.
        """
        await self.expect_frames()
        request = Request(method="POST", path="/api/faces/recognize", picture=jpeg)
        async with self.one_at_a_time:
            answer = await self._transport.call(request, timeout_s=self._timeout_s)
        return recognition_of(answer)


def segment(name: str) -> str:
    """Percent-encode one segment of a path; a name that is a path of its own raises Permanent (section 4)."""
    if not name or "/" in name or name in (".", ".."):
        raise Permanent(f"{name!r} cannot be a name in Frigate")
    return quote(name, safe="")
