"""Labels: which of the user's categories a photo belongs to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reactor.core.ids import AccountId

Action = Literal["tag", "tag_and_archive"]
TAG_PREFIX = "Auto/"


@dataclass(frozen=True, kw_only=True)
class Category:
    """One of the user's categories; a photo matches when its best prompt reaches ``similarity`` (cosine).

    ``accounts`` are those whose photos it is for, None for all. ``review`` is the width of the grey zone below the
    similarity, in which a match is only suggested; 0 is none. ``favourite`` makes a favourite of what matches, and
    ``album`` (a name or an id) is where it is put, whatever the ``action``.
    """

    name: str
    prompts: tuple[str, ...]
    similarity: float
    review: float = 0.0
    action: Action = "tag"
    favourite: bool = False
    album: str | None = None
    enabled: bool = True
    accounts: frozenset[str] | None = None

    @property
    def tag(self) -> str:
        return tag_of(self.name)


@dataclass(frozen=True, kw_only=True)
class Match:
    """A category that fits, with the cosine similarity of its best prompt."""

    category: Category
    score: float
    prompt: str

    @property
    def sure(self) -> bool:
        return self.score >= self.category.similarity


def tag_of(name: str) -> str:
    """Return the tag of a category."""
    return TAG_PREFIX + name


def name_of(tag: str) -> str:
    """Return the name of the category that sets a tag."""
    return tag.removeprefix(TAG_PREFIX)


def for_account(categories: Sequence[Category], account: AccountId) -> tuple[Category, ...]:
    """Return the categories that the photos of one account are held against, in their order."""
    return tuple(one for one in categories if one.accounts is None or account in one.accounts)


def archiving_of(tags: Collection[str], categories: Sequence[Category]) -> tuple[str, ...]:
    """Return the names of the enabled categories that archive what carries one of these tags."""
    return tuple(
        sorted(one.name for one in categories if one.enabled and one.action == "tag_and_archive" and one.tag in tags)
    )


def match_categories(
    vector: NDArray[np.float32],
    categories: Sequence[Category],
    prompts: Mapping[str, NDArray[np.float32]],
) -> tuple[Match, ...]:
    """Return the enabled categories whose best prompt reaches their similarity, or its grey zone, best first.

    ``vector`` [D] and every prompt vector [D] have unit length; a category's score is the maximum over its prompts.
    """
    matches = []
    for category in categories:
        if not category.enabled or not category.prompts:
            continue
        score, prompt = max((float(prompts[text] @ vector), text) for text in category.prompts)
        if score >= category.similarity - category.review:
            matches.append(Match(category=category, score=score, prompt=prompt))
    return tuple(sorted(matches, key=lambda match: (-match.score, match.category.name)))
