"""What a category may be called."""

import pytest

from reactor.core.tag_names import differ_in_case_only, name_fault


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("Receipts", ""),
        ("Work/Receipts/2026", ""),
        ("two words", ""),
        ("Auto", ""),
        ('a|b, c: "d" \U0001f4f7 Ünsal 領収書', ""),
        ("x" * 100, ""),
        ("", "needs a name"),
        ("   ", "needs a name"),
        ("x" * 101, "at most 100 characters, this one 101"),
        ("a\nb", "control characters"),
        ("a\x00", "control characters"),
        ("a\u2028b", "control characters"),
        ("a\ud800", "control characters"),
        ("/a", "a slash"),
        ("a/", "a slash"),
        ("a//b", "a slash"),
        ("/", "a slash"),
        (" a", "space"),
        ("a/ b", "space"),
        ("a\u00a0/b", "space"),
        ("Auto/Receipts", "begins with Auto/"),
    ],
)
def test_a_name_is_taken_or_refused_in_words(name: str, fault: str) -> None:
    found = name_fault(name)
    assert (found is None) is (not fault)
    assert fault in (found or "")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("A", "A", False),
        ("A", "a", True),
        ("A", "B", False),
        ("A", "A/B", False),
        ("A/b", "A/B", True),
        ("Work", "work/Bills", True),
        ("Work/A", "work/B", True),
        ("A/x", "B/X", False),
        ("Straße", "STRASSE", True),
        ("caf\u00e9", "cafe\u0301", True),
    ],
)
def test_names_that_people_cannot_tell_apart(one: str, other: str, expected: bool) -> None:
    assert differ_in_case_only(one, other) is expected
    assert differ_in_case_only(other, one) is expected
