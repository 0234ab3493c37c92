"""Which photo lies on top."""

import pytest

from reactor.core.covers import KEPT_RULE, LARGEST_RULE, SHARPEST_RULE, choose_cover
from reactor.core.ids import AssetId
from reactor.core.library import EmbeddedPhoto

from .world import photo


@pytest.mark.parametrize(
    ("photos", "keep", "cover", "rule"),
    [
        pytest.param([photo("a", sharpness=1.0), photo("b", 1, sharpness=5.0)], None, "b", SHARPEST_RULE, id="sharp"),
        pytest.param([photo("a", sharpness=1.0), photo("b", 1, sharpness=5.0)], "a", "a", KEPT_RULE, id="kept"),
        pytest.param([photo("a"), photo("b", 1)], "gone", "a", SHARPEST_RULE, id="the kept one is gone"),
        pytest.param(
            [photo("a", sharpness=5.0), photo("b", 1, sharpness=4.6, width=400)], None, "b", LARGEST_RULE, id="large"
        ),
        pytest.param(
            [photo("a", sharpness=5.0), photo("b", 1, sharpness=4.0, width=400)], None, "a", SHARPEST_RULE, id="soft"
        ),
        pytest.param([photo("b", 0), photo("a", 1)], None, "b", SHARPEST_RULE, id="time"),
        pytest.param([photo("b"), photo("a")], None, "a", SHARPEST_RULE, id="id"),
        pytest.param([photo("a", sharpness=0.0)], None, "a", SHARPEST_RULE, id="nothing sharp at all"),
    ],
)
def test_case(photos: list[EmbeddedPhoto], keep: str | None, cover: str, rule: str) -> None:
    chosen, reason = choose_cover(photos, AssetId(keep) if keep else None)
    assert (chosen, reason.rule) == (cover, rule)
    assert choose_cover(photos[::-1], AssetId(keep) if keep else None) == (chosen, reason)
