"""Photos to be killed over: each batch has something for every stage."""

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from PIL import ExifTags, Image

from reactor.demo.phone import Shot
from reactor.demo.pictures.library import SamplePhoto, sample_library

START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
ARCHIVED_KINDS = frozenset({"chat", "homescreen", "applist", "receipt"})


def camera_roll(batches: int) -> list[list[Shot]]:
    """Return batches of photos: each with a burst of three, something to archive, and a portrait."""
    scenes: list[SamplePhoto] = []
    papers: list[SamplePhoto] = []
    portraits: list[SamplePhoto] = []
    for photo in sample_library(seed=7, photos=7 * batches, start=START):
        if photo.kind in ARCHIVED_KINDS:
            papers.append(photo)
        elif len(photo.faces) == 1:
            portraits.append(photo)
        elif photo.burst is None and photo.size[0] > photo.size[1] and not photo.faces:
            scenes.append(photo)
    found = list(zip(scenes, papers, few_of_each(portraits), strict=False))[:batches]
    assert len(found) == batches, f"the sample library has enough for {len(found)} of {batches} batches only"
    return [[*burst_of(scene), shot(paper), shot(portrait)] for scene, paper, portrait in found]


def burst_of(photo: SamplePhoto, frames: int = 3) -> Iterator[Shot]:
    """Yield frames of one scene, a third of a second apart and a little shifted, with the camera's burst id."""
    whole = Image.open(io.BytesIO(photo.jpeg))
    for number in range(frames):
        moved = whole.crop((6 * number, 4 * number, whole.width - 6 * (frames - number), whole.height))
        exif = whole.getexif()
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.SubsecTimeOriginal] = f"{333 * number:03}"
        out = io.BytesIO()
        moved.save(out, "JPEG", quality=88, exif=exif)
        stem = photo.file_name.rpartition(".")[0]
        yield Shot(file_name=f"{stem}-{number}.jpg", data=out.getvalue(), taken_at=photo.taken_at, burst_id=stem)


def few_of_each(portraits: Sequence[SamplePhoto]) -> Iterator[SamplePhoto]:
    """Yield at most eight of a person, so that Frigate is given every one."""
    seen: Counter[str] = Counter()
    for photo in portraits:
        seen[photo.faces[0].person] += 1
        if seen[photo.faces[0].person] <= 8:
            yield photo


def shot(photo: SamplePhoto) -> Shot:
    return Shot(
        file_name=photo.file_name,
        data=photo.jpeg,
        taken_at=photo.taken_at,
        faces=tuple((face.person, face.box) for face in photo.faces),
        size=photo.size,
    )
