"""Small pictures with the metadata that a test needs."""

import io

from PIL import ExifTags, Image


def photo(
    shade: int = 0,
    *,
    size: tuple[int, int] = (160, 120),
    taken: str | None = None,
    subsec: str | None = None,
    offset: str | None = None,
    orientation: int | None = None,
    make: str | None = None,
    xmp: str | None = None,
) -> bytes:
    """Render a JPEG of one shade; `taken` as EXIF writes it, "2024:05:01 10:00:00"."""
    exif = Image.Exif()
    details = exif.get_ifd(ExifTags.IFD.Exif)
    values = {
        ExifTags.Base.DateTimeOriginal: taken,
        ExifTags.Base.SubsecTimeOriginal: subsec,
        ExifTags.Base.OffsetTimeOriginal: offset,
    }
    details.update({key: value for key, value in values.items() if value})
    if make:
        exif[ExifTags.Base.Make] = make
    if orientation:
        exif[ExifTags.Base.Orientation] = orientation
    buffer = io.BytesIO()
    picture = Image.new("RGB", size, (shade % 256, shade // 256, 90))
    # The comment keeps shades apart that JPEG rounds to the same pixels.
    picture.save(buffer, "JPEG", exif=exif, xmp=(xmp or "").encode(), comment=f"shade {shade}".encode())
    return buffer.getvalue()


def xmp_packet(inner: str) -> str:
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>{inner}</rdf:RDF></x:xmpmeta>'
