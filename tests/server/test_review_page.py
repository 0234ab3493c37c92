"""What the page shows of plans, suggestions, limits, losses, vetoes and orders, and what each of its buttons sends."""

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import aiohttp
import pytest

from reactor.core.activity import Summary
from reactor.core.changes import StackAssets, TagAsset, UntagAsset
from reactor.core.errors import Retryable
from reactor.core.ids import AccountId, AssetId, RunId
from reactor.core.journal import EntryState
from reactor.core.modes import Modes
from reactor.core.orders import OrderReport, OutcomeLine, UndoRequest
from reactor.core.runs import RunState, ScanRequest

from .fakes import EVIL, ME, PHOTO, World, a_run, some_facts
from .orders import RULE, a_trip, a_veto, an_entry

PANELS = ("planned", "suggestions", "stopped", "lost", "lately", "vetoes")
BUTTON = re.compile(r'<button [^>]*data-post="([^"]*)" data-body="([^"]*)"[^>]*>([^<]*)</button>')


async def page_of(client: aiohttp.ClientSession) -> str:
    async with client.get("/") as answer:
        return await answer.text()


def buttons(html: str) -> dict[str, list[tuple[str, Any]]]:
    """Return what each button sends, by its words."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for path, body, words in BUTTON.findall(html):
        found.setdefault(words, []).append((unescape(path), json.loads(unescape(body))))
    return found


def shown(html: str) -> set[str]:
    return {panel for panel in PANELS if f'aria-labelledby="{panel}"' in html}


async def test_where_nothing_waits_the_page_is_quiet(client: aiohttp.ClientSession) -> None:
    assert shown(await page_of(client)) == set()


async def test_plans_are_shown_with_their_reasons(client: aiohttp.ClientSession, world: World) -> None:
    cover = AssetId(f"00000000{PHOTO[8:]}")
    stack = StackAssets(account=ME, cover=PHOTO, members=(cover, PHOTO), reason=RULE)
    world.orders.journal = [*(an_entry(number) for number in range(1, 25)), an_entry(25, stack)]
    html = await page_of(client)
    assert shown(html) == {"planned"}
    for words in (
        "25 planned",
        "stack 2 photos",
        "tag Auto/Receipts",
        "like “a receipt”",
        '<data value="0.2834">0.28</data>',
        "The mode is <b>observe</b>",
        "REACTOR_MODE=apply",
        "20 more",
        "and 5 older ones",
    ):
        assert words in html, words
    sent = buttons(html)
    assert sent["Apply all"] == [("/api/plan/apply", {"all": True})]
    assert sent["Apply"][:2] == [("/api/plan/apply", {"ids": [25]}), ("/api/plan/apply", {"ids": [24]})]
    assert sent["Decline"][0] == ("/api/plan/decline", {"ids": [25]})
    assert len(sent["Apply"]) == len(sent["Decline"]) == 20
    assert f'<img src="/thumb/me/{PHOTO}"' in html
    assert f'<img src="/thumb/me/{cover}"' not in html


async def test_where_changes_are_made_a_plan_says_why_it_waits(client: aiohttp.ClientSession, world: World) -> None:
    world.facts = some_facts(modes=Modes(default="apply", features={"tags": "observe"}))
    world.orders.journal = [an_entry(1)]
    html = await page_of(client)
    assert "The mode is <b>observe</b>" not in html
    assert "Where the mode is <b>observe</b>, for a feature or for an account" in html


async def test_suggestions_are_accepted_or_declined(client: aiohttp.ClientSession, world: World) -> None:
    world.orders.journal = [an_entry(number, state=EntryState.SUGGESTED) for number in (1, 2)]
    html = await page_of(client)
    assert shown(html) == {"suggestions"}
    assert "2 suggestions" in html
    sent = buttons(html)
    assert sent["Accept"] == [("/api/plan/apply", {"ids": [number]}) for number in (2, 1)]
    assert sent["Decline"] == [("/api/plan/decline", {"ids": [number]}) for number in (2, 1)]


async def test_what_stands_still_is_said_once_with_its_button(client: aiohttp.ClientSession, world: World) -> None:
    world.limits.trips = [a_trip(7)]
    html = await page_of(client)
    assert shown(html) == {"stopped"}
    assert html.count("<span>tags of me stand still: 131 changes of tags within an hour") == 1
    assert "to look at" not in html
    assert buttons(html)["Go on"] == [("/api/limits/confirm", {"ids": [7]})]


async def test_what_vanished_is_asked_about_in_groups(client: aiohttp.ClientSession, world: World) -> None:
    world.vetoes.known = [a_veto(number, "lost") for number in range(1, 341)]
    world.vetoes.known += [a_veto(number, "lost", kind="stack", value="") for number in range(400, 421)]
    html = await page_of(client)
    assert shown(html) == {"lost"}
    assert html.count("<span>me: 340 photos lost the tag Auto/Receipts within minutes: did you do that?") == 1
    assert "me: 21 stacks of ours came apart within minutes" in html
    tags = {"all": True, "account": "me", "kind": "tag", "value": "Auto/Receipts"}
    stacks = {"all": True, "account": "me", "kind": "stack"}
    assert buttons(html)["Put them back"] == [("/api/vetoes/putback", tags), ("/api/vetoes/putback", stacks)]
    assert buttons(html)["I did that"] == [("/api/vetoes/mine", tags), ("/api/vetoes/mine", stacks)]


async def test_what_was_changed_can_be_taken_back(client: aiohttp.ClientSession, world: World) -> None:
    back = UntagAsset(account=ME, asset=PHOTO, tags=("Auto/Pets",), undoes=1, reason=RULE)
    world.orders.journal = [an_entry(1, state=EntryState.DONE), an_entry(2, back, EntryState.DONE)]
    html = await page_of(client)
    assert shown(html) == {"lately"}
    assert "take off Auto/Pets" in html
    sent = buttons(html)
    assert sent["Undo"] == [("/api/undo", {"entries": [1]})], "an undo is not undone itself"
    assert sent["Undo everything"] == [("/api/undo", {"everything": True})]
    # Which hour that is is known at the click; what has no filter is refused.
    assert sent["Undo the last hour"] == [("/api/undo", {})]
    assert html.count('data-since-hours="1"') == 1
    assert html.count("data-sure=") == 2


async def test_vetoes_are_shown_in_words(client: aiohttp.ClientSession, world: World) -> None:
    world.vetoes.known = [a_veto(number) for number in range(1, 9)] + [
        a_veto(10, kind="archive", value="", subjects=(PHOTO, PHOTO)),
        a_veto(11, kind="stack", value="", subjects=(PHOTO, PHOTO)),
        a_veto(12, kind="cover", value=""),
        a_veto(13, kind="portrait", value="", subjects=("face",)),
    ]
    html = await page_of(client)
    assert shown(html) == {"vetoes"}
    for words in (
        "12 vetoes",
        "never Auto/Receipts on this photo",
        "never archive these 2 photos",
        "never stack these 2 photos as one",
        "this photo stays the cover of its stack",
        "never give this face to Frigate",
        "you took it off",
        "and 2 older ones",
    ):
        assert words in html, words
    assert [body for _, body in buttons(html)["Revoke"]] == [{"ids": [n]} for n in (13, 12, 11, 10, *range(8, 2, -1))]
    assert "/thumb/me/face" not in html


async def test_runs_tell_what_came_of_them_and_ask_for_more(client: aiohttp.ClientSession, world: World) -> None:
    undo = a_run(1, UndoRequest(category="Receipts"), RunState.DONE)
    scan = replace(a_run(2, ScanRequest(), RunState.PAUSED), asks=True, note="it has made 1,000 changes")
    world.runs.runs = {undo.id: undo, scan.id: scan}
    line = OutcomeLine(entry=77, account=ME, feature="tags", what="x", ended="left", why="you changed it since then")
    report = OrderReport(run=undo.id, kind="undo", done=12, left=3, failed=1, lines=(line,))
    world.orders.reports = {undo.id: report, RunId("undo:other"): replace(report, done=99)}
    html = await page_of(client)
    for words in (
        "12 taken back, 3 left as they are, 1 failed",
        "77: you changed it since then",
        "Scan of all accounts asks: it has made 1,000 changes",
        "asks for more",
    ):
        assert words in html, words
    assert "Nothing fitted" not in html
    assert buttons(html)["Give it 1,000 more"] == [("/api/runs/scan%3A0002/resume", {"budget": 1000})]
    assert "Go on" not in buttons(html)
    world.orders.reports = {undo.id: OrderReport(run=undo.id, kind="undo")}
    html = await page_of(client)
    assert "Nothing fitted: it was never done, or is settled already" in html
    assert "0 taken back" not in html


async def test_names_are_only_ever_text(client: aiohttp.ClientSession, world: World) -> None:
    evil = AccountId(EVIL)
    reason = replace(RULE, rule=EVIL, scores=((EVIL, 0.5),))
    tag = TagAsset(account=evil, asset=PHOTO, tags=(EVIL,), reason=reason)
    for number, state in enumerate((EntryState.PLANNED, EntryState.SUGGESTED, EntryState.DONE), 1):
        world.orders.journal.append(an_entry(number, tag, state, note=EVIL))
    world.limits.trips = [a_trip(1, account=evil, why=EVIL)]
    lost = a_veto(1, "lost", account=evil, value=EVIL, subjects=(EVIL,))
    world.vetoes.known = [lost, a_veto(2, account=evil, value=EVIL, why=EVIL, subjects=(EVIL,))]
    run = replace(a_run(1, UndoRequest(category=EVIL), RunState.PAUSED), asks=True, note=EVIL)
    world.runs.runs = {run.id: run}
    line = OutcomeLine(entry=1, account=evil, feature="tags", what=EVIL, ended="left", why=EVIL)
    world.orders.reports = {run.id: OrderReport(run=run.id, kind="undo", left=1, lines=(line,))}
    html = await page_of(client)
    assert shown(html) == set(PANELS)
    assert html.count("alert(") > 40
    assert "<script>alert" not in html
    assert "\"'>" not in html
    assert buttons(html)["I did that"] == [
        ("/api/vetoes/mine", {"all": True, "account": EVIL, "kind": "tag", "value": EVIL})
    ]


async def test_without_the_database_what_was_read_last_is_shown(client: aiohttp.ClientSession, world: World) -> None:
    world.orders.journal = [an_entry(1), an_entry(2, state=EntryState.SUGGESTED)]
    world.board.counts = Summary(heard=1)
    await page_of(client)
    world.board.error = Retryable("away")
    assert shown(await page_of(client)) == {"planned", "suggestions"}


@pytest.mark.parametrize(("planned", "words"), [(0, "<dt>planned</dt><dd>0</dd>"), (3, "<dt>planned</dt><dd>3</dd>")])
async def test_the_page_counts_plans_once(
    client: aiohttp.ClientSession, world: World, planned: int, words: str
) -> None:
    world.orders.journal = [an_entry(number) for number in range(1, planned + 1)]
    world.board.counts = Summary(planned=77)
    assert words in await page_of(client)
