"""What is asked for about an entry of the journal: to take it back, to carry it out, to see that it lasts."""

from dataclasses import dataclass
from typing import TypeAlias

from reactor.core.changes import Feature
from reactor.core.ids import AccountId, AssetId


@dataclass(frozen=True, kw_only=True)
class Undo:
    """Take back what a journal entry did, with ``tags`` only those of them."""

    account: AccountId
    entry: int
    feature: Feature
    subjects: tuple[str, ...]
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class CarryOut:
    """Do what a journal entry planned or suggested, or did and Immich lost, whatever the mode: a person said so.

    ``tags`` are those that the categories of now set, ``archiving`` and ``favouring`` the names of those that archive
    and that make favourites, ``albums`` the names with the album that each fills; what others asked for in a plan is
    left out. ``stale`` are, of what was planned to be taken back by the rules, the tags or the archived photos of which
    that is still so; None where it is not asked.
    """

    account: AccountId
    entry: int
    feature: Feature
    subjects: tuple[str, ...]
    tags: frozenset[str] | None = None
    archiving: frozenset[str] | None = None
    favouring: frozenset[str] | None = None
    albums: frozenset[tuple[str, str]] | None = None
    stale: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True)
class KeepTags:
    """Do again what a journal entry did to the tags of a photo, where Immich did not keep it."""

    account: AccountId
    asset: AssetId
    entry: int


Order: TypeAlias = Undo | CarryOut | KeepTags
"""What is asked for about an entry of the journal, by a person or since it was made just now."""
