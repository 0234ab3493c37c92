"""A library as a person sees it: photos with what is on them, stacks with covers, Frigate's pictures."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import TypeAlias

Stack: TypeAlias = tuple[str, frozenset[str]]
"""Cover and members."""
Pair: TypeAlias = frozenset[str]
Tagged: TypeAlias = tuple[str, str]
"""A photo and a tag."""


@dataclass(frozen=True, kw_only=True)
class Photo:
    """One photo that exists."""

    visibility: str = "timeline"
    trashed: bool = False
    favourite: bool = False
    tags: frozenset[str] = frozenset()
    albums: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Library:
    """Everything; ``stacks`` by their ids, ``pictures`` as (name, file) of Frigate."""

    photos: Mapping[str, Photo] = field(default_factory=dict)
    stacks: Mapping[str, Stack] = field(default_factory=dict)
    pictures: frozenset[tuple[str, str]] = frozenset()

    @property
    def standing(self) -> frozenset[Stack]:
        """The stacks that show as such: one photo alone is none, though Immich may keep a stack of one."""
        return frozenset(stack for stack in self.stacks.values() if len(stack[1]) > 1)

    def stack_of(self, asset: str) -> frozenset[str]:
        """Return the photo with those that stand in one stack with it."""
        return next((members for _, members in self.standing if asset in members), frozenset({asset}))

    def seen(self, asset: str) -> bool:
        """Say whether the timeline would show the photo, were it the cover of its stack."""
        photo = self.photos.get(asset)
        return photo is not None and not photo.trashed and photo.visibility == "timeline"

    def unseen(self) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield the covers that the timeline does not show, with those that vanish behind them."""
        for cover, members in sorted(self.standing, key=str):
            if not self.seen(cover) and (hidden := frozenset(filter(self.seen, members))):
                yield cover, hidden

    def together(self) -> frozenset[Pair]:
        return frozenset(pair for _, members in self.standing for pair in pairs(members))


def pairs(members: Collection[str]) -> Iterator[Pair]:
    """Yield every two of them."""
    return (frozenset(pair) for pair in combinations(sorted(members), 2))


def difference(found: Library, expected: Library) -> list[str]:
    """Say in lines what is otherwise than expected."""
    lines = []
    for asset in sorted(found.photos.keys() | expected.photos.keys()):
        one, other = found.photos.get(asset), expected.photos.get(asset)
        if one != other:
            lines.append(f"{asset}: {one} instead of {other}")
    lines += [f"a stack too much: {stack}" for stack in sorted(found.standing - expected.standing, key=str)]
    lines += [f"a stack too few: {stack}" for stack in sorted(expected.standing - found.standing, key=str)]
    lines += [f"a picture too much: {picture}" for picture in sorted(found.pictures - expected.pictures)]
    lines += [f"a picture too few: {picture}" for picture in sorted(expected.pictures - found.pictures)]
    return lines
