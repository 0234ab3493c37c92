"""The blocks of the settings."""

from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from reactor.config.secret_files import with_secret, with_secrets
from reactor.core.categories import Action, Category
from reactor.core.changes import Feature
from reactor.core.limits import LimitPolicy
from reactor.core.modes import Mode
from reactor.core.quiet_hours import QuietHours, quiet_hours
from reactor.routing import Quiet

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


class CategorySettings(Part):
    """One category, as in Gallery's ``classification:`` block."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^/\x00-\x1f]+$")]
    prompts: Annotated[tuple[str, ...], Field(min_length=1)]
    similarity: Share = 0.28
    action: Action = "tag"
    favourite: bool = False
    album: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S[^\x00-\x1f]*$")] | None = None
    enabled: bool = True
    accounts: Annotated[frozenset[Name], Field(min_length=1)] | None = None

    def category(self, accounts: frozenset[str] | None, review: float = 0.0) -> Category:
        """Return the category as the decisions use it, with the width of its grey zone."""
        return Category(
            name=self.name,
            prompts=self.prompts,
            similarity=self.similarity,
            review=review,
            action=self.action,
            favourite=self.favourite,
            album=self.album,
            enabled=self.enabled,
            accounts=accounts,
        )

    def meets(self, other: "CategorySettings") -> bool:
        """Say whether an account may have both."""
        if self.accounts is None or other.accounts is None:
            return True
        return not {spelling(name) for name in self.accounts}.isdisjoint(spelling(name) for name in other.accounts)


class ClassificationSettings(Part):
    """The labels."""

    enabled: bool = True
    categories: tuple[CategorySettings, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> "ClassificationSettings":
        pairs = combinations(self.categories, 2)
        if twice := sorted({one.name for one, other in pairs if one.name == other.name and one.meets(other)}):
            raise ValueError(f"category names must be unique; {', '.join(twice)} stands twice for one account")
        return self


class StackSettings(Part):
    """How bursts are waited for."""

    enabled: bool = True
    quiet_seconds: Annotated[float, Field(ge=0, le=600)] = 5.0
    patience_seconds: Annotated[float, Field(ge=0, le=3600)] = 30.0
    batch: Annotated[int, Field(ge=1, le=1000)] = 200

    def quiet(self) -> Quiet:
        """Return when the deliveries of a stack lane are claimed."""
        return Quiet(
            quiet=timedelta(seconds=self.quiet_seconds),
            patience=timedelta(seconds=self.patience_seconds),
            size=self.batch,
        )


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
