"""Which faces are given to Frigate, and how they are cut."""

import io
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from reactor.core.ids import AssetId, FaceId
from reactor.core.portraits import (
    Box,
    Choice,
    FaceCandidate,
    PortraitPolicy,
    choose_portraits,
    crop_box,
    fits_into,
    tile_sharpness,
)

from .faces import ALICE, draw

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
POLICY = PortraitPolicy(maximum=3, min_sharpness=30)


def face(
    name: str,
    *,
    after: float = 0,
    box: Box = (400, 300, 520, 450),
    sharpness: float = 200,
    others: tuple[Box, ...] = (),
) -> FaceCandidate:
    """Return a good face ``after`` seconds after noon, unless told otherwise."""
    return FaceCandidate(
        asset=AssetId(f"photo of {name}"),
        face=FaceId(name),
        box=box,
        frame=(1440, 1080),
        taken_at=NOON + timedelta(seconds=after),
        sharpness=sharpness,
        other_faces=others,
    )


def chosen(choices: tuple[Choice, ...]) -> list[str]:
    return [choice.candidate.face for choice in choices if choice.chosen]


OBJECTIONS = {
    "small": (face("f", box=(400, 300, 480, 450)), "80 px wide, below 90"),
    "inverted": (face("f", box=(500, 300, 400, 450)), "0 px wide"),
    "at the edge": (face("f", box=(2, 300, 122, 450)), "cut off"),
    "below the picture": (face("f", box=(400, 1000, 520, 1150)), "cut off"),
    "blurred": (face("f", sharpness=12), "blurred: sharpness 12, below 30"),
    "a rival in the crop": (face("f", others=((460, 290, 600, 460), (0, 0, 50, 50))), "as big"),
}


@pytest.mark.parametrize(("candidate", "words"), OBJECTIONS.values(), ids=OBJECTIONS)
def test_a_bad_face_is_refused_with_a_reason(candidate: FaceCandidate, words: str) -> None:
    (choice,) = choose_portraits([candidate], frozenset(), POLICY)
    assert not choice.chosen
    assert words in choice.reason


def test_small_or_distant_other_faces_do_not_matter() -> None:
    others = ((530.0, 300.0, 580.0, 360.0), (900.0, 300.0, 1300.0, 700.0))
    assert chosen(choose_portraits([face("f", others=others)], frozenset(), POLICY)) == ["f"]


def test_the_newest_are_taken_and_of_one_moment_one() -> None:
    faces = [face("a"), face("b", after=5), face("c", after=60), face("d", after=120), face("e", after=180)]
    choices = choose_portraits(faces, frozenset(), POLICY)
    assert chosen(choices) == ["e", "d", "c"]
    assert [choice.reason for choice in choices[3:]] == ["the person has 3 pictures already"] * 2
    twins = choose_portraits(faces[:2], frozenset(), POLICY)
    assert chosen(twins) == ["b"]
    assert twins[1].reason == "a newer face of the same moment is taken"


def test_faces_that_frigate_has_take_places_and_moments() -> None:
    faces = [face("a"), face("b", after=5), face("c", after=60), face("d", after=120)]
    choices = choose_portraits(faces, frozenset({FaceId("a"), FaceId("gone")}), POLICY)
    assert chosen(choices) == ["d"]
    assert [choice.candidate.face for choice in choices] == ["d", "c", "b", "a"]
    assert choices[3].reason == "Frigate was given it already"
    assert "same moment" in choices[2].reason


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 100)), max_size=12),
    st.sets(st.integers(0, 12), max_size=4),
    st.integers(0, 9999),
)
def test_the_order_of_the_candidates_does_not_matter(shots: list[tuple[int, int]], given_: set[int], seed: int) -> None:
    faces = [face(f"{index}", after=after, sharpness=sharp) for index, (after, sharp) in enumerate(shots)]
    already = frozenset(FaceId(str(index)) for index in given_)
    choices = choose_portraits(faces, already, POLICY)
    shuffled = Random(seed).sample(faces, len(faces))
    assert choose_portraits(shuffled, already, POLICY) == choices
    assert len(choices) == len(faces)
    assert all(choice.reason for choice in choices)
    taken = [choice.candidate for choice in choices if choice.chosen]
    assert not taken or len(taken) + len(already) <= POLICY.maximum
    assert not already & {one.face for one in taken}
    times = sorted(one.taken_at for one in taken)
    assert all(later - earlier > timedelta(seconds=10) for earlier, later in pairwise(times))
    again = choose_portraits(faces, already | {one.face for one in taken}, POLICY)
    assert not chosen(again), "what was chosen once leaves nothing to choose"


def test_a_crop_is_the_box_with_its_margin_inside_the_picture() -> None:
    assert crop_box((100, 100, 200, 300), (1000, 1000), 0.4) == (60, 20, 240, 380)
    assert crop_box((10, 900, 110, 990), (1000, 1000), 0.5) == (0, 855, 160, 1000)
    assert crop_box((0, 0, 640, 480), (640, 480), 0.4) == (0, 0, 640, 480)
    for wrong in ((50, 50, 50, 90), (700, 0, 800, 100), (-200, 0, -100, 100)):
        with pytest.raises(ValueError, match="not in a picture"):
            crop_box(wrong, (640, 480), 0.1)


@given(
    st.tuples(st.floats(0, 600), st.floats(0, 400), st.floats(1, 400), st.floats(1, 400)),
    st.floats(0, 2),
)
def test_a_crop_holds_the_visible_face(place: tuple[float, float, float, float], margin: float) -> None:
    x, y, width, height = place
    left, top, right, bottom = crop_box((x, y, x + width, y + height), (640, 480), margin)
    assert 0 <= left <= x
    assert 0 <= top <= y
    assert min(640, x + width) <= right <= 640
    assert min(480, y + height) <= bottom <= 480


def gray(radius: float, *, shift: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    image = draw(ALICE, size=(160, 180), faces=((80, 90, 50),)).filter(ImageFilter.GaussianBlur(radius))
    picture = Image.fromarray(np.asarray(image.convert("L")) // 2 + np.uint8(shift))
    return np.asarray(picture, dtype=np.float32)


def test_sharpness_falls_with_blur_and_not_with_light() -> None:
    measured = [tile_sharpness(gray(radius)) for radius in (0, 1, 2, 4)]
    assert measured == sorted(measured, reverse=True)
    assert measured[0] > 4 * measured[2] > 0
    assert tile_sharpness(gray(1, shift=60)) == pytest.approx(measured[1])


def test_a_plain_background_does_not_make_a_face_blurred() -> None:
    sharp = gray(0)
    wide = np.full((sharp.shape[0], sharp.shape[1] * 2), 90, dtype=np.float32)
    wide[:, : sharp.shape[1]] = sharp
    assert tile_sharpness(wide) > 0.5 * tile_sharpness(sharp)
    assert tile_sharpness(np.full((50, 50), 128, dtype=np.float32)) == 0
    assert tile_sharpness(np.zeros((2, 9), dtype=np.float32)) == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 40), st.integers(0, 50), st.integers(80, 120), st.integers(90, 130))
def test_a_piece_fits_into_its_picture_wherever_it_was_cut(left: int, top: int, width: int, height: int) -> None:
    whole = gray(0)
    assert fits_into(whole[top : top + height, left : left + width], whole) == pytest.approx(1.0, abs=1e-3)


def test_what_frigate_stores_fits_and_what_looks_alike_does_not() -> None:
    whole = gray(0)
    out = io.BytesIO()
    Image.fromarray(whole[25:155, 30:130].astype(np.uint8)).save(out, "WEBP", quality=100)
    with Image.open(out) as stored:
        assert fits_into(np.asarray(stored.convert("L"), dtype=np.float32), whole) > 0.99
    moved = draw(ALICE, size=(160, 180), faces=((84, 92, 53),)).convert("L")
    assert fits_into(np.asarray(moved, dtype=np.float32)[25:155, 30:130], whole) < 0.98
    assert fits_into(np.zeros((200, 10), dtype=np.float32), whole) == 0
    assert fits_into(np.zeros((10, 10), dtype=np.float32), whole) < 0.5
