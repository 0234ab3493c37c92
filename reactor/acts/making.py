"""Which tags a call makes in Immich: what did not exist before it, with the parents that it makes on the way."""

import time
from collections.abc import Callable, Mapping, Sequence

from reactor.core.errors import Permanent, Retryable
from reactor.core.ids import AccountId, TagId
from reactor.ports import Library

KNOWN_S = 600.0
"""So long a tag that was seen is taken for one that exists; one that was deleted meanwhile counts as not made by us."""


class Making:
    """Look at the list of tags around a call, only for a tag that was not seen lately.

    Where it cannot be looked at, nothing counts as made: then a tag may stay in the list that nothing carries.
    """

    def __init__(self, libraries: Callable[[AccountId], Library]) -> None:
        self._libraries = libraries
        self._seen: dict[tuple[AccountId, str], float] = {}

    async def missing(self, account: AccountId, tags: Sequence[str]) -> frozenset[str]:
        """Return which of the tags, and of those above them, do not exist yet."""
        wished = {"/".join(parts[: end + 1]) for tag in tags for parts in [tag.split("/")] for end in range(len(parts))}
        since = time.monotonic() - KNOWN_S
        if all(self._seen.get((account, tag), since) > since for tag in wished):
            return frozenset()
        if (listed := await self._listed(account)) is None:
            return frozenset()
        self._seen |= dict.fromkeys(((account, tag) for tag in wished), time.monotonic())
        return frozenset(wished - listed.keys())

    async def made(self, account: AccountId, missing: frozenset[str]) -> tuple[tuple[str, TagId], ...]:
        """Return those that were missing and are there now."""
        listed = await self._listed(account) if missing else None
        return tuple((tag, listed[tag]) for tag in sorted(missing) if tag in listed) if listed is not None else ()

    async def _listed(self, account: AccountId) -> Mapping[str, TagId] | None:
        try:
            return await self._libraries(account).tag_ids()
        except (Retryable, Permanent):
            return None
