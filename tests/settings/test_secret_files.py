"""Keys and secrets out of files, as Docker hands them out."""

import os
from pathlib import Path
from typing import Any

import pytest

from reactor.config import Settings, load_settings
from reactor.config.secret_files import LARGEST, read_secret
from reactor.core.errors import StartError

pytestmark = pytest.mark.usefixtures("empty_place")

KEY = "a-key-that-must-never-be-seen"
NOBODY = 65534


def kept(folder: Path, name: str, content: str = KEY) -> Path:
    (folder / name).write_text(content)
    return folder / name


def write_settings(folder: Path, text: str) -> None:
    (folder / "reactor.yaml").write_text("immich_url: http://immich\n" + text)


def spoken(settings: Settings) -> dict[str, tuple[str, list[str]]]:
    return {
        name: (account.api_key.get_secret_value(), [secret.get_secret_value() for secret in account.webhook_secrets])
        for name, account in settings.households().items()
    }


def test_every_secret_may_lie_in_a_file(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMMICH_URL", "http://immich")
    monkeypatch.setenv("IMMICH_API_KEY_FILE", str(kept(empty_place, "one", "key-one\n")))
    monkeypatch.setenv("REACTOR_WEBHOOK_SECRET_FILE", str(kept(empty_place, "two", "  secret-two\r\n")))
    monkeypatch.setenv("DATABASE_URL_FILE", str(kept(empty_place, "three", "\ufeffpostgresql://a:b@c/d\n")))
    monkeypatch.setenv("REACTOR_FRIGATE__URL", "http://frigate:8971")
    monkeypatch.setenv("REACTOR_FRIGATE__PASSWORD_FILE", str(kept(empty_place, "four", "word-four")))
    settings = load_settings()
    assert spoken(settings) == {"default": ("key-one", ["secret-two"])}
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://a:b@c/d"
    frigate = settings.face_library()
    assert frigate is not None
    assert frigate.password is not None
    assert frigate.password.get_secret_value() == "word-four"


def test_the_file_names_the_secret_files_of_each_account(empty_place: Path) -> None:
    for name in ("anna", "ben", "old", "new"):
        kept(empty_place, name, f"{name}-content\n")
    write_settings(
        empty_place,
        "accounts:\n"
        "  anna: {api_key_file: anna, webhook_secrets: [plain], webhook_secret_files: [old, new]}\n"
        "  ben: {api_key_file: ben}\n",
    )
    settings = load_settings()
    assert spoken(settings) == {
        "anna": ("anna-content", ["plain", "old-content", "new-content"]),
        "ben": ("ben-content", []),
    }
    assert "content" not in repr(settings)


@pytest.mark.parametrize(
    ("file", "dotenv", "environment", "key"),
    [
        ("immich_api_key: a", "IMMICH_API_KEY=b", {"IMMICH_API_KEY_FILE": "c"}, "c"),
        ("immich_api_key: a", "IMMICH_API_KEY_FILE=b", {"IMMICH_API_KEY": "c"}, "c"),
        ("immich_api_key: a", "IMMICH_API_KEY_FILE=b", {}, "b"),
        ("immich_api_key_file: a", "IMMICH_API_KEY=b", {}, "b"),
        ("immich_api_key_file: a", "", {}, "a"),
        ("accounts: {default: {api_key: a}}", "IMMICH_API_KEY_FILE=b", {}, "b"),
        ("accounts: {default: {api_key_file: a}}", "", {"IMMICH_API_KEY": "c"}, "c"),
        ("accounts: {default: {api_key: a}}", "", {"REACTOR_ACCOUNTS__DEFAULT__API_KEY_FILE": "c"}, "c"),
        ("accounts: {default: {api_key_file: a}}", "", {"REACTOR_ACCOUNTS__DEFAULT__API_KEY": "c"}, "c"),
        ("immich_api_key_file: a", "", {"REACTOR_ACCOUNTS__DEFAULT__API_KEY": "c"}, "c"),
        ("accounts: {default: {api_key_file: a}}", "IMMICH_API_KEY=b", {"IMMICH_API_KEY_FILE": "c"}, "c"),
    ],
)
def test_the_stronger_source_wins_in_whichever_way_it_speaks(
    empty_place: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    dotenv: str,
    environment: dict[str, str],
    key: str,
) -> None:
    for letter in "abc":
        kept(empty_place, letter, letter)
    write_settings(empty_place, file)
    (empty_place / ".env").write_text(dotenv)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert spoken(load_settings()) == {"default": (key, [])}


def test_a_file_that_a_stronger_key_beats_need_not_be_there(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_settings(
        empty_place,
        "immich_api_key_file: /nowhere\nwebhook_secret_file: /nowhere\ndatabase_url_file: /nowhere\n"
        "accounts: {anna: {api_key_file: /nowhere, webhook_secret_files: [/nowhere]}}\n",
    )
    monkeypatch.setenv("IMMICH_API_KEY", "one")
    monkeypatch.setenv("REACTOR_WEBHOOK_SECRET", "two")
    monkeypatch.setenv("DATABASE_URL", "three")
    monkeypatch.setenv("REACTOR_ACCOUNTS__ANNA__API_KEY", "four")
    monkeypatch.setenv("REACTOR_ACCOUNTS__ANNA__WEBHOOK_SECRETS", '["five"]')
    assert spoken(load_settings()) == {"default": ("one", ["two"]), "anna": ("four", ["five"])}


def make_odd_files(folder: Path) -> None:
    """Put everything there that is no usable secret file."""
    kept(folder, "empty", " \r\n\t")
    kept(folder, "large", KEY * (LARGEST // len(KEY) + 1))
    (folder / "binary").write_bytes(b"\xff\xfe" + KEY.encode())
    (folder / "folder").mkdir()
    (folder / "dangling").symlink_to(folder / "gone")
    os.mkfifo(folder / "pipe")


ODD: dict[str, str] = {
    "missing": "cannot be read: No such file",
    "empty": "is empty",
    "large": "is larger than 8 KB",
    "binary": "is no text",
    "folder": "cannot be read: it is no plain file",
    "dangling": "cannot be read: No such file",
    "pipe": "cannot be read: it is no plain file",
    "empty/below": "cannot be read: Not a directory",
}
PLACES: dict[str, Any] = {
    "immich_api_key_file": "immich_api_key_file: {}",
    "database_url_file": "database_url_file: {}",
    "accounts.anna": "accounts: {{anna: {{api_key_file: {}}}}}",
    "webhook_secret_files": "accounts: {{anna: {{api_key: one, webhook_secret_files: [{}]}}}}",
    "password_file": "frigate: {{url: http://frigate, password_file: {}}}",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ODD)
def test_a_file_that_is_no_secret_is_named_and_never_shown(empty_place: Path, name: str, place: str) -> None:
    make_odd_files(empty_place)
    write_settings(empty_place, PLACES[place].format(empty_place / name))
    with pytest.raises(StartError) as caught:
        load_settings()
    said = str(caught.value)
    assert f"the secret file {empty_place / name} {ODD[name]}" in said
    assert place in said
    assert KEY not in said


def test_a_file_that_may_not_be_read_is_named(empty_place: Path) -> None:
    locked = kept(empty_place, "locked")
    locked.chmod(0)
    me = os.geteuid()
    try:
        if me == 0:
            os.seteuid(NOBODY)  # root may read everything
        with pytest.raises(StartError) as caught:
            read_secret(locked, "api_key_file")
    finally:
        os.seteuid(me)
    assert str(caught.value) == f"api_key_file: the secret file {locked} cannot be read: Permission denied"


def test_a_secret_where_its_file_belongs_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IMMICH_API_KEY_FILE", "REACTOR_WEBHOOK_SECRET_FILE", "DATABASE_URL_FILE"):
        with monkeypatch.context() as alone:
            alone.setenv("IMMICH_API_KEY", "one")
            alone.delenv(name.removesuffix("_FILE"), raising=False)
            alone.setenv(name, f"postgresql://user:{KEY}@host/db")
            with pytest.raises(StartError, match="cannot be read: No such file") as caught:
                load_settings()
            assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("immich_api_key: a\nimmich_api_key_file: f", "immich_api_key and immich_api_key_file"),
        ("webhook_secret: a\nwebhook_secret_file: f", "webhook_secret and webhook_secret_file"),
        ("database_url: a\ndatabase_url_file: f", "database_url and database_url_file"),
        ("accounts: {anna: {api_key: a, api_key_file: f}}", "accounts.anna: api_key and api_key_file"),
    ],
)
def test_one_source_says_a_thing_in_one_way(empty_place: Path, text: str, pair: str) -> None:
    kept(empty_place, "f")
    write_settings(empty_place, text)
    with pytest.raises(StartError, match=f"{pair} are both set; give one of them"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("immich_api_key_file: [a]", "immich_api_key_file: Input is not a valid path"),
        ("accounts: {anna: {api_key_file: [a]}}", "accounts.anna.api_key_file: Input is not a valid path"),
        ("accounts: {anna: {api_key: a, webhook_secret_files: f}}", "accounts.anna.webhook_secret_files"),
        ("accounts: {anna: {api_key: a, webhook_secrets: abc, webhook_secret_files: [f]}}", "webhook_secrets"),
        ('accounts: {anna: {api_key_file: "a\\0b"}}', "no usable path"),
    ],
)
def test_what_is_no_path_gets_a_sentence(empty_place: Path, text: str, place: str) -> None:
    kept(empty_place, "f")
    write_settings(empty_place, text)
    with pytest.raises(StartError) as caught:
        load_settings()
    assert place in str(caught.value)


def test_a_secret_file_that_no_account_uses_gets_a_sentence(empty_place: Path) -> None:
    file = kept(empty_place, "secret")
    write_settings(empty_place, f"webhook_secret_file: {file}\naccounts: {{anna: {{api_key: one}}}}\n")
    with pytest.raises(StartError, match="no account uses REACTOR_WEBHOOK_SECRET"):
        load_settings().households()
