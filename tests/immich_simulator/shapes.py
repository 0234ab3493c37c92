"""Compare the shape of what is simulated with what was recorded."""

import re
from typing import Any

import pytest

from tests.contract import shared_folder

CAPTURES = shared_folder() / "captures" / "immich-3.1.0"
MICROSECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00")
MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
needs_captures = pytest.mark.skipif(
    not CAPTURES.is_dir(), reason=f"no recorded answers at {CAPTURES}; set REACTOR_SHARED"
)


def kind(value: object) -> str:
    """Name the type of a JSON value; the two shapes of time are types of their own (section 2)."""
    if isinstance(value, str) and MICROSECONDS.fullmatch(value):
        return "time in microseconds"
    if isinstance(value, str) and MILLISECONDS.fullmatch(value):
        return "time in milliseconds"
    return "number" if type(value) in (int, float) else type(value).__name__


def differences(recorded: Any, simulated: Any, where: str = "") -> list[str]:
    """List what differs in keys and types; null fits everything, lists compare by their first items."""
    if recorded is None or simulated is None:
        return []
    if isinstance(recorded, dict) and isinstance(simulated, dict):
        keys = [f"{where}/{key} on one side only" for key in recorded.keys() ^ simulated.keys()]
        shared = recorded.keys() & simulated.keys()
        return keys + [line for key in shared for line in differences(recorded[key], simulated[key], f"{where}/{key}")]
    if isinstance(recorded, list) and isinstance(simulated, list):
        return differences(recorded[0], simulated[0], f"{where}/0") if recorded and simulated else []
    if kind(recorded) != kind(simulated):
        return [f"{where}: {kind(recorded)} recorded, {kind(simulated)} simulated"]
    return []
