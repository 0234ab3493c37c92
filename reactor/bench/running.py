"""A real reactor on a throw-away database, beside a simulated Immich, and how far it is."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from pydantic import SecretStr

from reactor.bench.simulator import Simulated
from reactor.config import AccountSettings, FixedSettings, LimitSettings, Settings
from reactor.core.errors import StartError
from reactor.core.events import AssetUploaded
from reactor.core.ids import AccountId, AssetId
from reactor.wiring.reactor import Reactor

ACCOUNT = AccountId("bench")
SECRET = "a secret of the benchmark"  # noqa: S105 - it guards a server on loopback that lives for minutes
LOOK_SECONDS = 0.5
TOGETHER = 500


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How many deliveries wait or are in hand, are done, and ended otherwise; and what came of them."""

    open: int
    done: int
    failed: int
    photos: int
    tagged: int
    archived: int
    stacked: int


@contextmanager
def a_folder() -> Iterator[Path]:
    """Yield a folder for one measurement; it is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="reactor-bench-") as folder:
        Path(folder).chmod(0o711)  # the database does not run as root
        yield Path(folder)


# Every limit is asked as it always is; that one category fits all pictures is the benchmark's doing.
WIDE = LimitSettings(photos_besides=100_000, changes_besides=100_000)


def settings_for(folder: Path, immich: Simulated, **given: Any) -> Settings:
    """Return settings for a reactor that changes what it finds, with its state in the folder."""
    account = AccountSettings(api_key=SecretStr(immich.key), url=immich.url, webhook_secrets=(SecretStr(SECRET),))
    fixed = {
        "mode": "apply",
        "host": "127.0.0.1",
        "port": 0,
        "data_dir": folder / "data",
        "log_level": "WARNING",
        "limits": WIDE,
    }
    return FixedSettings(accounts={ACCOUNT: account}, **{**fixed, **given})


async def tell(reactor: Reactor, assets: Sequence[str]) -> None:
    """Put the upload of each asset into the log, as the sources do."""
    for start in range(0, len(assets), TOGETHER):
        some = assets[start : start + TOGETHER]
        await reactor.stores.log.append([AssetUploaded(account=ACCOUNT, asset=AssetId(asset)) for asset in some])


async def progress(pool: asyncpg.Pool) -> Progress:
    """Count deliveries and what came of them."""
    row = await pool.fetchrow(
        """
        SELECT (SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'running', 'joined')) AS open,
            (SELECT count(*) FROM deliveries WHERE state = 'done') AS done,
            (SELECT count(*) FROM deliveries WHERE state NOT IN ('waiting', 'running', 'joined', 'done')) AS failed,
            (SELECT count(*) FROM photos) AS photos,
            (SELECT count(*) FROM journal WHERE kind = 'TagAsset' AND state = 'done') AS tagged,
            (SELECT count(*) FROM journal WHERE kind = 'ArchiveAssets' AND state = 'done') AS archived,
            (SELECT count(*) FROM journal WHERE kind = 'StackAssets' AND state = 'done') AS stacked
        """
    )
    assert row is not None
    return Progress(**row)


async def until(state: Callable[[], Awaitable[bool]], what: str, *, seconds: float) -> None:
    """Wait for a state, looking now and then; raises StartError saying what did not come."""
    deadline = time.monotonic() + seconds
    while not await state():
        if time.monotonic() > deadline:
            raise StartError(f"{what}: not within {seconds:.0f} s")
        await asyncio.sleep(LOOK_SECONDS)


async def drained(pool: asyncpg.Pool, *, seconds: float, look: Callable[[], Awaitable[None]] | None = None) -> None:
    """Wait until no delivery waits or is in hand, with ``look`` called now and then; raises StartError after a while.

    One open delivery is looked for, by its index: waiting must cost next to nothing.
    """

    async def at_rest() -> bool:
        if look is not None:
            await look()
        some = "SELECT EXISTS (SELECT FROM deliveries WHERE state IN ('waiting', 'running', 'joined'))"
        return not await pool.fetchval(some)

    await until(at_rest, "the reactor's work comes to its end", seconds=seconds)


async def classified_within(pool: asyncpg.Pool, assets: Sequence[str]) -> float:
    """Return the seconds by the database's clock from the first of these uploads in the log to the last classified."""
    found: float | None = await pool.fetchval(
        """
        SELECT extract(epoch FROM max(d.settled_at) - min(e.heard_at))::float8
        FROM events e JOIN deliveries d ON d.event = e.seq
        WHERE e.subject = ANY($1) AND d.handler IN ('embed', 'classify') AND d.state = 'done'
        """,
        list(assets),
    )
    if found is None:
        raise StartError("the reactor has classified none of the photos")
    return found
