"""Addresses, the table of allowed requests, and what an error's body says: all without a server."""

import pytest

from reactor.adapters.immich.address import api_root
from reactor.adapters.immich.errors import KeyRefused, MissingPermission, error_of, said
from reactor.adapters.immich.routes import ALLOWED, UUID
from reactor.core.errors import Blocked, NotReady, Permanent, Retryable, StartError, Unreachable
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


def test_each_line_of_the_table_is_documented(contract: Contract | None) -> None:
    for route in ALLOWED:
        if contract is not None:
            contract.operation(route.method, route.path.pattern.replace(UUID, ID))


def test_404_on_a_picture_is_not_yet() -> None:
    error = error_of(404, "GET it", "Asset media not found", {}, media=True)
    assert type(error) is NotReady


def test_the_wait_that_the_other_side_asks_for_is_kept() -> None:
    waits = {}
    for header in ("7", "soon", "99999", "0", "-5", "9" * 400):
        error = error_of(429, "GET it", "", {"Retry-After": header}, media=False)
        assert isinstance(error, Unreachable)
        waits[header] = error.after
    assert waits == {"7": 7.0, "soon": None, "99999": 300.0, "0": 1.0, "-5": None, "9" * 400: 300.0}


@pytest.mark.parametrize("media", [False, True])
@pytest.mark.parametrize("status", [404, 408, 429, 500, 502, 503, 504, 520, 530])
def test_a_proxy_that_answers_instead_of_immich_means_away(status: int, media: bool) -> None:
    error = error_of(status, "GET it", None, {}, media=media)
    assert type(error) is Unreachable
    assert str(status) in str(error)


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (500, "Internal server error", Retryable),
        (501, "", Retryable),
        (503, "Immich is in maintenance mode", Unreachable),
        (404, "Cannot GET /api/it", Permanent),
        (401, "Invalid API key", KeyRefused),
        (401, None, KeyRefused),
        (403, "Missing required permission: asset.read", MissingPermission),
        (400, None, Permanent),
    ],
)
def test_what_immich_says_itself_is_told_apart(status: int, message: str | None, kind: type[Exception]) -> None:
    assert type(error_of(status, "GET it", message, {}, media=False)) is kind


def test_what_only_a_person_mends_is_waited_for() -> None:
    assert issubclass(KeyRefused, Blocked)
    assert issubclass(MissingPermission, Blocked)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"message":"No"}', "No"),
        (b'{"message":["a","b"],"error":"Bad Request","statusCode":400}', "a; b"),
        (
            b'{"message":"Validation failed","errors":[{"path":["size"],"message":"Too big"}]}',
            "Validation failed (size: Too big)",
        ),
        (b'{"message":""}', ""),
        (b"<html>", None),
        (b"404 page not found", None),
        (b'{"error":"Bad Gateway"}', None),
        (b"[1]", None),
        (b"\xff\xfe", None),
        (b'{"message":"No","errors":5}', "No"),
        (b"[" * 200_000, None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_error_bodies_of_both_generations_are_read(body: bytes, words: str | None) -> None:
    assert said(body) == words
