"""The grey zone of tags: what nearly matches is suggested, each by itself, and archives nothing."""

from dataclasses import replace

import numpy as np

from reactor.core.categories import Category, archiving_of
from reactor.core.changes import TagAsset
from reactor.core.events import ArchiveWanted
from reactor.core.gates import GateFacts
from reactor.core.journal import EntryState
from reactor.core.labelling import label
from reactor.core.scoring import Scorer
from reactor.stages.classify import classify

from .house import CAUSE, House
from .test_classify import embedded

VECTOR = np.array([1.0, 0.0], dtype=np.float32)
PROMPTS = {
    "same": VECTOR,
    "near": np.array([0.96, 0.28], dtype=np.float32),
    "far": np.array([0.6, 0.8], dtype=np.float32),
}


def category(prompt: str, *, review: float = 0.0, similarity: float = 0.98) -> Category:
    return Category(name=prompt, prompts=(prompt,), similarity=similarity, review=review, action="tag_and_archive")


def fits(categories: list[Category]) -> list[tuple[str, bool]]:
    labels = label(VECTOR, GateFacts(), categories, Scorer(categories, PROMPTS), None)
    return [(match.category.name, match.sure) for match in labels.fits]


def test_the_zone_lies_below_the_threshold() -> None:
    wide = [category(prompt, review=0.05) for prompt in PROMPTS]
    assert fits(wide) == [("same", True), ("near", False)]
    assert fits([replace(one, review=0.0) for one in wide]) == [("same", True)]


def test_categories_that_archive_are_found_by_their_tags() -> None:
    two = [category("same"), replace(category("near"), action="tag"), replace(category("far"), enabled=False)]
    assert archiving_of(["Auto/same", "Auto/near", "Auto/far", "Holiday"], two) == ("same",)


async def test_what_is_unsure_is_suggested_beside_what_is_sure(house: House) -> None:
    event = await embedded(house, await house.home.photo(1))
    sure = Category(name="Sure", prompts=("x",), similarity=-1.0)
    maybe = Category(name="Maybe", prompts=("x",), similarity=1.01, review=2.0, action="tag_and_archive")
    perhaps = replace(maybe, name="Perhaps")
    outcome = await classify([event], house.services(categories=(maybe, sure, perhaps)))
    assert [(change.tags, change.reason.sure) for change in outcome.changes if isinstance(change, TagAsset)] == [
        (("Auto/Sure",), True),
        (("Auto/Maybe",), False),
        (("Auto/Perhaps",), False),
    ]
    assert outcome.events == ()
    await house.performer().carry_out(outcome.changes, CAUSE)
    await house.home.rest()
    states = [row["state"] for row in await house.pool.fetch("SELECT state FROM journal ORDER BY id")]
    assert states == [EntryState.DONE, EntryState.SUGGESTED, EntryState.SUGGESTED]
    assert (await house.home.library.asset(event.asset)).tags == {"Auto/Sure"}
    # sure by now: done, and the archive is asked for
    certain = replace(maybe, similarity=-1.0)
    again = await classify([event], house.services(categories=(certain, sure)))
    assert [change.reason.sure for change in again.changes if isinstance(change, TagAsset)] == [True]
    assert [type(event) for event in again.events] == [ArchiveWanted]
