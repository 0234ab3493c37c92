"""Settings: a YAML file, the environment and ``.env``, read once and passed down as small policies."""

import os
from collections.abc import Mapping
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, SettingsConfigDict, SettingsError
from pydantic_settings import PydanticBaseSettingsSource as Source

from reactor.core.bursts import StackPolicy
from reactor.core.categories import Action, Category
from reactor.core.changes import Feature
from reactor.core.errors import StartError
from reactor.core.modes import Mode, Modes
from reactor.core.portraits import PortraitPolicy
from reactor.routing import Quiet

DEFAULT_MODEL = "ViT-B-32__openai"
"""Immich's own default model, so that vectors are the same."""

DEFAULT_ACCOUNT = "default"
# Settings that are short for a part of another one.
SHORT: Mapping[str, tuple[str, ...]] = {
    "immich_api_key": ("accounts", DEFAULT_ACCOUNT, "api_key"),
    "webhook_secret": ("accounts", DEFAULT_ACCOUNT, "webhook_secrets"),
    "frigate_url": ("frigate", "url"),
}

Share = Annotated[float, Field(ge=-1.0, le=1.0)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


def _data_dir() -> Path:
    """Return where state lies unless REACTOR_DATA_DIR says so."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # PostgreSQL does not run as root, and others cannot enter root's home.
        return Path("/var/lib/reactor")
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "immich-reactor"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)


class AccountSettings(_Part):
    """One user of Immich."""

    api_key: SecretStr
    url: str | None = None
    webhook_secrets: tuple[SecretStr, ...] = ()


class CategorySettings(_Part):
    """One category, as in Gallery's ``classification:`` block."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^/\x00-\x1f]+$")]
    prompts: Annotated[tuple[str, ...], Field(min_length=1)]
    similarity: Share = 0.28
    action: Action = "tag"
    enabled: bool = True


class ClassificationSettings(_Part):
    """The labels."""

    enabled: bool = True
    categories: tuple[CategorySettings, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> "ClassificationSettings":
        names = [category.name for category in self.categories]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"category names must be unique; {', '.join(twice)} stands twice")
        return self


class StackSettings(_Part):
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


class FrigateSettings(_Part):
    """Where Frigate is, and how long a lost answer may still arrive."""

    url: str
    user: str | None = None
    password: SecretStr | None = None
    verify_tls: bool = True
    unanswered_seconds: Annotated[float, Field(ge=0, le=3600)] = 60.0


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
    webhook_secret: SecretStr | None = None
    accounts: dict[Name, AccountSettings] = Field(default_factory=dict)

    mode: Mode = "observe"
    features: dict[Feature, Mode] = Field(default_factory=dict)

    host: str = "0.0.0.0"  # noqa: S104 - Immich's webhook comes from another container; pages answer on loopback only
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=8080, validation_alias=AliasChoices("REACTOR_PORT", "UI_PORT")
    )
    open_web: bool = False
    data_dir: Path = Field(default_factory=_data_dir)
    database_url: SecretStr | None = Field(default=None, validation_alias=AliasChoices("DATABASE_URL"))
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", validation_alias=AliasChoices("LOG_LEVEL", "REACTOR_LOG_LEVEL")
    )

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
    frigate: FrigateSettings | None = None
    frigate_url: str | None = Field(default=None, validation_alias=AliasChoices("FRIGATE_API_URL", "FRIGATE_URL"))

    poll_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    people_seconds: Annotated[float, Field(gt=0, le=86400)] = 60.0
    lease_seconds: Annotated[float, Field(ge=5, le=3600)] = 300.0

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: Source, *_: Source, **others: Source
    ) -> tuple[Source, ...]:
        # The environment beats the file: what the YAML file says arrives as plain arguments.
        sources = (others["env_settings"], others["dotenv_settings"], init_settings)
        return tuple(InitSettingsSource(settings_cls, _written_out(source())) for source in sources)

    @model_validator(mode="before")
    @classmethod
    def _without_a_mere_secret(cls, said: dict[str, Any]) -> dict[str, Any]:
        # A secret alone makes no account; `households` says so where accounts are needed.
        accounts = said.get("accounts")
        if not isinstance(accounts, dict) or not isinstance(accounts.get(DEFAULT_ACCOUNT), dict):
            return said
        mere = accounts[DEFAULT_ACCOUNT].keys() == {"webhook_secrets"}
        return said | {"accounts": {name: it for name, it in accounts.items() if not mere or name != DEFAULT_ACCOUNT}}

    def categories(self) -> tuple[Category, ...]:
        """Return the categories as the decisions use them."""
        if not self.classification.enabled:
            return ()
        return tuple(
            Category(
                name=one.name, prompts=one.prompts, similarity=one.similarity, action=one.action, enabled=one.enabled
            )
            for one in self.classification.categories
        )

    def modes(self) -> Modes:
        """Return the modes of the features."""
        return Modes(default=self.mode, features=dict(self.features))

    def stack_policy(self) -> StackPolicy:
        """Return the rule by which photos are stacked."""
        return StackPolicy()

    def portrait_policy(self) -> PortraitPolicy:
        """Return the rule by which portraits are chosen."""
        return PortraitPolicy()

    def face_library(self) -> FrigateSettings | None:
        """Return where Frigate is, or None where there is none."""
        return self.frigate

    def households(self) -> dict[str, AccountSettings]:
        """Return every account with its url; raises StartError naming what is missing."""
        if not (accounts := self.accounts):
            raise StartError("IMMICH_API_KEY is missing: make a key in Immich (Account settings, API keys) and set it")
        if self.webhook_secret and DEFAULT_ACCOUNT not in accounts:
            raise StartError(
                f"no account uses REACTOR_WEBHOOK_SECRET: it is for the account {DEFAULT_ACCOUNT}, which is not "
                f"set; give webhook_secrets to {', '.join(accounts)}"
            )
        if nowhere := [name for name, account in accounts.items() if not (account.url or self.immich_url)]:
            raise StartError(
                f"IMMICH_URL is missing (for the account {', '.join(nowhere)}): set it to Immich's address"
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
        return (init_settings,)


def resource(name: str) -> Path:
    """Return the folder ``migrations`` or ``models/demo``, from the wheel or from a checkout."""
    packed = Path(str(resources.files("reactor"))) / "_resources" / name
    if packed.exists():
        return packed
    checkout = Path(__file__).resolve().parent.parent / name
    if checkout.exists():
        return checkout
    raise StartError(f"the installation is incomplete: {name} is missing beside the package; install it again")


def load_settings(file: Path | None = None, **given: Any) -> Settings:
    """Read the settings; raises StartError with a sentence for each that is wrong, never with its value."""
    try:
        return Settings(**{**_yaml(file), **given})
    except SettingsError as error:
        # Its message names the field and the source; the value, which may be a secret, is in its cause alone.
        field = str(error).partition('"')[2].partition('"')[0] or "settings"
        raise StartError(f"{field}: what the environment or .env says is no valid JSON") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"the file .env cannot be read: {str(error)[:300]}") from None
    except ValidationError as error:
        raise StartError("\n".join(_sentence(problem) for problem in error.errors(include_input=False))) from None


def _yaml(file: Path | None) -> dict[str, Any]:
    named = os.environ.get("REACTOR_CONFIG")
    path = file or Path(named or "reactor.yaml")
    if not path.exists():
        if file is None and not named:
            return {}
        raise StartError(f"the settings file {path} does not exist")
    try:
        loaded = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StartError(f"the settings file {path} cannot be read: {str(error)[:300]}") from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise StartError(f"the settings file {path} must hold names and values")
    if unknown := sorted(str(name) for name in set(loaded) - set(Settings.model_fields)):
        raise StartError(f"the settings file {path} names what does not exist: {', '.join(unknown)}")
    return loaded


def _written_out(said: dict[str, Any]) -> dict[str, Any]:
    """Return what one source says, its short settings also where they belong, so that the stronger source wins."""
    whole = dict(said)
    for short, (*outer, last) in SHORT.items():
        alias = Settings.model_fields[short].validation_alias
        names = (short, *(alias.choices if isinstance(alias, AliasChoices) else ()))
        value = next((said[name] for name in names if isinstance(name, str) and said.get(name)), None)
        place: Any = whole
        for step in outer:
            if value is None or not isinstance(place.get(step, {}), dict | None):
                break  # what is written there is wrong, and is said so when it is read
            place[step] = place = dict(place.get(step) or {})
        else:
            place[last] = (value,) if last == "webhook_secrets" else value
    return whole


def _sentence(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"]) or "settings"
    return f"{place}: {problem['msg']}"
