"""Addresses, the table of allowed requests, and what an error's body says: all without a server."""

import pytest

from reactor.adapters.immich.address import api_root
from reactor.adapters.immich.errors import error_of, said
from reactor.adapters.immich.routes import ALLOWED, UUID
from reactor.core.errors import NotReady, Retryable, StartError
from tests.contract import Contract

ID = "0e1d2c3b-4a59-4687-9a8b-7c6d5e4f3a2b"


@pytest.mark.parametrize(
    ("address", "root"),
    [
        ("http://immich:2283", "http://immich:2283/api"),
        (" http://immich:2283/ ", "http://immich:2283/api"),
        ("http://immich:2283/api", "http://immich:2283/api"),
        ("https://photos.example/api///", "https://photos.example/api"),
        ("https://home.example/immich/", "https://home.example/immich/api"),
        ("http://[::1]:2283", "http://[::1]:2283/api"),
    ],
)
def test_addresses_are_made_usable(address: str, root: str) -> None:
    assert str(api_root(address)) == root


@pytest.mark.parametrize(
    "address",
    [
        "",
        "immich:2283",
        "ftp://immich",
        "http://",
        "http://anna:hunter2@immich",
        "http://immich/?key=hunter2",
        "http://[hunter2",
    ],
)
def test_addresses_that_are_refused_are_not_repeated(address: str) -> None:
    with pytest.raises(StartError, match="address of Immich") as caught:
        api_root(address)
    assert "hunter2" not in str(caught.value)


def test_the_table_deletes_nothing_and_each_line_is_documented(contract: Contract | None) -> None:
    for route in ALLOWED:
        assert route.method != "DELETE"
        assert "trash" not in route.path.pattern
        if contract is not None:
            contract.operation(route.method, route.path.pattern.replace(UUID, ID))


def test_404_on_a_picture_is_not_yet() -> None:
    error = error_of(404, "GET it", "Asset media not found", {}, media=True)
    assert type(error) is NotReady


def test_the_wait_that_the_other_side_asks_for_is_kept() -> None:
    waits = {}
    for header in ("7", "soon", "99999"):
        error = error_of(429, "GET it", "", {"Retry-After": header}, media=False)
        assert isinstance(error, Retryable)
        waits[header] = error.after
    assert waits == {"7": 7.0, "soon": None, "99999": 600.0}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"message":"No"}', "No"),
        (b'{"message":["a","b"],"error":"Bad Request","statusCode":400}', "a; b"),
        (
            b'{"message":"Validation failed","errors":[{"path":["size"],"message":"Too big"}]}',
            "Validation failed (size: Too big)",
        ),
        (b"<html>", ""),
        (b"[1]", ""),
        (b"\xff\xfe", ""),
    ],
)
def test_error_bodies_of_both_generations_are_read(body: bytes, words: str) -> None:
    assert said(body) == words
