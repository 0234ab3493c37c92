"""The thumbnails on the live page: small pictures are passed on, and nothing else."""

import aiohttp
import pytest

from reactor.core.errors import Gone, NotReady
from reactor.server.pages import MAX_THUMBNAIL

from .fakes import PHOTO, World


@pytest.mark.parametrize("content_type", ["image/jpeg", "image/webp", "image/png", "Image/JPEG; q=1"])
async def test_a_thumbnail_is_passed_on(client: aiohttp.ClientSession, world: World, content_type: str) -> None:
    world.picture = (b"picture", content_type)
    async with client.get(f"/thumb/me/{PHOTO}") as answer:
        assert (answer.status, await answer.read()) == (200, b"picture")
        assert answer.headers["Content-Type"] == content_type.partition(";")[0].lower()
        assert "private" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("path", "picture", "status"),
    [
        ("/thumb/me/not-a-uuid", (b"", "image/jpeg"), 400),
        (f"/thumb/me%2f..%2f/{PHOTO}", (b"", "image/jpeg"), 400),
        (f"/thumb/me/{PHOTO}", NotReady("not yet"), 404),
        (f"/thumb/me/{PHOTO}", Gone("gone"), 404),
        (f"/thumb/me/{PHOTO}", (b"<svg onload=alert(1)>", "image/svg+xml"), 502),
        (f"/thumb/me/{PHOTO}", (b"<b>", "text/html"), 502),
        (f"/thumb/me/{PHOTO}", (b"x" * (MAX_THUMBNAIL + 1), "image/png"), 502),
        (f"/thumb/me/{PHOTO}", ValueError("a fault"), 500),
    ],
    ids=range(8),
)
async def test_only_small_pictures_are_passed_on(
    client: aiohttp.ClientSession, world: World, path: str, picture: tuple[bytes, str] | Exception, status: int
) -> None:
    world.picture = picture
    async with client.get(path) as answer:
        assert answer.status == status
