"""Observe or apply: of the whole, of an account, of a feature, of a feature of an account."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reactor.core.changes import Feature
from reactor.core.ids import AccountId

Mode = Literal["observe", "apply"]


@dataclass(frozen=True, kw_only=True)
class AccountModes:
    """Where an account differs from the whole."""

    default: Mode | None = None
    features: Mapping[Feature, Mode] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Modes:
    """The mode of the whole, and of the features and accounts that differ from it."""

    default: Mode = "observe"
    features: Mapping[Feature, Mode] = field(default_factory=dict)
    accounts: Mapping[AccountId, AccountModes] = field(default_factory=dict)

    def of(self, feature: Feature, account: AccountId | None = None) -> Mode:
        """Return the mode that governs a feature: the closest word counts.

        A feature of the account goes before the account, that before the feature everywhere, and that before the whole.
        """
        here = self.accounts.get(account, AccountModes()) if account is not None else AccountModes()
        return here.features.get(feature) or here.default or self.features.get(feature, self.default)
