"""How fast webhooks are acknowledged durably: the real server and event log, and a sender in another process."""

import asyncio
import json
import math
import os
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from reactor.adapters.postgres.activity import PostgresActivity
from reactor.adapters.postgres.embedded import embedded_postgres
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.migrate import migrate
from reactor.adapters.postgres.pool import open_pool
from reactor.adapters.postgres.wake import Wake
from reactor.bench.sender import SECRET_VARIABLE, asset_id
from reactor.config import resource
from reactor.core.errors import Permanent, StartError
from reactor.core.ids import AccountId, AssetId
from reactor.routing import merge
from reactor.server.app import make_app
from reactor.server.health import Readiness
from reactor.server.run import serving
from reactor.server.webhook import WebhookAccount
from reactor.stages import archive, classify, embed, stack

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
WARM_UP_SECONDS = 1.0
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came out: requests a second, milliseconds from the scheduled time to the answer, and what was found."""

    rate: int
    sent: int
    acknowledged: int
    stored: int
    missing: int
    errors: dict[str, int]
    seconds: float
    acknowledged_per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    server_cpu: float
    sender_cpu: float
    durable: str

    @property
    def sound(self) -> bool:
        """Say whether nothing was refused and nothing that was acknowledged is missing."""
        return not self.errors and not self.missing and self.acknowledged == self.sent


async def bench(*, rate: int, seconds: float, as_json: bool) -> int:
    """Measure on a throw-away database of our own; see ``main``."""
    with tempfile.TemporaryDirectory(prefix="reactor-bench-") as folder:
        await asyncio.to_thread(Path(folder).chmod, 0o711)  # the database does not run as root
        async with embedded_postgres(Path(folder) / "data", log=log) as dsn:
            await migrate(dsn, resource("migrations"))
            return await main(rate=rate, seconds=seconds, as_json=as_json, dsn=dsn)


async def main(*, rate: int, seconds: float, as_json: bool, dsn: str) -> int:
    """Send ``rate`` webhooks a second, print what came of them, and return 0 if none was refused or lost.

    ``dsn`` names a migrated database; what is written there belongs to an account of its own and is taken out again.
    """
    account = AccountId(f"bench-{secrets.token_hex(6)}")
    secret = secrets.token_urlsafe(24)
    async with open_pool(dsn) as pool:
        try:
            async with _serving(pool, account, secret) as url:
                await _send(url, secret, rate=rate, count=max(1, int(rate * WARM_UP_SECONDS)))
                await _clear(pool, account)
                cpu = os.times()
                found = await _send(url, secret, rate=rate, count=max(1, int(rate * seconds)))
                spent = os.times()
            used = (spent.user + spent.system - cpu.user - cpu.system) / (spent.elapsed - cpu.elapsed)
            report = await _report(pool, account, found, rate=rate, sent=max(1, int(rate * seconds)), cpu=used)
        finally:
            await _clear(pool, account)
    sys.stdout.write(json.dumps(asdict(report)) + "\n" if as_json else _table(report))
    return 0 if report.sound else 1


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values do not exceed; NaN of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


@asynccontextmanager
async def _serving(pool: asyncpg.Pool, account: AccountId, secret: str) -> AsyncIterator[str]:
    wake = Wake(pool)

    async def ready() -> Readiness:
        return Readiness(ready=True)

    async def no_thumbnail(_: AccountId, asset: AssetId) -> tuple[bytes, str]:
        raise Permanent(f"the benchmark has no picture of {asset}")

    app = make_app(
        sink=PostgresEventLog(pool, merge([embed.router, classify.router, archive.router, stack.router]), wake),
        accounts={account: WebhookAccount(secrets=(secret,))},
        readiness=ready,
        activity=PostgresActivity(pool),
        thumbnail=no_thumbnail,
        log=log,
    )
    try:
        async with serving(app, host=HOST, port=0) as port:
            yield f"http://{HOST}:{port}/webhook/{account}"
    finally:
        await wake.aclose()


async def _send(url: str, secret: str, *, rate: int, count: int) -> dict[str, Any]:
    """Run the sender as a child process; the secret travels in its environment, not on its command line."""
    arguments = ("-m", "reactor.bench.sender", url, "--rate", str(rate), "--count", str(count))
    child = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, env=os.environ | {SECRET_VARIABLE: secret}
    )
    try:
        async with asyncio.timeout(count / rate + PATIENCE_SECONDS):
            out, _ = await child.communicate()
    except TimeoutError as error:
        raise StartError("the benchmark's sender did not come to its end") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise StartError(f"the benchmark's sender ended with status {child.returncode}")
    found: dict[str, Any] = json.loads(out)
    return found


async def _report(
    pool: asyncpg.Pool, account: AccountId, found: dict[str, Any], *, rate: int, sent: int, cpu: float
) -> Report:
    rows = await pool.fetch(
        """
        SELECT subject FROM events e WHERE account = $1 AND kind = 'AssetUploaded'
            AND EXISTS (SELECT FROM deliveries d WHERE d.event = e.seq AND d.handler = 'embed')
        """,
        account,
    )
    stored = {row["subject"] for row in rows}
    acknowledged = {asset_id(number) for number in found["acknowledged"]}
    settings = await pool.fetchrow("SELECT current_setting('fsync') AS f, current_setting('synchronous_commit') AS s")
    assert settings is not None
    latencies = found["latencies_ms"]
    return Report(
        rate=rate,
        sent=sent,
        acknowledged=len(acknowledged),
        stored=len(stored),
        missing=len(acknowledged - stored),
        errors=found["errors"],
        seconds=round(found["seconds"], 2),
        acknowledged_per_second=round(len(acknowledged) / found["seconds"], 1),
        p50_ms=round(percentile(latencies, 0.50), 2),
        p95_ms=round(percentile(latencies, 0.95), 2),
        p99_ms=round(percentile(latencies, 0.99), 2),
        max_ms=round(max(latencies, default=math.nan), 2),
        server_cpu=round(cpu, 2),
        sender_cpu=round(found["sender_cpu"], 2),
        durable=f"fsync {settings['f']}, synchronous_commit {settings['s']}",
    )


async def _clear(pool: asyncpg.Pool, account: AccountId) -> None:
    await pool.execute("DELETE FROM deliveries d USING events e WHERE e.seq = d.event AND e.account = $1", account)
    await pool.execute("DELETE FROM events WHERE account = $1", account)


def _table(report: Report) -> str:
    errors = ", ".join(f"{number} x {what}" for what, number in report.errors.items()) or "none"
    return (
        f"{report.acknowledged_per_second:.0f} events/s acknowledged ({report.sent} sent at {report.rate}/s"
        f" in {report.seconds:.1f} s; {report.durable})\n"
        f"from the scheduled time: p50 {report.p50_ms:.1f} ms, p95 {report.p95_ms:.1f} ms,"
        f" p99 {report.p99_ms:.1f} ms, max {report.max_ms:.1f} ms\n"
        f"errors: {errors}; acknowledged but not in the log: {report.missing}\n"
        f"processor shares: server {report.server_cpu:.0%}, sender {report.sender_cpu:.0%} of a core\n"
    )
