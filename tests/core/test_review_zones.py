"""Faces of the grey zone, and where the widths of all zones come from."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from reactor.config.settings import FixedSettings
from reactor.core.ids import AssetId, FaceId
from reactor.core.portraits import Choice, FaceCandidate, PortraitPolicy, choose_portraits

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
POLICY = PortraitPolicy(maximum=3, min_sharpness=30, review=0.5)


def face(name: str, sharpness: float, *, minutes: float = 0, side: float = 120) -> FaceCandidate:
    return FaceCandidate(
        asset=AssetId(name),
        face=FaceId(name),
        box=(300, 300, 300 + side, 300 + side),
        frame=(1000, 1000),
        taken_at=NOON - timedelta(minutes=minutes),
        sharpness=sharpness,
    )


def chosen(choices: tuple[Choice, ...]) -> str:
    """Return who is chosen, newest first, the unsure ones with a question mark."""
    return " ".join(f"{one.candidate.face}{'' if one.sure else '?'}" for one in choices if one.chosen)


@pytest.mark.parametrize(
    ("faces", "already", "expected"),
    [
        ([face("a", 40), face("b", 20, minutes=1), face("c", 10, minutes=2)], "", "a b?"),
        # an unsure one takes no place from a sure one, however much newer
        ([face(n, 20 if n in "abc" else 40, minutes=i) for i, n in enumerate("abcdef")], "", "d e f"),
        ([face(n, 20 if n in "abc" else 40, minutes=i) for i, n in enumerate("abcde")], "", "a? d e"),
        # nor is one suggested of a moment that is taken, or to somebody who has enough
        ([face("a", 20), face("b", 40)], "", "b"),
        ([face("a", 20), face("b", 20)], "", "a?"),
        ([face("a", 20)], "x y z", ""),
        # small stays small
        ([face("a", 20, side=50)], "", ""),
    ],
)
def test_unsure_faces_come_after_the_sure(faces: list[FaceCandidate], already: str, expected: str) -> None:
    known = frozenset(FaceId(name) for name in already.split())
    assert chosen(choose_portraits(faces, known, POLICY)) == expected
    off = PortraitPolicy(maximum=3, min_sharpness=30)
    assert chosen(choose_portraits(faces, known, off)) == " ".join(n for n in expected.split() if "?" not in n)


def _zone(settings: FixedSettings) -> float:
    catalogue = settings.catalogue()
    assert catalogue is not None
    return catalogue.categories[0].review


def test_the_zones_are_set_in_one_block_and_off_by_default() -> None:
    categories = {"categories": [{"name": "X", "prompts": ["x"]}]}
    off = FixedSettings.model_validate({"classification": categories})
    assert (off.stack_policy().review_share, off.portrait_policy().review, _zone(off)) == (0, 0, 0)
    review = {"tags": 0.02, "stacks": 0.08, "faces": 0.3}
    on = FixedSettings.model_validate({"classification": categories, "review": review})
    assert (on.stack_policy().review_share, on.portrait_policy().review, _zone(on)) == (0.08, 0.3, 0.02)
    assert on.stack_policy().loose().share == pytest.approx(0.66)
    assert on.portrait_policy().loose().min_sharpness == pytest.approx(21)
    assert FixedSettings.model_validate({"sweep_hours": 2}).sweep_hours == 2
    for wrong in ({"tags": -0.1}, {"stacks": 0.6}, {"faces": 1.1}, {"else": 1}):
        with pytest.raises(ValidationError):
            FixedSettings.model_validate({"review": wrong})
