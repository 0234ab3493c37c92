"""Observe or apply, for each feature."""

from dataclasses import dataclass, field
from typing import Literal

from reactor.core.changes import Feature

Mode = Literal["observe", "apply"]


@dataclass(frozen=True, kw_only=True)
class Modes:
    """The mode of the whole, and of the features that differ from it."""

    default: Mode = "observe"
    features: dict[Feature, Mode] = field(default_factory=dict)

    def of(self, feature: Feature) -> Mode:
        """Return the mode that governs a feature."""
        return self.features.get(feature, self.default)
