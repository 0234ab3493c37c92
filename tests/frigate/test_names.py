"""Names of people as Frigate takes them."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reactor.core.frigate_names import frigate_name

from .captures import captures

NAMES = {
    "Jane Doe": "Jane Doe",
    "  Jane \t Doe ": "Jane Doe",
    "Dr. Who": "Dr Who",
    "A&B": "A B",
    "J.R.R. Tolkien": "J R R Tolkien",
    "O'Brien": "O'Brien",
    "O’Brien": "O'Brien",
    "Jean–Luc": "Jean-Luc",
    "Mum 👩": "Mum",
    "#tag": "tag",
    "a/b": "a b",
    "Jose\u0301": "José",
    "王小明": "王小明",
    "محمد": "محمد",
    "x" * 60: "x" * 50,
    "é" * 60: "é" * 50,
    "Trainer": "Trainer",
    "": None,
    "   ": None,
    "👩‍👩‍👧": None,
    "..": None,
    "---": None,
    "train": None,
    " Train ": None,
    "UNKNOWN": None,
    "none.": None,
}


@pytest.mark.parametrize(("name", "expected"), NAMES.items())
def test_a_name_becomes_one_that_frigate_takes(name: str, expected: str | None) -> None:
    assert frigate_name(name) == expected


@given(st.text(max_size=120))
@example("\u1100\u0300\u1161")
@example("a" * 49 + " b")
@example("ⅠⅡ train")
def test_a_mapped_name_is_legal_and_stays(name: str) -> None:
    mapped = frigate_name(name)
    if mapped is None:
        return
    assert 1 <= len(mapped) <= 50
    assert all(one in "'_- " or unicodedata.category(one)[0] in "LN" for one in mapped)
    assert mapped == mapped.strip()
    assert unicodedata.is_normalized("NFC", mapped)
    assert mapped.casefold() not in ("train", "unknown", "none")
    assert len(f"{mapped}_1795208984.123456.webp".encode()) <= 255
    assert frigate_name(mapped) == mapped


def test_a_legal_name_survives_the_real_delete() -> None:
    """Every recorded name that we keep as it is was deleted by a real Frigate: none is in its last list."""
    pairs = captures("names-0.18.http")
    deleted = [pair.title.removeprefix("delete ").strip("'") for pair in pairs if pair.title.startswith("delete '")]
    ours = [name for name in deleted if frigate_name(name) == name]
    assert len(ours) > 5
    assert not [name for name in ours if f'"{name}"' in pairs[-1].body]
