"""A rig over a household of its own."""

import pytest

from ..stages.house import House
from .rig import Rig


@pytest.fixture
def rig(house: House) -> Rig:
    return Rig(house=house)
