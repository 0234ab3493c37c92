"""Gallery's own block of settings, as its documentation shows it, and what we add to it."""

from pathlib import Path

import pytest

from reactor.config import load_settings
from reactor.core.errors import StartError
from reactor.wiring.contents import table_of_contents

GALLERY = """
classification:
  enabled: true
  categories:
    - name: Screenshots
      prompts:
        - 'a screenshot of a phone screen'
        - 'a screenshot of a website'
        - 'a screenshot of a chat conversation'
      similarity: 0.28
      action: tag
      enabled: true
    - name: Receipts
      prompts:
        - 'a photo of a paper receipt'
        - 'a receipt from a store'
        - 'a restaurant bill'
      similarity: 0.28
      action: tag_and_archive
      enabled: true
"""
OURS = """
classification:
  concurrency: 2
  categories:
    - name: Work/Bills
      prompts: [a bill]
      negative_prompts: [a letter]
      strictness: strict
      favourite: true
      album: Papers
      gates: {filename: ["*.jpg"], camera: true, media: photo, aspect_min: 0.5, without_faces: named, album: [Inbox]}
    - {name: Pets, prompts: [a dog], strictness: 0.75}
    - {name: Food, prompts: [a plate]}
"""


def write(place: Path, text: str) -> None:
    (place / "reactor.yaml").write_text(text)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_gallerys_block_works_as_it_is(place: Path) -> None:
    write(place, GALLERY)
    catalogue = load_settings().catalogue()
    assert catalogue is not None
    assert (catalogue.enabled, catalogue.managed) == (True, "file")
    screens, receipts = catalogue.categories
    assert (screens.tag, len(screens.prompts), screens.threshold(None), screens.archives) == (
        "Auto/Screenshots",
        3,
        0.28,
        False,
    )
    assert (receipts.tag, receipts.threshold(None), receipts.archives) == ("Auto/Receipts", 0.28, True)


def test_what_we_add_is_read_and_without_a_block_the_database_keeps_them(place: Path) -> None:
    write(place, OURS)
    settings = load_settings()
    catalogue = settings.catalogue()
    assert catalogue is not None
    bills, pets, food = catalogue.categories
    assert (bills.tag, bills.strictness, bills.favourite, bills.album) == ("Auto/Work/Bills", "strict", True, "Papers")
    assert (bills.gates.without_faces, bills.gates.album, bills.gates.asks_for_faces) == ("named", ("Inbox",), True)
    assert (pets.strictness, food.strictness, food.threshold(None)) == (0.75, None, None)
    reactions = table_of_contents(settings).reactions
    assert {name: reactions[name].concurrency for name in ("classify", "retract")} == {"classify": 2, "retract": 2}
    write(place, "classification: {enabled: false}")
    assert load_settings().catalogue() is None


@pytest.mark.parametrize(
    ("category", "said"),
    [
        ("{name: A, prompts: [x], similarity: 0.3, strictness: loose}", "give one of them"),
        ("{name: A, prompts: [x], similarity: 3}", "a similarity is a cosine"),
        ("{name: A, prompts: [x], strictness: 9}", "a strictness is loose, normal, strict, or a number"),
        ("{name: A, prompts: [x], strictness: soft}", "classification.categories.0.strictness"),
        ("{name: A, prompts: ['  ']}", "a prompt is empty"),
        ("{name: A, prompts: [x], gates: {aspect_min: 2, aspect_max: 1}}", "aspect_min is larger"),
        ("{name: A, prompts: [x], gates: {filename: ['']}}", "an entry of filename is empty"),
        ("{name: A, prompts: [x], gates: {with_faces: named, without_faces: any}}", "no photo has faces"),
        ("{name: A, prompts: [x], gates: {colour: red}}", "classification.categories.0.gates.colour"),
        ('{name: A, prompts: ["a\\nb"]}', "a prompt holds no control characters"),
        ("{name: A, prompts: [x], album: ' Papers'}", "an album is named by its id or its name"),
        ('{name: A, prompts: [x], album: "a\\tb"}', "and no control characters"),
        ('{name: A, prompts: [x], gates: {folder: ["\\0"]}}', "has control characters"),
        ("{name: A, prompts: [x], review: 7}", "the width of the grey zone"),
        ("{name: A, prompts: [x], promts: [y]}", "classification.categories.0.promts"),
    ],
)
def test_a_category_that_cannot_be_used_is_said_in_words(place: Path, category: str, said: str) -> None:
    write(place, f"classification: {{categories: [{category}]}}")
    with pytest.raises(StartError) as caught:
        load_settings()
    assert said in str(caught.value)
