"""The webhook benchmark, in small."""

import json

import asyncpg
import pytest

from reactor.bench.webhook import main, percentile


async def test_every_acknowledged_event_is_found_and_taken_out_again(
    database: str, pool: asyncpg.Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await main(rate=100, seconds=1, as_json=True, dsn=database) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["sent"], report["acknowledged"], report["stored"], report["missing"]) == (100, 100, 100, 0)
    assert report["errors"] == {}
    assert 0 < report["p50_ms"] <= report["p95_ms"] <= report["p99_ms"] <= report["max_ms"]
    assert report["durable"] == "fsync on, synchronous_commit on"
    assert await pool.fetchval("SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM deliveries)") == 0


async def test_the_table_is_for_people(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert await main(rate=50, seconds=0.2, as_json=False, dsn=database) == 0
    assert "acknowledged but not in the log: 0" in capsys.readouterr().out


def test_percentiles_are_values_that_were_seen() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [50.0, 95.0, 99.0, 100.0]
    assert percentile([7.0], 0.5) == 7.0
