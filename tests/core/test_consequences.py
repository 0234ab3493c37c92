"""What a change of the categories means for labels that are there: row by row."""

from dataclasses import replace
from typing import Any

import pytest

from reactor.core.calibration import Calibration
from reactor.core.categories import Category, catalogue_of
from reactor.core.category_changes import Applied, Consequences, adopted, applied, consequences
from reactor.core.gates import Gates
from reactor.core.relabelling import Rules

RAW = Category(name="Raw", prompts=("a cat",), similarity=0.3)
USUAL = Category(name="Usual", prompts=("a dog",))
MEASURED = Calibration(model="m", bank="b", lo=0.2, hi=0.6, photos=20)


def stands(*categories: Category, **more: Any) -> Applied:
    said: dict[str, Any] = {"model": "m", "calibration": MEASURED} | more
    return Applied(categories=categories, **said)


BOTH = stands(RAW, USUAL)
NOTHING = Consequences()


def doubted(*names: str) -> Consequences:
    return Consequences(doubted=frozenset(f"Auto/{name}" for name in names))


@pytest.mark.parametrize(
    ("before", "now", "follows"),
    [
        (None, BOTH, NOTHING),
        (BOTH, BOTH, NOTHING),
        (BOTH, stands(RAW, USUAL, replace(RAW, name="New")), NOTHING),
        (BOTH, stands(USUAL, RAW), NOTHING),
        (BOTH, stands(RAW), doubted("Usual")),
        (BOTH, stands(replace(RAW, name="Other"), USUAL), doubted("Raw")),
        (BOTH, stands(replace(RAW, similarity=0.4), USUAL), doubted("Raw")),
        (BOTH, stands(replace(RAW, similarity=0.2), USUAL), NOTHING),
        # The same cosine, said otherwise.
        (BOTH, stands(replace(RAW, similarity=None, strictness=0.25), USUAL), NOTHING),
        (BOTH, stands(RAW, replace(USUAL, strictness="strict")), doubted("Usual")),
        (BOTH, stands(RAW, replace(USUAL, strictness="loose")), NOTHING),
        (BOTH, stands(replace(RAW, prompts=("a cat", "a kitten")), USUAL), doubted("Raw")),
        (BOTH, stands(replace(RAW, negative_prompts=("a toy",)), USUAL), doubted("Raw")),
        (BOTH, stands(replace(RAW, gates=Gates(camera=True)), USUAL), doubted("Raw")),
        (BOTH, stands(replace(RAW, accounts=frozenset({"ida"})), USUAL), doubted("Raw")),
        (BOTH, stands(replace(RAW, action="tag_and_archive"), USUAL), NOTHING),
        (BOTH, stands(replace(RAW, favourite=True, album="A", review=0.1), USUAL), NOTHING),
        (BOTH, stands(replace(RAW, enabled=False, similarity=0.9), USUAL), NOTHING),
        (stands(replace(RAW, enabled=False), USUAL), BOTH, doubted("Raw")),
        (BOTH, stands(RAW, USUAL, calibration=replace(MEASURED, hi=0.8, version=2)), doubted("Usual")),
        (BOTH, stands(RAW, USUAL, calibration=replace(MEASURED, hi=0.5, version=2)), NOTHING),
        # Another model: everything is looked at again, and what waited for its measurement catches up.
        (BOTH, stands(RAW, USUAL, model="n"), Consequences(doubted=doubted("Raw", "Usual").doubted, catch_up=True)),
        (BOTH, stands(RAW, USUAL, model="n", calibration=None), doubted("Raw", "Usual")),
        (stands(RAW, USUAL, calibration=None), BOTH, Consequences(catch_up=True)),
        (stands(RAW, calibration=None), stands(RAW), NOTHING),
        # The first that needs a measurement, and gets it at once, is new all the same.
        (stands(calibration=None), stands(USUAL), NOTHING),
        (stands(RAW, calibration=None), BOTH, NOTHING),
        (stands(replace(USUAL, enabled=False), calibration=None), stands(replace(USUAL, enabled=False)), NOTHING),
        # Two of one name are for different accounts: the tag is doubted where any of them changed.
        (
            stands(replace(RAW, accounts=frozenset({"a"})), replace(RAW, accounts=frozenset({"b"}))),
            stands(replace(RAW, accounts=frozenset({"a"}))),
            doubted("Raw"),
        ),
    ],
)
def test_what_follows_of_a_change(before: Applied | None, now: Applied, follows: Consequences) -> None:
    assert consequences(before, now) == follows
    assert follows.nothing is (not follows.doubted and not follows.catch_up)


def test_categories_of_a_file_that_is_gone_are_kept() -> None:
    by_file = replace(BOTH, managed="file")
    assert adopted(catalogue_of(()), by_file) == (RAW, USUAL)
    assert adopted(catalogue_of([replace(RAW, similarity=0.9)]), by_file) == (USUAL,)
    assert adopted(catalogue_of([RAW, USUAL]), by_file) == ()
    assert adopted(catalogue_of((), managed="file"), by_file) == ()
    assert adopted(catalogue_of(()), BOTH) == ()
    assert adopted(catalogue_of(()), None) == ()


def test_what_is_remembered_is_what_decides() -> None:
    rules = Rules(catalogue=catalogue_of([RAW, USUAL], managed="file"), calibration=MEASURED)
    assert applied(rules, "m") == replace(BOTH, managed="file")
