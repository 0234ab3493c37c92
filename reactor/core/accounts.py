"""How each account of Immich stands, and whose it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reactor.core.ids import AccountId

Standing = Literal["unknown", "ok", "away", "refused", "unusable", "stopped"]
WORDS: Mapping[Standing, str] = {
    "unknown": "not looked at yet",
    "ok": "ok",
    "away": "cannot be reached",
    "refused": "key refused",
    "unusable": "cannot be used",
    "stopped": "stopped",
}


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The user of Immich to whom a key belongs."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Lack:
    """A feature that is switched off, and the permissions to add to the key for it."""

    feature: str
    permissions: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.feature}: add {', '.join(self.permissions)}"


@dataclass(frozen=True, kw_only=True)
class AccountStatus:
    """What the last look at an account found; ``version`` is Immich's, "" where it did not say."""

    account: AccountId
    standing: Standing = "unknown"
    why: str = ""
    owner: Owner | None = None
    version: str = ""
    missing: tuple[Lack, ...] = ()

    @property
    def state(self) -> str:
        """The state in words, as it is shown."""
        return f"{WORDS[self.standing]}: {self.why}" if self.why else WORDS[self.standing]

    @property
    def works(self) -> bool:
        """Whether the account can do its work now."""
        return self.standing == "ok"

    @property
    def needs_user(self) -> bool:
        """Whether only the user can mend what is wrong."""
        return self.standing in ("refused", "unusable", "stopped")


def ownership_fault(account: AccountId, found: Owner, owners: Mapping[AccountId, Owner]) -> str | None:
    """Say why an account may not act for the user to whom its key belongs, None where it may.

    ``owners`` holds for each account of the settings the user that was first seen for it. State, vectors and vetoes are
    kept under the account's name: two users under one name, or one user under two, would be mixed up.
    """
    before = owners.get(account)
    if before is not None and before.id != found.id:
        return (
            f"account {account} belonged to {_called(before)}; its key now belongs to another user, {_called(found)}; "
            f"nothing is done for it until it has a key of {_called(before)} again, or another name in the settings"
        )
    for other, owner in owners.items():
        if other != account and owner.id == found.id:
            return (
                f"the keys of the accounts {other} and {account} belong to the same user, {_called(found)}; "
                f"nothing is done for {account} until one of the two is gone or has a key of another user"
            )
    return None


def _called(owner: Owner) -> str:
    return owner.name or f"the user {owner.id}"
