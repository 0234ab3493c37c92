"""The blocks of the settings."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from reactor.config.secret_files import with_secret, with_secrets
from reactor.core.categories import Category, alike, category_fault, twice
from reactor.core.changes import Feature
from reactor.core.limits import LimitPolicy
from reactor.core.modes import Mode
from reactor.core.quiet_hours import QuietHours, quiet_hours

Share = Annotated[float, Field(ge=-1.0, le=1.0)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


def spelling(name: str) -> str:
    """Return how an account is written in the environment: capitals, dots and dashes do not tell accounts apart."""
    return name.lower().replace("-", "_").replace(".", "_")


class Part(BaseModel):
    """A block of settings; a name that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)


class AccountSettings(Part):
    """One user of Immich; what a file holds stands in ``api_key`` and ``webhook_secrets`` afterwards."""

    api_key: SecretStr
    mode: Mode | None = None
    features: dict[Feature, Mode] = Field(default_factory=dict)
    api_key_file: Path | None = None
    url: str | None = None
    webhook_secrets: tuple[SecretStr, ...] = ()
    webhook_secret_files: tuple[Path, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_files(cls, said: Any) -> Any:
        if not isinstance(said, dict):
            return said
        return with_secrets(with_secret(said, "api_key", "api_key_file"), "webhook_secrets", "webhook_secret_files")


def _checked(category: Category) -> Category:
    if (fault := category_fault(category)) is not None:
        raise ValueError(fault)
    return category


class ClassificationSettings(Part):
    """The labels: Gallery's ``classification:`` block, and more.

    Categories that are named here are changed here alone; without them they are kept in the database.
    """

    enabled: bool = True
    concurrency: Annotated[int, Field(ge=1, le=32)] = 4
    categories: tuple[Annotated[Category, AfterValidator(_checked)], ...] = ()

    @property
    def names_categories(self) -> bool:
        """Say whether categories are named here, be it none."""
        return "categories" in self.model_fields_set

    @model_validator(mode="after")
    def _unique(self) -> "ClassificationSettings":
        spelled = [
            replace(one, accounts=one.accounts and frozenset(map(spelling, one.accounts))) for one in self.categories
        ]
        if names := twice(spelled):
            raise ValueError(f"category names must be unique; {', '.join(names)} stands twice for one account")
        if pair := alike(spelled):
            raise ValueError(f"the categories {pair[0]!r} and {pair[1]!r} differ only in capitals, or a part does")
        return self


class LimitSettings(Part):
    """When too much happens, so that a feature stops and asks."""

    changes_per_photo: Annotated[int, Field(ge=0, le=1000)] = 3
    changes_besides: Annotated[int, Field(ge=1, le=100_000)] = 100
    stack_size: Annotated[int, Field(ge=2, le=1000)] = 100
    tag_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    archive_share: Annotated[float, Field(gt=0, le=1)] = 0.3
    photos_besides: Annotated[int, Field(ge=1, le=100_000)] = 100
    frigate_deletions: Annotated[int, Field(ge=0, le=10_000)] = 20
    run_budget: Annotated[int, Field(ge=1, le=10_000_000)] = 1000

    def policy(self) -> LimitPolicy:
        """Return the limits as the decisions use them."""
        return LimitPolicy(
            each=self.changes_per_photo,
            floor=self.changes_besides,
            stack_size=self.stack_size,
            tag_share=self.tag_share,
            archive_share=self.archive_share,
            share_floor=self.photos_besides,
            deletions=self.frigate_deletions,
            run_budget=self.run_budget,
        )


class ReviewSettings(Part):
    """How wide the zone below each threshold is in which things are suggested instead of left alone; 0 is none.

    ``tags`` cosine, ``stacks`` share of the way as the stack rule's, ``faces`` share of the least sharpness.
    """

    tags: Annotated[float, Field(ge=0, le=1)] = 0.0
    stacks: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    faces: Annotated[float, Field(ge=0, le=1)] = 0.0


class ScanSettings(Part):
    """How fast the existing library is gone through, and when that rests."""

    photos_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 600
    quiet_hours: str = ""

    @field_validator("quiet_hours")
    @classmethod
    def _readable(cls, said: str) -> str:
        quiet_hours(said)
        return said

    def rest(self) -> QuietHours | None:
        """Return the hours in which a scan rests, or None where it never does."""
        return quiet_hours(self.quiet_hours)


class FrigateSettings(Part):
    """Where Frigate is, and how long a lost answer may still arrive."""

    url: str
    user: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    verify_tls: bool = True
    unanswered_seconds: Annotated[float, Field(ge=0, le=3600)] = 60.0

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, said: Any) -> Any:
        return with_secret(said, "password", "password_file") if isinstance(said, dict) else said
