"""The socket as a source, against a simulated Immich over a real connection."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import aiohttp
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.transport import ImmichTransport
from reactor.core.ids import AccountId
from reactor.demo.immich import SimulatedImmich
from reactor.demo.immich.state import User
from reactor.sources.poll import Pace, UploadPoll
from reactor.sources.pushes import Pushes
from reactor.sources.realtime import Patience, RealtimeSource
from reactor.sources.socket import Wire
from tests.faults.proxy import Weather, a_proxy
from tests.immich_client.phone import ask, jpeg, upload
from tests.sources.conftest import ANNA, Ahead, until
from tests.sources.fakes import MemoryBookmarks, MemoryLog
from tests.sources.rig import QUICK, Rig, Woken, library_of


@pytest.fixture
def rig(library: Ahead, log: MemoryLog, pushes: Pushes) -> Rig:
    return Rig(library=library, log=log, pushes=pushes)


def woken_by(woken: Woken, changes: int) -> bool:
    return woken.changes == changes


async def test_an_upload_is_in_the_log_within_moments_and_once(
    immich: SimulatedImmich, user: User, rig: Rig, log: MemoryLog, pushes: Pushes
) -> None:
    async with rig.listening(immich.url, user.api_key) as source:
        await until(lambda: rig.woken.logins == 1)
        assert source.status().startswith("connected since 20")
        assert pushes.trusted
        photo = await upload(immich.url, user.api_key, jpeg(1))
        await until(lambda: photo in log.subjects)
        assert log.brought_by("socket") == [photo]
        assert pushes.summary().socket_last_heard is not None
    assert not pushes.trusted


async def test_hidden_foreign_and_broken_uploads_are_not_heard(
    immich: SimulatedImmich, user: User, rig: Rig, log: MemoryLog
) -> None:
    ben = immich.add_user("Ben", "ben@home.example")
    immich.share_timeline(ben.id, user.id)
    async with rig.listening(immich.url, user.api_key):
        await until(lambda: rig.woken.logins == 1)
        await upload(immich.url, ben.api_key, jpeg(2))
        await upload(immich.url, user.api_key, jpeg(3), "part.mp4", visibility="hidden")
        await upload(immich.url, user.api_key, jpeg(4), visibility="locked")
        await upload(immich.url, user.api_key, b"no picture")
        await until(lambda: immich.idle)
        archived = await upload(immich.url, user.api_key, jpeg(5), visibility="archive")
        await until(lambda: bool(log.events))
    assert log.subjects == [archived]


async def test_changes_and_people_are_hints_for_the_polls(immich: SimulatedImmich, user: User, rig: Rig) -> None:
    photo = await upload(immich.url, user.api_key, jpeg(6))
    await until(lambda: immich.idle)
    woken = rig.woken
    async with rig.listening(immich.url, user.api_key):
        await until(lambda: woken.logins == 1)
        for number, (method, path, body) in enumerate(
            [
                ("PUT", "/assets", {"ids": [photo], "visibility": "archive"}),
                ("DELETE", "/assets", {"ids": [photo]}),
                ("POST", "/trash/restore/assets", {"ids": [photo]}),
            ]
        ):
            await ask(immich.url, user.api_key, method, path, body)
            await until(partial(woken_by, woken, number + 1))
        immich.recognise(photo, box=(8, 6, 40, 36), image_size=(64, 48))
        await until(lambda: woken.people == 1)
        await ask(immich.url, user.api_key, "DELETE", "/assets", {"ids": [photo], "force": True})
        await until(lambda: woken.changes == 4)
    assert woken.logins == 1


async def test_a_key_without_all_is_told_once_and_the_poll_goes_on(
    immich: SimulatedImmich, user: User, rig: Rig, log: MemoryLog, bookmarks: MemoryBookmarks, pushes: Pushes
) -> None:
    key = immich.add_key(user.id, ("asset.read", "user.read"))
    assert Patience().lacking_s == 600
    async with library_of(immich, key) as library:
        pace = Pace(busy=timedelta(milliseconds=20))
        poll = UploadPoll(ANNA, library, log, bookmarks, pushes, interval=pace)
        now = datetime.now(UTC)
        past = {"since": (now - timedelta(hours=1)).isoformat(), "until": now.isoformat()}
        bookmarks.values["uploads:anna"] = past
        with capture_logs() as logs:
            asking = asyncio.create_task(poll.run())
            async with rig.listening(immich.url, key, library=library) as source:
                await until(lambda: sum(path == "/api/api-keys/me" for _, path, _ in immich.requests) >= 5)
                photo = await upload(immich.url, user.api_key, jpeg(7))
                await until(lambda: photo in log.subjects)
                assert source.status().startswith("off: the key lacks the permission all")
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
    assert log.brought_by("poll") == [photo]
    assert [entry["event"].split(",")[0] for entry in logs] == [
        "the socket of anna waits: the key lacks the permission all"
    ]


async def test_a_key_that_the_server_refuses_is_told_once_and_tried_again(
    immich: SimulatedImmich, user: User, rig: Rig
) -> None:
    """The server says "unauthorized" of its own troubles too, so it may accept the same key later."""

    class Hopeful(ImmichLibrary):
        asked = 0

        async def permissions(self) -> frozenset[str]:
            Hopeful.asked += 1
            return frozenset({"all"})

    limited = immich.add_key(user.id, ("user.read",))
    async with aiohttp.ClientSession() as session:
        library = Hopeful(ImmichTransport(immich.url, SecretStr(limited), ANNA, session=session))
        with capture_logs() as logs:
            async with rig.listening(immich.url, limited, library=library) as source:
                await until(lambda: Hopeful.asked >= 4)
                assert source.status().startswith("off: Immich does not let this key listen")
                assert not rig.pushes.trusted
    assert [entry["event"].split(": ")[0] for entry in logs] == ["the socket of anna waits"]
    assert rig.woken.logins == 0


async def test_a_key_that_gains_the_permission_is_taken_at_the_next_try(
    immich: SimulatedImmich, user: User, rig: Rig
) -> None:
    class Waiting(ImmichLibrary):
        granted = False

        async def permissions(self) -> frozenset[str]:
            return await super().permissions() if self.granted else frozenset({"asset.read"})

    async with aiohttp.ClientSession() as session:
        library = Waiting(ImmichTransport(immich.url, SecretStr(user.api_key), ANNA, session=session))
        async with rig.listening(immich.url, user.api_key, library=library) as source:
            await until(lambda: source.status().startswith("off"))
            library.granted = True
            await until(lambda: rig.woken.logins == 1)


async def test_a_key_removed_while_connected_stops_this_account_alone(
    immich: SimulatedImmich, user: User, rig: Rig, log: MemoryLog
) -> None:
    ben = immich.add_user("Ben", "ben@home.example")
    bens = Rig(library=rig.library, log=log, pushes=Pushes(AccountId("ben"), MemoryBookmarks(), datetime.now(UTC)))
    async with library_of(immich, ben.api_key, AccountId("ben")) as library:
        with capture_logs() as logs:
            async with (
                rig.listening(immich.url, user.api_key) as source,
                bens.listening(immich.url, ben.api_key, library=library) as other,
            ):
                await until(lambda: rig.woken.logins == bens.woken.logins == 1)
                immich.remove_key(user.api_key)
                await immich.pause()  # Immich leaves a socket alone whose key is gone, until it breaks
                await immich.resume()
                await until(lambda: source.status().startswith("off: Immich refuses the API key"))
                await until(lambda: bens.woken.logins == 2)
                photo = await upload(immich.url, ben.api_key, jpeg(8))
                await until(lambda: photo in log.subjects)
                assert other.status().startswith("connected")
    refusals = [entry for entry in logs if "refuses the API key" in entry["event"]]
    assert len(refusals) == 1


async def test_after_a_restart_it_logs_in_again_and_the_poll_finds_what_was_told_meanwhile(
    immich: SimulatedImmich, user: User, library: Ahead, log: MemoryLog, bookmarks: MemoryBookmarks, pushes: Pushes
) -> None:
    library.by = timedelta(seconds=5)
    poll = UploadPoll(
        ANNA, library, log, bookmarks, pushes, interval=Pace(busy=timedelta(hours=1), idle=timedelta(hours=1))
    )
    now = datetime.now(UTC)
    past = {"since": (now - timedelta(hours=1)).isoformat(), "until": now.isoformat()}
    bookmarks.values["uploads:anna"] = past
    source = RealtimeSource(
        ANNA,
        immich.url,
        SecretStr(user.api_key),
        library,
        log,
        pushes,
        poll.wake,
        Woken().change,
        Woken().person,
        patience=replace(QUICK, longest_s=0.3),
    )
    with capture_logs() as logs:
        tasks = [asyncio.create_task(poll.run()), asyncio.create_task(source.run())]
        await until(lambda: source.status().startswith("connected"))
        first = await upload(immich.url, user.api_key, jpeg(9))
        await until(lambda: first in log.subjects)
        await immich.pause()
        await until(lambda: source.status().startswith("reconnecting: "))
        (missed,) = await immich.import_library(user.id, [("while away.jpg", jpeg(10))])
        await until(lambda: immich.idle)
        await immich.resume()
        await until(lambda: missed in log.subjects)
        assert source.status().startswith("connected")
        second = await upload(immich.url, user.api_key, jpeg(11))
        await until(lambda: second in log.subjects)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert missed in log.brought_by("poll")  # the login wakes it, so it may be the first with the others too
    assert sorted(log.subjects) == sorted([first, missed, second])
    assert user.api_key not in str(logs)


@pytest.mark.parametrize(
    "wire",
    [Wire(heartbeat_s=0.2), Wire(heartbeat_s=1000, ping_s=0.2, close_s=0.1)],
    ids=["our own heartbeat", "the ping that the server owes"],
)
async def test_a_half_open_connection_is_found_out_and_replaced(
    immich: SimulatedImmich, user: User, rig: Rig, log: MemoryLog, wire: Wire
) -> None:
    port = int(immich.url.rpartition(":")[2])
    async with a_proxy(port) as proxy, rig.listening(proxy.url, user.api_key, replace(QUICK, wire=wire)) as source:
        await until(lambda: rig.woken.logins == 1)
        proxy.change(Weather(swallow=True))
        await until(lambda: source.status().startswith("reconnecting: the connection was lost"))
        assert not rig.pushes.trusted
        proxy.change(Weather())
        await until(lambda: rig.woken.logins >= 2)
        photo = await upload(immich.url, user.api_key, jpeg(13))
        await until(lambda: photo in log.subjects)
