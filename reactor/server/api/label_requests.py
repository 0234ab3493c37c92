"""What the API is asked about categories."""

from typing import Annotated

from pydantic import Field

from reactor.core.categories import Category
from reactor.core.ids import AccountId
from reactor.core.relabel_runs import RelabelRequest
from reactor.core.tag_names import LONGEST
from reactor.server.api.requests import Asked, Budget, Name, Names, Title

CategoryName = Annotated[str, Field(min_length=1, max_length=LONGEST)]


class CategoryBody(Asked):
    """A new category."""

    category: Category


class ChangedCategoryBody(Asked):
    """The category of a `name`, as it is to be; its own name may be another."""

    name: CategoryName
    category: Category


class CategoryNameBody(Asked):
    """The category of a `name`."""

    name: CategoryName


class SwitchBody(Asked):
    """Whether anything is labelled."""

    enabled: bool


class PreviewBody(Asked):
    """A category, kept or drafted, and the account whose stored photos it is held against."""

    account: Name
    category: Category

    def account_id(self) -> AccountId:
        """Return the account as the core knows it."""
        return AccountId(self.account)


class CalibrateBody(Asked):
    """With `dry_run` only tell what a new measurement would change."""

    dry_run: bool = False


class RelabelBody(Asked):
    """Which tags are doubted (all without `tags`); with `add` what is missing is set, too; `dry` only plans."""

    accounts: Annotated[Names, Field(min_length=1)] | None = None
    tags: Annotated[tuple[Title, ...], Field(min_length=1, max_length=500)] | None = None
    add: bool = False
    dry: bool = False
    budget: Budget | None = None

    def request(self) -> RelabelRequest:
        """Return the request as the core knows it."""
        accounts = None if self.accounts is None else tuple(AccountId(name) for name in dict.fromkeys(self.accounts))
        return RelabelRequest(accounts=accounts, tags=self.tags, add=self.add, dry=self.dry, budget=self.budget)
