"""The document says what there is, and the application does what the document says."""

import re
from dataclasses import fields
from typing import Any

import jsonschema_rs
import pytest
from pydantic import BaseModel

from reactor.core.orders import UndoRequest
from reactor.core.relabel_runs import RelabelRequest
from reactor.core.runs import ReplayRequest, ScanRequest
from reactor.server.api.label_requests import RelabelBody
from reactor.server.api.order_requests import UndoBody
from reactor.server.api.requests import ReplayBody, ScanBody

from ..contract import Contract
from ..server.conftest import browsing
from ..server.fakes import World
from .client import Api

ROUTES = {
    "GET /status",
    "GET /classification",
    "GET /events",
    "GET /events/follow",
    "GET /runs",
    "GET /runs/{id}",
    "GET /runs/{id}/plan",
    "GET /runs/{id}/report",
    "GET /journal",
    "GET /plan",
    "GET /vetoes",
    "GET /limits",
    "GET /deadletters",
    "GET /openapi.json",
    "POST /scan",
    "POST /replay",
    "POST /classification/switch",
    "POST /categories/add",
    "POST /categories/change",
    "POST /categories/remove",
    "POST /categories/preview",
    "POST /calibrate",
    "POST /relabel",
    "POST /runs/{id}/pause",
    "POST /runs/{id}/resume",
    "POST /runs/{id}/cancel",
    "POST /plan/apply",
    "POST /plan/decline",
    "POST /undo",
    "POST /vetoes/revoke",
    "POST /vetoes/mine",
    "POST /vetoes/putback",
    "POST /limits/confirm",
    "POST /deadletters/retry",
    "POST /deadletters/drop",
    "POST /accounts/{account}/missed/reset",
    "POST /accounts/{account}/people/confirm",
}


def test_every_route_is_in_the_document(api: Api) -> None:
    assert {operation.name for operation in api.contract.operations} == ROUTES


def test_every_schema_is_one_and_every_reference_leads_somewhere(api: Api) -> None:
    schemas = api.contract.document["components"]["schemas"]
    for schema in schemas.values():
        jsonschema_rs.meta.validate({**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"})
    found = set(references(api.contract.document))
    assert found
    assert found <= {f"#/components/schemas/{name}" for name in schemas}


def test_every_operation_has_words_and_says_what_may_go_wrong(api: Api) -> None:
    identities = set()
    for operation in api.contract.operations:
        assert operation.details["summary"].endswith("."), operation.name
        assert {"400", "403", "503"} <= operation.details["responses"].keys()
        named = {one["name"] for one in operation.details["parameters"] if one["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", operation.template))
        identities.add(operation.details["operationId"])
    assert len(identities) == len(ROUTES)


@pytest.mark.parametrize(
    ("body", "request_type", "besides"),
    [
        (ScanBody, ScanRequest, set()),
        (ReplayBody, ReplayRequest, {"dry_run"}),
        (UndoBody, UndoRequest, {"dry_run"}),
        (RelabelBody, RelabelRequest, set()),
    ],
)
def test_nothing_that_a_run_may_be_asked_for_is_left_out(
    body: type[BaseModel], request_type: type[Any], besides: set[str]
) -> None:
    assert set(body.model_fields) - besides == {one.name for one in fields(request_type)}


async def test_without_a_desk_there_is_no_api() -> None:
    world = World()
    world.has_desk = False
    async with browsing(world) as session:
        async with session.get("/api/status") as answer:
            assert answer.status == 404
            assert "nothing" in (await answer.json())["message"]
        async with session.get("/") as answer:
            assert answer.status == 200


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return here + [found for value in node.values() for found in references(value)]
    return [found for one in node for found in references(one)] if isinstance(node, list) else []


def test_the_document_names_its_kind(api: Api) -> None:
    assert isinstance(api.contract, Contract)
    assert api.contract.document["openapi"].startswith("3.1")
    assert api.contract.document["servers"] == [{"url": "/api"}]
