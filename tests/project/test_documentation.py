"""A setting, a command or a handler that the README does not name fails here."""

from pathlib import Path

from pydantic import AliasChoices

from reactor.cli import flat, groups
from reactor.config import Settings
from reactor.wiring.contents import table_of_contents

README = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")


def test_every_setting_and_its_environment_variable_is_documented() -> None:
    for name, field in Settings.model_fields.items():
        assert f"`{name}`" in README, name
        alias = field.validation_alias
        names = [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else []
        for variable in names:
            if variable != "REACTOR_LOG_LEVEL":
                assert f"`{variable}`" in README, variable


def test_every_command_is_documented() -> None:
    named = [("", group) for group in flat] + [(f"{name} ", group) for name, group in groups.items()]
    for prefix, group in named:
        for command in group.registered_commands:
            assert command.callback is not None
            name = command.name or command.callback.__name__
            assert f"`reactor {prefix}{name}" in README, prefix + name


def test_every_handler_is_documented() -> None:
    settings = Settings(frigate_url="http://frigate:5000")
    for name in table_of_contents(settings).reactions:
        assert f"| `{name}` |" in README, name
