"""What gates let pass, what they wait for, and which of them make no sense."""

from dataclasses import replace
from typing import Any

import pytest

from reactor.core.gates import (
    LONGEST_PATTERN,
    MOST_PATTERNS,
    OPEN_GATES,
    Faces,
    GateFacts,
    Gates,
    Verdict,
    gate_fault,
    level_of,
    passes,
)

OPEN, SHUT, WAITS = Verdict.OPEN, Verdict.SHUT, Verdict.WAITS
PHONE = GateFacts(
    camera="Pixel 8",
    width=1200,
    height=1600,
    name="IMG_0001.JPG",
    path="/library/anna/2026/IMG_0001.JPG",
    faces=Faces.NOBODY,
    albums=frozenset({"Summer", "0b1c"}),
)
NOTHING = GateFacts()


@pytest.mark.parametrize(
    ("gates", "facts", "verdict"),
    [
        ({}, NOTHING, OPEN),
        ({"filename": ("img_*",)}, PHONE, OPEN),
        ({"filename": ("IMG_????.jpg",)}, PHONE, OPEN),
        ({"filename": ("IMG",)}, PHONE, SHUT),
        ({"filename": ("Screenshot*", "*.JPG")}, PHONE, OPEN),
        ({"filename": ("*",)}, NOTHING, WAITS),
        ({"filename": ("IMG[_]*",)}, PHONE, OPEN),
        ({"folder": ("/library/anna/2026",)}, PHONE, OPEN),
        ({"folder": ("*/2026",)}, PHONE, OPEN),
        ({"folder": ("*/ANNA/*",)}, PHONE, OPEN),
        ({"folder": ("2026",)}, PHONE, SHUT),
        ({"folder": ("*IMG*",)}, PHONE, SHUT),
        ({"folder": ("c:/photos",)}, replace(PHONE, path="C:\\Photos\\1.jpg"), OPEN),
        ({"folder": ("*",)}, NOTHING, WAITS),
        ({"camera": True}, PHONE, OPEN),
        ({"camera": False}, PHONE, SHUT),
        ({"camera": False}, NOTHING, OPEN),
        ({"media": "photo"}, PHONE, OPEN),
        ({"media": "video"}, PHONE, SHUT),
        ({"media": "video"}, replace(PHONE, kind="VIDEO"), OPEN),
        ({"aspect_max": 0.75}, PHONE, OPEN),
        ({"aspect_max": 0.74}, PHONE, SHUT),
        ({"aspect_min": 0.75, "aspect_max": 0.75}, PHONE, OPEN),
        ({"aspect_min": 1.0}, PHONE, SHUT),
        ({"aspect_min": 1.0}, NOTHING, WAITS),
        ({"with_faces": "any"}, PHONE, SHUT),
        ({"without_faces": "any"}, PHONE, OPEN),
        ({"without_faces": "visible_named"}, replace(PHONE, faces=Faces.NAMED), OPEN),
        ({"without_faces": "named"}, replace(PHONE, faces=Faces.VISIBLE_NAMED), SHUT),
        ({"with_faces": "any", "without_faces": "named"}, replace(PHONE, faces=Faces.ANY), OPEN),
        ({"with_faces": "named"}, NOTHING, WAITS),
        ({"album": ("Summer",)}, PHONE, OPEN),
        ({"album": ("Winter", "0b1c")}, PHONE, OPEN),
        ({"album": ("Winter",)}, PHONE, SHUT),
        ({"album": ("Winter",)}, NOTHING, WAITS),
        # Of all conditions one that is not met settles it, whatever is not known yet.
        ({"with_faces": "any", "media": "video"}, NOTHING, SHUT),
        ({"with_faces": "any", "filename": ("IMG*",)}, replace(PHONE, faces=None), WAITS),
        ({"with_faces": "any", "filename": ("IMG*",)}, replace(PHONE, faces=Faces.ANY), OPEN),
    ],
)
def test_who_may_pass(gates: dict[str, Any], facts: GateFacts, verdict: Verdict) -> None:
    assert passes(Gates(**gates), facts) is verdict


@pytest.mark.parametrize(
    ("gates", "words"),
    [
        ({}, None),
        ({"filename": ("*",) * MOST_PATTERNS, "aspect_min": 0.01, "aspect_max": 100}, None),
        ({"filename": ("*",) * (MOST_PATTERNS + 1)}, "filename has more than 50 entries"),
        ({"folder": (" ",)}, "an entry of folder is empty"),
        ({"album": ("x" * (LONGEST_PATTERN + 1),)}, "longer than 200"),
        ({"filename": ("a\nb",)}, "control characters"),
        ({"aspect_min": 0.0}, "more than 0, at most 100"),
        ({"aspect_max": 101.0}, "more than 0, at most 100"),
        ({"aspect_max": float("nan")}, "more than 0, at most 100"),
        ({"aspect_min": 2.0, "aspect_max": 1.0}, "aspect_min is larger"),
        ({"with_faces": "named", "without_faces": "any"}, "no photo has faces"),
        ({"with_faces": "any", "without_faces": "any"}, "no photo has faces"),
        ({"with_faces": "any", "without_faces": "named"}, None),
    ],
)
def test_gates_that_make_no_sense_are_named(gates: dict[str, Any], words: str | None) -> None:
    fault = gate_fault(Gates(**gates))
    assert fault is None if words is None else (fault is not None and words in fault)


@pytest.mark.parametrize(
    ("people", "level"),
    [
        ((), Faces.NOBODY),
        ((None,), Faces.ANY),
        ((("", False), None), Faces.ANY),
        ((("Anna", True),), Faces.NAMED),
        ((("Anna", True), ("Tom", False), None), Faces.VISIBLE_NAMED),
        ((("", True),), Faces.ANY),
    ],
)
def test_who_is_seen(people: tuple[tuple[str, bool] | None, ...], level: Faces) -> None:
    assert level_of(people) is level


def test_open_gates_ask_for_nothing() -> None:
    assert not OPEN_GATES.asks_for_file
    assert not OPEN_GATES.asks_for_faces
    assert Gates(folder=("*",)).asks_for_file
    assert Gates(without_faces="any").asks_for_faces
