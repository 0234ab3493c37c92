"""What every request for a run is checked by: names that exist, times in order."""

from collections.abc import Collection, Iterable
from datetime import date


class BadRequest(ValueError):
    """Say why a run cannot be asked for, and what helps."""


def expect_known(word: str, said: Iterable[str], known: Collection[str]) -> None:
    """Raise BadRequest where a name is none of those that exist."""
    if unknown := sorted(set(said) - set(known)):
        raise BadRequest(f"there is no {word} {', '.join(unknown)[:200]!r}; there are {', '.join(sorted(known))}")


def expect_ordered(since: date | None, until: date | None) -> None:
    """Raise BadRequest where a time ends before it begins."""
    if since is not None and until is not None and since > until:
        raise BadRequest(f"the time ends ({until}) before it begins ({since})")
