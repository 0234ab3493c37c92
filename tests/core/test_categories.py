"""Categories that can be used, those that cannot, and what tells one catalogue from another."""

from dataclasses import replace
from typing import Any

import pytest

from reactor.core.asking import BadRequest
from reactor.core.categories import (
    LONGEST_ALBUM,
    LONGEST_PROMPT,
    MOST_PROMPTS,
    Category,
    archiving_of,
    catalogue_of,
    category_fault,
    for_account,
)
from reactor.core.category_edits import MOST_CATEGORIES, NoSuchCategory, added, changed, named, removed
from reactor.core.gates import Gates
from reactor.core.ids import AccountId

CATS = Category(name="Cats", prompts=("a cat",))
DOGS = Category(name="Dogs", prompts=("a dog",), action="tag_and_archive")
US = ("anna", "tom")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, None),
        ({"strictness": 0.75}, None),
        ({"strictness": 0}, None),
        ({"similarity": -1.0}, None),
        ({"name": ""}, "name"),
        ({"name": "a//b"}, "slash"),
        ({"prompts": ()}, "a category needs a prompt"),
        ({"prompts": (" ",)}, "a prompt is empty"),
        ({"prompts": ("x" * LONGEST_PROMPT,)}, None),
        ({"negative_prompts": ("x" * (LONGEST_PROMPT + 1),)}, "longer than 500"),
        ({"prompts": tuple(map(str, range(MOST_PROMPTS))), "negative_prompts": ("x",)}, "at most 100 prompts"),
        ({"prompts": ("a\0cat",)}, "no control characters"),
        ({"negative_prompts": ("a cat \ud83d",)}, "no control characters"),
        ({"prompts": ("a cat 🐈\nand a dog",)}, "no line ends"),
        ({"prompts": ("a cat 🐈 and a dog",)}, None),
        ({"album": "Trips/2026 🏖"}, None),
        # Joined emoji, and the narrow space that macOS writes into the names of screenshots.
        ({"album": "Family 👨\u200d👩\u200d👧"}, None),
        ({"gates": Gates(album=("Family 👨\u200d👩\u200d👧",), filename=("*\u202fPM.png",))}, None),
        ({"gates": Gates(filename=("a\0*",))}, "control characters"),
        ({"album": " "}, "an album is named"),
        ({"album": "a\0"}, "control characters"),
        ({"album": "x" * (LONGEST_ALBUM + 1)}, "at most 200"),
        ({"similarity": 0.3, "strictness": "loose"}, "give one of them"),
        ({"similarity": 1.01}, "a cosine, -1 to 1"),
        ({"similarity": float("nan")}, "a cosine, -1 to 1"),
        ({"strictness": 2.1}, "from 0 to 2"),
        ({"strictness": -0.1}, "from 0 to 2"),
        ({"strictness": float("nan")}, "from 0 to 2"),
        ({"review": -0.1}, "grey zone"),
        ({"review": float("nan")}, "grey zone"),
        ({"accounts": frozenset()}, "accounts names no account"),
        ({"gates": Gates(aspect_min=-1)}, "width divided by height"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(changes: dict[str, Any], words: str | None) -> None:
    fault = category_fault(replace(CATS, **changes))
    assert fault is None if words is None else (fault is not None and words in fault)


def test_another_revision_whenever_something_changed() -> None:
    changes: tuple[dict[str, Any], ...] = (
        {"name": "Kittens"},
        {"prompts": ("a cat", "a kitten")},
        {"negative_prompts": ("a toy",)},
        {"similarity": 0.3},
        {"strictness": "loose"},
        {"strictness": 0.75},
        {"review": 0.1},
        {"action": "tag_and_archive"},
        {"favourite": True},
        {"album": "Cats"},
        {"enabled": False},
        {"accounts": frozenset({"anna"})},
        {"accounts": frozenset({"anna", "tom"})},
        {"gates": Gates(camera=True)},
        {"gates": Gates(camera=False)},
    )
    catalogues = [catalogue_of([CATS, DOGS])] + [catalogue_of([replace(CATS, **one), DOGS]) for one in changes]
    catalogues += [catalogue_of([DOGS, CATS]), catalogue_of([CATS]), catalogue_of([CATS, DOGS], enabled=False)]
    assert len({one.revision for one in catalogues}) == len(catalogues)
    assert catalogue_of([replace(CATS), DOGS]).revision == catalogues[0].revision
    # Where they are kept changes nothing.
    assert catalogue_of([CATS, DOGS], managed="file").revision == catalogues[0].revision


def test_each_account_has_its_own_and_those_of_all() -> None:
    ida = replace(DOGS, accounts=frozenset({"ida"}))
    catalogue = catalogue_of([CATS, ida])
    assert for_account(catalogue.categories, AccountId("tom")) == (CATS,)
    assert catalogue.active(AccountId("ida")) == (CATS, ida)
    off = catalogue_of([CATS, ida], enabled=False)
    assert (off.active(AccountId("ida")), off.of(AccountId("ida"))) == ((), (CATS, ida))


def test_what_carries_a_tag_is_archived_by_categories_that_are_used_and_say_so() -> None:
    categories = [CATS, DOGS, replace(DOGS, name="Off", enabled=False)]
    assert archiving_of({"Auto/Cats", "Auto/Dogs", "Auto/Off"}, categories) == ("Dogs",)


def test_edits_are_whole_or_refused() -> None:
    both = added((CATS,), DOGS, US)
    assert both == (CATS, DOGS)
    birds = replace(CATS, name="Birds")
    assert changed(both, "Cats", birds, US) == (birds, DOGS)
    assert removed(both, "Cats") == (DOGS,)
    assert named(both, "Dogs") is DOGS
    for known, new, words in (
        (both, CATS, "there is a category 'Cats' already"),
        (both, replace(CATS, name="cats"), "differ only in capitals"),
        (both, replace(CATS, name="Birds", prompts=()), "needs a prompt"),
        (both, replace(birds, accounts=frozenset({"ida"})), "for the account ida, which is not set"),
        ((CATS,) * MOST_CATEGORIES, birds, "500 categories already"),
    ):
        with pytest.raises(BadRequest, match=words):
            added(known, new, US)
    with pytest.raises(BadRequest, match="'Dogs' already"):
        changed(both, "Cats", DOGS, US)
    for edit in (lambda: removed(both, "Birds"), lambda: changed(both, "Birds", birds, US), lambda: named((), "a")):
        with pytest.raises(NoSuchCategory):
            edit()
