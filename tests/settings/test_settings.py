"""Settings from a file, the environment and .env; what is wrong is said in a sentence."""

from pathlib import Path

import pytest

from reactor.config import FixedSettings, load_settings
from reactor.core.errors import StartError

KEY = "a-key-that-must-never-be-seen"


@pytest.fixture(autouse=True)
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty directory, with none of the variables that the reactor knows."""
    monkeypatch.chdir(tmp_path)
    for name in ("IMMICH_URL", "IMMICH_API_URL", "IMMICH_API_KEY", "DATABASE_URL", "LOG_LEVEL", "UI_PORT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("name", ["IMMICH_URL", "IMMICH_API_URL"])
def test_two_variables_are_enough_for_one_account(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://immich:2283")
    monkeypatch.setenv("IMMICH_API_KEY", KEY)
    settings = load_settings()
    (account,) = settings.households().values()
    assert account.url == "http://immich:2283"
    assert account.api_key.get_secret_value() == KEY
    assert settings.mode == "observe"
    assert settings.port == 8080


def test_a_missing_key_and_a_missing_url_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StartError, match="IMMICH_API_KEY is missing"):
        load_settings().households()
    monkeypatch.setenv("IMMICH_API_KEY", KEY)
    with pytest.raises(StartError, match="IMMICH_URL is missing"):
        load_settings().households()


def test_the_environment_wins_over_env_file_over_yaml(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_place / "reactor.yaml").write_text("immich_url: http://yaml\nlog_level: ERROR\nport: 1111\n")
    (empty_place / ".env").write_text("IMMICH_URL=http://dotenv\nLOG_LEVEL=WARNING\nFRIGATE_FACES_DIR=/somewhere\n")
    monkeypatch.setenv("IMMICH_URL", "http://environment")
    settings = load_settings()
    assert (settings.immich_url, settings.log_level, settings.port) == ("http://environment", "WARNING", 1111)


@pytest.mark.parametrize("variable", ["REACTOR_PORT", "UI_PORT"])
def test_the_port_has_two_names(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "8099")
    assert load_settings().port == 8099


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL: Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("UI_PORT", "eighty", "UI_PORT: Input should be a valid integer"),
        ("REACTOR_MODE", "destroy", "mode: Input should be 'observe' or 'apply'"),
        ("REACTOR_PROVIDER", "tpu", "provider: Input should be"),
    ],
)
def test_a_wrong_value_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(StartError) as caught:
        load_settings()
    assert said.split(":")[1] in str(caught.value)
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("modes: apply", "names what does not exist: modes"),
        ("- a\n- b", "must hold names and values"),
        ("a: [", "cannot be read"),
        ("a: !!python/object/apply:os.system ['true']", "cannot be read"),
        ("classification: {categories: [{name: a/b, prompts: [x]}]}", "classification.categories.0.name"),
        ("classification: {categories: [{name: A, prompts: []}]}", "classification.categories.0.prompts"),
        (
            "classification: {categories: [{name: A, prompts: [x]}, {name: A, prompts: [y]}]}",
            "category names must be unique; A stands twice",
        ),
        ("stacks: {quite_seconds: 1}", "stacks.quite_seconds"),
    ],
)
def test_a_wrong_file_gets_a_sentence(empty_place: Path, text: str, said: str) -> None:
    (empty_place / "reactor.yaml").write_text(text)
    with pytest.raises(StartError) as caught:
        load_settings()
    assert said in str(caught.value)


def test_a_file_that_was_asked_for_and_is_not_there_is_an_error(empty_place: Path) -> None:
    with pytest.raises(StartError, match=r"nowhere\.yaml does not exist"):
        load_settings(empty_place / "nowhere.yaml")


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMMICH_URL", "http://immich")
    monkeypatch.setenv("IMMICH_API_KEY", KEY)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://user:{KEY}@host/db")
    monkeypatch.setenv("REACTOR_WEBHOOK_SECRET", KEY)
    settings = load_settings()
    assert KEY not in repr(settings)
    assert KEY not in repr(settings.households())


def test_a_household_of_several_accounts(empty_place: Path) -> None:
    (empty_place / "reactor.yaml").write_text(
        "immich_url: http://immich\n"
        "accounts:\n"
        "  anna: {api_key: one, webhook_secrets: [a, b]}\n"
        "  ben: {api_key: two, url: http://other}\n"
    )
    households = load_settings().households()
    assert {name: account.url for name, account in households.items()} == {
        "anna": "http://immich",
        "ben": "http://other",
    }


def test_the_demo_hears_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMMICH_URL", "http://the-real-one")
    monkeypatch.setenv("IMMICH_API_KEY", KEY)
    monkeypatch.setenv("REACTOR_MODE", "apply")
    settings = FixedSettings()
    assert settings.immich_url is None
    assert settings.immich_api_key is None
    assert settings.mode == "observe"
