"""One strictness for all: every kind that the renderer draws, found by a prompt that training never saw."""

from pathlib import Path

import numpy as np
import pytest

from models.training.label_set import write
from models.training.strictness import half_of, mapped, measured, of_a_few
from reactor.demo.pictures import KINDS
from reactor.evaluate.label_scores import LabelledVectors, calibrate, compare
from reactor.evaluate.labels import embedded
from reactor.ports import Embedder

LOST = 0.02
"""The most that a strictness may lose against the best single cosine, which only those can set who know the truth."""


def test_normal_finds_every_kind_without_tuning(drawn: LabelledVectors) -> None:
    report = measured(drawn)
    assert tuple(one.name for one in report.categories) == KINDS
    assert report.macro_f1 >= 0.9
    # Of a dozen pictures a kind the best single cosine is partly chance; the long test asks for less.
    assert report.loss <= 2 * LOST


def test_loose_finds_no_less_and_strict_is_wrong_no_more_often(drawn: LabelledVectors) -> None:
    calibration = calibrate(drawn)
    loose, normal, strict = (compare(drawn, calibration, level).categories for level in ("loose", "normal", "strict"))
    assert all(one.recall >= other.recall for one, other in zip(loose, normal, strict=True))
    assert np.mean([one.precision for one in strict]) >= np.mean([one.precision for one in normal])


def test_a_model_whose_cosines_lie_elsewhere_tags_the_same_photos(drawn: LabelledVectors) -> None:
    other = mapped(drawn)
    assert np.linalg.norm(other.photos, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(other.bank, axis=1) == pytest.approx(1, abs=1e-5)
    assert other.photos @ other.bank.T == pytest.approx(0.35 * (drawn.photos @ drawn.bank.T) + 0.1, abs=1e-5)
    here, there = measured(drawn), measured(other)
    assert there.threshold == pytest.approx(0.35 * here.threshold + 0.1, abs=1e-5)
    assert there.macro_f1 == pytest.approx(here.macro_f1, abs=0.002)
    assert there.loss == pytest.approx(here.loss, abs=0.002)


@pytest.mark.parametrize("kind", ["dog", "mountains", "portrait", "qr", "whiteboard"])
def test_a_library_of_which_half_is_one_kind_is_tagged_as_well(drawn: LabelledVectors, kind: str) -> None:
    report = measured(half_of(drawn, kind))
    assert report.categories[KINDS.index(kind)].labelled == report.photos / 2
    assert report.macro_f1 >= 0.9
    assert report.loss <= 2 * LOST


@pytest.mark.soak
async def test_the_loss_is_small_for_every_kind_that_fills_half_and_for_a_few_photos(
    tmp_path: Path, model: Embedder
) -> None:
    write(tmp_path, per_kind=60, first_seed=3_400_000)
    vectors = await embedded(tmp_path, model)
    for whole in (vectors, mapped(vectors)):
        assert measured(whole).macro_f1 >= 0.9
        assert measured(whole).loss <= LOST
    assert {kind: loss for kind in KINDS if (loss := measured(half_of(vectors, kind)).loss) > LOST} == {}
    assert max(of_a_few(vectors, 200)) <= LOST
    assert np.mean(of_a_few(vectors, 20)) <= LOST
