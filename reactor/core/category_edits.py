"""Edits of the categories that are kept in the database: made, changed, removed, put in order; never half done."""

from collections.abc import Collection, Sequence

from reactor.core.asking import BadRequest
from reactor.core.categories import Category, alike, category_fault

MOST_CATEGORIES = 500


class NoSuchCategory(Exception):
    """There is no category of this name."""


def added(categories: Sequence[Category], new: Category, accounts: Collection[str]) -> tuple[Category, ...]:
    """Return the categories with a new one at the end; raises BadRequest where it cannot be."""
    if any(one.name == new.name for one in categories):
        raise BadRequest(f"there is a category {new.name!r} already")
    if len(categories) >= MOST_CATEGORIES:
        raise BadRequest(f"there are {MOST_CATEGORIES} categories already; remove one first")
    return _checked((*categories, new), new, accounts)


def changed(
    categories: Sequence[Category], name: str, new: Category, accounts: Collection[str]
) -> tuple[Category, ...]:
    """Return the categories with the one of a name replaced; raises NoSuchCategory, or BadRequest as ``added``."""
    named(categories, name)
    if new.name != name and any(one.name == new.name for one in categories):
        raise BadRequest(f"there is a category {new.name!r} already")
    return _checked(tuple(new if one.name == name else one for one in categories), new, accounts)


def named(categories: Sequence[Category], name: str) -> Category:
    """Return the category of a name; raises NoSuchCategory."""
    for one in categories:
        if one.name == name:
            return one
    raise NoSuchCategory(f"there is no category {name!r}")


def removed(categories: Sequence[Category], name: str) -> tuple[Category, ...]:
    """Return the categories without the one of a name; raises NoSuchCategory."""
    named(categories, name)
    return tuple(one for one in categories if one.name != name)


def expect_usable(category: Category, accounts: Collection[str]) -> None:
    """Raise BadRequest, in a sentence, where a category cannot be used; ``accounts`` are those that exist."""
    if (fault := category_fault(category)) is not None:
        raise BadRequest(fault)
    if unknown := sorted((category.accounts or frozenset()) - set(accounts)):
        raise BadRequest(f"the category is for the account {', '.join(unknown)}, which is not set")


def _checked(categories: tuple[Category, ...], new: Category, accounts: Collection[str]) -> tuple[Category, ...]:
    expect_usable(new, accounts)
    if pair := alike(categories):
        raise BadRequest(f"the categories {pair[0]!r} and {pair[1]!r} differ only in capitals, or a part does")
    return categories


class ModelAway(Exception):
    """The model is not loaded now; it says why."""


class FileManaged(Exception):
    """The categories stand in the settings' file, and are changed there alone."""

    def __init__(self) -> None:
        super().__init__("the categories stand in the settings' file; change them there and restart the reactor")
