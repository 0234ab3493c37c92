"""Send thumbnails, previews and originals (facts/immich-api.md section 4)."""

import asyncio
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path, PurePath

from aiohttp import web

from reactor.demo.immich.calls import Call, Routes
from reactor.demo.immich.errors import ApiError, invalid
from reactor.demo.immich.formats import WEB_SAFE
from reactor.demo.immich.media import file_kind
from reactor.demo.immich.state import Asset

routes = Routes()
SIZES = ("original", "fullsize", "preview", "thumbnail")
DAY_CACHE = "private, max-age=86400, no-transform, stale-while-revalidate=2592000, stale-if-error=2592000"


@routes.on("GET", "/assets/{id}/thumbnail", need="asset.view")
async def thumbnail(call: Call) -> web.StreamResponse:
    size = call.query.get("size", "thumbnail")
    if size not in SIZES:
        wanted = "|".join(f'"{one}"' for one in SIZES)
        message = f"Invalid option: expected one of {wanted}"
        raise invalid("size", message, code="invalid_value", values=list(SIZES))
    asset = call.readable(call.path_id(), "asset.view")
    if size in ("original", "fullsize"):
        return _elsewhere(asset)
    if asset.media_at is None:
        raise ApiError(404, "Asset media not found")
    suffix, content_type = (".jpeg", "image/jpeg") if size == "preview" else (".webp", "image/webp")
    name = f"{PurePath(asset.file_name).stem}_{size}{suffix}"
    return await send_file(
        call.request, call.world.file(asset.id, size), content_type, name=name, modified=asset.media_at
    )


@routes.on("GET", "/assets/{id}/original", need="asset.download")
async def original(call: Call) -> web.StreamResponse:
    asset = call.readable(call.path_id(), "asset.download")
    return await send_file(
        call.request,
        call.world.file(asset.id, "original"),
        asset.mime_type,
        name=asset.file_name,
        modified=asset.file_modified_at,
    )


async def send_file(
    request: web.Request, path: Path, content_type: str, *, name: str, modified: datetime
) -> web.Response:
    """Answer with the bytes of a stored file, 304 where the client has them, 404 where there is no file."""
    try:
        data = await asyncio.to_thread(path.read_bytes)
    except FileNotFoundError:
        raise ApiError(404, "Asset media not found") from None
    disposition = f"inline; filename*=UTF-8''{name}"
    return send_bytes(request, data, content_type, modified=modified, cache=DAY_CACHE, disposition=disposition)


def send_bytes(
    request: web.Request, data: bytes, content_type: str, *, modified: datetime, cache: str, disposition: str = ""
) -> web.Response:
    etag = f'W/"{len(data):x}-{int(modified.timestamp() * 1000):x}"'
    headers = {
        "Cache-Control": cache,
        "Accept-Ranges": "bytes",
        "Last-Modified": format_datetime(modified.astimezone(UTC), usegmt=True),
        "ETag": etag,
    }
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers=headers)
    if disposition:
        headers["Content-Disposition"] = disposition
    return web.Response(body=data, content_type=content_type, headers=headers)


def _elsewhere(asset: Asset) -> web.Response:
    """Redirect: no full-size file is ever made here, so it is the original or the preview (cap:105)."""
    web_safe = not asset.is_video and file_kind(asset.file_name) in WEB_SAFE
    target = "original?" if web_safe else f"/api/assets/{asset.id}/thumbnail?size=preview"
    return web.Response(status=302, headers={"Location": target}, text=f"Found. Redirecting to {target}")
