"""Everything that can be asked of a running reactor, by friends and by strangers, and everything that it keeps."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp
import asyncpg

PLACES = (
    "/",
    "/categories",
    "/readyz",
    "/healthz",
    "/api/status",
    "/api/events?limit=200",
    "/api/deadletters",
    "/api/deadletters?shelved=true",
    "/api/runs",
    "/api/openapi.json",
    "/api/nothing",
    "/static/page.js",
)


async def pages(url: str, photo: str, token: str) -> list[str]:
    """Return every page, answer and head, with the token, without it, and with one that is almost it."""
    found: list[str] = []
    for given in ({"Authorization": f"Bearer {token}"}, {"Authorization": f"Bearer {token}x"}, {}):
        async with aiohttp.ClientSession(url, headers=given) as session:
            for place in (*PLACES, f"/thumb/me/{photo}"):
                async with session.get(place) as answer:
                    found.append(f"{answer.headers} {await answer.text(errors='replace')}")
    async with aiohttp.ClientSession(url, headers={"Authorization": f"Bearer {token}"}) as session:
        async with session.get("/feed") as answer, asyncio.timeout(10):
            found.append((await answer.content.readuntil(b"\n\n")).decode())
        async with session.post("/api/scan", json={"album": "x", "dry": True}) as answer:
            found.append(await answer.text())
    return found


async def webhooks(url: str, photo: str, secret: str) -> list[str]:
    """Return the answers to webhooks with the secret, with almost the secret, and with the secret where it is none."""
    found = []
    event = {"event": "asset.uploaded", "asset_id": photo}
    garbage = {"event": secret, "asset_id": secret}
    given = {"Authorization": f"Bearer {secret}"}
    async with aiohttp.ClientSession(url) as session:
        for account, headers, body in (
            ("me", given, event),
            ("me", given, garbage),
            ("me", given | {"Content-Type": f"text/{secret}"}, event),
            ("me", {"Authorization": f"Bearer {secret}x"}, event),
            ("me", {"X-Reactor-Secret": f"{secret} {secret}"}, event),
            ("you", given, event),
        ):
            async with session.post(f"/webhook/{account}", json=body, headers=headers) as answer:
                found.append(f"{answer.headers} {await answer.text()}")
    found.append(await in_bytes(url, f"POST /webhook/me HTTP/1.1\r\nAuthorization: Bearer {secret}\0\r\n\r\n"))
    found.append(await in_bytes(url, f"{secret} / HTTP/1.1\r\n{secret}\r\n\r\n"))
    return found


async def in_bytes(url: str, sent: str) -> str:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent.encode())
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer.decode(errors="replace")


async def everything_kept(dsn: str, *only: str) -> list[str]:
    """Return every row of every table of the reactor's as text, or of some."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "reactor"})
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'reactor'")
        tables = {row["tablename"] for row in rows}
        assert {"events", "deliveries", "journal", "bookmarks", "photos"} <= tables
        found = []
        for table in sorted(tables.intersection(only) if only else tables):
            kept = await connection.fetch(f'SELECT to_jsonb(t)::text AS kept FROM "{table}" t')
            found += [line["kept"] for line in kept]
    finally:
        await connection.close()
    return found


async def said_by(arguments: Sequence[str], place: Path, settings: Mapping[str, str]) -> str:
    """Run a command and return all that it says."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "reactor",
        *arguments,
        cwd=place,
        env=kept | {"PYTHONPATH": str(Path(__file__).parents[2])} | dict(settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    return out.decode()
