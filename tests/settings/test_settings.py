"""Settings from a file, the environment and .env; what is wrong is said in a sentence."""

from datetime import timedelta
from pathlib import Path

import pytest

from reactor.config import FixedSettings, Settings, load_settings
from reactor.core.changes import FEATURES
from reactor.core.errors import StartError
from reactor.core.settlement import RetryPolicy

KEY = "a-key-that-must-never-be-seen"


pytestmark = pytest.mark.usefixtures("empty_place")


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
        ("classification: {categories: [{name: a//b, prompts: [x]}]}", "classification.categories.0: 'a//b' has"),
        (
            "classification: {categories: [{name: Work, prompts: [x]}, {name: work/Bills, prompts: [y]}]}",
            "the categories 'Work' and 'work/Bills' differ only in capitals, or a part does",
        ),
        ("classification: {categories: [{name: A, prompts: []}]}", "a category needs a prompt"),
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


@pytest.mark.parametrize("name", ["REACTOR_ACCOUNTS", "REACTOR_FEATURES", "REACTOR_CLASSIFICATION__CATEGORIES"])
@pytest.mark.parametrize("from_file", [False, True], ids=["environment", ".env"])
def test_what_is_no_json_gets_a_sentence(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, from_file: bool
) -> None:
    if from_file:
        (empty_place / ".env").write_text(f"{name}={KEY}\n")
    else:
        monkeypatch.setenv(name, KEY)
    with pytest.raises(StartError) as caught:
        load_settings()
    assert str(caught.value).startswith(name.split("_")[1].lower() + ": ")
    assert "no valid JSON" in str(caught.value)
    assert KEY not in str(caught.value)


def test_an_env_file_that_is_no_text_gets_a_sentence(empty_place: Path) -> None:
    (empty_place / ".env").write_bytes(b"IMMICH_API_KEY=\xff\xfe\n")
    with pytest.raises(StartError, match=r"\.env cannot be read"):
        load_settings()


ONE_ACCOUNT = "immich_url: http://immich\naccounts: {default: {api_key: old, webhook_secrets: [a, b]}}\n"


@pytest.mark.parametrize("from_file", [False, True], ids=["environment", ".env"])
def test_key_and_secret_of_the_environment_beat_those_of_the_file(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch, *, from_file: bool
) -> None:
    (empty_place / "reactor.yaml").write_text(ONE_ACCOUNT)
    said = {"IMMICH_API_KEY": "new", "REACTOR_WEBHOOK_SECRET": "c"}
    if from_file:
        (empty_place / ".env").write_text("".join(f"{name}={value}\n" for name, value in said.items()))
    else:
        for name, value in said.items():
            monkeypatch.setenv(name, value)
    assert spoken(load_settings()) == {"default": ("new", ["c"])}


def test_one_of_the_two_leaves_the_other_as_it_stands(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_place / "reactor.yaml").write_text(ONE_ACCOUNT)
    monkeypatch.setenv("IMMICH_API_KEY", "new")
    assert spoken(load_settings()) == {"default": ("new", ["a", "b"])}


def test_the_long_form_in_the_environment_beats_the_short_form_in_the_file(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_place / "reactor.yaml").write_text(
        "immich_url: http://immich\nimmich_api_key: old\nwebhook_secret: a\nfrigate_url: http://old\n"
    )
    monkeypatch.setenv("REACTOR_ACCOUNTS__default__api_key", "new")
    monkeypatch.setenv("REACTOR_FRIGATE__URL", "http://new")
    settings = load_settings()
    library = settings.face_library()
    assert spoken(settings) == {"default": ("new", ["a"])}
    assert library is not None
    assert library.url == "http://new"


def test_a_key_may_stay_out_of_the_file(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_place / "reactor.yaml").write_text("accounts: {default: {url: http://immich, webhook_secrets: [a]}}\n")
    monkeypatch.setenv("IMMICH_API_KEY", "new")
    assert spoken(load_settings()) == {"default": ("new", ["a"])}


def spoken(settings: Settings) -> dict[str, tuple[str, list[str]]]:
    return {
        name: (account.api_key.get_secret_value(), [secret.get_secret_value() for secret in account.webhook_secrets])
        for name, account in settings.households().items()
    }


@pytest.mark.parametrize("name", ["FRIGATE_URL", "FRIGATE_API_URL"])
@pytest.mark.parametrize("block", ["{url: http://old, user: anna}", "{user: anna}"])
def test_frigates_address_in_the_environment_beats_the_file(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch, name: str, block: str
) -> None:
    (empty_place / "reactor.yaml").write_text(f"frigate: {block}\n")
    monkeypatch.setenv(name, "http://new")
    library = load_settings().face_library()
    assert library is not None
    assert (library.url, library.user) == ("http://new", "anna")


def test_a_secret_that_no_account_uses_gets_a_sentence(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_place / "reactor.yaml").write_text(
        "immich_url: http://immich\naccounts: {anna: {api_key: one}, ben: {api_key: two}}\n"
    )
    monkeypatch.setenv("REACTOR_WEBHOOK_SECRET", KEY)
    settings = load_settings()  # enough for a command that needs no account
    with pytest.raises(StartError, match="give webhook_secrets to anna, ben") as caught:
        settings.households()
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("from_file", [False, True], ids=["environment", ".env"])
def test_an_empty_variable_is_not_set(empty_place: Path, monkeypatch: pytest.MonkeyPatch, *, from_file: bool) -> None:
    (empty_place / "reactor.yaml").write_text("immich_url: http://immich\nimmich_api_key: one\nport: 1111\n")
    names = ["DATABASE_URL", "FRIGATE_URL", "IMMICH_URL", "IMMICH_API_KEY", "REACTOR_WEBHOOK_SECRET", "REACTOR_PORT"]
    names += ["REACTOR_ACCOUNTS", "REACTOR_STACKS", "REACTOR_FRIGATE__URL", "REACTOR_DATA_DIR", "LOG_LEVEL"]
    if from_file:
        (empty_place / ".env").write_text("".join(f"{name}=\n" for name in names))
    else:
        for name in (*names, "REACTOR_CONFIG"):
            monkeypatch.setenv(name, "")
    settings = load_settings()
    assert (settings.database_url, settings.face_library(), settings.port) == (None, None, 1111)
    assert spoken(settings) == {"default": ("one", [])}
    assert settings.data_dir != Path()


@pytest.mark.parametrize("variable", ["DRY_RUN", "REACTOR_DRY_RUN"])
def test_a_dry_run_changes_nothing_whatever_else_is_said(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    (empty_place / "reactor.yaml").write_text("mode: apply\nfeatures: {tags: apply, faces: observe}\n")
    said = {feature: load_settings().modes().of(feature) for feature in FEATURES}
    assert said == dict.fromkeys(FEATURES, "apply") | {"faces": "observe"}
    monkeypatch.setenv("REACTOR_FEATURES", '{"stacks": "apply"}')
    monkeypatch.setenv(variable, "true")
    assert {load_settings().modes().of(feature) for feature in FEATURES} == {"observe"}
    monkeypatch.setenv(variable, "false")
    assert load_settings().modes().of("stacks") == "apply"


def test_patience_and_retention_are_told_in_hours_and_days(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert settings.retry_policy() == RetryPolicy()
    assert settings.log_retention() == timedelta(days=365)
    monkeypatch.setenv("REACTOR_PREVIEW_HOURS", "0.5")
    monkeypatch.setenv("REACTOR_LOG_RETENTION_DAYS", "0")
    settings = load_settings()
    assert settings.retry_policy() == RetryPolicy(patience=timedelta(minutes=30))
    assert settings.log_retention() is None


def test_what_is_heard_and_written_can_be_switched(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_place / "reactor.yaml").write_text("realtime: false\nchanges_seconds: 5\n")
    monkeypatch.setenv("REACTOR_TAG_EXTERNAL", "false")
    settings, plain = load_settings(), FixedSettings()
    assert (settings.realtime, settings.changes_seconds, settings.tag_external) == (False, 5.0, False)
    assert (plain.realtime, plain.changes_seconds, plain.tag_external) == (True, 60.0, True)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REACTOR_SCAN__PHOTOS_PER_MINUTE", "0"),
        ("REACTOR_SCAN__PHOTOS_PER_MINUTE", "100001"),
        ("REACTOR_CHANGES_SECONDS", "0"),
        ("REACTOR_LOG_RETENTION_DAYS", "-1"),
        ("REACTOR_LOG_RETENTION_DAYS", "36501"),
        ("REACTOR_PREVIEW_HOURS", "0"),
        ("REACTOR_PREVIEW_HOURS", "721"),
        ("DRY_RUN", "perhaps"),
    ],
)
def test_a_number_out_of_bounds_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(StartError) as caught:
        load_settings()
    assert "Input should be" in str(caught.value)
