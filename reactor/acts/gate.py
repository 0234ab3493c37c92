"""What stands before every change that a decision wishes for: the limits, and who lets a stopped feature go on."""

from collections.abc import Callable
from datetime import datetime

import structlog

from reactor.core.changes import Change, RemovePortrait, StackAssets, feature_of
from reactor.core.errors import Held
from reactor.core.ids import LIVE, RunId
from reactor.core.limits import (
    LimitPolicy,
    Rule,
    Trip,
    categories_of,
    too_large,
    too_many_deletions,
    too_much,
    too_often,
)
from reactor.ports import Limits

log = structlog.get_logger(__name__)

HELD_S = 600.0


class Gate:
    """Let a change pass, or stop its feature for its account until a person confirms."""

    def __init__(self, limits: Limits, policy: LimitPolicy, *, now: Callable[[], datetime]) -> None:
        self._limits = limits
        self._policy = policy
        self._now = now

    async def expect_room(self, change: Change, run: RunId) -> None:
        """Raise Held where the change would be too much; the trip is kept, so that it is held however often asked."""
        if run != LIVE:
            await self._expect_budget(run)
        found = await self._limits.tripped(change.account, feature_of(change)) or await self._tripped_by(change, run)
        if found is None:
            return
        if not found.id:
            found = await self._limits.trip(found)
            log.warning("a limit is reached", account=found.account, feature=found.feature, why=found.why)
        raise Held(f"{found.feature} of {found.account} stands still: {found.why}", after=HELD_S)

    async def _expect_budget(self, run: RunId) -> None:
        """A run asks for more instead of tripping: what it does was wished for, how much it is may surprise."""
        made, own = await self._limits.budget(run)
        allowed = self._policy.run_budget if own is None else own
        if made < allowed:
            return
        why = f"made {made:,} changes, as many as it may: look at them, and let it go on with a budget for more"
        await self._limits.ask_for_budget(run, why)
        log.warning("a run has used up its budget", run=run, changes=made)
        raise Held(f"{run} {why}", after=HELD_S)

    async def _tripped_by(self, change: Change, run: RunId) -> Trip | None:
        """Return the first limit that is reached; what a person confirmed before is asked for only then."""
        match change:
            case StackAssets() if too_large(self._policy, change, 0):
                size, _ = await self._confirmed(change, "stack size")
                if trip := too_large(self._policy, change, size):
                    return trip
            case RemovePortrait():
                if trip := await self._too_many_deletions(change):
                    return trip
        return (await self._too_often(change) if run == LIVE else None) or await self._too_much(change)

    async def _too_many_deletions(self, change: Change) -> Trip | None:
        since = self._now() - self._policy.window
        _, at = await self._confirmed(change, "deletions")
        deleted = await self._limits.deleted_since(change.account, max(since, at or since))
        return too_many_deletions(self._policy, change, deleted)

    async def _too_often(self, change: Change) -> Trip | None:
        account, feature, since = change.account, feature_of(change), self._now() - self._policy.window
        trip = too_often(self._policy, account, feature, *await self._limits.count_since(account, feature, since))
        if trip is None:
            return None
        _, at = await self._confirmed(change, "changes")
        if at is None:
            return trip
        counts = await self._limits.count_since(account, feature, since, at_least=at)
        return too_often(self._policy, account, feature, *counts)

    async def _too_much(self, change: Change) -> Trip | None:
        account, feature = change.account, feature_of(change)
        for category in categories_of(change):
            share = await self._limits.share(account, feature, category)
            if too_much(self._policy, account, feature, share, 0):
                confirmed, _ = await self._confirmed(change, "share", category)
                if trip := too_much(self._policy, account, feature, share, confirmed):
                    return trip
        return None

    async def _confirmed(self, change: Change, rule: Rule, subject: str = "") -> tuple[int, datetime | None]:
        return await self._limits.confirmed(change.account, feature_of(change), rule, subject)
