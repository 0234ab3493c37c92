"""Hear of tags that we made and that stand in Immich's list for nothing."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from reactor.core.claims import MadeTag, leftover
from reactor.core.ids import AccountId, TagId
from reactor.core.interventions import TagEmptied
from reactor.sources.notes import Notes

Ask = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
DELETES = frozenset({"all", "tag.delete"})
TOPIC = "empty tags"


class Listed(Protocol):
    """What is asked of a library."""

    async def tag_ids(self) -> Mapping[str, TagId]: ...

    async def is_tagged(self, tag: TagId) -> bool: ...

    async def permissions(self) -> frozenset[str]: ...


class MadeTags(Protocol):
    """What the journal tells of the tags that we made."""

    async def made_tags(self, account: AccountId) -> tuple[MadeTag, ...]: ...


class Leftovers:
    """Find them; ``wanted`` are the tags of all categories, also of those that are switched off."""

    def __init__(
        self, account: AccountId, library: Listed, claims: MadeTags, wanted: Callable[[], Awaitable[Collection[str]]]
    ) -> None:
        self._account = account
        self._library = library
        self._claims = claims
        self._wanted = wanted

    async def look(self, ask: Ask, notes: Notes, at: datetime) -> list[TagEmptied]:
        """Return the tags that may go; where the key may delete none, that is said instead.

        The list is read only where there is something to look for, and of each round by itself: what could not be
        deleted in this one is told of again in the next.
        """
        made = await self._claims.made_tags(self._account)
        found = leftover(made, await ask(self._library.tag_ids), await self._wanted()) if made else ()
        empty = [one for one in found if not await ask(partial(self._library.is_tagged, one.id))]
        if empty and not DELETES & await ask(self._library.permissions):
            names = ", ".join(one.tag for one in empty)
            notes.say(TOPIC, f"tags that nothing carries any more stay, for the key lacks tag.delete: {names}")
            return []
        notes.clear(TOPIC)
        return [
            TagEmptied(account=self._account, tag=one.tag, tag_id=one.id, entry=one.entry, at=at.isoformat())
            for one in empty
        ]
