"""Accounts by name: from the file, from the environment alone, and from a list of keys."""

from pathlib import Path

import pytest

from reactor.config import Settings, load_settings
from reactor.core.categories import Category, for_account
from reactor.core.errors import StartError
from reactor.core.ids import AccountId

pytestmark = pytest.mark.usefixtures("empty_place")

ANNA_AND_BEN = "accounts: {anna: {api_key: one}, ben: {api_key: two}}\n"


def keys(settings: Settings) -> dict[str, str]:
    return {name: account.api_key.get_secret_value() for name, account in settings.accounts.items()}


def write_settings(folder: Path, text: str) -> None:
    (folder / "reactor.yaml").write_text("immich_url: http://immich\n" + text)


def test_the_environment_alone_names_accounts_in_lower_case(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_place / "ben.key").write_text("two\n")
    monkeypatch.setenv("IMMICH_URL", "http://immich")
    monkeypatch.setenv("REACTOR_ACCOUNTS__ANNA__API_KEY", "one")
    monkeypatch.setenv("REACTOR_ACCOUNTS__ANNA__WEBHOOK_SECRETS", '["a", "b"]')
    monkeypatch.setenv("REACTOR_ACCOUNTS__BEN__API_KEY_FILE", str(empty_place / "ben.key"))
    settings = load_settings()
    assert keys(settings) == {"anna": "one", "ben": "two"}
    assert [secret.get_secret_value() for secret in settings.accounts["anna"].webhook_secrets] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("Anna", "REACTOR_ACCOUNTS__ANNA__API_KEY"),
        ("Anna", "REACTOR_ACCOUNTS__Anna__API_KEY"),
        ("anna-maria", "REACTOR_ACCOUNTS__ANNA_MARIA__API_KEY"),
        ("anna.maria", "REACTOR_ACCOUNTS__ANNA_MARIA__API_KEY"),
        ("default-2", "REACTOR_ACCOUNTS__DEFAULT_2__API_KEY"),
    ],
)
def test_a_variable_means_the_account_of_the_file(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch, name: str, variable: str
) -> None:
    write_settings(empty_place, f"accounts: {{{name}: {{api_key: old, url: http://other}}}}\n")
    monkeypatch.setenv(variable, "new")
    settings = load_settings()
    assert keys(settings) == {name: "new"}
    assert settings.accounts[name].url == "http://other"


def test_json_and_single_variables_of_one_account_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACTOR_ACCOUNTS", '{"Anna": {"url": "http://other"}}')
    monkeypatch.setenv("REACTOR_ACCOUNTS__ANNA__API_KEY", "one")
    settings = load_settings()
    assert keys(settings) == {"Anna": "one"}
    assert settings.accounts["Anna"].url == "http://other"


def test_names_that_a_variable_could_not_tell_apart_are_refused(empty_place: Path) -> None:
    write_settings(empty_place, "accounts: {anna-b: {api_key: one}, Anna_B: {api_key: two}}\n")
    with pytest.raises(StartError, match="the accounts anna-b and Anna_B are too alike"):
        load_settings()


@pytest.mark.parametrize(
    ("said", "accounts"),
    [
        ("one", {"default": "one"}),
        ("one,two", {"default": "one", "default-2": "two"}),
        (" one , two ,three,", {"default": "one", "default-2": "two", "default-3": "three"}),
        (",", {}),
    ],
)
def test_several_keys_in_one_variable_are_accounts_by_their_order(
    monkeypatch: pytest.MonkeyPatch, said: str, accounts: dict[str, str]
) -> None:
    monkeypatch.setenv("IMMICH_API_KEY", said)
    assert keys(load_settings()) == accounts


def test_several_keys_may_lie_in_one_file_a_line_each(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_place / "keys").write_text("one\r\ntwo,three\n\n")
    monkeypatch.setenv("IMMICH_API_KEY_FILE", str(empty_place / "keys"))
    assert keys(load_settings()) == {"default": "one", "default-2": "two", "default-3": "three"}


def test_a_stronger_list_of_keys_replaces_a_weaker_one_as_a_whole(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_place / ".env").write_text("IMMICH_API_KEY=one,two,three\n")
    monkeypatch.setenv("IMMICH_API_KEY", "four")
    assert keys(load_settings()) == {"default": "four"}


def test_an_account_of_a_list_may_be_told_more(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_settings(empty_place, "accounts: {default-2: {url: http://other, webhook_secrets: [a]}}\n")
    monkeypatch.setenv("IMMICH_API_KEY", "one,two")
    households = load_settings().households()
    assert {name: account.url for name, account in households.items()} == {
        "default": "http://immich",
        "default-2": "http://other",
    }


def test_a_category_is_for_all_accounts_unless_it_names_some(empty_place: Path) -> None:
    write_settings(
        empty_place,
        ANNA_AND_BEN + "classification:\n"
        "  categories:\n"
        "    - {name: Receipts, prompts: [a receipt]}\n"
        "    - {name: Pets, prompts: [a dog], accounts: [Anna]}\n"
        "    - {name: Food, prompts: [a plate], accounts: [anna]}\n"
        "    - {name: Food, prompts: [a cake], accounts: [ben]}\n",
    )
    settings = load_settings()
    settings.households()
    catalogue = settings.catalogue()
    assert catalogue is not None

    def prompts(account: str) -> list[str]:
        return [prompt for category in catalogue.of(AccountId(account)) for prompt in category.prompts]

    assert prompts("anna") == ["a receipt", "a dog", "a plate"]
    assert prompts("ben") == ["a receipt", "a cake"]
    assert prompts("somebody") == ["a receipt"]


def test_a_category_without_accounts_is_everybodys() -> None:
    everybody = Category(name="Receipts", prompts=("a receipt",), similarity=0.3)
    assert for_account((everybody,), AccountId("anna")) == (everybody,)


@pytest.mark.parametrize(
    ("categories", "said"),
    [
        ("[{name: A, prompts: [x], accounts: [bob, anna]}]", "the category A is for the account bob, which is not set"),
        ("[{name: A, prompts: [x], accounts: []}]", "accounts names no account"),
        ("[{name: A, prompts: [x], accounts: [a/b]}]", "for the account a/b, which is not set"),
        ("[{name: A, prompts: [x]}, {name: A, prompts: [y], accounts: [ben]}]", "A stands twice"),
        ("[{name: A, prompts: [x], accounts: [Ben]}, {name: A, prompts: [y], accounts: [ben]}]", "A stands twice"),
    ],
)
def test_a_category_for_nobody_gets_a_sentence(empty_place: Path, categories: str, said: str) -> None:
    write_settings(empty_place, ANNA_AND_BEN + f"classification: {{categories: {categories}}}\n")
    with pytest.raises(StartError) as caught:
        load_settings().households()
    assert said in str(caught.value)
