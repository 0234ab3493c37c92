"""What the folders of labelled photos have in common: a JSON file with the truth, and ``images/`` beside it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from reactor.core.errors import StartError

T = TypeVar("T", bound=BaseModel)


def read_json(path: Path, kind: type[T], shape: str) -> T:
    """Return what the file says; raises StartError, which tells of the ``shape``, where it cannot be read so."""
    try:
        return kind.model_validate(json.loads(path.read_bytes()))
    except OSError as error:
        raise StartError(f"{path} cannot be read ({error.strerror}); {shape}.") from error
    except (ValueError, RecursionError) as error:
        raise StartError(f"{path} is not as expected: {_what(error)}; {shape}.") from error


def expect_images(path: Path, files: Sequence[str], shape: str) -> None:
    """Raise StartError unless the truth at ``path`` names photos, none of them twice, that lie in ``images/``."""
    if not files:
        raise StartError(f"{path} names no photo; {shape}.")
    if len(set(files)) < len(files):
        raise StartError(f"{path} names a photo twice; each file stands there once.")
    for file in files:
        if not _is_file(path.parent / "images" / file):
            raise StartError(f"{path} names {file!r}, but {path.parent / 'images'} holds no such file.")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or that no file can have
        return False


def _what(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        return f"{place}: {first['msg']}" if place else first["msg"]
    return str(error).splitlines()[0]
