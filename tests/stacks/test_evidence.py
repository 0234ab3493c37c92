"""What else than time and look tells that photos belong together, or that they do not."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor.core.bursts import bearing, dated, near, partition, reach
from reactor.core.growing import COPY_RULE, SHOT_RULE
from reactor.core.library import EmbeddedPhoto
from reactor.core.stack_policy import StackPolicy
from reactor.core.thumbs import thumb_of

from ..core.test_thumbs import scene
from .test_partition import FAR, groups_of, names
from .world import RANDOM_PAIR, photo

POLICY = StackPolicy()
WIDE = scene(7, 256, 512)
LATER = 40 * 86400.0


def framed(name: str, at: float, moved: int, view: float = 0.0, phash: int = 0) -> EmbeddedPhoto:
    """Return a photo of a view, the camera turned by so many of the 256 pixels that it shows."""
    return photo(name, at, view, phash, thumb=thumb_of(WIDE[:, moved : moved + 256]))


@pytest.mark.parametrize(
    ("photos", "expected"),
    [
        pytest.param([framed("a", 0, 0), framed("b", 4, 160, 10, FAR)], ["a", "b"], id="a pan"),
        pytest.param([framed("a", 0, 0), framed("b", 4, 60, 10, FAR)], ["a b"], id="reframed"),
        pytest.param([framed("a", 0, 0), framed("b", 4, 160, 10, 0xFFFF)], ["a b"], id="the hashes vouch for it"),
        pytest.param(
            [framed("a", 0, 0), photo("b", 4, 10, FAR, thumb=thumb_of(scene(8)))], ["a", "b"], id="another page"
        ),
        pytest.param([framed("a", 0, 0), framed("b", 4, 8, 40, FAR)], ["a b"], id="the camera stood still"),
        pytest.param(
            [framed("a", 0, 0), photo("b", 4, 40, FAR, thumb=thumb_of(0.5 * WIDE[:, :256] + 0.5 * scene(8)))],
            ["a", "b"],
            id="half of it is another motif",
        ),
        pytest.param(
            [framed("a", 0, 0), replace(framed("b", 4, 160, 10, FAR), width=30, height=40)],
            ["a b"],
            id="turned upright: the model alone is asked",
        ),
        pytest.param([framed("a", 0, 0), photo("b", 4, 10, FAR)], ["a b"], id="no small picture of the one"),
        pytest.param(
            [photo("a", thumb=bytes(1024)), photo("b", 4, 10, FAR, thumb=bytes(1024))], ["a b"], id="plain as fog"
        ),
    ],
)
def test_the_framing_is_asked_where_the_hashes_differ(photos: list[EmbeddedPhoto], expected: list[str]) -> None:
    assert sorted(groups_of(*photos)) == sorted(expected)


@pytest.mark.parametrize(
    ("photos", "expected"),
    [
        pytest.param(
            [photo("a", name="IMG_1.CR3"), photo("b", 1, 60, 0xFFFF, name="IMG_1.JPG")], ["a b"], id="RAW and JPEG"
        ),
        pytest.param(
            [photo("a", name="IMG_1.CR3"), photo("b", 1, 60, 0xFFFF, name="img_1.heic")], ["a b"], id="RAW and HEIC"
        ),
        pytest.param(
            [photo("a", name="IMG_1.CR3"), photo("b", 1, 60, 0xFFFF, name="IMG_2.JPG")], ["a", "b"], id="another stem"
        ),
        pytest.param(
            [photo("a", name="IMG_1.PNG"), photo("b", 1, 60, 0xFFFF, name="IMG_1.JPG")], ["a", "b"], id="neither is RAW"
        ),
        pytest.param(
            [photo("a", name="IMG_1.CR3"), photo("b", 1, 90, FAR, name="IMG_1.JPG")], ["a", "b"], id="of another scene"
        ),
        pytest.param(
            [photo("a", name="IMG_1.CR3"), photo("b", 4, 60, 0xFFFF, name="IMG_1.JPG")], ["a", "b"], id="another moment"
        ),
    ],
)
def test_files_of_one_shot(photos: list[EmbeddedPhoto], expected: list[str]) -> None:
    assert sorted(groups_of(*photos)) == sorted(expected)


@pytest.mark.parametrize(
    ("photos", "expected"),
    [
        pytest.param([photo("a"), photo("b", LATER, camera="")], ["a b"], id="saved again without its camera"),
        pytest.param([photo("b", -LATER, camera=""), photo("a")], ["b a"], id="the copy came first"),
        pytest.param([photo("a"), photo("b", LATER)], ["a", "b"], id="the same view on another day"),
        pytest.param(
            [photo("a", name="IMG_1.jpg"), photo("b", LATER, name="IMG_1-edited.jpg")],
            ["a b"],
            id="by its name",
        ),
        pytest.param(
            [photo("a", name="IMG_0001.HEIC"), photo("b", LATER, name="IMG_E0001.JPG")], ["a b"], id="edited by a phone"
        ),
        pytest.param(
            [photo("a", name="IMG_1.jpg"), photo("b", LATER, 30, name="IMG_1-edited.jpg")],
            ["a", "b"],
            id="a name is no proof without near identity",
        ),
        pytest.param([photo("a"), photo("b", LATER, 15, camera="")], ["a b"], id="as near as a copy may be"),
        pytest.param([photo("a"), photo("b", LATER, 22, camera="")], ["a", "b"], id="alike, and no copy"),
        pytest.param([photo("a"), photo("b", LATER, 0, 0x7F, camera="")], ["a", "b"], id="of another structure"),
        pytest.param(
            [photo("a"), photo("b", LATER, camera="", width=30, height=30)], ["a", "b"], id="of another shape"
        ),
        pytest.param(
            [photo("a"), photo("b", 2), photo("c", LATER, camera="")], ["a b c"], id="a copy joins its original's burst"
        ),
        pytest.param(
            [photo("a", 0, 0), photo("b", LATER, 15, camera=""), photo("c", 2 * LATER, 30, camera="")],
            ["a b", "c"],
            id="copies of copies add up to nothing",
        ),
        pytest.param(
            [photo("a", camera=""), photo("b", LATER, camera=""), photo("c", 2 * LATER, camera="")],
            ["a b c"],
            id="copies without an original",
        ),
        pytest.param([photo("a", camera=""), photo("b", 3, 25, camera="")], ["a b"], id="a burst of no named camera"),
        pytest.param(
            [photo("a", camera=""), photo("b", 3, 25, FAR, camera="")], ["a", "b"], id="of which the structure says no"
        ),
        pytest.param(
            [photo("a", camera=""), photo("b", 3, 40, camera="")], ["a", "b"], id="or which the model sees half only"
        ),
    ],
)
def test_copies_at_any_distance_in_time(photos: list[EmbeddedPhoto], expected: list[str]) -> None:
    assert sorted(groups_of(*photos)) == sorted(expected)


def test_files_of_no_camera_with_one_time_were_copied_together() -> None:
    pair = [photo("a", 3, camera=""), photo("b", 3, 25, camera="")]
    assert groups_of(*pair) == ["a", "b"]
    assert groups_of(pair[0], replace(pair[1], taken_at=pair[1].taken_at + timedelta(seconds=1))) == ["a b"]


def test_no_copies_are_told_before_the_model_is_measured() -> None:
    assert groups_of(photo("a"), photo("b", LATER, camera=""), floor=None) == ["b", "a"]


def test_the_reason_of_a_copy_tells_no_gap() -> None:
    (group,) = partition([photo("a"), photo("b", LATER, 5, camera="")], POLICY, RANDOM_PAIR)
    assert group.reason.rule == COPY_RULE
    assert [name for name, _ in group.reason.scores] == ["lowest cosine", "most pHash bits"]
    pair = [photo("a", name="a.dng"), photo("b", 0, 60, name="a.jpg")]
    assert partition(pair, POLICY, RANDOM_PAIR)[0].reason.rule == SHOT_RULE


# Noon and a quarter of a second in the world of the tests; so this is on the minute.
ON_THE_MINUTE = -0.25


@pytest.mark.parametrize(
    ("photos", "expected"),
    [
        pytest.param(
            [photo("a", ON_THE_MINUTE), photo("b", ON_THE_MINUTE, 25)], ["a", "b"], id="a download without seconds"
        ),
        pytest.param([photo("a", ON_THE_MINUTE), photo("b", ON_THE_MINUTE, 5)], ["a b"], id="but all but the same"),
        pytest.param(
            [photo("a", ON_THE_MINUTE), photo("b", ON_THE_MINUTE + 60, 5, 1)], ["a b"], id="a minute apart, and copies"
        ),
        pytest.param([photo("a", ON_THE_MINUTE), photo("b", ON_THE_MINUTE + 3, 25)], ["a b"], id="one may be so"),
        pytest.param(
            [photo("a", ON_THE_MINUTE, 0, burst_id="1"), photo("b", ON_THE_MINUTE, 25, burst_id="1")],
            ["a b"],
            id="a burst",
        ),
    ],
)
def test_times_that_are_not_to_be_trusted(photos: list[EmbeddedPhoto], expected: list[str]) -> None:
    assert sorted(groups_of(*photos)) == sorted(expected)


def test_a_pile_of_photos_of_one_moment_was_dated_by_an_import() -> None:
    some = [photo(f"{n:02}", 3, 25 * (n % 2)) for n in range(40)]
    assert len(dated(some, POLICY)) == 40
    assert dated([*some, photo("41", 3)], POLICY) == frozenset()


@st.composite
def a_long_line(draw: st.DrawFn) -> list[EmbeddedPhoto]:
    """Return photos of one camera, a few seconds apart as often as not, that run over several spans."""
    at, photos = 0.0, []
    for number in range(draw(st.integers(5, 40))):
        at += draw(st.sampled_from([0.5, 1.0, 2.0, 2.0, 2.0, 7.0]))
        photos.append(
            photo(f"{number:02}", at, draw(st.sampled_from([0.0, 20.0, 40.0])), draw(st.sampled_from([0, FAR])))
        )
    return photos


@settings(deadline=None, max_examples=150)
@given(a_long_line(), st.data())
def test_a_photo_sees_the_groups_on_which_it_bears_as_all_photos_together_do(
    photos: list[EmbeddedPhoto], data: st.DataObject
) -> None:
    policy = replace(POLICY, maximum_span_s=8.0, gap_s=2.0)
    centre = data.draw(st.sampled_from(photos))
    is_near = near([centre], policy)
    window = [found for found in photos if abs(found.taken_at - centre.taken_at) <= reach(policy)]
    at = {found.asset: found for found in photos}

    def seen(some: list[EmbeddedPhoto]) -> set[str]:
        made = partition(some, policy, RANDOM_PAIR)
        return set(names([group for group in made if any(is_near(at[name]) for name in group.members)]))

    assert seen(window) == seen(photos)


@settings(deadline=None, max_examples=150)
@given(a_long_line(), st.data())
def test_a_photo_changes_no_group_on_which_it_does_not_bear(photos: list[EmbeddedPhoto], data: st.DataObject) -> None:
    policy = replace(POLICY, maximum_span_s=8.0, gap_s=2.0)
    centre = data.draw(st.sampled_from(photos))
    before = partition([found for found in photos if found is not centre], policy, RANDOM_PAIR)
    after = set(names(partition(photos, policy, RANDOM_PAIR)))
    at = {found.asset: found for found in photos}
    for group in before:
        if " ".join(group.members) not in after:
            nearest = min(abs(at[name].taken_at - centre.taken_at) for name in group.members)
            assert nearest <= bearing(policy)


def test_vectors_alone_never_join_what_the_hash_tells_apart() -> None:
    random = np.random.default_rng(5)
    crowd = [photo(f"{n:03}", n * LATER, 0, int(random.integers(0, 2**63)), camera="") for n in range(60)]
    assert all(len(name.split()) == 1 for name in groups_of(*crowd))
