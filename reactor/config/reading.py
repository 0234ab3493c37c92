"""Read the settings, and say in sentences what is wrong with them."""

import os
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from reactor.config.settings import Settings
from reactor.config.yaml_file import read_yaml, shown_names
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
    loaded = read_yaml(path)
    if unknown := set(loaded) - set(Settings.model_fields):
        raise StartError(f"the settings file {path} names what does not exist: {shown_names(unknown)}")
    return loaded


def _sentence(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"]) or "settings"
    shown = "".join(letter if letter.isprintable() else "?" for letter in place[:200])
    return f"{shown}: {problem['msg'].removeprefix('Value error, ')}"
