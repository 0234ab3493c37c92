"""A place where nothing is set."""

import os
from pathlib import Path

import pytest
from pydantic import AliasChoices

from reactor.config import Settings


@pytest.fixture
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty directory, with none of the variables that the reactor knows."""
    monkeypatch.chdir(tmp_path)
    aliases = [field.validation_alias for field in Settings.model_fields.values()]
    known = {str(name) for alias in aliases if isinstance(alias, AliasChoices) for name in alias.choices}
    for name in known | {name for name in os.environ if name.upper().startswith("REACTOR_")}:
        monkeypatch.delenv(name, raising=False)
    return tmp_path
