"""The commands as a user gives them: undo, journal, plan, vetoes, limits; without a reactor and beside one."""

import asyncio
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from reactor.adapters.postgres.limits import PostgresLimits
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.core.ids import AccountId
from reactor.core.limits import Trip
from reactor.core.vetoes import Veto

from ..cli.test_run import environment, models, running, towards
from ..cli.warm import command
from ..household import eventually
from ..runs.bench import uploaded
from .rig import Rig, tag

DEFAULT = AccountId("default")
GONE = AccountId("gone")


@dataclass(kw_only=True)
class Shell:
    """A user's command line beside a database of their own."""

    rig: Rig
    home: Path
    settings: dict[str, str]

    async def __call__(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = await asyncio.to_thread(command, self.home, environment(self.home, **self.settings), *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    async def json(self, *arguments: str, code: int = 0) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = json.loads((await self(*arguments, "--json", code=code)).stdout)
        return found


@pytest.fixture
def shell(rig: Rig, database: str, tmp_path: Path) -> Shell:
    settings = towards(rig.home) | {"DATABASE_URL": database, "REACTOR_PORT": "0"}
    return Shell(rig=rig, home=tmp_path, settings=settings)


async def test_undo_without_a_reactor_is_done_by_the_command_and_nothing_else_is(shell: Shell) -> None:
    rig = shell.rig
    one, two = await rig.home.photos(2)
    first = await rig.did(tag(one, "Auto/A", account=DEFAULT))
    second = await rig.did(tag(two, "Auto/A", account=DEFAULT))
    lost = await rig.did(tag(two, "Auto/B", account=GONE))
    # What waits to be heard or decided is left to the next reactor.
    await rig.log.append([uploaded(one, DEFAULT)])
    waits = await rig.pool.fetchval("SELECT count(*) FROM deliveries")
    told = await shell("undo", "--all", "--dry-run")
    assert told.stdout.splitlines()[:2] == [
        "3 changes would be looked at and, where they still stand so, taken back:",
        "           3  tags",
    ]
    assert await rig.states(first, second, lost) == ["done"] * 3
    done = await shell("undo", "--entry", str(first))
    assert "XMP files that Immich wrote" in done.stderr
    assert "done  100%  Undo of entry 1: 1 of 1 done" in done.stdout
    assert "1 taken back, 0 left as they are, 0 failed" in done.stdout
    none = await shell("undo", "--category", "Nothing", "--dry-run")
    assert none.stdout == "nothing fits: it was never done, or is settled already\n"
    everything = await shell("undo", "--all", code=1)
    assert "until its veto is revoked" in everything.stderr
    assert "1 taken back, 0 left as they are, 1 failed" in everything.stdout
    sentence = "could not be taken back: the account gone is not in the settings"
    assert f"failed  {lost}  gone: tag {two}: Auto/B\n          {sentence}" in everything.stdout
    assert await rig.states(first, second, lost) == ["undone", "undone", "done"]
    name = everything.stdout.split()[0]
    again = await shell("undo", name, "--status")
    assert sentence in again.stdout
    # Nothing but the look at the tags that were taken off follows.
    live = "SELECT count(*) FROM deliveries WHERE run = 'live' AND handler <> 'keep'"
    assert await rig.pool.fetchval(live) == waits
    assert rig.home.key not in done.stdout + done.stderr + everything.stdout + everything.stderr


async def test_plans_are_listed_carried_out_and_declined(shell: Shell, demo_model: Path) -> None:
    rig = shell.rig
    # What no category asks for any more is not carried out.
    shell.settings["REACTOR_CLASSIFICATION"] = json.dumps({"categories": [{"name": "A", "prompts": ["a photo"]}]})
    one, two, three = await rig.home.photos(3)
    entries = [await rig.planned(tag(photo, "Auto/A", account=DEFAULT)) for photo in (one, two, three)]
    assert f"{entries[2]}  default  planned  tag {three}: Auto/A" in (await shell("plan")).stdout
    assert "more than these 2" in (await shell("plan", "--limit", "2")).stderr
    assert (await shell("plan", "apply", "--status")).stdout == "there was no apply yet\n"
    assert (await shell("plan", "decline", str(entries[0]))).stdout == "1 declined\n"
    assert "get it with `reactor model pull" in (await shell("plan", "apply", "--all", code=2)).stderr
    shell.settings |= models(shell.home, demo_model)
    applied = json.loads((await shell("plan", "--json", "apply", str(entries[1]))).stdout)
    assert (applied["run"]["state"], applied["report"]["done"]) == ("done", 1)
    rest = await shell("plan", "--account", "default", "apply", "--all")
    assert "1 carried out, 0 left as they are, 0 failed" in rest.stdout
    assert rest.stdout.split()[0] in (await shell("plan", "apply", "--status")).stdout
    refused = await shell("plan", "apply", "7", "--cancel", code=2)
    assert "is about what was ordered before" in " ".join(refused.stderr.split())
    assert "never planned, or is settled already" in (await shell("plan", "apply", str(entries[1]))).stdout
    assert [await rig.tags(photo) for photo in (one, two, three)] == [frozenset(), {"Auto/A"}, {"Auto/A"}]
    words = (await shell("journal", "--feature", "tags", "--since", "1h")).stdout
    assert f"declined  tag {one}: Auto/A" in words
    assert "because (Receipts 0.91)" in words
    assert "tags: none -> tags: Auto/A" in words


async def test_vetoes_are_listed_revoked_and_answered(shell: Shell) -> None:
    rig = shell.rig
    one, two, three = await rig.home.photos(3)
    entries = [await rig.did(tag(photo, "Auto/A", account=DEFAULT)) for photo in (one, two, three)]
    for photo in (one, two, three):
        await rig.home.user_untags(photo, "Auto/A")
    for photo, entry in zip((one, two, three), entries, strict=True):
        await PostgresVetoes(rig.pool).remember(
            [Veto(account=DEFAULT, kind="tag", subjects=(photo,), value="Auto/A", why="you took it off", entry=entry)]
        )
    await rig.pool.execute("UPDATE vetoes SET state = 'lost' WHERE entry <> $1", entries[0])
    ids = {veto.entry: str(veto.id) for veto in await PostgresVetoes(rig.pool).standing()}
    lost = (await shell("vetoes", "--lost")).stdout
    assert lost.count("did you do this, or did Immich lose it?") == 2
    assert f"tag Auto/A on {three}: you took it off" in lost
    # Nothing besides the answer is said where a program reads.
    assert (await shell("vetoes", "--json", "mine", ids[entries[1]])).stdout == '{"changed": 1}\n'
    back = json.loads((await shell("vetoes", "--json", "putback", ids[entries[2]])).stdout)
    assert (back["run"]["state"], back["report"]["done"]) == ("done", 1)
    assert [await rig.tags(photo) for photo in (one, two, three)] == [frozenset(), frozenset(), {"Auto/A"}]
    assert (await shell("vetoes", "revoke", ids[entries[0]])).stdout == "1 revoked\n"
    await rig.did(tag(one, "Auto/A", account=DEFAULT))
    assert await rig.tags(one) == {"Auto/A"}


async def test_what_stands_still_is_listed_and_goes_on(shell: Shell) -> None:
    limits = PostgresLimits(shell.rig.pool)
    trip = await limits.trip(Trip(account=DEFAULT, feature="tags", rule="changes", why="too many", value=400))
    assert f"{trip.id}  " in (listed := (await shell("limits")).stdout)
    assert "tags of default: too many" in listed
    assert (await shell("limits", "confirm", str(trip.id))).stdout == "1 goes on\n"
    assert await limits.open_trips() == ()


@pytest.mark.soak
async def test_beside_a_running_reactor_an_order_is_carried_out_by_it(shell: Shell, demo_model: Path) -> None:
    rig = shell.rig
    shell.settings |= models(shell.home, demo_model)
    (photo,) = await rig.home.photos(1)
    entry = await rig.did(tag(photo, "Auto/A", account=DEFAULT))
    async with running(shell.home, **shell.settings) as (_, said):

        async def up() -> bool:
            return "the reactor runs" in said()

        await eventually(up, "it runs")
        begun = await shell("undo", "--entry", str(entry))
        assert begun.stdout.startswith("undo:")
        applied = await shell("plan", "apply", "--all")
        assert f"`reactor plan --run {applied.stdout.split()[0]} apply --status`" in applied.stderr

        async def undone() -> bool:
            return await rig.states(entry) == ["undone"]

        await eventually(undone, "the reactor has taken it back")
        again = await shell.json("undo", "--all", "--once")
        assert (again["run"]["state"], again["report"]["done"]) == ("done", 0)
    assert await rig.tags(photo) == frozenset()
