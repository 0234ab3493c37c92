"""Pictures that are bombs or lies, a few kilobytes each."""

import struct
import zlib
from io import BytesIO

from PIL import Image

from ..household import a_picture

GOOD = a_picture(1, (300, 200))
HUGE = b"\0" * (128 << 20)


def png(width: int, height: int, extra: bytes = b"", rows: bytes = b"\0" * 5000) -> bytes:
    """Return a grey PNG of one bit a pixel that claims this size, however few rows it has."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = (_chunk(b"IHDR", head), extra, _chunk(b"IDAT", zlib.compress(rows, 9)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_with(kind: bytes, before: bytes) -> bytes:
    """Return a small PNG one chunk of which unpacks to 128 MB."""
    return png(50, 50, _chunk(kind, before + zlib.compress(HUGE, 9)))


def gif(width: int, height: int) -> bytes:
    """Return a GIF that claims this size."""
    out = BytesIO()
    Image.new("P", (8, 8)).save(out, "GIF")
    data = bytearray(out.getvalue())
    data[6:10] = struct.pack("<HH", width, height)
    return bytes(data)


def bmp(width: int, height: int) -> bytes:
    """Return a BMP that claims this size."""
    out = BytesIO()
    Image.new("RGB", (8, 8)).save(out, "BMP")
    data = bytearray(out.getvalue())
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


def saved(kind: str, size: tuple[int, int], mode: str = "RGB", **how: object) -> bytes:
    out = BytesIO()
    Image.new(mode, size).save(out, kind, **how)
    return out.getvalue()


def film(kind: str, frames: int) -> bytes:
    """Return an animation."""
    out = BytesIO()
    first, *rest = [Image.new("P", (64, 64), shade % 250) for shade in range(frames)]
    first.save(out, kind, save_all=True, append_images=rest)
    return out.getvalue()


def jpeg_of_passes(width: int, height: int, passes: int, *, first: bytes = b"") -> bytes:
    """Return a progressive JPEG each pass of which says nothing of any pixel, in about 70 bytes."""
    blocks = ((width + 7) // 8) * ((height + 7) // 8)
    no_news = "0" + "1" * 14  # end of band, for 32,767 blocks
    bits = no_news * (blocks // 32767 + 1)
    bits += "1" * (-len(bits) % 8)
    said = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    head = (
        _segment(0xDB, b"\0" + b"\x10" * 64),
        _segment(0xC2, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"),
        _segment(0xC4, b"\x00" + bytes([1] + [0] * 15) + b"\x00"),
        _segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\xe0"),
        _segment(0xDA, b"\x01\x01\x00\x00\x00\x00") + b"\0" * ((blocks + 7) // 8),
    )
    return (
        b"\xff\xd8"
        + first
        + b"".join(head)
        + (_segment(0xDA, b"\x01\x01\x00\x01\x3f\x00") + said) * passes
        + b"\xff\xd9"
    )


def of_two_pictures() -> bytes:
    """Return the segment by which a JPEG says that a second picture follows (CIPA DC-007)."""
    number, listed = struct.pack("<HHII", 0xB001, 4, 1, 2), struct.pack("<HHII", 0xB002, 7, 32, 38)
    index = b"II*\0\x08\0\0\0" + struct.pack("<H", 2) + number + listed + struct.pack("<I", 0)
    return _segment(0xE2, b"MPF\0" + index + struct.pack("<LLLHH", 0x30000, 0, 0, 0, 0) * 2)


def with_exif(*entries: tuple[int, int, int, int], follows: int = 0) -> bytes:
    """Return the good picture with a directory of (tag, type, count, value); ``follows`` is where the next one is."""
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    tiff = b"II*\0\x08\0\0\0" + directory + struct.pack("<I", follows)
    return with_segment(0xE1, b"Exif\0\0" + tiff)


def with_segment(marker: int, data: bytes) -> bytes:
    return GOOD[:2] + _segment(marker, data) + GOOD[2:]


def with_profile(parts: int) -> bytes:
    """Return the good picture with an ICC profile of so many times 65 KB of nonsense."""
    profile = [_segment(0xE2, b"ICC_PROFILE\0" + bytes([one, parts]) + b"\xff" * 65_000) for one in range(1, parts + 1)]
    return GOOD[:2] + b"".join(profile) + GOOD[2:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _segment(marker: int, data: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data
