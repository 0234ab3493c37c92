"""What a category would match in a library, counted; and what the user's own doing says of its threshold."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from reactor.core.calibration import Calibration
from reactor.core.calibration_preview import MovedCategory, moved_by
from reactor.core.categories import Category
from reactor.core.gates import Faces, GateFacts, Gates
from reactor.core.ids import AccountId, AssetId
from reactor.core.label_examples import Learned, OnExamples, best_threshold, learned
from reactor.core.label_preview import BINS, SHOWN, STEPS, Library, needs_facts, preview
from reactor.core.orders import Example
from reactor.core.scoring import NEVER

ME = AccountId("me")
CATS = Category(name="Cats", prompts=("a cat",), similarity=0.5)
MEASURED = Calibration(model="m", bank="b", lo=0.2, hi=0.6, photos=20)


def ids(*names: object) -> tuple[AssetId, ...]:
    return tuple(AssetId(str(name)) for name in names)


def library(
    scores: Sequence[float],
    *,
    facts: Mapping[AssetId, GateFacts] | None = None,
    tagged: Sequence[object] = (),
) -> Library:
    """Return a library whose photos are numbered in the order of their scores."""
    return Library(
        account=ME,
        model="m",
        assets=ids(*range(len(scores))),
        scores=np.array(scores, dtype=np.float32),
        facts=facts or {},
        tagged=frozenset(ids(*tagged)),
    )


def test_what_fits_what_is_new_and_what_would_be_lost() -> None:
    # A photo that is tagged and not stored any more is lost as well as one that does not reach the threshold.
    found = preview(CATS, library([0.9, 0.5, 0.49, float(NEVER), 0.1], tagged=[1, 2, "gone"]), MEASURED, ())
    assert (found.photos, found.fits, found.gains, found.loses, found.vetoed) == (5, 2, 1, 2, 1)
    assert [(one.asset, one.fits, one.tagged) for one in found.top] == [
        ("0", True, False),
        ("1", True, True),
        ("2", False, True),
        ("4", False, False),
    ]
    assert [one.asset for one in found.borderline] == ["0", "1", "2", "4"]
    assert found.threshold == 0.5


def test_a_gate_shuts_or_waits_and_what_waits_is_neither_won_nor_lost() -> None:
    facts = {
        AssetId("0"): GateFacts(faces=Faces.ANY),
        AssetId("1"): GateFacts(faces=Faces.NOBODY),
        AssetId("2"): GateFacts(),
    }
    gated = replace(CATS, gates=Gates(with_faces="any"))
    shots = library([0.9, 0.9, 0.9, 0.9, 0.1], facts=facts, tagged=[1, 2])
    found = preview(gated, shots, MEASURED, ())
    assert (found.fits, found.shut, found.waits, found.gains, found.loses) == (1, 1, 2, 1, 1)
    # Facts are asked for those that reach the threshold, and only where there is a gate.
    assert needs_facts(gated, shots.scores, MEASURED).tolist() == [0, 1, 2, 3]
    assert needs_facts(CATS, shots.scores, MEASURED).tolist() == []
    assert needs_facts(replace(gated, similarity=None), shots.scores, None).tolist() == []


def test_counts_over_thresholds_name_the_levels_and_the_threshold() -> None:
    scores = [0.49, 0.5, 0.53, 0.57, 0.7]
    found = preview(replace(CATS, similarity=0.51), library(scores), MEASURED, ())
    assert [one.cosine for one in found.counts] == sorted(one.cosine for one in found.counts)
    named = {one.strictness: one.photos for one in found.counts}
    assert (named["loose"], named["normal"], named["strict"], named["1.00"]) == (5, 3, 2, 1)
    assert [one.strictness for one in found.counts if one.cosine == 0.51] == [""]
    assert len(found.counts) == len(STEPS) + 1
    by_level = preview(replace(CATS, similarity=None, strictness="loose"), library(scores), MEASURED, ())
    assert len(by_level.counts) == len(STEPS)
    assert (by_level.fits, by_level.threshold) == (5, MEASURED.threshold("loose"))


def test_of_a_model_that_is_not_measured_a_strictness_matches_nothing_yet() -> None:
    found = preview(replace(CATS, similarity=None), library([0.9], tagged=[0]), None, ())
    assert (found.threshold, found.fits, found.counts, found.borderline) == (None, 0, (), ())
    assert [one.asset for one in found.top] == ["0"]
    assert found.loses == 0


def test_an_empty_library_has_nothing_to_show() -> None:
    found = preview(CATS, library([]), MEASURED, ())
    assert (found.photos, found.fits, found.histogram, found.top) == (0, 0, (), ())
    assert {one.photos for one in found.counts} == {0}


def test_copies_of_one_photo_have_a_histogram_too() -> None:
    half = float(np.nextafter(np.float32(0.5), np.float32(1)))
    assert sum(one.photos for one in preview(CATS, library([0.5, half]), MEASURED, ()).histogram) == 2
    assert sum(one.photos for one in preview(CATS, library([0.5, 0.5]), MEASURED, ()).histogram) == 2


@given(
    scores=some.lists(some.floats(-1, 1, width=32) | some.just(float(NEVER)), max_size=80),
    threshold=some.floats(-1, 1),
    tagged=some.sets(some.integers(0, 90), max_size=20),
)
def test_whatever_the_scores_are_the_numbers_add_up(scores: list[float], threshold: float, tagged: set[int]) -> None:
    found = preview(replace(CATS, similarity=threshold), library(scores, tagged=sorted(tagged)), MEASURED, ())
    fits = {number for number, score in enumerate(scores) if score >= threshold}
    assert (found.fits, found.gains, found.loses) == (len(fits), len(fits - tagged), len(tagged - fits))
    assert found.vetoed == scores.count(float(NEVER))
    assert sum(one.photos for one in found.histogram) == len(scores) - found.vetoed
    assert len(found.histogram) in (0, BINS)
    assert [one.photos for one in found.counts if one.cosine == threshold] == [found.fits]
    assert [one.photos for one in found.counts] == sorted((one.photos for one in found.counts), reverse=True)
    assert len(found.top) <= SHOWN
    assert [one.score for one in found.top] == sorted((one.score for one in found.top), reverse=True)
    assert all(one.fits is (one.score >= threshold) for one in (*found.top, *found.borderline))


def said(**words: bool) -> list[Example]:
    """Return what a person said of photos: those of a name like ``p3`` are meant by its number."""
    return [Example(asset=AssetId(name[1:]), wanted=wanted) for name, wanted in words.items()]


def test_what_the_user_said_tells_of_the_threshold_and_of_a_better_one() -> None:
    shots = library([0.9, 0.46, 0.4, 0.55, 0.2])
    examples = said(p0=True, p1=True, p2=True, p3=False, p4=False, p9=True)
    found = preview(CATS, shots, MEASURED, examples, "without Immich").learned
    assert found is not None
    # The photo that is not stored counts for nothing.
    assert (found.wanted, found.unwanted, found.note) == (3, 2, "without Immich")
    assert found.now == OnExamples(threshold=0.5, precision=0.5, recall=1 / 3, strictness=0.75)
    assert found.better is not None
    assert (found.better.precision, found.better.recall) == (0.75, 1.0)
    assert found.better.threshold == pytest.approx(0.3)
    assert found.better.strictness == pytest.approx(0.25)


def test_of_too_few_examples_no_better_threshold_is_concluded() -> None:
    shots = library([0.9, 0.4, 0.4, 0.55])
    one_no = learned(shots.assets, shots.scores, said(p0=True, p1=True, p3=False), 0.5, MEASURED, "")
    assert one_no.now is not None
    assert one_no.better is None
    assert learned(shots.assets, shots.scores, (), 0.5, MEASURED, "") == Learned(wanted=0, unwanted=0)
    unmeasured = learned(shots.assets, shots.scores, said(p0=True), None, None, "")
    assert (unmeasured.wanted, unmeasured.now) == (1, None)


def test_a_photo_that_is_vetoed_is_found_by_no_threshold() -> None:
    shots = library([float(NEVER), 0.3])
    found = learned(shots.assets, shots.scores, said(p0=True, p1=True), 0.2, None, "").now
    assert found == OnExamples(threshold=0.2, precision=1.0, recall=0.5, strictness=None)
    nothing = learned(shots.assets, shots.scores, said(p0=False, p1=False), 0.9, None, "").now
    assert nothing is not None
    assert (nothing.precision, nothing.recall) == (None, None)


tenths = some.integers(0, 10).map(lambda number: np.float32(number / 10))


@given(
    examples=some.lists(some.tuples(tenths | some.just(NEVER), some.booleans()), min_size=1, max_size=12),
    threshold=some.floats(0, 1),
)
def test_no_threshold_does_better_than_the_best(examples: list[tuple[np.float32, bool]], threshold: float) -> None:
    scores = np.array([score for score, _ in examples], dtype=np.float32)
    wanted = np.array([right for _, right in examples], dtype=np.bool_)

    def f1(cut: float) -> float:
        found = scores >= np.float64(cut)
        total = int(found.sum()) + int(wanted.sum())
        return 2 * int((found & wanted).sum()) / total if total else 0.0

    best = max(f1(cut) for cut in (*np.arange(-0.05, 1.2, 0.1).tolist(), threshold))
    found = best_threshold(scores, wanted, threshold, None)
    assert f1(found.threshold if found is not None else threshold) == pytest.approx(best)
    if found is not None:
        assert f1(found.threshold) > f1(threshold)


def test_of_equally_good_thresholds_the_nearest_is_proposed() -> None:
    scores = np.array([0.2, 0.3, 0.8, 0.9], dtype=np.float32)
    wanted = np.array([False, False, True, True])
    found = best_threshold(scores, wanted, 0.1, MEASURED)
    assert found is not None
    assert found.threshold == pytest.approx(0.55)
    assert (found.precision, found.recall) == (1.0, 1.0)
    assert best_threshold(scores, wanted, 0.7, MEASURED) is None


def test_what_a_new_measurement_moves() -> None:
    usual = replace(CATS, similarity=None)
    scores = np.array([[0.45, 0.45], [0.55, 0.55], [0.65, 0.65]], dtype=np.float32)
    after = replace(MEASURED, hi=0.8, version=2)
    strict = replace(usual, name="Strict", strictness="strict")
    assert moved_by(ME, (usual, strict), scores, MEASURED, after) == (
        MovedCategory(account=ME, category="Cats", before=2, after=0),
        MovedCategory(account=ME, category="Strict", before=1, after=0),
    )
    (first,) = moved_by(ME, (usual,), scores[:, :1], None, MEASURED)
    assert (first.before, first.after) == (None, 2)


def test_a_cosine_is_a_share_of_the_way_and_few_photos_are_worth_measuring_again() -> None:
    assert MEASURED.share(0.5) == pytest.approx(0.75)
    assert replace(MEASURED, hi=0.2).share(0.5) is None
    assert [MEASURED.is_improvable(stored) for stored in (20, 199, 200)] == [False, False, True]
    assert not replace(MEASURED, photos=200).is_improvable(5000)
