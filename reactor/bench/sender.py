"""Post webhooks at given times and report, as a process of its own so that the server does not wait with its client."""

import argparse
import asyncio
import json
import os
import sys
import time

import aiohttp

SECRET_VARIABLE = "REACTOR_BENCH_SECRET"  # noqa: S105 - the name of a variable
CONNECTIONS = 64
REQUEST_SECONDS = 30.0

# As Immich sends it at an upload (facts/immich-api.md section 8): every field, the EXIF part still empty.
_TIME = "2026-11-20T20:47:11.776Z"
_EXIF_FIELDS = (
    "make model orientation dateTimeOriginal modifyDate exifImageWidth exifImageHeight lensModel fNumber focalLength "
    "iso latitude longitude city state country fps exposureTime livePhotoCID timeZone projectionType "
    "profileDescription colorspace bitsPerSample autoStackId rating tags"
)
_ASSET: dict[str, object] = {
    "ownerId": "dde94130-aa87-4943-b775-3110f612fd0d",
    "stackId": None,
    "livePhotoVideoId": None,
    "libraryId": None,
    "duplicateId": None,
    "createdAt": _TIME,
    "updatedAt": _TIME,
    "deletedAt": None,
    "fileCreatedAt": _TIME,
    "fileModifiedAt": _TIME,
    "localDateTime": _TIME,
    "type": "IMAGE",
    "status": "active",
    "visibility": "timeline",
    "duration": None,
    "checksum": {"type": "Buffer", "data": list(range(235, 255))},
    "originalPath": "/data/upload/dde94130-aa87-4943-b775-3110f612fd0d/de/41/de413525-9cc7-47b9-9301-2f5cdea44a01.jpg",
    "originalFileName": "IMG_20261120_204711.jpg",
    "isOffline": False,
    "isFavorite": False,
    "isExternal": False,
    "isEdited": False,
    "exifInfo": dict.fromkeys(_EXIF_FIELDS.split())
    | {"fileSizeInByte": 1697684, "description": "", "updatedAt": "2026-11-20T20:47:11.778984+00:00"},
}


def body_of(number: int) -> bytes:
    """Return the upload webhook of a photo of its own."""
    asset = {"id": asset_id(number)} | _ASSET
    return json.dumps({"type": "AssetV1", "trigger": "AssetCreate", "data": {"asset": asset}}).encode()


def asset_id(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


class Sender:
    """An open loop: request ``i`` is due at ``i / rate`` seconds, whatever became of those before it.

    Latencies count from the due time, so a server that stalls is charged for everything that had to wait.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self.latencies_ms: list[float] = []
        self.acknowledged: list[int] = []
        self.errors: dict[str, int] = {}

    async def send_all(self, rate: int, count: int) -> float:
        """Send ``count`` requests at ``rate`` a second; return the seconds until the last answer."""
        bodies = [body_of(number) for number in range(count)]
        loop = asyncio.get_running_loop()
        start = loop.time() + 0.1
        async with asyncio.TaskGroup() as group:
            for number, body in enumerate(bodies):
                due = start + number / rate
                if (wait := due - loop.time()) > 0:
                    await asyncio.sleep(wait)
                group.create_task(self._send(number, body, due))
        return loop.time() - start

    async def _send(self, number: int, body: bytes, due: float) -> None:
        try:
            async with self._session.post(self._url, data=body) as answer:
                await answer.read()
                outcome = str(answer.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            outcome = type(error).__name__
        if outcome != "202":
            self.errors[outcome] = self.errors.get(outcome, 0) + 1
            return
        self.latencies_ms.append((asyncio.get_running_loop().time() - due) * 1000)
        self.acknowledged.append(number)


async def run(url: str, rate: int, count: int) -> dict[str, object]:
    """Send and return the report."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ[SECRET_VARIABLE]}"}
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=60)
    timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session:
        sender = Sender(session, url)
        began, cpu = time.monotonic(), time.process_time()
        seconds = await sender.send_all(rate, count)
        busy = (time.process_time() - cpu) / (time.monotonic() - began)
    return {
        "seconds": seconds,
        "sender_cpu": busy,
        "latencies_ms": sender.latencies_ms,
        "acknowledged": sender.acknowledged,
        "errors": sender.errors,
    }


def main() -> None:
    """Run from the command line; the report is one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rate", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    arguments = parser.parse_args()
    report = asyncio.run(run(arguments.url, arguments.rate, arguments.count))
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
