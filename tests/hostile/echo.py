"""Servers that stand before Immich and in Frigate's place, and say every secret that they are told."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

import aiohttp
from aiohttp import web

Mood = Literal["fine", "401", "403", "400", "404", "500", "503", "page", "garbage", "odd", "away", "circle", "cut"]
MOODS: tuple[Mood, ...] = ("401", "403", "400", "404", "500", "503", "page", "garbage", "odd", "away", "circle", "cut")


@dataclass(kw_only=True)
class Echo:
    """A server with a mood; where it is fine it passes everything on to ``behind``."""

    secrets: tuple[str, ...]
    behind: str = ""
    url: str = ""
    mood: Mood = "fine"
    asked: dict[Mood, int] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked[self.mood] = self.asked.get(self.mood, 0) + 1
        if self.mood == "fine":
            return await self._passed_on(request, body)
        told = " ".join(self._told(self.secrets))
        loud = {"X-Key": told, "Set-Cookie": f"frigate_token={self.secrets[0]}"}
        match self.mood:
            case "page":
                return web.Response(text=f"<html>{told}", content_type="text/html", headers=loud)
            case "garbage":
                return web.Response(text=f'{{"{told}', content_type="application/json", headers=loud)
            case "odd":
                if request.path == "/api/version":
                    return web.Response(text=self.secrets[0], headers=loud)
                told = " ".join([*self.secrets, *map(str.lower, self.secrets)])
                if request.path == "/api/faces":
                    return web.json_response({told: [told], "Anna": [told]}, headers=loud)
                odd = {"id": told, "message": told, "people": [{"id": told}], "assets": {"items": [{"id": told}]}}
                return web.json_response(odd, headers=loud)
            case "away":
                place = f"http://{self.secrets[0]}.example/{quote(told)}?key={quote(told)}"
                return web.Response(status=302, headers={"Location": place})
            case "circle":
                return web.Response(status=307, headers={"Location": f"/api/{quote(self.secrets[0])}/users/me"})
            case "cut":
                assert request.transport is not None
                request.transport.write(
                    b"HTTP/1.1 200 " + told.encode() + b"\r\nBad\x00: " + told.encode() + b"\r\n\r\n"
                )
                request.transport.close()
                return web.Response()
            case status:
                words = f"Missing required permission: {told}" if status == "403" else told
                error = {"message": words, "errors": [{"path": [told], "message": told}]}
                return web.json_response(error, status=int(status), headers=loud)

    @staticmethod
    def _told(secrets: Iterable[str]) -> Iterable[str]:
        for secret in secrets:
            yield from (secret, secret.lower(), secret[:14] + "...", quote(secret, safe=""))

    async def _passed_on(self, request: web.Request, body: bytes) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(request.method, f"{self.behind}{request.raw_path}", data=body, headers=headers) as answer,
        ):
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


HOP = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})


@asynccontextmanager
async def an_echo(*secrets: str, behind: str = "") -> AsyncIterator[Echo]:
    echo = Echo(secrets=secrets, behind=behind)
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{path:.*}", echo.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    echo.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield echo
    finally:
        await runner.cleanup()


def forms_of(secret: str) -> dict[str, str]:
    """Return what a secret may look like in what was written, all in lower case."""
    # Of base64 the middle, which does not depend on what stands before it.
    encoded = {
        f"base64, {shift} before": b64encode(b"x" * shift + secret.encode()).decode()[4:-4] for shift in range(3)
    }
    return {
        name: form.lower()
        for name, form in {
            "as it is": secret,
            "its beginning": secret[:12],
            "for addresses": quote(secret, safe=""),
            "for JSON": json.dumps(secret)[1:-1],
            "base64 for addresses": urlsafe_b64encode(secret.encode()).decode()[:-4],
            "in hex": secret.encode().hex(),
            **encoded,
        }.items()
    }
