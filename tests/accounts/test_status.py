"""What is said of each account: whose it is, what its key lacks, and whether its Immich answers."""

import asyncio

from structlog.testing import capture_logs

from reactor.core.accounts import Lack, Owner
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User

from ..household import eventually
from .conftest import ANNA, BEN, NEEDED, Opened, by_name


async def test_both_accounts_are_ok_and_say_whose_they_are(anna: User, ben: User, opened: Opened) -> None:
    accounts = opened({"anna": anna.api_key, "ben": ben.api_key})
    assert [status.state for status in accounts.status()] == ["not looked at yet"] * 2
    await accounts.start()
    assert [(status.account, status.state, status.version, status.missing) for status in accounts.status()] == [
        ("anna", "ok", "3.1.0", ()),
        ("ben", "ok", "3.1.0", ()),
    ]
    assert [status.owner for status in accounts.status()] == [
        Owner(id=anna.id, name="Anna"),
        Owner(id=ben.id, name="Ben"),
    ]


async def test_missing_permissions_are_named_with_what_they_switch_off(
    immich: SimulatedImmich, anna: User, ben: User, opened: Opened
) -> None:
    accounts = opened({"anna": immich.add_key(anna.id, NEEDED), "ben": ben.api_key})
    with capture_logs() as logs:
        await accounts.start()
        await accounts.refresh()
    found = by_name(accounts.status())
    assert found[ANNA].state == "ok"
    assert found[ANNA].missing == (
        Lack(feature="removing empty tags", permissions=("tag.delete",)),
        Lack(feature="stacks", permissions=("stack.read", "stack.create", "stack.update", "stack.delete")),
        Lack(feature="faces", permissions=("person.read", "face.read")),
        Lack(feature="new faces of known people", permissions=("person.statistics",)),
        Lack(feature="realtime", permissions=("all",)),
        Lack(feature="albums", permissions=("album.read",)),
        Lack(feature="filling albums", permissions=("album.create", "albumAsset.create", "albumAsset.delete")),
        Lack(
            feature="webhook setup",
            permissions=("workflow.read", "workflow.create", "workflow.update", "workflow.delete"),
        ),
    )
    assert str(found[ANNA].missing[2]) == "faces: add person.read, face.read"
    assert found[BEN].missing == ()
    # Said once, and only what a household misses is a warning.
    said = [(entry["feature"], entry["log_level"]) for entry in logs if "feature" in entry]
    assert said == [
        ("removing empty tags", "info"),
        ("stacks", "warning"),
        ("faces", "warning"),
        ("new faces of known people", "warning"),
        ("realtime", "info"),
        ("albums", "info"),
        ("filling albums", "info"),
        ("webhook setup", "info"),
    ]


async def test_a_key_that_may_not_say_whose_it_is_does_nothing(
    immich: SimulatedImmich, anna: User, ben: User, opened: Opened
) -> None:
    accounts = opened({"anna": immich.add_key(anna.id, ("asset.read",)), "ben": ben.api_key})
    await accounts.start()
    found = by_name(accounts.status())[ANNA]
    assert found.state == "cannot be used: the key may not say whose it is; add the permission user.read to it"
    assert found.missing[0] == Lack(feature="reading", permissions=("user.read", "asset.view"))
    assert accounts.stopped(ANNA) == found.state
    assert accounts.stopped(BEN) is None


async def test_accounts_are_looked_at_side_by_side(
    immich: SimulatedImmich, anna: User, ben: User, opened: Opened
) -> None:
    accounts = opened({"anna": anna.api_key, "ben": ben.api_key})
    immich.fail("GET", "/api/server/version", hang=True)
    looking = asyncio.create_task(accounts.refresh())

    async def other_is_through() -> bool:
        return ("GET", "/api/users/me", 200) in immich.requests

    await eventually(other_is_through, "one account is looked at while the other one hangs")
    assert not looking.done()
    immich.heal()
    assert [status.state for status in await looking] == ["ok", "ok"]


async def test_looks_are_shared(immich: SimulatedImmich, anna: User, opened: Opened) -> None:
    accounts = opened({"anna": anna.api_key})

    def looks() -> int:
        return sum(path == "/api/server/version" for _, path, _ in immich.requests)

    # Who asks while a look is under way gets the next one, which all others share.
    await asyncio.gather(*(accounts.refresh() for _ in range(20)))
    assert looks() == 2
    await accounts.refresh(older_than_s=60)
    assert looks() == 2
    await accounts.refresh()
    assert looks() == 3


async def test_an_outage_is_logged_once(immich: SimulatedImmich, anna: User, opened: Opened) -> None:
    accounts = opened({"anna": anna.api_key})
    with capture_logs() as logs:
        await accounts.start()
        await immich.pause()
        for _ in range(3):
            await accounts.refresh()
        await immich.resume()
        await accounts.refresh()
        immich.remove_key(anna.api_key)
        for _ in range(3):
            await accounts.refresh()
    assert [entry["event"] for entry in logs] == [
        "Immich answers",
        "Immich cannot be reached; work waits until it can",
        "Immich answers",
        "nothing is done for an account",
    ]
