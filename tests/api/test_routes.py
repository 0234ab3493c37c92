"""What each route answers, held against the API's own document."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from reactor.core.accounts import AccountStatus, Lack, Owner
from reactor.core.activity import Summary
from reactor.core.changes import ArchiveAssets, Change, Reason, StackAssets, StackState, TagAsset
from reactor.core.errors import Unreachable
from reactor.core.history import DeadFilter, EventFilter
from reactor.core.ids import AccountId, AssetId, RunId
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.modes import Modes
from reactor.core.pushes import PushSummary
from reactor.core.runs import Counts, ReplayRequest, RunState, ScanRequest
from reactor.core.status import Hearing, Way

from ..server.fakes import ME, NOON, PHOTO, World, a_letter, a_line, a_run, some_facts
from .client import Api

YOU = AccountId("you")


async def test_the_status_tells_everything_in_words(api: Api, world: World) -> None:
    now = datetime.now(UTC)
    lacks = (Lack(feature="stacks", permissions=("stack.create",)), Lack(feature="realtime", permissions=("all",)))
    world.facts = some_facts(
        modes=Modes(default="observe", features={"tags": "apply"}),
        accounts=(
            AccountStatus(account=ME, standing="ok", owner=Owner(id="1", name="Ida"), version="3.1.0", missing=lacks),
            AccountStatus(account=YOU, standing="refused", why="make a new key"),
        ),
        hearing=(
            Hearing(
                account=ME,
                pushes=PushSummary(webhook_last_heard=now - timedelta(minutes=3), missed=12, missed_since=now),
                ways=(Way(name="socket", words="connected", well=True),),
                question="9 of 20 people are gone at once",
            ),
        ),
        optional=frozenset({"realtime"}),
    )
    world.board.counts = Summary(heard=5, waiting=2, shelved=1)
    world.runs.runs = {RunId("scan:1"): a_run(1, ScanRequest())}
    status, answer = await api.get("/status")
    assert status == 200
    assert (answer["ready"], answer["mode"], answer["features"]["tags"]) == (True, "observe", "apply")
    mine, yours = answer["accounts"]
    assert (mine["state"], mine["user"], mine["well"]) == ("ok", "Ida", True)
    assert mine["off"] == [
        {"feature": "stacks", "add": ["stack.create"], "optional": False},
        {"feature": "realtime", "add": ["all"], "optional": True},
    ]
    assert (yours["state"], yours["why"], yours["needs_user"]) == ("key refused", "make a new key", True)
    (source,) = answer["sources"]
    assert [way["words"] for way in source["ways"]] == ["last heard 3 minutes ago", "connected"]
    assert (source["missed"], source["question"]) == (12, "9 of 20 people are gone at once")
    assert answer["counts"]["heard"] == 5
    assert [run["id"] for run in answer["runs"]] == ["scan:0001"]
    assert answer["faults"] == ["Immich of you: key refused: make a new key", "me: 9 of 20 people are gone at once"]


async def test_the_status_is_told_without_the_database_too(api: Api, world: World) -> None:
    world.board.error = Unreachable("the password is hunter2")
    status, answer = await api.get("/status")
    assert (status, answer["ready"], answer["counts"]) == (200, False, None)
    assert answer["database"] == "failed: it does not answer"
    assert answer["accounts"][0]["state"] == "ok"


async def test_events_are_listed_page_by_page(api: Api, world: World) -> None:
    world.history.lines = [a_line(number) for number in range(1, 6)]
    status, first = await api.get("/events", limit=3)
    assert (status, [event["seq"] for event in first["events"]], first["before"]) == (200, [5, 4, 3], 3)
    assert first["events"][0]["payload"] == {"account": "me", "asset": PHOTO}
    assert first["events"][0]["deliveries"][0]["handler"] == "embed"
    _, rest = await api.get("/events", limit=3, before=first["before"])
    assert ([event["seq"] for event in rest["events"]], rest["before"]) == ([2, 1], None)


async def test_events_are_asked_for_by_time_kind_account_and_photo(api: Api, world: World) -> None:
    query = "since=2026-06-01T12:00:00Z&until=2026-06-02T00:00:00%2B02:00&kind=AssetUploaded&kind=PersonNamed"
    status, _ = await api.get(f"/events?{query}&account=me&asset={PHOTO}")
    assert status == 200
    assert world.history.asked == [
        EventFilter(
            since=NOON,
            until=datetime(2026, 6, 1, 22, tzinfo=UTC),
            kinds=("AssetUploaded", "PersonNamed"),
            account=ME,
            subject=PHOTO,
        )
    ]


async def test_a_scan_is_started_and_joined(api: Api, world: World) -> None:
    body = {
        "accounts": ["me", "me"],
        "since": "2026-06-01",
        "until": "2026-06-01",
        "album": "Sommer",
        "only": "faces",
        "dry": True,
        "rate_per_minute": 60,
        "quiet_hours": "22:00-07:00",
    }
    status, first = await api.post("/scan", body)
    assert (status, first["joined"], first["run"]["state"]) == (202, False, "running")
    (run,) = world.runs.runs.values()
    day = date(2026, 6, 1)
    assert run.request == ScanRequest(
        accounts=(ME,),
        since=day,
        until=day,
        album="Sommer",
        only="faces",
        dry=True,
        rate_per_minute=60,
        quiet_hours="22:00-07:00",
    )
    status, second = await api.post("/scan", {"only": "stack"})
    assert (status, second["joined"], second["run"]["id"]) == (202, True, first["run"]["id"])
    assert len(world.runs.runs) == 1


async def test_no_body_at_all_is_a_scan_of_everything(api: Api, world: World) -> None:
    status, _ = await api.raw("POST", "/scan", headers={"Content-Type": "application/json; charset=utf-8"})
    assert status == 202
    assert [run.request for run in world.runs.runs.values()] == [ScanRequest()]


async def test_a_replay_is_started_or_only_told(api: Api, world: World) -> None:
    status, told = await api.post("/replay", {"everything": True, "dry_run": True})
    assert (status, told["events"], told["deliveries"]) == (200, 2, [["AssetUploaded", "embed", 2]])
    assert world.runs.runs == {}
    body = {"kinds": ["AssetUploaded"], "account": "me", "asset": PHOTO, "handlers": ["embed"], "failed": True}
    status, started = await api.post("/replay", body)
    assert (status, started["joined"]) == (202, False)
    (run,) = world.runs.runs.values()
    assert run.request == ReplayRequest(
        kinds=("AssetUploaded",), account=ME, asset=PHOTO, handlers=("embed",), failed=True
    )


@pytest.mark.parametrize("written", ["scan:0001", "scan%3A0001"])
async def test_a_run_is_looked_at_and_steered(api: Api, world: World, written: str) -> None:
    run = replace(a_run(1, ScanRequest()), counts=Counts(asked=10, done=4, failed=1), note="rests until 07:00")
    world.runs.runs[run.id] = run
    status, told = await api.get(f"/runs/{written}")
    assert (status, told["id"], told["open"], told["note"]) == (200, "scan:0001", 5, "rests until 07:00")
    for step, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        status, told = await api.post(f"/runs/{written}/{step}")
        assert (status, told["state"]) == (200, state)
    _, listed = await api.get("/runs", limit=1)
    assert [run["state"] for run in listed["runs"]] == ["cancelled"]


async def test_a_plan_is_told_in_words_and_page_by_page(api: Api, world: World) -> None:
    run = a_run(1, ScanRequest(dry=True), RunState.DONE)
    world.runs.runs[run.id] = run
    a, b, c = (AssetId(f"{number:08x}{PHOTO[8:]}") for number in range(3))
    reason = Reason(rule="like “a receipt”", scores=(("Receipts", 0.31),))
    changes: list[Change] = [
        StackAssets(account=ME, cover=a, members=(a, b), reason=reason),
        TagAsset(account=ME, asset=a, tags=("Auto/Receipts",), reason=reason),
        ArchiveAssets(account=ME, assets=(a,), reason=reason),
        StackAssets(account=ME, cover=a, members=(a, b, c), reason=reason),
    ]
    world.runs.planned = tuple(an_entry(number, change, run.id) for number, change in enumerate(changes, 1))
    status, first = await api.get(f"/runs/{run.id}/plan", limit=2)
    assert (status, first["total"], first["after"]) == (200, 3, 2)
    assert [change["what"].partition(" ")[0] for change in first["changes"]] == ["tag", "archive"]
    assert first["changes"][0]["scores"] == {"Receipts": 0.31}
    _, rest = await api.get(f"/runs/{run.id}/plan", after=2)
    assert ([change["what"][:14] for change in rest["changes"]], rest["after"]) == (["stack 3 photos"], None)


async def test_what_was_given_up_is_listed_retried_and_dropped(api: Api, world: World) -> None:
    world.history.letters = [a_letter(3), a_letter(2), a_letter(1, state="shelved")]
    status, told = await api.get("/deadletters", limit=1, handler="embed", account="me")
    assert (status, [letter["id"] for letter in told["letters"]], told["more"]) == (200, [3], True)
    assert told["letters"][0]["payload"]["asset"] == PHOTO
    _, told = await api.get("/deadletters", shelved="true")
    assert ([letter["state"] for letter in told["letters"]], told["more"]) == (["shelved"], False)
    assert world.history.asked == [DeadFilter(handler="embed", account=ME), DeadFilter(shelved=True)]
    assert await api.post("/deadletters/retry", {"ids": [3, 2]}) == (200, {"changed": 2})
    assert await api.post("/deadletters/drop", {"all": True, "handler": "embed", "account": "me"}) == (
        200,
        {"changed": 3},
    )
    assert world.history.changed == [
        ("retry", (3, 2), DeadFilter()),
        ("drop", None, DeadFilter(handler="embed", account=ME)),
    ]


async def test_missed_photos_are_reset_and_people_confirmed(api: Api, world: World) -> None:
    assert (await api.post("/accounts/me/missed/reset"))[0] == 200
    assert world.reset == [ME]
    status, told = await api.post("/accounts/me/people/confirm")
    assert (status, told["message"]) == (409, "nothing is asked about the people of this account")
    world.asked_about = 9
    status, told = await api.post("/accounts/me/people/confirm")
    assert (status, told["message"].startswith("9 people")) == (200, True)


def an_entry(number: int, change: Change, run: RunId) -> Entry:
    return Entry(
        id=number,
        change=change,
        cause=Cause(handler="x", event=1, run=run),
        state=EntryState.PLANNED,
        before=StackState(stacks=()),
        after=None,
        note="",
        written_at=NOON,
        settled_at=NOON,
    )
