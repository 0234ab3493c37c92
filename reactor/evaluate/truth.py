"""A folder of labelled photos: ``images/`` and ``truth.json`` with one row a photo."""

import asyncio
import json
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from reactor.core.errors import StartError

SHAPE = 'it holds {"rows": [{"file", "time" with its offset, "camera", "burst" (an id or null), "kind"}, ...]}'


class Row(BaseModel):
    """One photo: its capture time and camera, the burst that it belongs to (or none), and what kind of case it is."""

    model_config = ConfigDict(frozen=True)

    file: str
    time: AwareDatetime
    camera: str = ""
    burst: str | None = None
    kind: str = "single"


class _Truth(BaseModel):
    rows: tuple[Row, ...]


async def read_truth(folder: Path) -> tuple[Row, ...]:
    """Return the rows in order of time; raises StartError where the folder is not as it should be."""
    return await asyncio.to_thread(_read, folder)


def _read(folder: Path) -> tuple[Row, ...]:
    path = folder / "truth.json"
    try:
        rows = _Truth.model_validate(json.loads(path.read_bytes())).rows
    except OSError as error:
        raise StartError(f"{path} cannot be read ({error.strerror}); {SHAPE}.") from error
    except (ValueError, ValidationError) as error:
        raise StartError(f"{path} is not as expected: {str(error).splitlines()[0]}; {SHAPE}.") from error
    if not rows:
        raise StartError(f"{path} names no photo; {SHAPE}.")
    if len({row.file for row in rows}) < len(rows):
        raise StartError(f"{path} names a photo twice; each file has one row.")
    for row in rows:
        if not (folder / "images" / row.file).is_file():
            raise StartError(f"{path} names {row.file}, but {folder / 'images'} holds no such file.")
    return tuple(sorted(rows, key=lambda row: (row.time, row.file)))
