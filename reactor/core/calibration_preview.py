"""What a new measurement of the model would change."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reactor.core.calibration import Calibration
from reactor.core.categories import Category
from reactor.core.ids import AccountId
from reactor.core.scoring import Vectors, reached


@dataclass(frozen=True, kw_only=True)
class MovedCategory:
    """How many stored photos of an account reach a category's threshold before and after a measurement."""

    account: AccountId
    category: str
    before: int | None
    after: int


@dataclass(frozen=True, kw_only=True)
class CalibrationPreview:
    """What a new measurement of the model would change; ``before`` is None where it was never measured."""

    before: Calibration | None
    after: Calibration
    moved: tuple[MovedCategory, ...] = ()


def moved_by(
    account: AccountId,
    categories: Sequence[Category],
    scores: Vectors,
    before: Calibration | None,
    after: Calibration,
) -> tuple[MovedCategory, ...]:
    """Return what a measurement does to the categories of an account; ``scores`` [N, C] in their order."""
    found = []
    for column, category in enumerate(categories):
        old, new = category.threshold(before), category.threshold(after)
        assert new is not None
        found.append(
            MovedCategory(
                account=account,
                category=category.name,
                before=None if old is None else int(np.count_nonzero(reached(scores[:, column], old))),
                after=int(np.count_nonzero(reached(scores[:, column], new))),
            )
        )
    return tuple(found)
