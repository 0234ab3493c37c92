"""The OpenAPI 3.1 document of the API, made from the table that also serves it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import TypeAdapter

from reactor.server.api.answers import Message
from reactor.server.api.table import Row, adapter_of

Schema = dict[str, Any]
REFERENCE = "#/components/schemas/{model}"
REFUSALS = {
    400: "What was asked makes no sense; the message names the field.",
    401: "A web token is set, and the request does not carry it.",
    403: "No web token is set and this is another machine, or the page of another site asks.",
    404: "There is no such thing.",
    408: "The body did not arrive in time.",
    409: "That is not possible as things stand.",
    413: "The body is too large.",
    415: "A body is sent as JSON.",
    503: "The database or the model is away, or too many follow at once; ask again after Retry-After seconds.",
}
SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The `web_token`."},
    "basic": {"type": "http", "scheme": "basic", "description": "The `web_token` as the password of any user."},
}
WELL = {200: "The answer.", 202: "It is written down, and begins."}
_Key = tuple[str, Literal["validation", "serialization"]]


def document_of(rows: Sequence[Row[Any]], *, version: str) -> Schema:
    """Return the document of these routes."""
    schemas, components = _schemas(rows)
    paths: dict[str, Schema] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, schemas, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Immich Reactor",
            "version": version,
            "description": "What the reactor heard and does. It answers on the machine that runs it only, unless "
            "a `web_token` is set: then whoever carries it may ask, and nobody else. Every refusal is a sentence.",
        },
        "servers": [{"url": "/api"}],
        # Any one of these; the empty one stands for this machine, as long as no token is set.
        "security": [{"bearer": []}, {"basic": []}, {}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": SECURITY},
    }


def _schemas(rows: Sequence[Row[Any]]) -> tuple[Mapping[_Key, Schema], dict[str, Schema]]:
    """Return the schema of each thing that is asked or answered, and those that they refer to."""
    inputs: list[tuple[str, Literal["validation", "serialization"], TypeAdapter[Any]]] = []
    for row in rows:
        asks: Any = row.asks
        inputs.append((_asked(row), "validation", adapter_of(asks)))
        inputs += [(_answered(row, status), "serialization", adapter_of(it)) for status, it in row.answers.items()]
    inputs.append(("refusal", "serialization", adapter_of(Message)))
    schemas, whole = TypeAdapter.json_schemas(inputs, ref_template=REFERENCE)
    return schemas, whole.get("$defs", {})


def _operation(row: Row[Any], schemas: Mapping[_Key, Schema], components: Mapping[str, Schema]) -> Schema:
    asked = schemas[_asked(row), "validation"]
    operation: Schema = {
        "operationId": f"{row.method.lower()}{''.join(part.title() for part in re.findall('[a-z]+', row.path))}",
        "summary": row.words,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"\{(\w+)\}", row.path)
        ],
        "responses": _responses(row, schemas),
    }
    if row.method == "GET":
        operation["parameters"] += _parameters(_resolved(asked, components))
    else:
        operation["requestBody"] = {"required": False, "content": {"application/json": {"schema": asked}}}
    return operation


def _parameters(asked: Schema) -> list[Schema]:
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in asked.get("properties", {}).items()
    ]


def _responses(row: Row[Any], schemas: Mapping[_Key, Schema]) -> Schema:
    media = "text/event-stream" if row.stream is not None else "application/json"
    refusals = {401, 403, 503, *row.refuses} | ({400} if row.method == "GET" else {400, 408, 413, 415})
    well = {
        status: {
            "description": WELL[status],
            "content": {media: {"schema": schemas[_answered(row, status), "serialization"]}},
        }
        for status in row.answers
    }
    refused = {
        status: {
            "description": REFUSALS[status],
            "content": {"application/json": {"schema": schemas["refusal", "serialization"]}},
        }
        for status in sorted(refusals)
    }
    return {str(status): response for status, response in (well | refused).items()}


def _resolved(schema: Schema, components: Mapping[str, Schema]) -> Schema:
    reference = schema.get("$ref", "")
    return components[reference.rsplit("/", 1)[-1]] if reference else schema


def _asked(row: Row[Any]) -> str:
    return f"{row.method} {row.path}"


def _answered(row: Row[Any], status: int) -> str:
    return f"{row.method} {row.path} {status}"
