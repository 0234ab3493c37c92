"""Each fault that is put into the reactor on purpose is caught; without it the same history holds."""

import pytest

from .ground import Ground, quick_batches
from .history import Broken
from .parts import Parts
from .planted import FAULTS, Fault
from .planted_covers import COVERS
from .planted_rulings import RULINGS
from .story import a_history

ALL = {**FAULTS, **RULINGS, **COVERS}


async def played(ground: Ground, fault: Fault, parts: Parts) -> None:
    with quick_batches():
        async with a_history(ground, parts) as history:
            await history.play(*fault.steps)
            await history.finish()


@pytest.mark.parametrize("fault", ALL.values(), ids=ALL)
async def test_a_planted_fault_is_caught(ground: Ground, fault: Fault) -> None:
    with pytest.raises(Broken, match=fault.says):
        await played(ground, fault, fault.parts)


@pytest.mark.soak
@pytest.mark.parametrize("fault", ALL.values(), ids=ALL)
async def test_without_the_fault_the_history_holds(ground: Ground, fault: Fault) -> None:
    await played(ground, fault, fault.sound)
