"""Held at the simulated servers for all features: journalled before every write, and no write in observe mode."""

from reactor.core.changes import FEATURES

from .ground import Ground, quick_batches
from .story import History, Step, a_history

# A photo fits both categories; a stack grows, gets another cover, is merged; two people are seen.
SCENE: tuple[Step, ...] = (
    ("burst", 0, "early", [1, 2], ()),
    ("burst", 0, "late", [1, 1], ()),
    ("burst", 0, "early", [3], ()),
    ("burst", 0, "bridge", [2], ()),
    ("burst", 2, "early", [1, 1], ("Away", "Receipts")),
    ("burst", 3, "early", [1], ("Best",)),
    ("burst", 3, "late", [1], ("Best",)),
    ("portrait", "Ann"),
    ("portrait", "Bob"),
    ("decide",),
)
WRITES = {
    "PUT tags",
    "PUT tags assets",
    "DELETE tags * assets",
    "PUT assets",
    "PUT assets *",
    "POST albums",
    "PUT albums * assets",
    "DELETE albums * assets",
    "POST stacks",
    "PUT stacks *",
    "DELETE stacks *",
    "DELETE stacks * assets *",
    "POST faces * register",
    "POST faces * delete",
}


async def test_every_write_is_journalled_before_it_is_sent(ground: Ground) -> None:
    with quick_batches():
        async with a_history(ground) as history:
            await history.play(*SCENE)
            await history.finish()
            assert history.witness.kinds == WRITES
            assert history.witness.unjournalled == []


async def test_observing_writes_nothing_and_what_it_planned_can_be_done(ground: Ground) -> None:
    with quick_batches():
        async with a_history(ground) as history:
            await history.play(("switch", "observe"), *SCENE, ("replay",), ("poll",))
            assert history.witness.kinds == set()
            assert await planned(history) == set(FEATURES)
            await history.play(("switch", "apply"), ("apply_all",))
            assert history.now.standing
            assert history.now.pictures
            await history.finish()


async def planned(history: History) -> set[str]:
    rows = await history.life.pool.fetch("SELECT DISTINCT feature, state FROM journal")
    assert {row["state"] for row in rows} <= {"planned", "superseded"}
    return {row["feature"] for row in rows if row["state"] == "planned"}
