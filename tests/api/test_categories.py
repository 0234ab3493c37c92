"""The routes about categories, held against the API's own document."""

from typing import Any

import pytest

from reactor.core.categories import Category
from reactor.core.category_edits import ModelAway
from reactor.core.errors import Unreachable
from reactor.core.gates import Gates
from reactor.core.ids import AccountId
from reactor.core.relabel_runs import RelabelRequest

from ..server.fakes import World
from .client import Api

CATS = {"name": "Cats", "prompts": ["a cat"]}
BY_FILE = "the categories stand in the settings' file; change them there and restart the reactor"


async def test_categories_are_made_changed_removed_and_switched(api: Api, world: World) -> None:
    status, told = await api.get("/classification")
    assert (status, told["categories"], told["enabled"], told["managed"]) == (200, [], True, "reactor")
    assert (told["calibration"]["lo"], told["calibration"]["photos"]) == (0.2, 200)
    gates = {"filename": ["Screen*"], "camera": False, "aspect_max": 0.7, "without_faces": "named"}
    whole = CATS | {"negative_prompts": ["a toy"], "strictness": 0.75, "album": "Cats", "favourite": True}
    status, told = await api.post("/categories/add", {"category": whole | {"gates": gates, "accounts": ["me"]}})
    (one,) = told["categories"]
    assert (status, one["strictness"], one["gates"]["filename"], one["accounts"]) == (200, 0.75, ["Screen*"], ["me"])
    (kept,) = world.labels.categories
    assert kept.gates == Gates(filename=("Screen*",), camera=False, aspect_max=0.7, without_faces="named")
    # What was read can be put back as it is.
    status, told = await api.post("/categories/change", {"name": "Cats", "category": one | {"name": "Kittens"}})
    assert (status, [each["name"] for each in told["categories"]]) == (200, ["Kittens"])
    assert world.labels.categories[0].gates == kept.gates
    status, told = await api.post("/classification/switch", {"enabled": False})
    assert (status, told["enabled"]) == (200, False)
    status, told = await api.post("/categories/remove", {"name": "Kittens"})
    assert (status, told["categories"]) == (200, [])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "category"),
        ({"category": {"name": "Cats"}}, "prompts"),
        ({"category": CATS | {"prompts": []}}, "a category needs a prompt"),
        ({"category": CATS | {"name": "a//b"}}, "slash"),
        ({"category": CATS | {"similarity": 2}}, "a similarity is a cosine"),
        ({"category": CATS | {"similarity": 0.3, "strictness": "loose"}}, "give one of them"),
        ({"category": CATS | {"strictness": "mild"}}, "strictness"),
        ({"category": CATS | {"action": "delete"}}, "action"),
        ({"category": CATS | {"prompt": "a cat"}}, "prompt"),
        ({"category": CATS | {"gates": {"aspect_min": 2, "aspect_max": 1}}}, "aspect_min is larger"),
        ({"category": CATS | {"gates": {"faces": "any"}}}, "faces"),
        ({"category": CATS | {"accounts": ["tom"]}}, "for the account tom, which is not set"),
        ({"category": CATS | {"name": "dogs"}}, "differ only in capitals"),
        ({"category": CATS | {"name": "Dogs"}}, "there is a category 'Dogs' already"),
    ],
)
async def test_a_category_that_cannot_be_is_refused_and_nothing_changes(
    api: Api, world: World, body: Any, words: str
) -> None:
    world.labels.categories = (Category(name="Dogs", prompts=("a dog",)),)
    status, told = await api.post("/categories/add", body)
    assert status == 400
    assert words in told["message"]
    assert [one.name for one in world.labels.categories] == ["Dogs"]


async def test_what_is_not_there_is_neither_changed_nor_removed(api: Api) -> None:
    for path, body in (
        ("/categories/change", {"name": "Birds", "category": CATS}),
        ("/categories/remove", {"name": "Birds"}),
    ):
        status, told = await api.post(path, body)
        assert (status, told["message"]) == (404, "there is no such category")


async def test_categories_of_a_file_are_changed_there_alone(api: Api, world: World) -> None:
    world.labels.by_file, world.labels.categories = True, (Category(name="Dogs", prompts=("a dog",)),)
    assert (await api.get("/classification"))[1]["managed"] == "file"
    for path, body in (
        ("/categories/add", {"category": CATS}),
        ("/categories/change", {"name": "Dogs", "category": CATS}),
        ("/categories/remove", {"name": "Dogs"}),
        ("/classification/switch", {"enabled": True}),
    ):
        status, told = await api.post(path, body)
        assert (status, told["message"]) == (409, BY_FILE)


async def test_a_draft_is_previewed_and_a_measurement_told_or_held(api: Api, world: World) -> None:
    status, told = await api.post("/categories/preview", {"account": "me", "category": CATS})
    assert (status, told["category"], told["fits"], told["photos"], told["learned"]) == (200, "Cats", 2, 3, None)
    for dry in (True, False):
        status, told = await api.post("/calibrate", {"dry_run": dry})
        assert (status, told["before"], told["after"]["hi"], told["moved"]) == (200, None, 0.6, [])
    status, told = await api.post("/categories/preview", {"account": "me", "category": CATS | {"prompts": [" "]}})
    assert (status, told["message"]) == (400, "a prompt is empty, or longer than 500 characters")
    # An outage is told as such, and never what the database said.
    for error, words in (
        (ModelAway("the model cannot be asked now: it is opened anew"), "the model cannot be asked now"),
        (Unreachable("the password is hunter2"), ""),
    ):
        world.labels.error = error
        for path, body in (("/categories/preview", {"account": "me", "category": CATS}), ("/calibrate", {})):
            status, told = await api.post(path, body)
            assert status == 503
            assert words in told["message"]
            assert "hunter2" not in told["message"]


async def test_stored_labels_are_looked_at_again(api: Api, world: World) -> None:
    body = {"accounts": ["me", "me"], "tags": ["Auto/Cats"], "add": True, "dry": True, "budget": 5}
    status, told = await api.post("/relabel", body)
    assert status == 202
    assert told["run"]["title"].startswith("Dry look at: Labels set and taken back")
    (run,) = world.runs.runs.values()
    me = AccountId("me")
    assert run.request == RelabelRequest(accounts=(me,), tags=("Auto/Cats",), add=True, dry=True, budget=5)
    refused: tuple[dict[str, Any], ...] = ({"accounts": ["tom"]}, {"accounts": []}, {"tags": [""]}, {"budget": 0})
    for wrong in refused:
        status, _ = await api.post("/relabel", wrong)
        assert status == 400
