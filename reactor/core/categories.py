"""Categories: the user's own words for what a photo shows, and what is done with one that fits."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import combinations
from typing import ClassVar, Literal

from reactor.core.calibration import Calibration, Strictness
from reactor.core.gates import OPEN_GATES, Gates, gate_fault
from reactor.core.ids import AccountId
from reactor.core.tag_names import TAG_PREFIX, differ_in_case_only, has_unseen, name_fault

Action = Literal["tag", "tag_and_archive"]
Managed = Literal["file", "reactor"]
USUAL: Strictness = "normal"
LONGEST_PROMPT = 500
LONGEST_ALBUM = 200
MOST_PROMPTS = 100
STRICTEST = 2.0


@dataclass(frozen=True, kw_only=True)
class Category:
    """One of the user's categories.

    A photo fits when its best prompt reaches the threshold, no negative prompt fits better, and the gates let it pass.
    The threshold is ``similarity``, a cosine that holds for one model, or else a ``strictness``, which means the same
    on every model. ``review`` is the width of the grey zone below it (cosine), in which a match is only suggested; 0 is
    none. ``favourite`` makes a favourite of what fits, and ``album`` (a name or an id) is where it is put, whatever the
    ``action``. ``accounts`` are those whose photos it is for, None for all.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    name: str
    prompts: tuple[str, ...]
    negative_prompts: tuple[str, ...] = ()
    similarity: float | None = None
    strictness: Strictness | None = None
    review: float = 0.0
    action: Action = "tag"
    favourite: bool = False
    album: str | None = None
    enabled: bool = True
    accounts: frozenset[str] | None = None
    gates: Gates = OPEN_GATES

    @property
    def tag(self) -> str:
        return tag_of(self.name)

    @property
    def texts(self) -> tuple[str, ...]:
        """All prompts that have to be encoded."""
        return self.prompts + self.negative_prompts

    @property
    def archives(self) -> bool:
        return self.action == "tag_and_archive"

    def threshold(self, calibration: Calibration | None) -> float | None:
        """Return the cosine to reach; None while the model is not calibrated and the category needs it to be."""
        if self.similarity is not None:
            return self.similarity
        return None if calibration is None else calibration.threshold(self.strictness or USUAL)


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All categories there are, as they stand now.

    Switched off as a whole nothing is decided, and nothing taken back. ``managed`` tells where they are kept: those
    of the settings' ``file`` are changed there alone. ``revision`` is another one whenever something changed.
    """

    categories: tuple[Category, ...] = ()
    enabled: bool = True
    managed: Managed = "reactor"
    revision: str = ""

    def of(self, account: AccountId) -> tuple[Category, ...]:
        """Return the categories that the photos of one account are held against, in their order."""
        return for_account(self.categories, account)

    def active(self, account: AccountId) -> tuple[Category, ...]:
        """Return the same, none of them where labelling is switched off as a whole."""
        return self.of(account) if self.enabled else ()


def catalogue_of(categories: Sequence[Category], *, enabled: bool = True, managed: Managed = "reactor") -> Catalogue:
    """Return the catalogue of categories, with a revision that tells it from every other."""
    spelled = [asdict(one) | {"accounts": sorted(one.accounts) if one.accounts else None} for one in categories]
    digest = sha256(json.dumps([spelled, enabled], sort_keys=True).encode()).hexdigest()[:16]
    return Catalogue(categories=tuple(categories), enabled=enabled, managed=managed, revision=digest)


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
    return tuple(sorted(one.name for one in categories if one.enabled and one.archives and one.tag in tags))


def category_fault(category: Category) -> str | None:
    """Return what is wrong with a category, in a sentence; None where it can be used."""
    return name_fault(category.name) or _prompts_fault(category) or _threshold_fault(category) or _rest_fault(category)


def _prompts_fault(category: Category) -> str | None:
    if not category.prompts:
        return "a category needs a prompt: what its photos show, in a few words"
    if len(category.texts) > MOST_PROMPTS:
        return f"a category has at most {MOST_PROMPTS} prompts"
    if any(not text.strip() or len(text) > LONGEST_PROMPT for text in category.texts):
        return f"a prompt is empty, or longer than {LONGEST_PROMPT} characters"
    if any(has_unseen(text) for text in category.texts):
        return "a prompt holds no control characters and no line ends"
    return None


def _threshold_fault(category: Category) -> str | None:
    if category.similarity is not None and category.strictness is not None:
        return "similarity and strictness are two ways to say one thing; give one of them"
    if category.similarity is not None and not -1.0 <= category.similarity <= 1.0:
        return "a similarity is a cosine, -1 to 1"
    if isinstance(category.strictness, float | int) and not 0.0 <= category.strictness <= STRICTEST:
        return f"a strictness is loose, normal, strict, or a number from 0 to {STRICTEST:.0f}"
    if not 0.0 <= category.review <= 1.0:
        return "review is the width of the grey zone below the threshold, 0 to 1"
    return None


def _rest_fault(category: Category) -> str | None:
    if category.accounts is not None and not category.accounts:
        return "accounts names no account; leave it out where the category is for all"
    if category.album is not None and (not category.album.strip() or category.album != category.album.strip()):
        return "an album is named by its id or its name, without spaces around it"
    if category.album is not None and (len(category.album) > LONGEST_ALBUM or has_unseen(category.album)):
        return f"an album's name has at most {LONGEST_ALBUM} characters, and no control characters"
    return gate_fault(category.gates)


def twice(categories: Sequence[Category]) -> tuple[str, ...]:
    """Return the names that stand twice for one account."""
    return tuple(sorted({one.name for one, other in combinations(categories, 2) if _same(one, other)}))


def alike(categories: Sequence[Category]) -> tuple[str, str] | None:
    """Return two names for one account that differ, whole or in a part, only in capitals; None if there are none."""
    for one, other in combinations(categories, 2):
        if _meet(one, other) and differ_in_case_only(one.name, other.name):
            return one.name, other.name
    return None


def _same(one: Category, other: Category) -> bool:
    return one.name == other.name and _meet(one, other)


def _meet(one: Category, other: Category) -> bool:
    """Say whether an account may have both."""
    return one.accounts is None or other.accounts is None or not one.accounts.isdisjoint(other.accounts)
