"""The token that opens page and API: what it may be, where it may lie, and that nobody reads it in an error."""

from pathlib import Path

import pytest

from reactor.config import FixedSettings, load_settings
from reactor.core.errors import StartError

pytestmark = pytest.mark.usefixtures("empty_place")

TOKEN = "0123456789abcdef"
OTHER = "another-token-of-the-other-source"


def token() -> str | None:
    found = load_settings().web_token
    return None if found is None else found.get_secret_value()


def test_there_is_none_unless_one_is_set(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert token() is None
    monkeypatch.setenv("REACTOR_WEB_TOKEN", "")
    monkeypatch.setenv("REACTOR_WEB_TOKEN_FILE", "")
    assert token() is None
    (empty_place / "reactor.yaml").write_text("web_token:\nweb_token_file:\n")
    assert token() is None
    assert FixedSettings().web_token is None


@pytest.mark.parametrize("good", [TOKEN, "a" * 1024, "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~\\"])
def test_it_may_be_whatever_stands_in_a_header(monkeypatch: pytest.MonkeyPatch, good: str) -> None:
    monkeypatch.setenv("REACTOR_WEB_TOKEN", good)
    assert token() == good
    assert good not in repr(load_settings())


@pytest.mark.parametrize(
    "bad",
    [
        TOKEN[:-1],
        "a" * 1025,
        f"{TOKEN} ",
        f" {TOKEN}",
        "correct horse battery staple",
        f"{TOKEN}\n",
        f"{TOKEN}\r\nX-Other: 1",
        f"{TOKEN}\t",
        f"{TOKEN}\x7f",
        f"{TOKEN}ü",
        f"{TOKEN}\U0001f511",
    ],
)
def test_anything_else_ends_the_start_with_a_sentence_without_it(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    # Out of a file the same is refused; white space around it is no part of it there.
    (empty_place / "token").write_text(f"{bad}\nmore")
    for name, value in {"REACTOR_WEB_TOKEN": bad, "REACTOR_WEB_TOKEN_FILE": str(empty_place / "token")}.items():
        with monkeypatch.context() as alone:
            alone.setenv(name, value)
            with pytest.raises(StartError) as caught:
                load_settings()
        said = str(caught.value)
        assert said.startswith("web_token: a token is 16 to 1024 letters")
        assert bad.strip()[:15] not in said


def test_an_empty_one_in_the_file_of_settings_is_no_way_to_have_none(empty_place: Path) -> None:
    for said in ('web_token: ""', "web_token: 1234567890123456", "web_token: [a]"):
        (empty_place / "reactor.yaml").write_text(said)
        with pytest.raises(StartError, match="web_token: "):
            load_settings()


def test_it_may_lie_in_a_file(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_place / "token").write_text(f"\ufeff{TOKEN}\r\n")
    monkeypatch.setenv("REACTOR_WEB_TOKEN_FILE", str(empty_place / "token"))
    assert token() == TOKEN
    monkeypatch.delenv("REACTOR_WEB_TOKEN_FILE")
    (empty_place / "reactor.yaml").write_text("web_token_file: token\n")
    assert token() == TOKEN


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read: No such file"), (" \n", "is empty"), ("a" * 9000, "is larger than")]
)
def test_a_file_that_holds_none_is_named(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, words: str
) -> None:
    file = empty_place / "token"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("REACTOR_WEB_TOKEN_FILE", str(file))
    with pytest.raises(StartError) as caught:
        load_settings()
    assert f"web_token_file: the secret file {file} {words}" in str(caught.value)


def test_the_token_where_its_file_belongs_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACTOR_WEB_TOKEN_FILE", OTHER)
    with pytest.raises(StartError, match=r"web_token_file: the secret file .* cannot be read") as caught:
        load_settings()
    assert OTHER not in str(caught.value)


def test_one_source_says_it_in_one_way(empty_place: Path) -> None:
    (empty_place / "token").write_text(TOKEN)
    (empty_place / "reactor.yaml").write_text(f"web_token: {OTHER}\nweb_token_file: token\n")
    with pytest.raises(StartError, match="web_token and web_token_file are both set; give one of them") as caught:
        load_settings()
    assert OTHER not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "dotenv", "environment"),
    [
        (f"web_token: {OTHER}", f"REACTOR_WEB_TOKEN={OTHER}", {"REACTOR_WEB_TOKEN_FILE": "token"}),
        (f"web_token: {OTHER}", "", {"REACTOR_WEB_TOKEN_FILE": "token"}),
        (f"web_token: {OTHER}", "REACTOR_WEB_TOKEN_FILE=token", {}),
        ("web_token_file: /nowhere", "REACTOR_WEB_TOKEN_FILE=/nowhere", {"REACTOR_WEB_TOKEN": TOKEN}),
        ("web_token_file: /nowhere", f"REACTOR_WEB_TOKEN={TOKEN}", {}),
        ("web_token_file: token", "", {}),
    ],
)
def test_the_stronger_source_wins_in_whichever_way_it_speaks(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch, file: str, dotenv: str, environment: dict[str, str]
) -> None:
    (empty_place / "token").write_text(TOKEN)
    (empty_place / "reactor.yaml").write_text(file)
    (empty_place / ".env").write_text(dotenv)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert token() == TOKEN


def test_there_is_no_way_to_open_the_page_to_everybody(empty_place: Path) -> None:
    (empty_place / "reactor.yaml").write_text("open_web: true\n")
    with pytest.raises(StartError, match="names what does not exist: open_web"):
        load_settings()
