"""The sample library: what is in the camera roll, and that the files say so themselves."""

import io
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from itertools import groupby, islice, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image

from reactor.demo.pictures.library import PAPERS, SCREENS, SampleFace, SamplePhoto, sample_library

START = datetime(2026, 8, 1, 9, 30, tzinfo=timezone(timedelta(hours=2)))


@pytest.fixture(scope="module")
def photos() -> Sequence[SamplePhoto]:
    return list(sample_library(seed=3, photos=60, start=START))


def opened(photo: SamplePhoto) -> Image.Image:
    return Image.open(io.BytesIO(photo.jpeg))


def skin(picture: Image.Image) -> NDArray[np.bool_]:
    planes = np.asarray(picture.convert("YCbCr"))
    blue, red = planes[..., 1], planes[..., 2]
    return (blue >= 77) & (blue <= 127) & (red >= 133) & (red <= 173)


def test_the_shares_of_the_camera_roll(photos: Sequence[SamplePhoto]) -> None:
    assert len(photos) == 60
    assert sum(photo.burst is not None for photo in photos) == 12
    assert sum(photo.kind in SCREENS for photo in photos) == 12
    assert sum(photo.kind in PAPERS for photo in photos) == 6
    assert Counter(face.person for photo in photos for face in photo.faces) == dict.fromkeys(
        ("Anna", "Ben", "Clara", "Dr. Who"), 5
    )


@pytest.mark.parametrize("count", [1, 2, 7, 30])
def test_a_library_of_any_size_has_that_many_photos(count: int) -> None:
    photos = list(sample_library(seed=11, photos=count, start=START))
    assert len(photos) == count
    assert len({photo.file_name for photo in photos}) == count


def test_the_photos_come_in_the_order_in_which_they_were_taken(photos: Sequence[SamplePhoto]) -> None:
    assert photos[0].taken_at > START
    for earlier, later in pairwise(photos):
        gap = later.taken_at - earlier.taken_at
        if earlier.burst is not None and earlier.burst == later.burst:
            assert timedelta(seconds=0.2) <= gap <= timedelta(seconds=2)
        else:
            assert gap >= timedelta(minutes=3)


def test_bursts_are_three_to_eight_frames_of_one_motif(photos: Sequence[SamplePhoto]) -> None:
    bursts = [list(frames) for name, frames in groupby(photos, key=lambda photo: photo.burst) if name]
    assert len(bursts) >= 2
    for frames in bursts:
        assert 3 <= len(frames) <= 8
        assert len({(frame.kind, frame.camera) for frame in frames}) == 1
        assert len({frame.jpeg for frame in frames}) == len(frames)


def test_the_exif_in_the_file_says_when_and_by_which_phone(photos: Sequence[SamplePhoto]) -> None:
    for photo in photos:
        exif = opened(photo).getexif()
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        taken = inner[ExifTags.Base.DateTimeOriginal] + "." + inner[ExifTags.Base.SubsecTimeOriginal]
        stamp = datetime.strptime(taken + inner[ExifTags.Base.OffsetTimeOriginal], "%Y:%m:%d %H:%M:%S.%f%z")
        assert stamp == photo.taken_at
        assert f"{exif[ExifTags.Base.Make]} {exif[ExifTags.Base.Model]}" == photo.camera


def test_the_files_are_jpegs_of_the_size_that_is_told(photos: Sequence[SamplePhoto]) -> None:
    for photo in photos:
        picture = opened(photo)
        assert (picture.format, picture.size) == ("JPEG", photo.size)
        assert min(photo.size) >= 1080


def test_faces_are_large_inside_the_picture_and_of_skin_while_nothing_around_is(photos: Sequence[SamplePhoto]) -> None:
    portraits = [photo for photo in photos if photo.faces]
    assert {len(photo.faces) for photo in portraits} == {1, 2}
    for photo in portraits:
        tone = skin(opened(photo))
        for face in photo.faces:
            left, top, right, foot = (round(edge) for edge in face.box)
            assert min(left, top) >= 0 and right <= photo.size[0] and foot <= photo.size[1]
            assert min(right - left, foot - top) >= 120
            # An ellipse fills 0.785 of its box; eyes, mouth and glasses take a little.
            assert tone[top:foot, left:right].mean() > 0.6
            tone[top:foot, left:right] = False
        assert tone.mean() < 0.01


def colour_of(photo: SamplePhoto, face: SampleFace) -> NDArray[np.float64]:
    """Return the mean chroma of the middle of a face, which light does not change much."""
    left, top, right, foot = face.box
    quarter, third = (right - left) / 4, (foot - top) / 3
    cheek = (
        opened(photo)
        .convert("YCbCr")
        .crop((round(left + quarter), round(top + third * 1.4), round(right - quarter), round(foot - third * 0.9)))
    )
    chroma: NDArray[np.float64] = np.asarray(cheek, np.float64).reshape(-1, 3)[:, 1:].mean(0)
    return chroma


def test_a_person_keeps_the_colour_of_the_skin(photos: Sequence[SamplePhoto]) -> None:
    tones: dict[str, list[NDArray[np.float64]]] = {}
    for photo in photos:
        for face in photo.faces:
            tones.setdefault(face.person, []).append(colour_of(photo, face))
    for person, shades in tones.items():
        assert np.ptp(np.array(shades), axis=0).max() < 14, person


def test_the_same_seed_gives_the_same_files_and_another_seed_others() -> None:
    first, again = (list(islice(sample_library(seed=4, photos=40, start=START), 6)) for _ in range(2))
    assert first == again
    other = list(islice(sample_library(seed=5, photos=40, start=START), 6))
    assert [photo.jpeg for photo in first] != [photo.jpeg for photo in other]


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        next(sample_library(seed=1, photos=3, start=START.replace(tzinfo=None)))
