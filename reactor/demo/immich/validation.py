"""Read fields of a request body or query as strictly as the server does (cap:202-215, 224, 718, 720)."""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from reactor.demo.immich.errors import invalid

UUID4_PATTERN = "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12})$"
DATETIME_PATTERN = r"^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$"
UUID4 = re.compile(UUID4_PATTERN)
DATETIME = re.compile(DATETIME_PATTERN)


def received(value: object) -> str:
    """Name a JSON type as JavaScript's typeof does, with null an "object" (cap:215)."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "object"


def uuid4(value: object, path: str | list[str | int]) -> str:
    if not isinstance(value, str) or not UUID4.match(value):
        raise invalid(
            path, "Invalid UUID", origin="string", code="invalid_format", format="uuid", pattern=f"/{UUID4_PATTERN}/"
        )
    return value.lower()


def uuids(body: Mapping[str, Any], name: str, *, least: int = 0) -> list[str]:
    values = body.get(name)
    if not isinstance(values, list):
        kind = "undefined" if values is None else received(values)
        message = f"Invalid input: expected array, received {kind}"
        raise invalid(name, message, expected="array", code="invalid_type")
    found = [uuid4(value, [name, index]) for index, value in enumerate(values)]
    if len(found) < least:
        message = f"Too small: expected array to have >={least} items"
        raise invalid(name, message, origin="array", code="too_small", minimum=least, inclusive=True)
    return found


def whole(body: Mapping[str, Any], name: str, *, low: int, high: int | None, default: int) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = f"Invalid input: expected number, received {received(value)}"
        raise invalid(name, message, expected="number", code="invalid_type")
    if value < low:
        message = f"Too small: expected number to be >={low}"
        raise invalid(name, message, origin="number", code="too_small", minimum=low, inclusive=True)
    if high is not None and value > high:
        message = f"Too big: expected number to be <={high}"
        raise invalid(name, message, origin="number", code="too_big", maximum=high, inclusive=True)
    return int(value)


def query_whole(query: Mapping[str, str], name: str, *, high: int | None, default: int) -> int:
    text = query.get(name)
    number = default if text is None else int(text) if text.lstrip("-").isdigit() else text
    return whole({name: number}, name, low=1, high=high, default=default)


def option(body: Mapping[str, Any], name: str, options: Collection[str]) -> str | None:
    value = body.get(name)
    if name in body and value not in options:
        wanted = "|".join(f'"{one}"' for one in options)
        message = f"Invalid option: expected one of {wanted}"
        raise invalid(name, message, code="invalid_value", values=list(options))
    return value


def flag(body: Mapping[str, Any], name: str) -> bool | None:
    value = body.get(name)
    if name in body and not isinstance(value, bool):
        message = f"Invalid input: expected boolean, received {received(value)}"
        raise invalid(name, message, expected="boolean", code="invalid_type")
    return value


def text(body: Mapping[str, Any], name: str, *, required: bool = False) -> str | None:
    value = body.get(name)
    if (name in body or required) and not isinstance(value, str):
        kind = received(value) if name in body else "undefined"
        message = f"Invalid input: expected string, received {kind}"
        raise invalid(name, message, expected="string", code="invalid_type")
    return value


def moment(body: Mapping[str, Any], name: str) -> datetime | None:
    """Read an ISO 8601 instant with a zone; digits below the millisecond are cut, as a JS Date does (cap:209)."""
    if name not in body:
        return None
    value = body[name]
    message = f"Invalid input: expected ISO 8601 datetime string, received {received(value)}"
    if not isinstance(value, str):
        raise invalid(name, message, expected="string", code="invalid_type")
    details = {"origin": "string", "code": "invalid_format", "format": "datetime", "pattern": f"/{DATETIME_PATTERN}/"}
    if not DATETIME.match(value):
        raise invalid(name, message, **details)
    try:
        read = datetime.fromisoformat(re.sub(r"(\.\d{3})\d+", r"\1", value))
    except ValueError as error:
        raise invalid(name, message, **details) from error
    return read.astimezone(UTC)
