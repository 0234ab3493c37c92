"""A rig whose categories come from a file, and one where they are edited."""

import pytest

from ..stages.house import House
from .rig import LabelRig, Managed


@pytest.fixture
def rig(house: House) -> LabelRig:
    return LabelRig(house=house)


@pytest.fixture(params=["file", "reactor"])
def either(house: House, request: pytest.FixtureRequest) -> LabelRig:
    managed: Managed = request.param
    return LabelRig(house=house, managed=managed)
