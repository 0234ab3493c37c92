"""What a phone does to an Immich, and a client session whose every request is held against the contract."""

import io
import json
from types import SimpleNamespace
from typing import Any

import aiohttp
from PIL import Image
from yarl import URL

from reactor.core.ids import AssetId
from tests.contract import Contract


def jpeg(number: int = 0, size: tuple[int, int] = (64, 48)) -> bytes:
    """Return a small picture; each number gives other bytes."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (number % 256, 60, 90)).save(buffer, "JPEG")
    return buffer.getvalue() + number.to_bytes(4)


async def upload(url: str, key: str, data: bytes, name: str = "photo.jpg", **fields: str) -> AssetId:
    """Upload a file as the mobile app does and return its id."""
    form = aiohttp.FormData()
    for field, value in (
        {"fileCreatedAt": "2025-05-01T12:00:00.000Z", "fileModifiedAt": "2025-05-01T12:00:00.000Z"} | fields
    ).items():
        form.add_field(field, value)
    form.add_field("assetData", data, filename=name)
    async with (
        aiohttp.ClientSession(headers={"x-api-key": key}) as session,
        session.post(f"{url}/api/assets", data=form) as answer,
    ):
        assert answer.status == 201, await answer.text()
        return AssetId((await answer.json())["id"])


async def ask(url: str, key: str, method: str, path: str, body: object = None) -> Any:
    """Send what the user's own app would, past our client."""
    async with (
        aiohttp.ClientSession(headers={"x-api-key": key}) as session,
        session.request(method, f"{url}/api{path}", json=body) as answer,
    ):
        assert answer.status < 300, await answer.text()
        text = await answer.text()
        return json.loads(text) if text else None


def checked(contract: Contract | None) -> aiohttp.TraceConfig:
    """Return a trace that fails the request which breaks Immich's OpenAPI document."""
    trace = aiohttp.TraceConfig()

    async def begin(
        _: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        context.method, context.url, context.body = params.method, params.url, b""

    async def chunk(
        _: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestChunkSentParams
    ) -> None:
        context.body += params.chunk

    async def end(_: aiohttp.ClientSession, context: SimpleNamespace, __: aiohttp.TraceRequestEndParams) -> None:
        url: URL = context.url
        if contract is not None:
            body = json.loads(context.body) if context.body else None
            contract.check_request(context.method, url.path, dict(url.query), body)

    trace.on_request_start.append(begin)
    trace.on_request_chunk_sent.append(chunk)
    trace.on_request_end.append(end)
    return trace
