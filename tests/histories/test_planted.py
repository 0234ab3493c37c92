"""Each fault that is put into the reactor on purpose is caught; without it the same history holds."""

import pytest

from .ground import a_ground, quick_batches
from .history import Broken
from .parts import Parts
from .planted import FAULTS, Fault
from .planted_covers import COVERS
from .planted_rulings import RULINGS
from .story import a_history

ALL = {**FAULTS, **RULINGS, **COVERS}


async def played(database: str, fault: Fault, parts: Parts) -> None:
    with quick_batches():
        async with a_ground(database) as ground, a_history(ground, parts) as history:
            await history.play(*fault.steps)
            await history.finish()


@pytest.mark.parametrize("fault", ALL.values(), ids=ALL)
async def test_a_planted_fault_is_caught(database: str, fault: Fault) -> None:
    with pytest.raises(Broken, match=fault.says):
        await played(database, fault, fault.parts)


@pytest.mark.soak
@pytest.mark.parametrize("fault", ALL.values(), ids=ALL)
async def test_without_the_fault_the_history_holds(database: str, fault: Fault) -> None:
    await played(database, fault, fault.sound)
