"""A folder of labelled photos: ``images/`` and ``labels.json`` with the categories and, a row a photo, its labels."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from reactor.core.errors import StartError
from reactor.evaluate.reading import expect_images, read_json

SHAPE = (
    'it holds {"categories": [{"name", "prompts": [...], "negative_prompts": [...] or absent}, ...], '
    '"photos": [{"file", "labels": [names of categories]}, ...]}'
)
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class LabelledCategory(BaseModel):
    """A category to be found by its prompts, and not where a negative prompt fits better."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Words
    prompts: tuple[Words, ...]
    negative_prompts: tuple[Words, ...] = ()


class LabelledPhoto(BaseModel):
    """One photo and the names of all categories that it belongs to."""

    model_config = ConfigDict(frozen=True)

    file: str
    labels: frozenset[Words]


class Labelled(BaseModel):
    """The whole folder's truth; every label is the name of a category."""

    model_config = ConfigDict(frozen=True)

    categories: tuple[LabelledCategory, ...]
    photos: tuple[LabelledPhoto, ...]


async def read_labels(folder: Path) -> Labelled:
    """Return categories and photos as they stand there; raises StartError where the folder is not as it should be."""
    return await asyncio.to_thread(_read, folder)


def _read(folder: Path) -> Labelled:
    path = folder / "labels.json"
    labelled = read_json(path, Labelled, SHAPE)
    names = [category.name for category in labelled.categories]
    if not names:
        raise StartError(f"{path} names no category; {SHAPE}.")
    if twice := _twice(names):
        raise StartError(f"{path} names the category {twice!r} twice; each name stands there once.")
    for category in labelled.categories:
        if not category.prompts:
            raise StartError(f"{path} has no prompt for {category.name!r}; a category is found by one or more.")
    expect_images(path, [photo.file for photo in labelled.photos], SHAPE)
    for photo in labelled.photos:
        if unknown := photo.labels.difference(names):
            raise StartError(f"{path} labels {photo.file!r} as {min(unknown)!r}, which is none of its categories.")
    if not any(photo.labels for photo in labelled.photos):
        raise StartError(f"{path} labels no photo: there is nothing to find, so nothing to measure.")
    return labelled


def _twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
