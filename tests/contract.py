"""Check requests and answers against Immich's own OpenAPI document, where that document is at hand."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

SPEC = "specs/immich-3.1.0-openapi.json"
Schema = dict[str, Any]


def shared_folder() -> Path:
    """Name the folder of facts and captures: beside the checkout, or where REACTOR_SHARED says."""
    return Path(os.environ.get("REACTOR_SHARED") or Path(__file__).resolve().parents[2] / "shared")


@cache
def load_contract() -> "Contract | None":
    """Load the document; None, with a printed reason, where it is absent."""
    path = shared_folder() / SPEC
    if not path.is_file():
        print(f"No contract checks: {path} is absent; set REACTOR_SHARED to the folder that holds {SPEC}.")
        return None
    return contract_of(path.read_text())


@cache
def contract_of(text: str) -> "Contract":
    """Return what holds against this document: made once, since its checks are kept with it."""
    return Contract(json.loads(text))


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    name: str
    method: str
    template: str
    pattern: re.Pattern[str]
    details: Schema


@dataclass(slots=True)
class Contract:
    """Compares with the document; every failed check raises AssertionError with a sentence.

    Stricter than the server on requests: it ignores unknown fields silently (facts/immich-api.md section 3), so that
    a typo in a filter means no filter. Here an unknown field or query parameter is an error.
    """

    document: Schema
    operations: list[Operation] = field(init=False)
    _validators: dict[str, jsonschema_rs.Validator] = field(init=False, default_factory=dict)
    _components: dict[bool, Schema] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        found = [
            _operation(method, template, details)
            for template, methods in self.document["paths"].items()
            for method, details in methods.items()
        ]
        # Fixed segments win over parameters: /people/{id} must not catch a longer fixed path.
        self.operations = sorted(found, key=lambda one: one.template.count("{"))
        for strict in (False, True):
            self._components[strict] = convert({"schemas": self.document["components"]["schemas"]}, strict=strict)

    def operation(self, method: str, path: str) -> Operation:
        """Find the documented operation of a path, with or without /api and query."""
        bare = path.split("?", 1)[0]
        bare = bare.removeprefix("/api") if bare.startswith("/api/") else bare
        for one in self.operations:
            if one.method == method.upper() and one.pattern.fullmatch(bare):
                return one
        raise AssertionError(f"{method} {path} is not in the OpenAPI document.")

    def check_request(self, method: str, path: str, query: Mapping[str, Any] | None, body: object) -> None:
        """Check query and JSON body; of a multipart form (a mapping) only the field names."""
        operation = self.operation(method, path)
        self._check_query(operation, query or {})
        content = operation.details.get("requestBody", {}).get("content", {})
        if "multipart/form-data" in content:
            self._check_form(operation, content["multipart/form-data"]["schema"], body)
            return
        if "application/json" not in content:
            assert body in (None, {}), f"{operation.name} takes no body, but got {body!r}."
            return
        if body is None and not operation.details["requestBody"].get("required"):
            return
        self._check(f"{operation.name} request", content["application/json"]["schema"], body, strict=True)

    def check_response(self, method: str, path: str, status: int, body: object) -> None:
        """Check an answer; refusals are not in the document, their shape is measured (section 2)."""
        operation = self.operation(method, path)
        if status >= 400:
            message = isinstance(body, dict) and isinstance(body.get("message"), str) and body.keys() <= ERROR_KEYS
            assert message, f"{operation.name} refused with {status} and a body that is no error: {body!r}."
            return
        if status in (302, 304):
            return
        answer = operation.details["responses"].get(str(status))
        documented = ", ".join(operation.details["responses"])
        assert answer is not None, f"{operation.name} answered {status}; documented: {documented}."
        content = answer.get("content", {}).get("application/json")
        if content is None:
            return
        self._check(f"{operation.name} {status}", content["schema"], body, strict=False)

    def check_to_the_last_field(self, what: str, schema: Schema, value: object) -> None:
        """Compare with one of the document's schemas, taken strictly; `what` names the schema."""
        self._check(what, schema, value, strict=True)

    def _check_query(self, operation: Operation, query: Mapping[str, Any]) -> None:
        known = {one["name"]: one for one in operation.details.get("parameters", []) if one["in"] == "query"}
        for name, value in query.items():
            assert name in known, f"{operation.name} knows no query parameter {name!r}."
            schema = known[name]["schema"]
            self._check(f"{operation.name} query {name}", schema, _coerce(schema, value), strict=True)
        missing = [name for name, one in known.items() if one.get("required") and name not in query]
        assert not missing, f"{operation.name} lacks the query parameters {missing}."

    def _check_form(self, operation: Operation, schema: Schema, body: object) -> None:
        if "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        names = set(body) if isinstance(body, Mapping) else set()
        unknown, missing = names - schema["properties"].keys(), set(schema.get("required", [])) - names
        assert not unknown, f"{operation.name} knows no form field {sorted(unknown)}."
        assert not missing, f"{operation.name} lacks the form fields {sorted(missing)}."

    def _check(self, what: str, schema: Schema, value: object, *, strict: bool) -> None:
        if what not in self._validators:
            whole = convert(schema, strict=strict) | {"components": self._components[strict]}
            self._validators[what] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        errors = list(self._validators[what].iter_errors(value))
        lines = [f"at /{'/'.join(map(str, one.instance_path))}: {one.message[:300]}" for one in errors[:3]]
        assert not errors, f"{what} breaks the OpenAPI document {'; '.join(lines)}"


ERROR_KEYS = {"message", "errors"}


def convert(node: Any, *, strict: bool) -> Any:
    """Turn OpenAPI 3.0 schemas into JSON Schema: `nullable`; with `strict`, objects take no unknown keys."""
    if isinstance(node, list):
        return [convert(one, strict=strict) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: convert(value, strict=strict) for key, value in node.items() if key not in ("nullable", "example")}
    is_schema = isinstance(node.get("properties"), dict) and node.get("type") == "object"
    if strict and is_schema and "additionalProperties" not in made:
        made["additionalProperties"] = False
    if node.get("nullable") is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made


def _operation(method: str, template: str, details: Schema) -> Operation:
    parts = [f"{re.escape(fixed)}[^/]+" for fixed in re.split(r"\{[^}]+\}", template)]
    pattern = re.compile("".join(parts).removesuffix("[^/]+"))
    name = f"{method.upper()} {template}"
    return Operation(name=name, method=method.upper(), template=template, pattern=pattern, details=details)


def _coerce(schema: Schema, value: Any) -> Any:
    """Read a query value as its type; what is no such thing stays text and fails the check."""
    kind = schema.get("type")
    if kind in ("integer", "number") and re.fullmatch(r"-?\d+(\.\d+)?", str(value)):
        return float(value) if "." in str(value) else int(value)
    if kind == "boolean" and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    return value
