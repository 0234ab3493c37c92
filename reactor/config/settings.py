"""Everything that can be set, and the small policies that the rest is given of it."""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, SettingsConfigDict
from pydantic_settings import PydanticBaseSettingsSource as Source

from reactor.config.layers import DEFAULT_ACCOUNT, layered
from reactor.config.mqtt import MqttSettings
from reactor.config.parts import (
    AccountSettings,
    ClassificationSettings,
    FrigateSettings,
    LimitSettings,
    Name,
    ReviewSettings,
    ScanSettings,
    spelling,
)
from reactor.config.secret_files import layers_with_secret
from reactor.config.stacks import StackSettings
from reactor.core.categories import Catalogue, Category, catalogue_of
from reactor.core.changes import Feature
from reactor.core.errors import StartError
from reactor.core.ids import AccountId
from reactor.core.limits import LimitPolicy
from reactor.core.modes import AccountModes, Mode, Modes
from reactor.core.portraits import PortraitPolicy
from reactor.core.settlement import RetryPolicy
from reactor.core.stack_policy import StackPolicy

DEFAULT_MODEL = "ViT-B-32__openai"
"""Immich's own default model, so that vectors are the same."""

FIT_FOR_A_HEADER = r"[!-~]{16,1024}"
SECRETS_OF_AN_ACCOUNT = frozenset({"webhook_secrets", "webhook_secret_files"})


def _data_dir() -> Path:
    """Return where state lies unless REACTOR_DATA_DIR says so."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # PostgreSQL does not run as root, and others cannot enter root's home.
        return Path("/var/lib/reactor")
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "immich-reactor"


class Settings(BaseSettings):
    """Everything that can be set; the names of the environment variables stand in the README."""

    model_config = SettingsConfigDict(
        env_prefix="REACTOR_",
        env_nested_delimiter="__",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
        frozen=True,
    )

    immich_url: str | None = Field(default=None, validation_alias=AliasChoices("IMMICH_URL", "IMMICH_API_URL"))
    immich_api_key: SecretStr | None = Field(default=None, validation_alias=AliasChoices("IMMICH_API_KEY"))
    immich_api_key_file: Path | None = Field(default=None, validation_alias=AliasChoices("IMMICH_API_KEY_FILE"))
    webhook_secret: SecretStr | None = None
    webhook_secret_file: Path | None = None
    accounts: dict[Name, AccountSettings] = Field(default_factory=dict)

    mode: Mode = "observe"
    features: dict[Feature, Mode] = Field(default_factory=dict)
    dry_run: bool = Field(default=False, validation_alias=AliasChoices("REACTOR_DRY_RUN", "DRY_RUN"))
    tag_external: bool = True

    host: str = "0.0.0.0"  # noqa: S104 - Immich's webhook comes from another container; pages answer on loopback only
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=8080, validation_alias=AliasChoices("REACTOR_PORT", "UI_PORT")
    )
    web_token: SecretStr | None = None
    web_token_file: Path | None = None
    data_dir: Path = Field(default_factory=_data_dir)
    database_url: SecretStr | None = Field(default=None, validation_alias=AliasChoices("DATABASE_URL"))
    database_url_file: Path | None = Field(default=None, validation_alias=AliasChoices("DATABASE_URL_FILE"))
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", validation_alias=AliasChoices("LOG_LEVEL", "REACTOR_LOG_LEVEL")
    )
    log_retention_days: Annotated[int, Field(ge=0, le=36500)] = 365

    model: str = DEFAULT_MODEL
    model_cache: Path | None = Field(
        default=None, validation_alias=AliasChoices("REACTOR_MODEL_CACHE", "MACHINE_LEARNING_CACHE_FOLDER")
    )
    provider: Literal["auto", "cuda", "cpu"] = "auto"
    threads: Annotated[int, Field(ge=1, le=64)] = 2
    batch: Annotated[int, Field(ge=1, le=256)] | None = None
    fast_decode: bool = False

    classification: ClassificationSettings = Field(default_factory=ClassificationSettings)
    stacks: StackSettings = Field(default_factory=StackSettings)
    high_clip: float | None = Field(default=None, validation_alias=AliasChoices("HIGH_CLIP"))
    low_clip: float | None = Field(default=None, validation_alias=AliasChoices("LOW_CLIP"))
    phash_strict: int | None = Field(default=None, validation_alias=AliasChoices("PHASH_STRICT"))
    phash_loose: int | None = Field(default=None, validation_alias=AliasChoices("PHASH_LOOSE"))
    scan: ScanSettings = Field(default_factory=ScanSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    review: ReviewSettings = Field(default_factory=ReviewSettings)
    frigate: FrigateSettings | None = None
    frigate_url: str | None = Field(default=None, validation_alias=AliasChoices("FRIGATE_API_URL", "FRIGATE_URL"))
    mqtt: MqttSettings | None = None
    mqtt_host: str | None = Field(default=None, validation_alias=AliasChoices("MQTT_HOST"))
    mqtt_port: int | None = Field(default=None, validation_alias=AliasChoices("MQTT_PORT"))
    mqtt_username: str | None = Field(default=None, validation_alias=AliasChoices("MQTT_USERNAME"))
    mqtt_password: SecretStr | None = Field(default=None, validation_alias=AliasChoices("MQTT_PASSWORD"))
    mqtt_password_file: Path | None = Field(default=None, validation_alias=AliasChoices("MQTT_PASSWORD_FILE"))
    mqtt_topic_prefix: str | None = Field(default=None, validation_alias=AliasChoices("MQTT_TOPIC_PREFIX"))

    realtime: bool = True
    poll_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    changes_seconds: Annotated[float, Field(gt=0, le=86400)] = 60.0
    people_seconds: Annotated[float, Field(gt=0, le=86400)] = 60.0
    sweep_hours: Annotated[float, Field(gt=0, le=8760)] = 6.0
    preview_hours: Annotated[float, Field(gt=0, le=720)] = 6.0
    lease_seconds: Annotated[float, Field(ge=5, le=3600)] = 300.0

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: Source, *_: Source, **others: Source
    ) -> tuple[Source, ...]:
        # The environment beats the file: what the YAML file says arrives as plain arguments.
        return _layers(settings_cls, others["env_settings"], others["dotenv_settings"], init_settings)

    @field_validator("web_token")
    @classmethod
    def _fit_for_a_header(cls, said: SecretStr | None) -> SecretStr | None:
        if said is not None and not re.fullmatch(FIT_FOR_A_HEADER, said.get_secret_value()):
            raise ValueError(
                "a token is 16 to 1024 letters, digits and signs of ASCII, without spaces, so that it can stand in a "
                "header; make one with `openssl rand -hex 32`"
            )
        return said

    @model_validator(mode="before")
    @classmethod
    def _without_a_mere_secret(cls, said: dict[str, Any]) -> dict[str, Any]:
        # A secret alone makes no account; `households` says so where accounts are needed.
        accounts = said.get("accounts")
        if not isinstance(accounts, dict) or not isinstance(account := accounts.get(DEFAULT_ACCOUNT), dict):
            return said
        mere = {name for name, value in account.items() if value is not None} <= SECRETS_OF_AN_ACCOUNT
        return said | {"accounts": {name: it for name, it in accounts.items() if not mere or name != DEFAULT_ACCOUNT}}

    @model_validator(mode="after")
    def _stacks_within_limits(self) -> Self:
        if "size" in self.stacks.model_fields_set and self.stacks.size > self.limits.stack_size:
            raise ValueError(
                f"stacks.size ({self.stacks.size}) is above limits.stack_size ({self.limits.stack_size}): every larger "
                "stack would be held back"
            )
        if self.review.stacks and self.stacks.policy().high_clip is not None:
            raise ValueError(
                "review.stacks is a share below stacks.high, which HIGH_CLIP and the rule auto-stacker do without; "
                "leave one of them out"
            )
        return self

    def catalogue(self) -> Catalogue | None:
        """Return the categories that the settings name, None where they name none: then the database keeps them."""
        if not self.classification.names_categories:
            return None
        known = {spelling(name): name for name in self.accounts}
        categories = [
            replace(one, accounts=one.accounts and frozenset(known.get(spelling(name), name) for name in one.accounts))
            for one in self.classification.categories
        ]
        return catalogue_of(self.with_zone(categories), enabled=self.classification.enabled, managed="file")

    def with_zone(self, categories: Sequence[Category]) -> tuple[Category, ...]:
        """Return the categories, those without a grey zone of their own with the usual one."""
        return tuple(replace(one, review=one.review or self.review.tags) for one in categories)

    def modes(self) -> Modes:
        """Return the modes of the features; a dry run changes nothing, whatever else is said."""
        if self.dry_run:
            return Modes()
        accounts = {
            AccountId(name): AccountModes(default=account.mode, features=dict(account.features))
            for name, account in self.accounts.items()
        }
        return Modes(default=self.mode, features=dict(self.features), accounts=accounts)

    def stack_policy(self) -> StackPolicy:
        """Return the rule by which photos are stacked."""
        return self.stacks.policy(review_share=self.review.stacks, largest=self.limits.stack_size)

    def limit_policy(self) -> LimitPolicy:
        """Return when too much happens."""
        return self.limits.policy()

    def portrait_policy(self) -> PortraitPolicy:
        """Return the rule by which portraits are chosen."""
        return PortraitPolicy(review=self.review.faces)

    def retry_policy(self) -> RetryPolicy:
        """Return how patiently a delivery is tried."""
        return RetryPolicy(patience=timedelta(hours=self.preview_hours))

    def log_retention(self) -> timedelta | None:
        """Return how long the event log is kept, or None for ever."""
        return timedelta(days=self.log_retention_days) if self.log_retention_days else None

    def face_library(self) -> FrigateSettings | None:
        """Return where Frigate is, or None where there is none."""
        return self.frigate

    def broker(self) -> MqttSettings | None:
        """Return where the MQTT broker is, or None where there is none."""
        return self.mqtt if self.mqtt is not None and self.mqtt.host else None

    def households(self) -> dict[str, AccountSettings]:
        """Return every account with its url; raises StartError naming what is missing."""
        if not (accounts := self.accounts):
            raise StartError("IMMICH_API_KEY is missing: make a key in Immich (Account settings, API keys) and set it")
        if (self.webhook_secret or self.webhook_secret_file) and DEFAULT_ACCOUNT not in accounts:
            raise StartError(
                f"no account uses REACTOR_WEBHOOK_SECRET: it is for the account {DEFAULT_ACCOUNT}, which is not "
                f"set; give webhook_secrets to {', '.join(accounts)}"
            )
        if nowhere := [name for name, account in accounts.items() if not (account.url or self.immich_url)]:
            raise StartError(
                f"IMMICH_URL is missing (for the account {', '.join(nowhere)}): set it to Immich's address"
            )
        catalogue = self.catalogue()
        for category in catalogue.categories if catalogue is not None else ():
            if unknown := sorted((category.accounts or frozenset()) - accounts.keys()):
                raise StartError(
                    f"the category {category.name} is for the account {', '.join(unknown)}, which is not set; "
                    f"set are {', '.join(accounts)}"
                )
        return {
            name: account.model_copy(update={"url": account.url or self.immich_url})
            for name, account in accounts.items()
        }


class FixedSettings(Settings):
    """Settings that hear nothing of the environment: the demo must never meet a real server by chance."""

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: Source, *_: Source, **__: Source
    ) -> tuple[Source, ...]:
        return _layers(settings_cls, init_settings)


def _layers(settings_cls: type[BaseSettings], *sources: Source) -> tuple[Source, ...]:
    said = layers_with_secret([source() for source in sources], "web_token", "web_token_file")
    layers = layered(said, settings_cls.model_fields)
    return tuple(InitSettingsSource(settings_cls, layer) for layer in layers)
