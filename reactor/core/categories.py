"""Labels: which of the user's categories a photo belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reactor.core.ids import AccountId

Action = Literal["tag", "tag_and_archive"]


@dataclass(frozen=True, kw_only=True)
class Category:
    """One of the user's categories; a photo matches when its best prompt reaches ``similarity`` (cosine).

    ``accounts`` are those whose photos it is for, None for all.
    """

    name: str
    prompts: tuple[str, ...]
    similarity: float
    action: Action = "tag"
    enabled: bool = True
    accounts: frozenset[str] | None = None

    @property
    def tag(self) -> str:
        return f"Auto/{self.name}"


@dataclass(frozen=True, kw_only=True)
class Match:
    """A category that fits, with the cosine similarity of its best prompt."""

    category: Category
    score: float
    prompt: str


def for_account(categories: Sequence[Category], account: AccountId) -> tuple[Category, ...]:
    """Return the categories that the photos of one account are held against, in their order."""
    return tuple(one for one in categories if one.accounts is None or account in one.accounts)


def match_categories(
    vector: NDArray[np.float32],
    categories: Sequence[Category],
    prompts: Mapping[str, NDArray[np.float32]],
) -> tuple[Match, ...]:
    """Return the enabled categories whose best prompt reaches their similarity, best first.

    ``vector`` [D] and every prompt vector [D] have unit length; a category's score is the maximum over its prompts.
    """
    matches = []
    for category in categories:
        if not category.enabled or not category.prompts:
            continue
        score, prompt = max((float(prompts[text] @ vector), text) for text in category.prompts)
        if score >= category.similarity:
            matches.append(Match(category=category, score=score, prompt=prompt))
    return tuple(sorted(matches, key=lambda match: (-match.score, match.category.name)))
