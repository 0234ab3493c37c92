"""After any history and an undo of everything, the library is as if the reactor had never run."""

import math
import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from .ground import a_runner, quick_batches
from .machine import Histories

HISTORIES = 50
LONG, PARTS = 500, 2
STEPS = 7
RICH = 0.1
UNDONE = ("unstack", "un-archive", "un-favour", "leave album", "double undo")
RULED = ("retraction", "shown again by the rules", "set again after a retraction")
COVERS = ("cover away", "moved cover", "own stack")
NAMED = ("extend", "merge", "part", "re-point", *COVERS, *UNDONE, *RULED, "crash inside a call")


def settled(histories: int, *, sure: bool, steps: int = STEPS) -> settings:
    return settings(
        max_examples=histories,
        stateful_step_count=steps,
        deadline=None,
        derandomize=sure,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
        report_multiple_bugs=False,
    )


def happened(dsn: str, how: settings, number: int | None = None) -> Counter[str]:
    """Play random histories; return in how many of them what happened."""
    with quick_batches(), a_runner(dsn) as (runner, ground):

        class Here(Histories):
            """The histories of one test."""

        Here.runner, Here.ground = runner, ground
        Here.tally, Here.begun, Here.broke, Here.wanted = Counter(), Counter(), {}, how.max_examples
        run_state_machine_as_test(Here if number is None else seed(number)(Here), settings=how)
        return Here.tally


def expect_rich(tally: Counter[str], histories: int, least: float = RICH) -> None:
    """Print in which share of the histories what happened, and hold each that is named to the least."""
    share = {what: number / tally["histories"] for what, number in tally.items() if what != "histories"}
    print("\n".join(f"{what:28}{100 * part:5.1f} %" for what, part in sorted(share.items())))
    assert tally["histories"] == histories
    assert {what: share.get(what, 0.0) for what in NAMED if share.get(what, 0.0) < least} == {}


@pytest.mark.timeout(900)
def test_undone_histories_leave_the_library_as_if_the_reactor_had_never_run(database: str) -> None:
    expect_rich(happened(database, settled(HISTORIES, sure=True)), HISTORIES)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(1, PARTS + 1))
def test_many_undone_histories(database: str, part: int) -> None:
    number = random.SystemRandom().randrange(10**9)
    print(f"part {part} of {PARTS}, seed {number}")
    histories = LONG // PARTS
    # What happens in a tenth of all may by chance happen in fewer of some: by three standard deviations at most.
    least = RICH - 3 * math.sqrt(RICH * (1 - RICH) / histories)
    expect_rich(happened(database, settled(histories, sure=False, steps=8), number), histories, least)
