"""The changes that touch nothing of a stack but which photo lies on top; neither says whose the stack is."""

from dataclasses import dataclass

from reactor.core.ids import AccountId, AssetId
from reactor.core.reasons import Reason


@dataclass(frozen=True, kw_only=True)
class MoveCover:
    """Put ``cover`` on top of a stack, in the place of ``away``, which the timeline does not show any more.

    Immich shows a stack by its cover only, so the ``members`` would vanish with it. ``ours`` says whether the stack is
    one that we left. ``chosen`` is the cover that the user had given to it, if any: it comes back on top once it is
    shown again, and that is such a change too, with ``cover`` the chosen one.
    """

    account: AccountId
    cover: AssetId
    members: tuple[AssetId, ...]
    away: AssetId
    ours: bool
    chosen: AssetId | None = None
    reason: Reason

    @property
    def comes_back(self) -> bool:
        """Say whether it gives a stack back the cover that its user had chosen."""
        return self.cover == self.chosen


@dataclass(frozen=True, kw_only=True)
class ReturnCover:
    """Put ``back`` on top again, in the place of the ``cover`` that the entry ``undoes`` put there.

    ``unseen`` says that it had left the timeline then; who has it put back wants that the cover is not moved for it.
    """

    account: AccountId
    cover: AssetId
    back: AssetId
    members: tuple[AssetId, ...]
    undoes: int
    unseen: bool = True
    reason: Reason
