"""Which photos a pushing source should have told of, and did not."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

Push: TypeAlias = Literal["webhook", "socket"]

# Immich's clock is read from a header in whole seconds, and a login takes a moment.
IMPRECISION = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class PushSummary:
    """How well the sources that push do; ``missed_since`` is when the first of the missed photos was found."""

    webhook_last_heard: datetime | None = None
    socket_last_heard: datetime | None = None
    missed: int = 0
    missed_since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Listening:
    """Who listened: since when this process does, whether a webhook ever came, since when the socket is logged in."""

    started_at: datetime
    webhook_ever: bool
    socket_since: datetime | None


def who_should_have_told(created_at: datetime, listening: Listening) -> frozenset[Push]:
    """Return the sources that should have told of a photo, by when it reached Immich (on our own clock).

    None of a photo that is older than this process: nobody was there to hear. The socket only where it was logged in
    all the time since, because Immich tells nothing later (facts/immich-api.md section 7).
    """
    earliest = created_at - IMPRECISION
    if earliest < listening.started_at:
        return frozenset()
    sources: set[Push] = {"webhook"} if listening.webhook_ever else set()
    if listening.socket_since is not None and earliest >= listening.socket_since:
        sources.add("socket")
    return frozenset(sources)
