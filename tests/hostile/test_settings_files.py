"""Settings files that mean harm, or are broken so that their words would be repeated.

Values that break the YAML around them: tests/settings/test_no_yaml.py. Files of secrets: test_secret_files.py there.
"""

import os
import time
from pathlib import Path

import pytest

from reactor.config import load_settings
from reactor.config.yaml_file import LARGEST
from reactor.core.errors import StartError

from ..settings.conftest import empty_place
from .peak import peak

__all__ = ["empty_place"]
KEY = "ThisKeyMustGoNowhere"
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{chr(ord(name) - 1)}'] * 10)}]\n" for name in "bcdefghij"
)
MERGED = "x0: &x0 {k: v}\n" + "".join(f"x{n + 1}: &x{n + 1} {{<<: [{', '.join([f'*x{n}'] * 10)}]}}\n" for n in range(9))


def indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


FILES = {
    "a command": "port: !!python/object/apply:os.system ['touch pwned']",
    "a command in a list": "classification: {categories: [!!python/object/apply:os.system ['touch pwned']]}",
    "an object": "port: !!python/object/new:os.system ['touch pwned']",
    "a module": "port: !!python/module:os",
    "a name": "port: !!python/name:os.system",
    "a tag of its own": f"immich_api_key: !secret {KEY}",
    "a tag that it does not bear": f"immich_api_key: !!int {KEY}",
    "a fraction that is none": f"immich_api_key: !!float {KEY}",
    "a moment that is none": f"immich_api_key: !!timestamp {KEY}",
    "a truth that is none": f"immich_api_key: !!bool {KEY}",
    "bytes": f"immich_api_key: !!binary {KEY}",
    "a set": f"immich_api_key: !!set {KEY}",
    "a date that there is not": "immich_api_key: 2026-99-99",
    "a number of 5,000 digits": "port: " + "9" * 5000,
    "5,000 lists in one another": "port: " + "[" * 5000 + "]" * 5000,
    "5,000 maps in one another": "port: " + "{a: " * 5000 + "1" + "}" * 5000,
    "ten thousand million laughs": LAUGHS,
    "laughs in a setting": "features:\n" + indented(LAUGHS),
    "ten thousand million merges": "features:\n" + indented(MERGED),
    "a map that holds itself": "accounts: &a {x: *a}",
    "a list that holds itself": "classification: &a {categories: [*a, *a]}",
    "two documents": "port: 1\n---\nport: 2",
    "a key in the place of a name": f"{KEY}: 1",
    "a name for terminals": '"port\\e[31m\\0": 1',
    "an account for terminals": 'accounts: {"a\\e[31m": {api_key: x}}',
    "a list for a name": "? [port]\n: 1",
    "a list": f"[{KEY}]",
    "a word": KEY,
    "more than a megabyte": "port: 1 #" + "x" * LARGEST,
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_hostile_file_is_refused_in_a_sentence_that_repeats_nothing(empty_place: Path, text: str) -> None:
    (empty_place / "reactor.yaml").write_text(text, "utf-8")
    began = time.monotonic()
    with peak() as memory, pytest.raises(StartError) as caught:
        load_settings()
    words = str(caught.value)
    assert KEY.lower() not in words.lower()
    assert all(letter.isprintable() or letter == "\n" for letter in words)
    assert len(words) < 2000
    assert time.monotonic() - began < 30
    assert memory.grown < 64
    assert list(empty_place.iterdir()) == [empty_place / "reactor.yaml"]
    error: BaseException | None = caught.value
    while error is not None:  # what a traceback would show
        assert KEY not in f"{error!r}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@pytest.mark.parametrize("data", ["port: 1".encode("utf-16"), b"port: \xff\xfe", b"\x00\x01\x02"], ids=str)
def test_a_file_that_is_no_text_is_refused(empty_place: Path, data: bytes) -> None:
    (empty_place / "reactor.yaml").write_bytes(data)
    with pytest.raises(StartError, match="cannot be read"):
        load_settings()


def test_what_never_ends_is_not_read_to_its_end(empty_place: Path) -> None:
    with peak() as memory, pytest.raises(StartError, match="larger than 1024 KB"):
        load_settings(Path(os.devnull).with_name("zero"))
    assert memory.grown < 16


def test_references_as_people_use_them_are_followed(empty_place: Path) -> None:
    text = "stacks: &waits {quiet_seconds: 3}\nfeatures: &all {tags: apply}\nscan: {quiet_hours: ''}\n"
    (empty_place / "reactor.yaml").write_text(text, "utf-8")
    assert load_settings().stacks.quiet_seconds == 3
    shared = "classification:\n  categories:\n    - {name: A, prompts: &p [a, b]}\n    - {name: B, prompts: *p}\n"
    (empty_place / "reactor.yaml").write_text(shared, "utf-8")
    assert [one.prompts for one in load_settings().classification.categories] == [("a", "b")] * 2
