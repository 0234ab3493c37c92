"""Read the settings, and say in sentences what is wrong with them."""

import os
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_settings import SettingsError

from reactor.config.settings import Settings
from reactor.core.errors import StartError


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
    except yaml.YAMLError as error:
        raise StartError(f"the settings file {path} cannot be read: {_place(error)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"the settings file {path} cannot be read: {str(error)[:300]}") from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise StartError(f"the settings file {path} must hold names and values")
    if unknown := sorted(str(name) for name in set(loaded) - set(Settings.model_fields)):
        raise StartError(f"the settings file {path} names what does not exist: {', '.join(unknown)}")
    return loaded


def _place(error: yaml.YAMLError) -> str:
    """Say where it is no YAML; the error's own words quote the line, which may hold a secret."""
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    where = f"line {mark.line + 1}, column {mark.column + 1} is no valid YAML" if mark else "it is no valid YAML"
    return f"{where}; a value that holds any of % @ ! : # or a quote must stand in quotes"


def _sentence(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"]) or "settings"
    return f"{place}: {problem['msg'].removeprefix('Value error, ')}"
