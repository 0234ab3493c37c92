"""The fault matrix, several times over, and an outage of ten minutes."""

import pytest

from .proxy import Weather
from .scene import Verdict, told
from .test_weather import FAULTS, Fault, run_through

TIMES = 3


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_every_weather_several_times() -> None:
    verdicts: list[Verdict] = []
    for _ in range(TIMES):
        found, expected, world = await run_through(FAULTS)
        assert world == expected
        verdicts += found
    print(told(verdicts))
    assert [verdict for verdict in verdicts if verdict.lost or verdict.doubled] == []


@pytest.mark.soak
@pytest.mark.timeout(1500)
async def test_immich_is_away_for_ten_minutes() -> None:
    away = Fault(
        name="Immich away for ten minutes", weather=Weather(refuse=True), cut=True, seconds=600, shows="failed"
    )
    verdicts, expected, world = await run_through([away])
    print(told(verdicts))
    assert world == expected
    assert [verdict for verdict in verdicts if verdict.lost or verdict.doubled] == []
