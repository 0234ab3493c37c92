"""Which of many photos differ is told as each photo alone would be decided."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as some

from reactor.core.calibration import Calibration
from reactor.core.categories import Category, catalogue_of
from reactor.core.gates import OPEN_GATES, Faces, GateFacts, Gates
from reactor.core.ids import AccountId, AssetId
from reactor.core.labelling import Labels, label, scorable, stale_tags
from reactor.core.relabelling import Difference, LabelledPage, Rules, differences
from reactor.core.scoring import Scorer, Vectors

ME = AccountId("me")
WORDS = ("cat", "dog", "toy")
# Each word is an axis, so that cosines are exact; a threshold lies on a photo's score now and then.
PROMPTS: Mapping[str, Vectors] = dict(zip(WORDS, np.eye(3, dtype=np.float32), strict=True))
MEASURED = Calibration(model="m", bank="b", lo=0.1, hi=0.9, photos=20)

cosines = some.integers(-10, 10).map(lambda tenths: tenths / 10)
gates = some.one_of(
    some.just(OPEN_GATES),
    some.sampled_from(
        [
            Gates(camera=True),
            Gates(with_faces="any"),
            Gates(filename=("I*",)),
            Gates(album=("A",)),
            Gates(aspect_min=1.0, without_faces="named"),
        ]
    ),
)
categories = some.lists(
    some.builds(
        Category,
        name=some.sampled_from(["Cats", "Dogs", "Toys", "Work/Bills", "Pets"]),
        prompts=some.lists(some.sampled_from(WORDS), min_size=1, max_size=2).map(tuple),
        negative_prompts=some.lists(some.sampled_from(WORDS), max_size=1).map(tuple),
        similarity=some.none() | cosines,
        review=some.sampled_from([0.0, 0.0, 0.2]),
        action=some.sampled_from(["tag", "tag_and_archive"]),
        enabled=some.sampled_from([True, True, False]),
        accounts=some.sampled_from([None, None, frozenset({"me"}), frozenset({"you"})]),
        gates=gates,
    ),
    max_size=5,
    unique_by=lambda one: one.name,
)
facts = some.builds(
    GateFacts,
    camera=some.sampled_from(["", "Pixel"]),
    width=some.sampled_from([0, 4]),
    height=some.sampled_from([0, 3]),
    name=some.sampled_from([None, "IMG.jpg", "x.jpg"]),
    faces=some.sampled_from([None, *Faces]),
    albums=some.sampled_from([None, frozenset({"A"}), frozenset[str]()]),
)
photos = some.fixed_dictionaries(
    {
        "vector": some.none() | some.tuples(cosines, cosines, cosines),
        "facts": facts,
        "external": some.booleans(),
        "archiving_decided": some.booleans(),
        "ours": some.frozensets(
            some.sampled_from(["Auto/Cats", "Auto/Dogs", "Auto/Work/Bills", "Auto/Gone", "Holidays"]), max_size=3
        ),
    }
)


def page_of(shots: list[dict[str, Any]]) -> LabelledPage:
    known = [shot["vector"] for shot in shots if shot["vector"] is not None]
    return LabelledPage(
        assets=tuple(AssetId(str(number)) for number in range(len(shots))),
        checksums=tuple(f"c{number}" for number in range(len(shots))),
        vectors=np.array(known, dtype=np.float32).reshape(len(known), 3),
        known=tuple(shot["vector"] is not None for shot in shots),
        facts=tuple(shot["facts"] for shot in shots),
        external=tuple(shot["external"] for shot in shots),
        ours=tuple(shot["ours"] for shot in shots),
        archiving_decided=tuple(shot["archiving_decided"] for shot in shots),
        last="",
    )


def by_itself(number: int, shot: dict[str, Any], rules: Rules, scorer: Scorer) -> Difference | None:
    """Return how a photo differs, as it would be decided alone."""
    own = rules.catalogue.of(ME)
    ours = shot["ours"]
    if shot["vector"] is None:
        labels = Labels(open=frozenset(one.name for one in own))
    else:
        vector = np.array(shot["vector"], dtype=np.float32)
        labels = label(vector, shot["facts"], own, scorer, rules.calibration)
    asks = any(match.category.tag not in ours for match in labels.waits)
    if not shot["external"] and not shot["archiving_decided"]:
        asks = asks or any(match.category.archives for match in labels.sure)
    found = Difference(
        asset=AssetId(str(number)),
        checksum=f"c{number}",
        missing=frozenset() if shot["external"] else frozenset(match.category.tag for match in labels.sure) - ours,
        stale=frozenset(stale_tags(ours, labels, rules.catalogue, ME)),
        unsure=frozenset(match.category.tag for match in labels.waits) & ours,
        asks=asks,
    )
    return found if found.missing or found.stale or found.unsure or found.asks else None


@settings(max_examples=400, deadline=None)
@given(categories=categories, shots=some.lists(photos, max_size=8), measured=some.sampled_from([None, MEASURED]))
def test_photos_that_differ_are_those_of_which_each_alone_is_decided_otherwise(
    categories: list[Category], shots: list[dict[str, Any]], measured: Calibration | None
) -> None:
    rules = Rules(catalogue=catalogue_of(categories), calibration=measured)
    scorer = Scorer(scorable(rules.catalogue.of(ME), measured), PROMPTS)
    each = (by_itself(number, shot, rules, scorer) for number, shot in enumerate(shots))
    assert differences(page_of(shots), ME, rules, scorer) == tuple(one for one in each if one is not None)


def test_switched_off_nothing_differs() -> None:
    cats = Category(name="Cats", prompts=("cat",), similarity=0.5)
    shot = {
        "vector": (0.9, 0.0, 0.0),
        "facts": GateFacts(),
        "external": False,
        "archiving_decided": False,
        "ours": frozenset({"Auto/Gone"}),
    }
    rules = Rules(catalogue=catalogue_of([cats]), calibration=None)
    scorer = Scorer([cats], PROMPTS)
    (found,) = differences(page_of([shot]), ME, rules, scorer)
    assert found.missing == {"Auto/Cats"}
    assert found.stale == {"Auto/Gone"}
    off = replace(rules, catalogue=catalogue_of([cats], enabled=False))
    assert differences(page_of([shot]), ME, off, scorer) == ()
