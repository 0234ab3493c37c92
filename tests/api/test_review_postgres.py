"""The review over a real PostgreSQL: what the journal holds is listed, asked for, declined, put back."""

import json
from typing import Any

import asyncpg
import pytest

from reactor.adapters.postgres.journal import PostgresJournal
from reactor.core.changes import Change, Reason, StackAssets, StackState, TagAsset, TagState
from reactor.core.ids import LIVE, AccountId, AssetId, RunId
from reactor.core.journal import Cause, EntryState
from reactor.core.vetoes import MANY, Veto

from ..server.fakes import ME, PHOTO
from ..server.orders import a_trip
from .conftest import an_api
from .test_postgres import EVIL, House

WHY = Reason(rule=EVIL, scores=(("Receipts", 0.31),))


def photo(number: int) -> AssetId:
    return AssetId(f"{number:08x}{PHOTO[8:]}")


def a_tag(number: int, tag: str = "Auto/Receipts") -> TagAsset:
    return TagAsset(account=ME, asset=photo(number), tags=(tag,), reason=WHY)


class Review(House):
    """A house with a journal."""

    async def write(self, change: Change, state: EntryState, run: RunId = LIVE) -> int:
        journal = PostgresJournal(self.pool)
        before = StackState(stacks=()) if isinstance(change, StackAssets) else TagState(tags=frozenset())
        entry = await journal.write(change, Cause(handler="classify", event=7, run=run), before, EntryState.OPEN)
        if state is EntryState.DONE:
            assert isinstance(change, TagAsset)
            await journal.settle(entry, state, TagState(tags=frozenset(change.tags)))
        elif state is not EntryState.OPEN:
            await self.pool.execute("UPDATE journal SET state = $1 WHERE id = $2", state, entry)
        return entry

    async def requests(self) -> list[dict[str, Any]]:
        rows = await self.pool.fetch("SELECT request FROM runs ORDER BY created_at")
        return [json.loads(row["request"]) for row in rows]


@pytest.fixture
def house(pool: asyncpg.Pool) -> Review:
    return Review(pool)


async def test_what_waits_is_listed_and_carried_out(house: Review) -> None:
    planned = [await house.write(a_tag(number), EntryState.PLANNED) for number in (1, 2)]
    suggested = await house.write(a_tag(3), EntryState.SUGGESTED)
    dry = await house.write(a_tag(4), EntryState.PLANNED, RunId("dry:0001"))
    async with house.open() as session:
        api = await an_api(session)
        _, told = await api.get("/plan")
        assert [entry["id"] for entry in told["entries"]] == planned[::-1]
        assert told["waiting"] == {"planned": 2, "suggested": 1}
        _, told = await api.get("/plan", run="dry:0001")
        assert [entry["id"] for entry in told["entries"]] == [dry]
        _, told = await api.get("/plan", suggestions="true")
        assert [entry["id"] for entry in told["entries"]] == [suggested]
        assert (await api.post("/plan/apply", {"ids": [suggested, planned[0]]}))[0] == 202
        status, answer = await api.post("/plan/apply", {"all": True})
        assert (status, answer["joined"], answer["run"]["kind"]) == (202, False, "apply")
        assert (await api.post("/plan/apply", {"all": True, "feature": "stacks"}))[0] == 409
        _, told = await api.get(f"/runs/{answer['run']['id']}/report")
        assert (told["kind"], told["done"], told["lines"]) == ("apply", 0, [])
        async with session.get("/") as page:
            html = await page.text()
    first, second = await house.requests()
    assert (first["entries"], second["everything"]) == ([suggested, planned[0]], True)
    assert "2 planned" in html
    assert "1 suggestion" in html
    assert "<script>alert" not in html


async def test_what_is_declined_is_a_veto_that_can_be_revoked(house: Review) -> None:
    entry = await house.write(a_tag(1), EntryState.SUGGESTED)
    async with house.open() as session:
        api = await an_api(session)
        assert await api.post("/plan/decline", {"ids": [entry]}) == (200, {"changed": 1})
        assert await api.post("/plan/decline", {"ids": [entry]}) == (200, {"changed": 0})
        _, told = await api.get("/journal", state="declined")
        assert [line["id"] for line in told["entries"]] == [entry]
        _, told = await api.get("/vetoes", kind="tag")
        (veto,) = told["vetoes"]
        assert (veto["source"], veto["value"], veto["subjects"]) == ("declined", "Auto/Receipts", [photo(1)])
        assert await api.post("/vetoes/revoke", {"ids": [veto["id"]]}) == (200, {"changed": 1})
        assert (await api.get("/vetoes"))[1]["vetoes"] == []


async def test_an_undo_is_told_and_asked_for(house: Review) -> None:
    receipts = await house.write(a_tag(1), EntryState.DONE)
    pets = await house.write(a_tag(2, "Auto/Pets"), EntryState.DONE)
    await house.write(a_tag(3), EntryState.PLANNED)
    async with house.open() as session:
        api = await an_api(session)
        _, told = await api.post("/undo", {"event": 7, "dry_run": True})
        assert (told["entries"], told["features"]) == (2, [["tags", 2]])
        _, told = await api.post("/undo", {"category": "Receipts", "dry_run": True})
        assert [line["id"] for line in told["first"]] == [receipts]
        assert await house.requests() == []
        status, answer = await api.post("/undo", {"entries": [pets]})
        assert (status, answer["run"]["title"]) == (202, f"Undo of entry {pets}")
        assert (await api.post("/undo", {"feature": "faces"}))[0] == 409
        _, listed = await api.get("/runs")
        assert [run["kind"] for run in listed["runs"]] == ["undo"]


async def test_what_vanished_together_is_put_back_in_its_group(house: Review) -> None:
    entries = [await house.write(a_tag(number), EntryState.DONE) for number in range(MANY)]
    other = AccountId("anna")
    await house.desk.vetoes.remember(  # type: ignore[attr-defined]  # a PostgresVetoes
        [
            Veto(account=ME, kind="tag", subjects=(photo(number),), value="Auto/Receipts", why="gone", entry=entry)
            for number, entry in enumerate(entries)
        ]
        + [Veto(account=other, kind="tag", subjects=(photo(number),), value=EVIL) for number in range(MANY)]
    )
    async with house.open() as session:
        api = await an_api(session)
        _, told = await api.get("/status")
        assert {(lost["account"], lost["number"]) for lost in told["lost"]} == {("me", MANY), ("anna", MANY)}
        async with session.get("/") as page:
            html = await page.text()
        status, answer = await api.post("/vetoes/putback", {"all": True, "account": "me", "value": "Auto/Receipts"})
        assert (status, answer["run"]["kind"]) == (202, "apply")
        assert await api.post("/vetoes/mine", {"all": True}) == (200, {"changed": MANY})
        assert (await api.get("/status"))[1]["lost"] == []
        _, told = await api.get("/vetoes", limit=1000)
        assert {veto["account"] for veto in told["vetoes"]} == {"anna"}
    ((request),) = await house.requests()
    assert request["entries"] == entries
    assert f"{MANY} photos lost the tag Auto/Receipts" in html
    assert "<script>alert" not in html


async def test_a_limit_that_tripped_is_said_until_it_is_confirmed(house: Review) -> None:
    await house.desk.limits.trip(a_trip(why=EVIL))  # type: ignore[attr-defined]  # a PostgresLimits
    async with house.open() as session:
        api = await an_api(session)
        _, told = await api.get("/status")
        ((trip),) = told["trips"]
        assert (trip["feature"], told["ready"]) == ("tags", True)
        async with session.get("/readyz") as answer:
            assert (answer.status, (await answer.json())["checks"]["limits"][:19]) == (200, "failed: tags of me ")
        async with session.get("/") as page:
            html = await page.text()
        assert await api.post("/limits/confirm", {"ids": [trip["id"]]}) == (200, {"changed": 1})
        assert (await api.get("/status"))[1]["trips"] == []
    assert "tags of me stand still" in html
    assert "<script>alert" not in html


@pytest.mark.parametrize(
    "path",
    [
        "/journal?asset=%00",
        "/journal?account='; DROP TABLE journal; --",
        "/journal?asset=%FF%FE&kind=TagAsset",
        f"/journal?before={2**63 - 1}&event={2**63 - 1}",
        "/plan?account=%5C%27%22",
        "/vetoes?account=%25&kind=stack&state=revoked",
    ],
)
async def test_no_query_reaches_the_database_as_more_than_a_value(house: Review, path: str) -> None:
    async with house.open() as session:
        api = await an_api(session)
        assert (await api.get(path))[0] == (400 if "%00" in path else 200)
