"""Workflows in Immich are made, repaired and removed, and nothing else is touched."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from reactor.core.errors import StartError
from reactor.core.events import AssetUploaded, MetadataExtracted
from reactor.core.ids import AccountId, AssetId
from reactor.demo.immich.state import Write
from reactor.demo.phone import Phone, Shot

from ..household import START, a_picture, eventually
from ..server.conftest import browsing
from ..server.fakes import World
from ..server.test_webhook import Sink
from .conftest import METADATA, PHOTOS, SECRET, URL, House, a_house

FOREIGN = {"trigger": "AssetCreate", "name": "mine", "enabled": True, "steps": []}


def webhook_step(url: str, **config: object) -> dict[str, Any]:
    return {"method": "immich-plugin-core#webhook", "config": {"url": url, **config}, "enabled": True}


async def test_two_workflows_are_made_for_each_account(house: House) -> None:
    house.add("anna", secret="annas")
    assert await house.run(url=f"{URL}/") == 0
    for user, secret in (("me", SECRET), ("anna", "annas")):
        metadata, photos = await house.workflows(user)
        assert [(one["name"], one["trigger"], one["enabled"]) for one in (metadata, photos)] == [
            (METADATA, "AssetMetadataExtraction", True),
            (PHOTOS, "AssetCreate", True),
        ]
        config = {"method": "POST", "headerName": "Authorization", "headerValue": f"Bearer {secret}"}
        assert metadata["steps"] == photos["steps"] == [webhook_step(f"{URL}/webhook/{user}", **config)]
    assert house.said[0] == f"me: “{PHOTOS}” made; it posts to {URL}/webhook/me"
    assert [line.partition(":")[0] for line in house.said[:4]] == ["me", "me", "anna", "anna"]
    assert "cannot be seen from here: upload a photo" in house.said[4]
    assert SECRET not in str(house.said)


async def test_a_photo_is_heard_of_afterwards(house: House) -> None:
    sink = Sink()
    house.secrets["me"] = ["new-secret"]
    async with browsing(World(log=sink)) as reactor, Phone(house.immich.url, house.keys["me"]) as phone:
        assert await house.run(url=str(reactor._base_url)) == 0
        asset = AssetId(await phone.upload(Shot(file_name="a.jpg", data=a_picture(1), taken_at=START)))

        async def heard() -> bool:
            return len(sink.events) == 2

        await eventually(heard, "both webhooks are in the log")
    assert AssetUploaded(account=AccountId("me"), asset=asset) in sink.events
    assert [event.subject for event in sink.events if isinstance(event, MetadataExtracted)] == [asset]
    assert any("it must be the one under which Immich sees us" in line for line in house.said)


async def test_what_is_right_is_left_alone(house: House) -> None:
    assert await house.run(url=URL) == 0
    before, writes = await house.workflows(), house.writes()
    assert await house.run(url=URL) == 0
    assert await house.run() == 0
    assert await house.workflows() == before
    assert house.writes() == writes
    assert house.said[:2] == [f"me: “{name}” is right as it is" for name in (PHOTOS, METADATA)]


def _config(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    def spoil(workflow: dict[str, Any]) -> None:
        workflow["steps"][0]["config"][key] = value

    return spoil


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda workflow: workflow.update(enabled=False), "it was switched off"),
        (lambda workflow: workflow.update(trigger="AssetMetadataExtraction"), "its trigger was another"),
        (lambda workflow: workflow.update(steps=[]), "its steps were others"),
        (lambda workflow: workflow["steps"][0].update(enabled=False), "its steps were others"),
        (lambda workflow: workflow["steps"].append(workflow["steps"][0]), "its steps were others"),
        (lambda workflow: workflow["steps"][0].update(config=None), "its address was another, its method was another"),
        (_config("url", "http://elsewhere:1/webhook/me"), "its address was another"),
        (_config("url", 7), "its address was another"),
        (_config("headerName", "X-Other"), "its header was another"),
        (_config("headerValue", "Bearer old-one"), "its secret was another"),
        (_config("method", "PUT"), "its method was another"),
    ],
)
async def test_what_is_wrong_is_repaired(house: House, spoil: Callable[[dict[str, Any]], None], words: str) -> None:
    assert await house.run(url=URL) == 0
    right = await house.workflow(PHOTOS)
    wrong = copy.deepcopy(right)
    spoil(wrong)
    await house.ask("PUT", f"/workflows/{right['id']}", wrong)
    assert await house.run(url=URL) == 0
    assert house.said[0].startswith(f"me: “{PHOTOS}” repaired ({words}")
    assert house.said[1] == f"me: “{METADATA}” is right as it is"
    assert "old-one" not in str(house.said)
    mended = await house.workflow(PHOTOS)
    assert mended | {"updatedAt": ""} == right | {"updatedAt": ""}


async def test_of_doubles_the_best_stays(house: House) -> None:
    assert await house.run(url=URL) == 0
    best = await house.workflow(PHOTOS)
    for enabled in (False, True):
        double = {key: best[key] for key in ("trigger", "name", "steps")} | {"enabled": enabled}
        await house.ask("POST", "/workflows", double)
    await house.ask("PUT", f"/workflows/{best['id']}", {"enabled": False})
    assert await house.run(url=URL) == 0
    left = await house.workflow(PHOTOS)
    assert left["enabled"]
    assert house.said.count(f"me: “{PHOTOS}” removed (it was there twice)") == 2
    assert house.writes()[-2:] == ["workflow.delete"] * 2


async def test_removal_takes_ours_alone(house: House) -> None:
    await house.ask("POST", "/workflows", FOREIGN)
    assert await house.run(url=URL) == 0
    del house.secrets["me"]
    assert await house.run(remove=True, dry_run=True) == 0
    assert len(await house.workflows()) == 3
    assert await house.run(remove=True) == 0
    assert sorted(house.said) == [f"me: “{name}” removed" for name in (METADATA, PHOTOS)]
    assert [one["name"] for one in await house.workflows()] == ["mine"]
    assert await house.run(remove=True) == 0
    assert house.said == ["me: there is nothing to remove"]


async def test_a_dry_run_only_tells(house: House) -> None:
    assert await house.run(url=URL, dry_run=True) == 0
    assert house.said[0] == f"me: “{PHOTOS}” would be made; it posts to {URL}/webhook/me"
    assert house.writes() == []


async def test_what_others_made_is_named_and_left(house: House) -> None:
    by_hand = FOREIGN | {"steps": [webhook_step(f"{URL}/webhook/me")]}
    made = await house.ask("POST", "/workflows", by_hand)
    before = await house.workflow("mine")
    assert await house.run(url=URL) == 0
    assert "me: “mine”, which is not ours, posts to the same address and was left alone" in house.said
    assert await house.workflow("mine") == before
    assert made["id"] == before["id"]


async def test_the_address_is_remembered_in_immich(house: House) -> None:
    house.add("anna")
    with pytest.raises(StartError, match="--url http://reactor:8080"):
        await house.run()
    assert house.writes() == []
    assert await house.run(account="me", url="http://10.0.0.7:9000/reactor") == 0
    assert await house.run() == 0
    assert (await house.workflow(PHOTOS, "anna"))["steps"][0]["config"]["url"] == (
        "http://10.0.0.7:9000/reactor/webhook/anna"
    )
    assert await house.run(account="anna", url=URL) == 0
    house.add("ben")
    with pytest.raises(StartError, match="--url"):  # the others do not agree
        await house.run()


async def test_an_address_that_somebody_garbled_is_not_remembered(house: House) -> None:
    step = webhook_step("ftp://x/webhook/me")
    await house.ask("POST", "/workflows", FOREIGN | {"name": PHOTOS, "steps": [step]})
    with pytest.raises(StartError, match="--url"):
        await house.run()
    assert await house.run(url=URL) == 0


@pytest.mark.parametrize("lost", ["POST", "PUT"])
async def test_an_answer_that_is_lost_is_mended_by_the_next_run(house: House, lost: str) -> None:
    if lost == "PUT":
        await house.ask("POST", "/workflows", FOREIGN | {"name": PHOTOS})
    house.immich.fail(lost, "/api/workflows*", after=True)
    assert await house.run(url=URL) == 1
    assert "me: not finished" in house.said[-2]
    assert "run the command again" in house.said[-2]
    assert await house.run(url=URL) == 0
    assert [one["name"] for one in await house.workflows()] == [METADATA, PHOTOS]


async def test_what_immich_keeps_is_read_back(house: House) -> None:
    async def meddle(write: Write) -> None:
        if write.kind == "workflow.create" and write.body["name"] == PHOTOS:
            path = f"/workflows/{write.changes[0]}"
            await house.ask("PUT", path, {"steps": [webhook_step("http://elsewhere")]})

    house.immich.before_answer = meddle
    assert await house.run(url=URL) == 1
    assert f"“{PHOTOS}”: its address was another" in house.said[-2]


async def test_one_account_that_fails_does_not_stop_the_others(house: House) -> None:
    for name in ("anna", "ben"):
        house.add(name)
    house.keys["anna"] = "revoked"
    assert await house.run(url=URL) == 1
    assert house.said[0].startswith("anna: nothing was done: Immich refuses the API key")
    assert {user: len(await house.workflows(user)) for user in ("me", "ben")} == {"me": 2, "ben": 2}


async def test_an_immich_that_is_away(house: House) -> None:
    await house.immich.pause()
    assert await house.run(url=URL) == 1
    assert house.said[0].startswith("me: nothing was done: GET /server/version: Immich cannot be reached")
    await house.immich.resume()


async def test_an_immich_without_workflows() -> None:
    async with a_house((2, 7, 5)) as house:
        assert await house.run(url=URL) == 1
        assert house.said == [
            "me: nothing was done: Immich 2.7.5 has no workflows, they come with 3.0; until then the reactor finds new "
            "photos by asking"
        ]
        assert [path for _, path, _ in house.immich.requests] == ["/api/server/version"]
