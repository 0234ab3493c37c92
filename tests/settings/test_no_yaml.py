"""A settings file that cannot be read is told by its place: its words may hold the key."""

from pathlib import Path

import pytest

from reactor.config import load_settings
from reactor.core.errors import StartError

KEY = "ThisKeyMustGoNowhere"


@pytest.mark.parametrize("value", [f"%{KEY}", f'"{KEY}', f"!{KEY} x", f"{KEY} : x: y", f"@{KEY}", f"{KEY}\x00"])
def test_a_file_that_is_no_yaml_is_told_by_its_place_and_never_by_its_words(empty_place: Path, value: str) -> None:
    (empty_place / "reactor.yaml").write_text(f"port: 8080\nimmich_api_key: {value}\n")
    with pytest.raises(StartError, match=r"cannot be read: .*no valid YAML") as caught:
        load_settings()
    assert KEY not in str(caught.value)
