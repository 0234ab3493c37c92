"""Which photo lies on top."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor.core.covers import (
    ALONE_RULE,
    EARLIEST_RULE,
    EDIT_RULE,
    EXPOSED_RULE,
    FACES_RULE,
    FAVOURITE_RULE,
    FIRST_RULE,
    KEPT_RULE,
    LARGEST_RULE,
    RATING_RULE,
    SHARPEST_RULE,
    SHOWN_RULE,
    STANDS_RULE,
    Candidate,
    FacesFound,
    candidates_of,
    says_edited,
    shortlisted,
)
from reactor.core.ids import AssetId, FaceId
from reactor.core.library import Face
from reactor.core.stack_policy import CoverRule

from .world import asset_of, photo

STORED = frozenset({"sharpness", "width", "height", "clipped", "thumb", "burst_id"})


def may_be(asset: str, at: float = 0.0, /, **facts: Any) -> Candidate:
    stored = {key: facts.pop(key) for key in STORED & facts.keys()}
    return Candidate(photo=photo(asset, at, **stored), **facts)


def lit(grey: int) -> bytes:
    return bytes([grey]) * 1024


def face(left: float, top: float, side: float, frame: tuple[int, int] = (1000, 1000)) -> Face:
    return Face(id=FaceId("f"), box=(left, top, left + side, top + side), frame=frame, person=None)


def chosen(
    candidates: list[Candidate], keep: str | None = None, rule: CoverRule = "best", faces: FacesFound | None = None
) -> tuple[str, str]:
    cover, reason = shortlisted(candidates, AssetId(keep) if keep else None, rule).choose(faces or {})
    backwards = shortlisted(candidates[::-1], AssetId(keep) if keep else None, rule)
    assert backwards.choose(faces or {}) == (cover, reason)
    return cover, reason.rule


def on(**faces: tuple[Face, ...] | None) -> FacesFound:
    return {AssetId(name): found for name, found in faces.items() if found is not None}


@pytest.mark.parametrize(
    ("candidates", "keep", "cover", "rule"),
    [
        pytest.param([may_be("a"), may_be("b", 1, favourite=True, rating=5)], "a", "a", KEPT_RULE, id="the user's own"),
        pytest.param([may_be("a"), may_be("b", 1)], "gone", "a", EARLIEST_RULE, id="the user's own is gone"),
        pytest.param([may_be("a", sharpness=9.0), may_be("b", 1, favourite=True)], None, "b", FAVOURITE_RULE),
        pytest.param([may_be("a", favourite=True), may_be("b", 1, rating=5, edited=True)], None, "a", FAVOURITE_RULE),
        pytest.param([may_be("a", sharpness=9.0, rating=3), may_be("b", 1, rating=4)], None, "b", RATING_RULE),
        pytest.param([may_be("a", rating=-1), may_be("b", 1)], None, "b", RATING_RULE, id="rejected"),
        pytest.param([may_be("a", rating=1), may_be("b", 1, edited=True)], None, "a", RATING_RULE, id="a star"),
        pytest.param([may_be("a", sharpness=9.0), may_be("b", 1, edited=True)], None, "b", EDIT_RULE),
        pytest.param(
            [may_be("a", name="DSC_1.NEF", sharpness=9.0), may_be("b", name="DSC_1.JPG")], None, "b", SHOWN_RULE
        ),
        pytest.param([may_be("a", name="1.dng"), may_be("b", 1, name="2.dng")], None, "a", EARLIEST_RULE, id="RAWs"),
        pytest.param([may_be("a", sharpness=1.0), may_be("b", 1, sharpness=5.0)], None, "b", SHARPEST_RULE),
        pytest.param(
            [may_be("a", sharpness=5.0), may_be("b", 1, sharpness=4.3, width=41)], None, "a", EARLIEST_RULE, id="noise"
        ),
        pytest.param(
            [may_be("a", sharpness=5.0), may_be("b", 1, sharpness=3.9)], None, "a", SHARPEST_RULE, id="a trace of blur"
        ),
        pytest.param([may_be("a", sharpness=0.0)], None, "a", ALONE_RULE, id="alone"),
        pytest.param([may_be("a", sharpness=0.0), may_be("b", sharpness=0.0)], None, "a", EARLIEST_RULE, id="plain"),
        pytest.param([may_be("b", 0), may_be("a", 1)], None, "b", EARLIEST_RULE, id="time"),
        pytest.param([may_be("b"), may_be("a")], None, "a", EARLIEST_RULE, id="id"),
    ],
)
def test_case(candidates: list[Candidate], keep: str | None, cover: str, rule: str) -> None:
    assert chosen(candidates, keep) == (cover, rule)


def test_the_sharpest_of_one_size_does_not_beat_the_same_photo_at_another() -> None:
    large = may_be("large", 1, sharpness=5.0, width=4000, height=3000)
    copy = may_be("copy", sharpness=9.0, width=1600, height=1200)
    assert chosen([large, copy]) == ("large", LARGEST_RULE)
    shaken = may_be("large", 1, sharpness=2.0, width=4000, height=3000)
    assert chosen([shaken, copy]) == ("copy", SHARPEST_RULE)
    straightened = may_be("straight", sharpness=5.0, width=3950, height=2960)
    assert chosen([large, straightened]) == ("straight", EARLIEST_RULE)


def test_of_an_exposure_bracket_the_middle_one_lies_on_top() -> None:
    # As measured on a bracket of the labelled bursts: sharpness grows with the light alone.
    dark = may_be("dark", sharpness=1252, clipped=0.003, thumb=lit(70))
    middle = may_be("middle", 1, sharpness=3193, clipped=0.041, thumb=lit(122))
    bright = may_be("bright", 2, sharpness=4000, clipped=0.407, thumb=lit(194))
    assert chosen([dark, middle, bright]) == ("middle", EXPOSED_RULE)
    assert chosen([middle, bright]) == ("middle", SHARPEST_RULE)
    assert chosen([dark, middle]) == ("middle", EXPOSED_RULE)


def test_what_is_not_known_of_every_photo_counts_for_none() -> None:
    stored_long_ago = may_be("old", sharpness=4.0)
    dark = may_be("dark", 1, sharpness=4.0, clipped=0.5, thumb=lit(10))
    assert chosen([stored_long_ago, dark]) == ("old", EARLIEST_RULE)
    assert chosen([stored_long_ago, may_be("new", 1, sharpness=6.0, clipped=0.5, thumb=lit(10))])[0] == "new"


def test_a_black_frame_is_not_sharp_for_its_noise() -> None:
    pocket = may_be("pocket", sharpness=20.0, clipped=0.9, thumb=lit(2))
    assert chosen([pocket, may_be("view", 1, sharpness=500.0, clipped=0.0, thumb=lit(110))]) == ("view", SHARPEST_RULE)


ONE, TWO = (face(300, 300, 200),), (face(300, 300, 200), face(600, 300, 200))


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        pytest.param((), ONE, id="somebody is seen"),
        pytest.param(None, ONE, id="nobody looked"),
        pytest.param(ONE, TWO, id="more of them"),
        pytest.param((face(300, 300, 100),), (face(300, 300, 200),), id="nearer"),
        pytest.param((*ONE, face(900, 300, 100)), TWO, id="one is cut by the edge"),
        pytest.param((*ONE, face(300, 900, 100)), TWO, id="one is cut below"),
        pytest.param((face(10, 10, 20, (100, 100)),), (face(300, 300, 400),), id="whatever the frame's size"),
    ],
)
def test_faces_decide_among_equally_sharp_ones(worse: tuple[Face, ...] | None, better: tuple[Face, ...]) -> None:
    faces = on(a=worse, b=better)
    assert chosen([may_be("a"), may_be("b", 1)], faces=faces) == ("b", FACES_RULE)
    assert chosen([may_be("a", sharpness=9.0), may_be("b", 1)], faces=faces) == ("a", SHARPEST_RULE)


@pytest.mark.parametrize(
    "equal",
    [
        pytest.param((face(300, 300, 185),), id="a box that breathes"),
        pytest.param((*ONE, face(800, 100, 40)), id="somebody in the background"),
    ],
)
def test_small_differences_of_faces_are_none(equal: tuple[Face, ...]) -> None:
    for one, other in ((ONE, equal), (equal, ONE)):
        assert chosen([may_be("a"), may_be("b", 1)], faces=on(a=one, b=other)) == ("a", EARLIEST_RULE)


def test_the_first_is_the_first_whatever_the_rest() -> None:
    late = may_be("a", 2, name="1.jpg", favourite=True, rating=5, sharpness=9.0)
    photos = [late, may_be("b", 1, name="b.jpg"), may_be("c", 1, name="a.jpg"), may_be("d", 1, name="a.jpg")]
    assert chosen(photos, rule="first") == ("c", FIRST_RULE)
    assert chosen(photos, "b", rule="first") == ("b", KEPT_RULE)


def test_what_lies_on_top_of_a_whole_stack_stays_for_all_but_a_clear_reason() -> None:
    photos, faces = [may_be("a"), may_be("b", 1), may_be("c", 2, sharpness=0.1)], on(a=(), b=ONE)

    def beside(standing: str, photos: list[Candidate], rule: CoverRule = "best") -> tuple[str, str]:
        cover, reason = shortlisted(photos, None, rule, AssetId(standing)).choose(faces)
        return cover, reason.rule

    assert beside("a", photos) == ("a", STANDS_RULE)
    assert beside("c", photos) == ("b", FACES_RULE)
    assert beside("a", [*photos, may_be("d", 3, favourite=True)]) == ("d", FAVOURITE_RULE)
    assert beside("b", photos, "first") == ("a", FIRST_RULE)


def test_faces_are_asked_for_only_where_they_decide() -> None:
    photos = [may_be("a", sharpness=4.5), may_be("b", 1, sharpness=5.0), may_be("c", 2, sharpness=1.0)]
    keep, stands, fails = AssetId("a"), AssetId("a"), AssetId("c")
    assert shortlisted(photos, None).asked == ("b", "a")
    assert shortlisted(photos, keep).asked == ()
    assert shortlisted(photos, None, "first").asked == ()
    assert shortlisted(photos, None, standing=stands).asked == ()
    assert shortlisted(photos, None, standing=fails).asked == ("b", "a")
    assert shortlisted([*photos, may_be("d", 3, rating=2)], None).asked == ()


@pytest.mark.parametrize(
    ("name", "beside", "edited"),
    [
        ("IMG_1-edited.jpg", "", True),
        ("IMG_1-EDITED(1).jpg", "", True),
        ("DSC_0001-Edit.tif", "", True),
        ("IMG_1-bearbeitet.jpg", "", True),
        ("credited.jpg", "", False),
        ("IMG_E1234.HEIC", "img_1234", True),
        ("IMG_E1234.HEIC", "img_1235", False),
        ("IMG_1078~2.jpg", "img_1078", True),
        ("IMG_1078~2.jpg", "", False),
        ("IMG_1234.HEIC", "img_e1234", False),
        ("", "", False),
    ],
)
def test_a_name_that_tells_of_an_edit(name: str, beside: str, edited: bool) -> None:
    assert says_edited(name, frozenset({beside})) is edited


def test_what_immich_shows_and_what_the_name_says_come_together() -> None:
    names = {"a": "IMG_1.jpg", "b": "stored.jpg", "c": "IMG_1-edited.jpg"}
    photos = [replace(photo(asset), name=name) for asset, name in names.items()]
    shown = {one.asset: asset_of(one) for one in photos}
    shown[AssetId("b")] = asset_of(photos[1], file_name="IMG_2.jpg", favourite=True, rating=3, edited=True)
    found = candidates_of(photos, shown)
    assert [(one.name, one.favourite, one.rating, one.edited) for one in found] == [
        ("IMG_1.jpg", False, None, False),
        ("IMG_2.jpg", True, 3, True),
        ("IMG_1-edited.jpg", False, None, True),
    ]


def test_the_reasons_are_numbers_too() -> None:
    best = may_be("a", sharpness=4.0, clipped=0.01, thumb=lit(100), rating=3)
    other = may_be("b", 1, sharpness=5.0, clipped=0.02, thumb=lit(100), rating=2)
    assert shortlisted([best, other], None).choose(on(a=TWO))[1].scores == (
        ("share of the best sharpness", 0.8),
        ("black or white", 0.01),
        ("whole faces", 2.0),
        ("rating", 3.0),
        ("pixels", 1200.0),
    )


CANDIDATES = st.builds(
    may_be,
    st.sampled_from("abcdef"),
    st.sampled_from([0.0, 1.0, 2.0]),
    sharpness=st.sampled_from([0.0, 1.0, 4.0, 4.3, 5.0]),
    width=st.sampled_from([0, 40, 41, 80]),
    clipped=st.sampled_from([None, 0.0, 0.1, 0.5]),
    thumb=st.sampled_from([None, lit(0), lit(60), lit(118), lit(240)]),
    favourite=st.booleans(),
    rating=st.sampled_from([None, None, -1, 2]),
    edited=st.booleans(),
)
FACES = st.dictionaries(st.sampled_from([AssetId(name) for name in "abcdef"]), st.sampled_from([(), ONE, TWO]))


@settings(max_examples=200)
@given(
    st.lists(CANDIDATES, min_size=1, max_size=6, unique_by=lambda one: one.photo.asset),
    st.sampled_from(["best", "first"]),
    FACES,
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_photos_are_given_does_not_matter(
    candidates: list[Candidate], rule: CoverRule, faces: FacesFound, chance: Any
) -> None:
    cover, reason = shortlisted(candidates, None, rule).choose(faces)
    shuffled = chance.sample(candidates, len(candidates))
    assert shortlisted(shuffled, None, rule).choose(faces) == (cover, reason)
    # once it lies on top it stays there, also when nobody asks for faces any more
    assert shortlisted(shuffled, None, rule, cover).choose({})[0] == cover
