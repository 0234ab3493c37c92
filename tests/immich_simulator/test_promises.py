"""The demo holds the reactor to its tables, and fails loudly where it breaks them."""

import json
from dataclasses import replace

import aiohttp
import pytest

from reactor.adapters.immich.routes import allows
from reactor.demo.command import DemoOptions, run_demo
from reactor.demo.frigate import SimulatedFrigate
from reactor.demo.immich import SimulatedImmich, User
from reactor.demo.promises import BrokenPromise, expect_kept, hold, hold_to_reading

ONCE = DemoOptions(photos=None, count=1, once=True, as_json=True, port=0)


async def test_a_request_outside_the_tables_is_told(immich: SimulatedImmich, ann: User) -> None:
    key = immich.add_key(ann.id)
    async with SimulatedFrigate() as frigate, aiohttp.ClientSession(headers={"x-api-key": key}) as session:
        hold(immich, key, frigate)
        async with session.get(f"{immich.url}/api/tags") as fine, session.get(f"{frigate.url}/api/faces") as too:
            assert (fine.status, too.status) == (200, 200)
        expect_kept(immich, frigate)
        async with session.post(f"{frigate.url}/api/restart") as refused:
            assert refused.status == 500
        with pytest.raises(BrokenPromise, match=r"reached Frigate: POST /api/restart \(1 in all\)"):
            expect_kept(immich, frigate)
        async with session.post(f"{immich.url}/api/trash/empty") as refused:
            assert refused.status == 500
        with pytest.raises(BrokenPromise, match=r"reached Immich: POST /api/trash/empty \(1 in all\)"):
            expect_kept(immich, frigate)


async def test_the_demo_fails_where_the_reactor_breaks_its_promise(capsys: pytest.CaptureFixture[str]) -> None:
    def stricter(method: str, path: str, body: object) -> bool:
        return allows(method, path, body) and not path.endswith("/thumbnail")

    assert await run_demo(ONCE, allows=stricter) == 1
    out, err = capsys.readouterr()
    assert '"assets"' not in out
    assert "reactor: a request that the reactor promises never to send reached Immich: GET /api/assets/" in " ".join(
        err.split()
    )


async def test_a_demo_that_only_observes_sends_nothing_that_changes_anything(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The servers hold it to reading and searching, and one request more fails it."""
    observing = replace(ONCE, count=12, observe=True)
    assert await run_demo(observing) == 0
    told = json.loads(next(line for line in capsys.readouterr().out.splitlines() if line.startswith("{")))
    assert told["assets"] == 12
    assert (told["tags"], told["archived"], told["stacks"], told["portraits"]) == (0, 0, 0, 0)


async def test_a_demo_that_only_observes_is_really_held_to_reading(immich: SimulatedImmich, ann: User) -> None:
    key = immich.add_key(ann.id)
    async with SimulatedFrigate() as frigate, aiohttp.ClientSession(headers={"x-api-key": key}) as session:
        hold_to_reading(immich, key, frigate)
        async with session.put(f"{immich.url}/api/tags", json={"tags": ["Auto/X"]}) as refused:
            assert refused.status == 500
        with pytest.raises(BrokenPromise, match="reached Immich: PUT /api/tags"):
            expect_kept(immich, frigate)
