"""The demo's own pictures: whatever lies in a user's folder."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image, features

from reactor.core.errors import StartError
from reactor.demo.phone import LARGEST, pictures_in, sendable, shots_of


def picture(colour: str, kind: str = "JPEG", size: tuple[int, int] = (64, 48)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def taken(folder: Path) -> tuple[list[str], list[str]]:
    """Return the names of the pictures that are sent, and what is said."""
    said: list[str] = []
    return [shot.file_name for shot in shots_of(pictures_in(folder), tell=said.append)], said


def test_what_is_no_readable_picture_is_skipped_and_named(tmp_path: Path) -> None:
    whole = picture("red", size=(640, 480))
    (tmp_path / "a.jpg").write_bytes(whole)
    (tmp_path / "again.jpg").write_bytes(whole)
    (tmp_path / "b.png").write_bytes(picture("blue", "PNG"))
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "apple.heic").write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64))
    (tmp_path / "notes.txt").write_text("not looked at")
    with (tmp_path / "large.tif").open("wb") as large:
        large.truncate(LARGEST + 1)
    names, said = taken(tmp_path)
    assert names == ["a.jpg", "again.jpg", "b.png"]
    assert [line.split(":")[0] for line in said] == [
        f"skipped {name}" for name in ("apple.heic", "cut.jpg", "empty.jpg", "large.tif", "text.png")
    ]
    assert "larger than 200 MB" in said[3]
    assert "no picture that can be read" in said[4]


def test_a_picture_of_too_many_pixels_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(picture("red", "PNG", (8, 8)))
    (tmp_path / "bomb.png").write_bytes(picture("red", "PNG", (100, 100)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert taken(tmp_path) == (["a.png"], ["skipped bomb.png: it has too many pixels to be opened safely"])


def test_every_kind_that_is_looked_for_is_read(tmp_path: Path) -> None:
    kinds = {".jpg": "JPEG", ".png": "PNG", ".tif": "TIFF", ".gif": "GIF", ".bmp": "BMP"}
    kinds |= {".webp": "WEBP"} if features.check("webp") else {}
    for suffix, kind in kinds.items():
        (tmp_path / f"a{suffix.upper()}").write_bytes(picture("green", kind))
    names, said = taken(tmp_path)
    assert {Path(name).suffix.lower() for name in names} == set(kinds)
    assert said == []


def test_none_left_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(StartError, match="none of the pictures can be read"):
        taken(tmp_path)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("line\nend\r.jpg", "line_end_.jpg"),
        ("tab\t\x7f\x85.jpg", "tab___.jpg"),
        ("a\u2028b.jpg", "a_b.jpg"),
        (os.fsdecode(b"latin-\xe4.jpg"), "latin-_.jpg"),
        ('Grüße "1" & 2; \u202f👩‍👧.jpg', 'Grüße "1" & 2; \u202f👩‍👧.jpg'),
    ],
)
def test_a_name_is_sent_without_what_no_header_carries(name: str, sent: str) -> None:
    assert sendable(name) == sent
