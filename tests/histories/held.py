"""What holds of stacks after every doing of the reactor's, beside what an undo leaves."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

from .shown import Library, Pair, Stack, Tagged

# What leaves a cover on top that is not shown: a person's word against moving it, an undo, or a plan that waits.
_EXPLAINED = """
SELECT EXISTS (SELECT FROM vetoes WHERE kind = 'cover' AND value = 'away' AND subjects @> ARRAY[$1])
    OR EXISTS (SELECT FROM journal WHERE undoes IS NOT NULL AND state = 'done' AND subjects @> ARRAY[$1])
    OR EXISTS (SELECT FROM journal WHERE kind = 'MoveCover' AND state = 'planned' AND change ->> 'away' = $1)
    OR EXISTS (SELECT FROM journal WHERE kind = 'UnarchiveAssets' AND state = 'done' AND change ->> 'by' = 'person'
            AND subjects && $2)
"""


@dataclass(kw_only=True)
class Refused:
    """What is never to be done again: the user undid it, or had it undone."""

    tags: set[Tagged] = field(default_factory=set)
    archive: set[str] = field(default_factory=set)
    favourites: set[str] = field(default_factory=set)
    albums: set[tuple[str, str]] = field(default_factory=set)
    together: set[Pair] = field(default_factory=set)
    pictures: set[str] = field(default_factory=set)
    """Checksums of the crops."""


def redone(refused: Refused, found: Library, given: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Say what was done again of what never should be; ``given`` are the checksums of the pictures in Frigate."""
    photos = found.photos
    yield from (f"{tag} is on {one} again" for one, tag in refused.tags if one in photos and tag in photos[one].tags)
    for one in refused.archive & photos.keys():
        if photos[one].visibility == "archive":
            yield f"{one} is in the archive again"
    yield from (f"{one} is a favourite again" for one in refused.favourites & photos.keys() if photos[one].favourite)
    for one, album in refused.albums:
        if one in photos and album in photos[one].albums:
            yield f"{one} is in the album {album} again"
    if again := refused.together & found.together():
        yield f"together again: {[sorted(pair) for pair in again]}"
    if pictures := {given.get(one) for one in found.pictures} & refused.pictures:
        yield f"in Frigate again: {pictures}"


async def nobody_sees(now: Library, by_hand: Collection[str], pool: asyncpg.Pool) -> Sequence[str]:
    """Say which photos of the timeline vanish behind a cover that is not shown, where nothing explains that.

    Covers that were put on top ``by_hand`` are the user's own doing, and what a person had taken back stands as it did.
    """
    return [
        f"nobody sees {sorted(hidden)}, since their cover {cover} is not shown"
        for cover, hidden in now.unseen()
        if cover not in by_hand and not await pool.fetchval(_EXPLAINED, cover, sorted(hidden))
    ]


def wronged(theirs: Sequence[Stack], stack: Stack, before: Library, *, extending: bool) -> Iterator[str]:
    """Say what is wrong with a stack that the reactor left, which is larger than ``theirs`` of the user's.

    One of them alone is extended, where that is wished, and under its own cover.
    """
    cover, members = stack
    if len(theirs) > 1:
        yield f"stacks of the user's were joined: {theirs} in {stack}"
    for own, inside in theirs:
        stood = [was for was in before.standing if inside <= was[1]]
        if not extending and not any(members <= was for _, was in stood):
            yield f"a stack of the user's was extended: {own, inside} to {stack}"
        if cover not in (own, *(was for was, _ in stood)) and all(before.seen(was) for was, _ in stood):
            yield f"a stack of the user's has another cover: {own, inside} is {stack}"
