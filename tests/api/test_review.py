"""The journal, what waits, vetoes and limits over the API: listed page by page, asked for and answered."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reactor.core.errors import Unreachable
from reactor.core.ids import AccountId, RunId
from reactor.core.journal import EntryState
from reactor.core.journal_lines import JournalFilter
from reactor.core.orders import ApplyRequest, OrderReport, UndoRequest
from reactor.core.runs import RunState, ScanRequest
from reactor.server.api import ordering

from ..server.fakes import ME, NOON, PHOTO, World, a_run
from ..server.orders import a_trip, a_veto, an_entry
from .client import Api

DRY = RunId("dry:0001")


async def test_the_journal_is_read_newest_first(api: Api, world: World) -> None:
    world.orders.journal = [an_entry(number, state=EntryState.DONE) for number in range(1, 6)]
    status, first = await api.get("/journal", limit=3)
    assert (status, [entry["id"] for entry in first["entries"]], first["before"]) == (200, [5, 4, 3], 3)
    assert (first["entries"][0]["why"], first["entries"][0]["scores"]) == ("like “a receipt”", {"Receipts": 0.2834})
    _, rest = await api.get("/journal", limit=3, before=3)
    assert ([entry["id"] for entry in rest["entries"]], rest["before"]) == ([2, 1], None)


async def test_the_journal_is_asked_for_by_everything(api: Api, world: World) -> None:
    query = "account=me&feature=tags&state=done&state=carried%20out&since=2026-06-01T12:00:00Z&run=live&event=7"
    status, _ = await api.get(f"/journal?{query}&until=2026-06-02T00:00:00%2B02:00&asset={PHOTO}&kind=TagAsset")
    assert status == 200
    assert world.orders.asked[-1] == JournalFilter(
        account=ME,
        feature="tags",
        states=(EntryState.DONE, EntryState.CARRIED_OUT),
        since=NOON,
        until=datetime(2026, 6, 1, 22, tzinfo=UTC),
        run=RunId("live"),
        event=7,
        asset=PHOTO,
        kind="TagAsset",
    )


async def test_plans_and_suggestions_are_listed_apart(api: Api, world: World) -> None:
    world.orders.journal = [an_entry(1), an_entry(2), an_entry(3, state=EntryState.SUGGESTED)]
    status, plans = await api.get("/plan", limit=2)
    assert (status, [entry["id"] for entry in plans["entries"]], plans["before"]) == (200, [2, 1], 1)
    assert plans["waiting"] == {"planned": 2, "suggested": 1}
    _, suggested = await api.get("/plan", suggestions="true", account="me", feature="tags")
    assert ([entry["id"] for entry in suggested["entries"]], suggested["before"]) == ([3], None)


@pytest.mark.parametrize(
    ("body", "request_"),
    [
        ({"ids": [2, 1, 2]}, ApplyRequest(entries=(2, 1))),
        ({"all": True}, ApplyRequest(everything=True)),
        (
            {"all": True, "account": "me", "feature": "tags", "run": DRY, "suggestions": True},
            ApplyRequest(everything=True, account=ME, feature="tags", run=DRY, suggestions=True),
        ),
    ],
    ids=("ids", "all", "filtered"),
)
async def test_plans_are_carried_out_or_declined(
    api: Api, world: World, body: dict[str, Any], request_: ApplyRequest
) -> None:
    world.orders.journal = [an_entry(1), an_entry(2), an_entry(3, state=EntryState.SUGGESTED)]
    status, answer = await api.post("/plan/apply", body)
    assert (status, answer["run"]["kind"], answer["joined"]) == (202, "apply", False)
    assert [run.request for run in world.runs.runs.values()] == [request_]
    status, answer = await api.post("/plan/decline", body)
    assert (status, answer["changed"] > 0) == (200, True)
    assert world.orders.declined == [request_]


async def test_two_orders_do_not_join(api: Api, world: World) -> None:
    world.orders.journal = [an_entry(1), an_entry(2)]
    for number in (1, 2):
        status, answer = await api.post("/plan/apply", {"ids": [number]})
        assert (status, answer["joined"]) == (202, False)
    assert len(world.runs.runs) == 2


async def test_what_does_not_wait_any_more_is_said(api: Api, world: World) -> None:
    world.orders.journal = [an_entry(1, state=EntryState.DECLINED)]
    for body in ({"all": True}, {"ids": [77]}):
        status, answer = await api.post("/plan/apply", body)
        assert (status, answer["message"]) == (409, "nothing of that waits any more")
        assert await api.post("/plan/decline", body) == (200, {"changed": 0})
        status, answer = await api.post("/undo", {"entries": [77]})
        assert (status, answer["message"]) == (409, "there is nothing of that to take back")
    assert world.runs.runs == {}


async def test_an_undo_is_told_beforehand_and_then_asked_for(api: Api, world: World) -> None:
    world.orders.journal = [an_entry(number, state=EntryState.DONE) for number in (1, 2)]
    status, told = await api.post("/undo", {"everything": True, "dry_run": True})
    assert (status, told["entries"], told["features"]) == (200, 2, [["tags", 2]])
    assert [entry["id"] for entry in told["first"]] == [2, 1]
    assert world.runs.runs == {}
    body = {
        "entries": [1, 2],
        "event": 7,
        "run": "scan:0001",
        "category": "Receipts",
        "since": "2026-06-01T12:00:00Z",
        "until": "2026-06-01T14:00:00+02:00",
        "account": "me",
        "feature": "tags",
    }
    status, started = await api.post("/undo", body)
    assert (status, started["run"]["kind"], started["run"]["asks"]) == (202, "undo", False)
    (run,) = world.runs.runs.values()
    assert run.request == UndoRequest(
        entries=(1, 2),
        event=7,
        run=RunId("scan:0001"),
        category="Receipts",
        since=NOON,
        until=NOON,
        account=ME,
        feature="tags",
    )


async def test_what_came_of_an_order_is_told(api: Api, world: World) -> None:
    run = RunId("undo:0001")
    world.orders.reports[run] = OrderReport(run=run, kind="undo", done=12, left=3)
    status, told = await api.get(f"/runs/{run}/report")
    assert (status, told["done"], told["left"], told["lines"]) == (200, 12, 3, [])
    for unknown in ("scan:0001", "undo:0002", "nope", "%00"):
        assert (await api.get(f"/runs/{unknown}/report"))[0] == 404


async def test_vetoes_are_listed_and_revoked(api: Api, world: World) -> None:
    world.vetoes.known = [a_veto(1), a_veto(2, "lost"), a_veto(3, "revoked"), a_veto(4, kind="archive", value="")]
    status, told = await api.get("/vetoes", limit=2)
    assert (status, [veto["id"] for veto in told["vetoes"]], told["before"]) == (200, [4, 2], 2)
    _, told = await api.get("/vetoes", account="me", kind="tag", state="lost", before=3)
    assert ([veto["id"] for veto in told["vetoes"]], told["before"]) == ([2], None)
    assert await api.post("/vetoes/revoke", {"ids": [1, 4, 77]}) == (200, {"changed": 2})
    assert [veto.state for veto in world.vetoes.known] == ["revoked", "lost", "revoked", "revoked"]


async def test_what_was_lost_is_mine_or_put_back(api: Api, world: World) -> None:
    stacks = [a_veto(number, "lost", kind="stack", value="") for number in (5, 6)]
    other = a_veto(7, "lost", value="Auto/Pets")
    world.vetoes.known = [a_veto(1), *(a_veto(number, "lost") for number in (2, 3, 4)), *stacks, other]
    assert await api.post("/vetoes/mine", {"ids": [1, 2, 77]}) == (200, {"changed": 1})
    tagged = {"all": True, "account": "me", "kind": "tag", "value": "Auto/Receipts"}
    status, answer = await api.post("/vetoes/putback", tagged)
    assert (status, answer["run"]["kind"]) == (202, "apply")
    assert world.orders.returned == [(4, 3)]
    assert [run.request for run in world.runs.runs.values()] == [ApplyRequest(entries=(3, 4))]
    assert await api.post("/vetoes/mine", {"all": True, "kind": "stack"}) == (200, {"changed": 2})
    assert [veto.id for veto in await world.vetoes.standing(state="lost")] == [7, 4, 3]
    status, answer = await api.post("/vetoes/putback", {"all": True, "account": "you"})
    assert (status, answer["message"]) == (409, "nothing of that is asked about")


async def test_more_than_a_page_may_be_lost(api: Api, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "PUT_BACK", 1100)
    world.vetoes.known = [a_veto(number, "lost", value=f"Auto/{number % 2}") for number in range(1, 2401)]
    assert (await api.post("/vetoes/putback", {"all": True, "value": "Auto/0"}))[0] == 202
    (put_back,) = world.orders.returned
    assert (len(put_back), put_back[0], put_back[-1]) == (1100, 2400, 202)
    assert await api.post("/vetoes/mine", {"all": True}) == (200, {"changed": 2400})


async def test_what_a_limit_stopped_goes_on(api: Api, world: World) -> None:
    anna = AccountId("anna")
    world.limits.trips = [a_trip(1), a_trip(2, account=anna, feature="stacks"), a_trip(3, account=anna)]
    status, told = await api.get("/limits")
    assert (status, [trip["id"] for trip in told["trips"]]) == (200, [1, 2, 3])
    assert await api.post("/limits/confirm", {"ids": [1, 77]}) == (200, {"changed": 1})
    assert world.hastened == [ME]
    assert await api.post("/limits/confirm", {"all": True}) == (200, {"changed": 2})
    assert world.hastened == [ME, anna]
    assert await api.post("/limits/confirm", {"all": True}) == (200, {"changed": 0})


async def test_a_run_that_asks_is_given_more(api: Api, world: World) -> None:
    run = replace(a_run(1, ScanRequest(budget=500), RunState.PAUSED), asks=True)
    world.runs.runs[run.id] = run
    _, told = await api.get(f"/runs/{run.id}")
    assert (told["asks"], told["request"]["budget"]) == (True, 500)
    assert (await api.post(f"/runs/{run.id}/resume", {"budget": 250}))[0] == 200
    world.runs.runs[run.id] = run
    assert (await api.post(f"/runs/{run.id}/resume"))[0] == 200
    assert world.runs.budgets == [250, None]


async def test_scans_and_replays_begin_with_a_budget(api: Api, world: World) -> None:
    for path in ("/scan", "/replay"):
        status, answer = await api.post(path, {"budget": 20} | ({"failed": True} if path == "/replay" else {}))
        assert (status, answer["run"]["request"]["budget"]) == (202, 20)


TOO_MANY = list(range(1, 1002))
SENSELESS: list[tuple[str, Any, str]] = [
    ("/plan/apply", {}, "give either ids, or all: true"),
    ("/plan/apply", {"ids": [1], "all": True}, "give either ids, or all: true"),
    ("/plan/apply", {"ids": []}, "ids: list should have at least 1 item"),
    ("/plan/apply", {"ids": TOO_MANY}, "ids: list should have at most 1000 items"),
    ("/plan/apply", {"ids": [0]}, "ids.0: input should be greater than or equal to 1"),
    ("/plan/apply", {"ids": [1], "suggestions": True}, "account, feature, run and suggestions go with all: true"),
    ("/plan/apply", {"all": True, "account": "you"}, "there is no account 'you'; there are me"),
    ("/plan/decline", {"all": True, "feature": "tea"}, "feature: input should be 'tags', 'archive', 'favourites'"),
    ("/plan/decline", {"all": True, "account": "you"}, "there is no account 'you'; there are me"),
    ("/plan/decline", {"all": True, "run": "../x"}, "run: string should match pattern"),
    ("/undo", {}, "an undo needs a filter"),
    ("/undo", {"dry_run": True}, "an undo needs a filter"),
    ("/undo", {"entries": TOO_MANY}, "entries: list should have at most 1000 items"),
    ("/undo", {"entries": [2**63]}, "entries.0: input should be less than"),
    ("/undo", {"since": "2026-06-02T00:00:00Z", "until": "2026-06-01T00:00:00Z"}, "before it begins"),
    ("/undo", {"since": "2026-06-02T00:00:00"}, "since: input should have timezone info"),
    ("/undo", {"category": "a\u0000b"}, "category: string should match pattern"),
    ("/undo", {"account": "you"}, "there is no account 'you'; there are me"),
    ("/undo", {"photo": PHOTO}, "photo: there is no such field"),
    ("/vetoes/revoke", {}, "ids: field required"),
    ("/vetoes/revoke", {"all": True}, "all: there is no such field"),
    ("/vetoes/mine", {}, "give either ids, or all: true"),
    ("/vetoes/mine", {"ids": [1], "value": "Auto/Pets"}, "account, kind and value go with all: true"),
    ("/vetoes/putback", {"all": True, "kind": "party"}, "kind: input should be 'tag', 'archive', 'favourite', 'album'"),
    ("/vetoes/putback", {"ids": TOO_MANY}, "ids: list should have at most 1000 items"),
    ("/limits/confirm", {}, "give either ids, or all: true"),
    ("/limits/confirm", {"ids": ["all"]}, "ids.0: input should be a valid integer"),
    ("/runs/scan:1/resume", {"budget": 0}, "budget: input should be greater than or equal to 1"),
    ("/scan", {"budget": 10**9}, "budget: input should be less than or equal to 10000000"),
    ("/replay", {"budget": 20}, "a replay needs a filter"),
]
SENSELESS_QUERIES = [
    ("/journal?state=lost", "state.0: input should be 'planned', 'open'"),
    ("/journal?kind=Party", "there is no kind Party; there are TagAsset"),
    ("/journal?limit=1001", "limit: input should be less than or equal to 1000"),
    ("/journal?event=0", "event: input should be greater than or equal to 1"),
    ("/plan?suggestions=perhaps", "suggestions: input should be a valid boolean"),
    ("/plan?before=x", "before: input should be a valid integer"),
    ("/vetoes?state=done", "state: input should be 'active', 'lost' or 'revoked'"),
    ("/limits?x=1", "x: there is no such field"),
]


async def test_what_makes_no_sense_is_named(api: Api, world: World) -> None:
    world.orders.journal = [an_entry(1)]
    for path, body, words in SENSELESS:
        status, answer = await api.post(path, body)
        assert (status, words in answer["message"]) == (400, True), (path, answer)
    for path, words in SENSELESS_QUERIES:
        status, answer = await api.get(path)
        assert (status, words in answer["message"]) == (400, True), (path, answer)
    assert world.runs.runs == {}
    assert world.orders.declined == []


async def test_a_database_that_is_away_is_said(api: Api, world: World) -> None:
    world.orders.error = Unreachable("hunter2")
    answers = [
        await api.get("/journal"),
        await api.get("/plan"),
        await api.get("/runs/undo:1/report"),
        await api.post("/plan/apply", {"all": True}),
        await api.post("/plan/decline", {"all": True}),
        await api.post("/undo", {"everything": True}),
    ]
    assert [status for status, _ in answers] == [503] * len(answers)
    assert "hunter2" not in str(answers)
