"""Settings: a YAML file, the environment and ``.env``, read once and passed down as small policies."""

from reactor.config.layers import DEFAULT_ACCOUNT
from reactor.config.parts import (
    AccountSettings,
    ClassificationSettings,
    FrigateSettings,
    LimitSettings,
    ScanSettings,
)
from reactor.config.reading import load_settings
from reactor.config.resources import resource
from reactor.config.settings import DEFAULT_MODEL, FixedSettings, Settings
from reactor.config.stacks import StackSettings

__all__ = [
    "DEFAULT_ACCOUNT",
    "DEFAULT_MODEL",
    "AccountSettings",
    "ClassificationSettings",
    "FixedSettings",
    "FrigateSettings",
    "LimitSettings",
    "ScanSettings",
    "Settings",
    "StackSettings",
    "load_settings",
    "resource",
]
