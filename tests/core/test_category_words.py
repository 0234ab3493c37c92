"""Categories in words."""

import pytest

from reactor.core.categories import Category
from reactor.core.category_words import asks_words, gate_words, removal_words
from reactor.core.gates import Gates


def a_category(**said: object) -> Category:
    return Category(**{"name": "Receipts", "prompts": ("a receipt",), **said})  # type: ignore[arg-type]  # its fields


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "strictness normal"),
        ({"strictness": "loose"}, "strictness loose"),
        ({"strictness": 0.0}, "strictness 0"),
        ({"strictness": 0.85}, "strictness 0.85"),
        ({"similarity": 0.28}, "similarity 0.28"),
    ],
)
def test_what_a_category_asks_of_a_score(said: dict[str, object], words: str) -> None:
    assert asks_words(a_category(**said)) == words


def test_every_gate_has_words() -> None:
    assert gate_words(Gates()) == ()
    assert gate_words(
        Gates(
            filename=("Screenshot*", "IMG-*"),
            folder=("*/DCIM",),
            camera=False,
            media="photo",
            aspect_min=0.4,
            aspect_max=0.65,
            with_faces="any",
            without_faces="visible_named",
            album=("Trips",),
        )
    ) == (
        "file name like Screenshot* or IMG-*",
        "folder like */DCIM",
        "no camera in the EXIF",
        "photos",
        "width by height 0.4 to 0.65",
        "a face",
        "no face with a name that is not hidden",
        "in the album Trips",
    )
    assert gate_words(Gates(camera=True, aspect_min=1.5)) == ("a camera in the EXIF", "width by height at least 1.5")
    assert gate_words(Gates(aspect_max=2)) == ("width by height at most 2",)


def test_a_removal_says_what_is_taken_back_and_what_stays() -> None:
    plain = removal_words(a_category())
    assert "Auto/Receipts comes off" in plain
    assert "archive" not in plain
    assert "favourites" not in plain
    assert "what it archived is shown again" in removal_words(a_category(action="tag_and_archive"))
    assert "reactor undo --category" in removal_words(a_category(favourite=True))
    assert "reactor undo --category" in removal_words(a_category(album="Trips"))
