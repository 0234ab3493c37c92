"""Change Frigate's face library: one picture at a time, and deleting only what is named."""

import asyncio
from collections.abc import Sequence

from reactor.adapters.frigate.answers import Answer, Unanswered, expect_success, message_of
from reactor.adapters.frigate.faces import FrigateFaces, NoFrames, segment
from reactor.adapters.frigate.transport import TIMEOUT_S, FrigateTransport, Request
from reactor.core.errors import Blocked, Permanent, Retryable
from reactor.core.frigate_names import frigate_name
from reactor.core.portraits import Recognition

TRAIN = "train"
# A register waits for the next camera frame; 30-60 s are advised (facts/frigate-api.md section 3).
REGISTER_TIMEOUT_S = 45.0
LARGEST_UPLOAD = 20 * 1024 * 1024
SETTLE_TIMEOUT_S = 60.0
SETTLE_PAUSE_S = 0.5


class FrigateFaceWriter:
    """Write to the face library; given to acts alone.

    ``timeout_s`` bounds a register, ``settle_s`` each half of ``settle``, which asks every ``pause_s`` seconds.
    """

    def __init__(
        self,
        transport: FrigateTransport,
        faces: FrigateFaces,
        *,
        timeout_s: float = REGISTER_TIMEOUT_S,
        settle_s: float = SETTLE_TIMEOUT_S,
        pause_s: float = SETTLE_PAUSE_S,
    ) -> None:
        self._transport = transport
        self._faces = faces
        self._timeout_s = timeout_s
        self._settle_s = settle_s
        self._pause_s = pause_s

    async def register(self, name: str, jpeg: bytes) -> None:
        """Teach Frigate the biggest face of a picture.

        The answer names no file, and after a Retryable other than Unreachable or Blocked the picture may still be
        stored: look at the list before another try (section 0, 5 and 6). Raises NoFace where Frigate sees none, and
        NoFrames without camera frames.
        """
        if frigate_name(name) != name:
            raise Permanent(f"{name!r} is no name that Frigate can rename and delete again")
        if not 0 < len(jpeg) <= LARGEST_UPLOAD:
            raise Permanent(f"a picture of {len(jpeg)} bytes is none that Frigate takes")
        await self._faces.expect_frames()
        request = Request(method="POST", path=f"/api/faces/{segment(name)}/register", picture=jpeg)
        try:
            async with self._faces.one_at_a_time:
                answer = await self._transport.call(request, timeout_s=self._timeout_s)
            expect_success(answer)
        except Unanswered as error:
            # Counted, unlike an outage: this very picture may be what Frigate ends over.
            raise Retryable(str(error)) from None

    async def delete(self, name: str, files: Sequence[str]) -> None:
        """Delete the named files; the last one takes the folder along. Files that are gone are no error.

        Frigate answers 200 whether or not it deleted anything (section 1), so the list is read afterwards.
        """
        if name == TRAIN:
            raise Permanent("train holds Frigate's own attempts; nothing is deleted there")
        if not files:
            return  # an empty list is Frigate's word for clearing, and would remove an empty folder
        answer = await self._delete(name, files)
        kept = set((await self._faces.faces()).get(name, ())) & set(files)
        if not kept and _is_unknown_folder(answer):
            return
        expect_success(answer)
        if kept:
            raise Permanent(f"Frigate cannot delete {', '.join(sorted(kept))}: remove it from its clips/faces by hand")

    async def settle(self, jpeg: bytes) -> Recognition | None:
        """Make Frigate look at everything that was written, and say whose face a picture shows afterwards.

        Recognise until it answers, clear, recognise again (section 5, stale build). None when the library is empty
        or Frigate was not through in time.
        """
        if not any(files for name, files in (await self._faces.faces()).items() if name != TRAIN):
            return None
        if await self._recognized(jpeg) is None:
            return None
        # Deletes nothing: with no ids it only throws the classifier away, in all versions (section 5).
        expect_success(await self._delete(TRAIN, ()))
        return await self._recognized(jpeg)

    async def _delete(self, name: str, files: Sequence[str]) -> Answer:
        request = Request(method="POST", path=f"/api/faces/{segment(name)}/delete", body={"ids": list(files)})
        async with self._faces.one_at_a_time:
            return await self._transport.call(request, timeout_s=TIMEOUT_S)

    async def _recognized(self, jpeg: bytes) -> Recognition | None:
        """Ask until Frigate has a classifier, at most ``settle_s``."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._settle_s
        while True:
            try:
                recognition = await self._faces.recognize(jpeg)
            except (NoFrames, Blocked):
                raise
            except Retryable:
                if loop.time() >= until:
                    raise
                recognition = None
            if recognition is not None or loop.time() >= until:
                return recognition
            await asyncio.sleep(self._pause_s)


def _is_unknown_folder(answer: Answer) -> bool:
    """Say whether Frigate crashed as it does on a folder that is not there: 500, text/plain (section 1)."""
    return answer.status == 500 and answer.kind == "text/plain" and not message_of(answer)
