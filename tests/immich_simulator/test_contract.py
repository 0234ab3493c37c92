"""The contract checker itself: it must accept what was recorded and catch what the server would ignore."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.contract import Contract, load_contract
from tests.immich_simulator.shapes import CAPTURES, needs_captures

pytestmark = needs_captures
# Requests that were made to see what the server does with what it does not know.
UNKNOWN_ON_PURPOSE = {"210-search-unknownfield", "228-key-in-query"}


@pytest.fixture(scope="module")
def contract() -> Contract:
    loaded = load_contract()
    assert loaded is not None
    return loaded


def test_every_recorded_answer_fits_the_document(contract: Contract) -> None:
    checked = 0
    for file in sorted(CAPTURES.glob("[0-9]*-*.json")):
        capture = json.loads(file.read_text())
        request, response = capture["request"], capture["response"]
        url = urlsplit(request["url"])
        if response["status"] == 404 or not url.path.startswith("/api/"):
            continue
        contract.check_response(request["method"], url.path, response["status"], response["body"])
        is_form = "multipart" in request["headers"].get("content-type", "")
        if response["status"] < 400 and not is_form and file.stem not in UNKNOWN_ON_PURPOSE:
            contract.check_request(request["method"], url.path, dict(parse_qsl(url.query)), request["body"])
        checked += 1
    assert checked > 250


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "complaint"),
    [
        ("POST", "/search/metadata", {}, {"cretedAfter": "2026-01-01T00:00:00Z"}, "cretedAfter"),
        ("POST", "/search/metadata", {}, {"page": "2"}, "/page"),
        ("POST", "/search/metadata", {}, {"createdAfter": "2026-01-01"}, "/createdAfter"),
        ("POST", "/api/stacks", {}, {"assetIds": ["x", "y"]}, "/assetIds/0"),
        ("PUT", "/api/assets", {}, {"visibility": "archive"}, "ids"),
        ("GET", "/api/people", {"size": "1001"}, None, "1001"),
        ("GET", "/api/people", {"pages": "1"}, None, "pages"),
        ("GET", "/api/faces", {}, None, "id"),
        ("POST", "/api/assets", {}, {"assetData": b""}, "fileCreatedAt"),
        ("POST", "/api/nosuch", {}, {}, "not in the OpenAPI document"),
    ],
)
def test_bad_requests_are_named(
    contract: Contract, method: str, path: str, query: dict[str, str], body: Any, complaint: str
) -> None:
    with pytest.raises(AssertionError, match=complaint):
        contract.check_request(method, path, query, body)


def test_good_requests_pass(contract: Contract) -> None:
    asset = "00000000-0000-4000-8000-000000000000"
    contract.check_request("POST", "/api/search/metadata", {}, {"page": 2, "withExif": True, "tagIds": None})
    contract.check_request("GET", f"/api/assets/{asset}/thumbnail", {"size": "preview"}, None)
    contract.check_request("GET", "/people", {"page": "1", "size": 500, "withHidden": "true"}, None)


@pytest.mark.parametrize(
    ("path", "status", "body", "complaint"),
    [
        ("/api/server/ping", 200, {"res": 1}, "/res"),
        ("/api/server/ping", 201, {"res": "pong"}, "documented: 200"),
        ("/api/tags", 400, {"statusCode": 400}, "no error"),
    ],
)
def test_bad_answers_are_named(contract: Contract, path: str, status: int, body: Any, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        contract.check_response("GET", path, status, body)
