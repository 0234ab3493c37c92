"""The simulated Frigate's behaviour beyond its words: concurrency, cameras, restarts, pictures."""

import asyncio
import io
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from PIL import Image

from reactor.demo.frigate import SimulatedFrigate, Write

from .conftest import until
from .faces import ALICE, CAROL, draw, jpeg

FACE = jpeg(draw(ALICE))
OLD, NEW = "0.17.2-3d4dd3a", "0.18.0-e3fa701"
MISLEADING = {"success": False, "message": "Could not process request. Try restarting Frigate."}
REGISTERED = {"message": "Successfully registered face.", "success": True}


@asynccontextmanager
async def wire(frigate: SimulatedFrigate) -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=5)
    async with frigate, aiohttp.ClientSession(frigate.url, timeout=timeout) as session:
        yield session


async def register(session: aiohttp.ClientSession, name: str, picture: bytes = FACE) -> tuple[int, object]:
    form = aiohttp.FormData()
    form.add_field("file", picture, filename="f.jpg")
    async with session.post(f"/api/faces/{name}/register", data=form) as response:
        return response.status, json.loads(await response.read())


async def recognize(session: aiohttp.ClientSession, picture: bytes = FACE) -> str:
    """Return the name once there is a classifier."""
    for _ in range(200):
        form = aiohttp.FormData()
        form.add_field("file", picture, filename="f.jpg")
        async with session.post("/api/faces/recognize", data=form) as response:
            answer = await response.json()
        if response.status == 200:
            return str(answer["face_name"])
        await asyncio.sleep(0.01)
    raise AssertionError("no classifier came")


async def test_parallel_registers_fail_on_018_and_wait_before() -> None:
    counts = {}
    for version in (OLD, NEW):
        frigate = SimulatedFrigate(version=version, camera_fps=20)
        async with wire(frigate) as session:
            answers = await asyncio.gather(*(register(session, f"Par{number}") for number in range(8)))
            counts[version] = Counter(status for status, _ in answers)
            assert len(frigate.effective_writes) == counts[version][200]
            assert await register(session, "After") == (200, REGISTERED)
    assert counts == {OLD: {200: 8}, NEW: {200: 1, 500: 7}}


async def test_without_frames_an_upload_hangs_and_is_carried_out_later() -> None:
    frigate = SimulatedFrigate(version=NEW, camera_fps=0)
    async with wire(frigate) as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await register(session, "Hang")
        async with session.get("/api/version") as response:
            assert await response.text() == NEW
        assert await register(session, "Hang2") == (500, MISLEADING)
        assert frigate.effective_writes == []
        frigate.camera_fps = 100
        await until(lambda: [write.name for write in frigate.effective_writes] == ["Hang"])
        assert await register(session, "Hang") == (200, REGISTERED)


async def test_without_frames_the_whole_api_hangs_before_018() -> None:
    frigate = SimulatedFrigate(version=OLD, camera_fps=0)
    async with wire(frigate) as session:
        hanging = asyncio.create_task(register(session, "Hang"))
        await until(lambda: frigate.upload_in_flight)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), session.get("/api/version") as response:
                await response.read()
        frigate.camera_fps = 100
        assert await hanging == (200, REGISTERED)
        async with session.get("/api/version") as response:
            assert await response.text() == OLD


async def test_a_restart_shows_nginx_alone_and_starts_the_processor() -> None:
    frigate = SimulatedFrigate(camera_fps=100, face_recognition=False, restart_seconds=0.2)
    async with wire(frigate) as session:
        refused = {"message": "Face recognition is not enabled.", "success": False}
        assert await register(session, "Jane") == (400, refused)
        frigate.face_recognition = True
        assert await register(session, "Jane") == (500, MISLEADING)
        async with session.post("/api/restart") as response:
            assert (await response.json())["success"] is True
        seen: list[tuple[int, str]] = []

        async def back() -> bool:
            async with session.get("/api/version") as response:
                seen.append((response.status, response.content_type))
            return (500, "text/html") in seen and response.status == 200

        await until(back)
        assert await register(session, "Jane") == (200, REGISTERED)


FORMATS = {"JPEG": 200, "PNG": 200, "WEBP": 200, "BMP": 200, "TIFF": 200, "JPEG2000": 200, "GIF": 500, "AVIF": 500}


@pytest.mark.parametrize(("kind", "status"), FORMATS.items())
async def test_formats_are_taken_as_by_opencv(kind: str, status: int) -> None:
    out = io.BytesIO()
    draw(ALICE).save(out, kind)
    async with wire(SimulatedFrigate(camera_fps=200)) as session:
        assert (await register(session, "Jane", out.getvalue()))[0] == status
        assert (await register(session, "Jane", out.getvalue()[:900]))[0] == 500


def margins(share: float) -> bytes:
    """Return the drawn face (120 x 156 in the middle of 300 x 320) cut out with that margin on each side."""
    across, down = round(120 * share), round(156 * share)
    return jpeg(draw(ALICE).crop((90 - across, 82 - down, 211 + across, 239 + down)))


@pytest.mark.parametrize(("share", "status"), [(0.4, 200), (0.3, 200), (0.0, 500), (-0.05, 500)])
async def test_tight_crops_fail_with_the_misleading_500(share: float, status: int) -> None:
    async with wire(SimulatedFrigate(camera_fps=200)) as session:
        assert (await register(session, "Jane", margins(share)))[0] == status


async def test_the_biggest_face_is_kept_upright_as_webp() -> None:
    crowd = draw(CAROL, size=(640, 480), faces=((90, 100, 40), (450, 250, 110)))
    sideways = crowd.rotate(90, expand=True)
    exif = sideways.getexif()
    exif[0x0112] = 6
    out = io.BytesIO()
    sideways.save(out, "JPEG", exif=exif, quality=95)
    frigate = SimulatedFrigate(camera_fps=200)
    async with wire(frigate) as session:
        await register(session, "Carol", out.getvalue())
        (write,) = frigate.effective_writes
        with Image.open(frigate.folder / "Carol" / write.file) as stored:
            assert stored.format == "WEBP"
            assert abs(stored.width - 220) < 12
            assert abs(stored.height - 286) < 12


async def test_a_detector_can_be_given() -> None:
    async with wire(SimulatedFrigate(camera_fps=200, detector=lambda _: ((5, 5, 25, 30),))) as session:
        assert await register(session, "Anything", jpeg(Image.new("RGB", (64, 64)))) == (200, REGISTERED)


async def test_dropped_files_are_listed_at_once_but_known_after_a_clear() -> None:
    frigate = SimulatedFrigate(camera_fps=200)
    async with wire(frigate) as session:
        await register(session, "Alice")
        assert await recognize(session) == "Alice"
        (frigate.folder / "Bob").mkdir()
        draw(CAROL).crop((90, 82, 211, 239)).save(frigate.folder / "Bob" / "dropped.png")
        async with session.get("/api/faces", headers={"X-Cache-Bypass": "1"}) as response:
            assert (await response.json())["Bob"] == ["dropped.png"]
        assert await recognize(session, jpeg(draw(CAROL))) == "unknown"
        async with session.post("/api/faces/train/delete", json={"ids": []}) as response:
            assert response.status == 200
        assert await recognize(session, jpeg(draw(CAROL))) == "Bob"


async def test_the_hook_runs_after_the_write_and_before_the_answer() -> None:
    frigate = SimulatedFrigate(camera_fps=200)
    seen: list[tuple[Write, bool]] = []
    gate = asyncio.Event()

    async def hook(write: Write) -> None:
        seen.append((write, (frigate.folder / write.name / write.file).is_file()))
        await gate.wait()

    frigate.before_answer = hook
    async with wire(frigate) as session:
        waiting = asyncio.create_task(register(session, "Jane"))
        await until(lambda: bool(seen))
        assert seen[0][1]
        assert not waiting.done()
        gate.set()
        assert await waiting == (200, REGISTERED)
        assert frigate.requests[-1] == ("POST", "/api/faces/Jane/register", 200)
