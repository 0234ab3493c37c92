"""A folder of labelled photos: ``images/`` and ``truth.json`` with one row a photo."""

import asyncio
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict

from reactor.evaluate.reading import expect_images, read_json

SHAPE = (
    'it holds {"rows": [{"file", "time" with its offset, "camera", "burst" (an id or null), "kind", ...}, ...]}, '
    'and "name" where Immich calls the file otherwise'
)


class Row(BaseModel):
    """One photo: its capture time and camera, the burst that it belongs to (or none), and what kind of case it is.

    ``name`` is the file name that Immich would show, where it is another than that of the file.
    """

    model_config = ConfigDict(frozen=True)

    file: str
    time: AwareDatetime
    camera: str = ""
    burst: str | None = None
    kind: str = "single"
    name: str | None = None


class _Truth(BaseModel):
    rows: tuple[Row, ...]


async def read_truth(folder: Path) -> tuple[Row, ...]:
    """Return the rows in order of time; raises StartError where the folder is not as it should be."""
    return await asyncio.to_thread(_read, folder)


def _read(folder: Path) -> tuple[Row, ...]:
    path = folder / "truth.json"
    rows = read_json(path, _Truth, SHAPE).rows
    expect_images(path, [row.file for row in rows], SHAPE)
    return tuple(sorted(rows, key=lambda row: (row.time, row.file)))
