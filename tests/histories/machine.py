"""Random histories: hypothesis chooses what happens next."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from .ground import Ground
from .parts import Parts
from .story import History, Step, a_history
from .vision import BEST_OF, CATEGORIES, PLACES, Part

# What the photos of each place fit, so that a stack is mostly wanted in the archive as a whole.
FITS: Sequence[tuple[str, ...]] = (("Best", "Away"), ("Best", "Receipts"), ("Away",), ("Away", "Best", "Receipts"))
WEIGHTS: Mapping[str, int] = {
    # the reactor hears of photos and people
    "photos": 6,
    "bridge": 8,
    "wedge": 10,
    "undecided": 1,
    "portrait": 2,
    "crash": 3,
    "observe": 2,
    # the user acts
    "take_out": 2,
    "cover": 2,
    "unstack": 3,
    "stack": 1,
    "cover_away": 8,
    "cover_back": 3,
    "own_stack": 7,
    "tag": 1,
    "untag": 2,
    "archive": 1,
    "unarchive": 5,
    "favourite": 1,
    "unfavour": 5,
    "album": 1,
    "leave_album": 8,
    "delete_album": 1,
    "trash": 1,
    "restore": 1,
    "delete": 1,
    "own_picture": 1,
    "delete_picture": 1,
    # time goes by
    "poll": 1,
    "replay": 1,
    # the user thinks otherwise of the categories
    "removed": 3,
    "strict": 6,
    "switched": 1,
    "action": 2,
    "labelling": 1,
    "relabel": 1,
    "ruling_in_a_crash": 2,
    "ruling_observed": 1,
    # a person asks the reactor
    "undo_one": 2,
    "undo_event": 1,
    "undo_category": 1,
    "undo_run": 1,
    "undo_feature": 1,
    "undo_lately": 1,
    "undo_one_twice": 3,
    "undo_all_twice": 3,
    "undo_in_a_crash": 1,
    "revoke": 1,
}
WORDS: Mapping[str, str] = {"removed": "there", "strict": "strict", "switched": "on", "action": "archives"}
WHAT = tuple(what for what, weight in WEIGHTS.items() for _ in range(weight))
AFTER: Sequence[tuple[Step, ...]] = (
    (("poll",),),
    (),
    (("poll",), ("cover_back", 0), ("poll",)),
    (("poll",), ("cover_away", 0, "archive"), ("poll",)),
    (("crash_at", 1, True), ("poll",)),
    (("switch", "observe"), ("poll",), ("switch", "apply"), ("apply_all",)),
    (("poll",), ("undo_one", 0), ("poll",)),
)
LUCK = st.binary(min_size=16, max_size=16)
EXTENDING = 0.4
"""So large a share of the histories lets the reactor extend the user's stacks."""
PARTS: Sequence[Part] = ("early", "late")


def sharp(chance: random.Random) -> list[int]:
    """Choose how sharp one or two photos are."""
    return [chance.randint(1, 3) for _ in range(chance.randint(1, 2))]


class Histories(RuleBasedStateMachine):
    """One history after the other on one ground; ``tally`` says in how many of them what happened.

    Hypothesis draws the luck of each history, and that decides what happens in it, by the weights: were every act
    drawn, few of fifty histories would be unlike, since hypothesis likes its smallest values and repeats itself, and
    switches rules off by turns. Luck that comes again is another luck, but for that of a history that broke.
    """

    begun: ClassVar[Counter[bytes]]
    broke: ClassVar[dict[bytes, int]]

    runner: ClassVar[asyncio.Runner]
    ground: ClassVar[Ground]
    parts: ClassVar[Parts] = Parts()
    tally: ClassVar[Counter[str]]
    wanted: ClassVar[int]
    """So many histories are played; what hypothesis tries beyond them is none."""

    def __init__(self) -> None:
        super().__init__()
        self._broken = False
        self._place = 0
        self._luck = b""
        self._chance = random.Random(0)
        self._enough = self.tally["histories"] >= self.wanted
        self._stage: AbstractAsyncContextManager[History] = a_history(self.ground, self.parts)
        if not self._enough:
            self.history = self.runner.run(self._stage.__aenter__())

    def teardown(self) -> None:
        if self._enough:
            return
        try:
            if not self._broken:
                self._run(self.history.finish())
                self.tally["histories"] += 1
                self.tally.update(set(+self.history.witness.seen))
        finally:
            self.runner.run(self._stage.__aexit__(None, None, None))

    @initialize(luck=LUCK)
    def begin(self, luck: bytes) -> None:
        """Let there be two stacks from the beginning."""
        self._luck = luck
        self.begun[luck] += 1
        self._chance = chance = random.Random(f"{luck!r} {self.broke.get(luck, self.begun[luck])}")
        place = self._place = chance.randrange(PLACES)
        if chance.random() < EXTENDING:
            self._play(("extending", True))
        for part in PARTS:
            self._play(("upload", place, part, 1, FITS[place]), ("burst", place, part, sharp(chance), FITS[place]))

    @rule()
    def go_on(self) -> None:
        chance = self._chance
        what, one, two = chance.choice(WHAT), chance.randrange(12), chance.randrange(12)
        part, sharpness = chance.choice(PARTS), sharp(chance)
        where = self._place if one % 2 else chance.randrange(PLACES)
        name = ("Ann", "Bob")[one % 2]
        burst = ("burst", where, part, sharpness, FITS[where])
        match what:
            case "photos":
                self._play(burst)
            case "bridge":
                self._play(("burst", self._place, "bridge", sharpness[:1], FITS[self._place]))
            case "wedge":
                self._play(("burst", self._place, "bridge", [1], FITS[self._place]))
                self._play(("burst", self._place, "wedge", sharpness[:1], FITS[self._place]))
            case "undecided":
                self._play(("upload", where, part, 1, FITS[two % len(FITS)]))
            case "portrait":
                self._play(("portrait", name), ("decide",))
            case "crash":
                self._play(("crash_at", 1 + two % 4, one > 5), burst)
            case "undo_in_a_crash":
                self._play(("crash_at", 1 + two % 4, one > 5), ("undo_all",))
            case "observe":
                after: list[Step] = [("apply_all",)] if two % 3 else []
                between: list[Step] = [("cover", two, one)] if two % 2 else []
                self._play(("switch", "observe"), burst, *between, ("switch", "apply"), *after)
            case "unstack":
                then = ("", "decide", "poll", "replay")[two % 4]
                self._play((what, one), *([(then,)] if then else []))
            case "cover_away":
                self._play((what, one, ("trash", "archive", "hidden")[two % 3]), *AFTER[two % len(AFTER)])
            case "cover_back":
                self._play((what, one), *AFTER[two % len(AFTER)])
            case "own_stack":
                # In a place of its own, so that the photos stand in no stack of ours before.
                where = (self._place + 1 + one % (PLACES - 1)) % PLACES
                first: Step = ("burst", where, part, [1, 1], ())
                stacked: list[Step] = [("switch", "observe"), first, (what, where, two), ("switch", "apply")]
                self._play(*stacked, ("burst", where, part, sharp(chance), FITS[where]), *AFTER[two % len(AFTER)])
            case "take_out" | "cover" | "stack":
                self._play((what, one, two))
            case "tag":
                self._play((what, one, ("Mine", "Auto/Receipts", "Auto/Away")[two % 3]))
            case "album":
                self._play((what, one, ("Trip", BEST_OF)[two % 2]))
            case "unarchive":
                self._play((what, one, two % 2 == 0))
            case "own_picture":
                self._play((what, name))
            case "removed" | "strict" | "switched" | "action" | "labelling" | "ruling_in_a_crash" | "ruling_observed":
                self._play(*self._ruling(what, one, two, burst))
            case "poll" | "replay" | "relabel" | "undo_all_twice":
                self._play((what,))
            case _:
                self._play((what, one))

    def _ruling(self, what: str, one: int, two: int, burst: Step) -> Sequence[Step]:
        """Return a change of the categories, mostly one of those that the photos here fit, and what follows it."""
        here = FITS[self._place]
        name = here[one // 2 % len(here)] if one % 3 else CATEGORIES[two % 3].name
        word = WORDS.get(what, "strict")
        to = not getattr(self.history.wishes.words[name], word) if not self._enough else True
        turn: Step = ("category", name, word, to)
        back: Step = ("category", name, word, not to)
        between: Step = ("archive", one) if two % 2 else burst
        match what:
            case "labelling":
                return [("labelling", False), turn, between, ("labelling", True)]
            case "ruling_in_a_crash":
                return [("crash_at", 1 + two % 3, one > 5), turn]
            case "ruling_observed":
                after: list[Step] = [("apply_all",)] if two % 3 else []
                return [("switch", "observe"), turn, ("switch", "apply"), *([back] if one % 4 == 0 else []), *after]
        match two % 4:
            case 0:
                return [turn]
            case 1:
                return [turn, back, ("relabel",)]
            case 2:
                return [turn, between, back, ("relabel",)]
            case _:
                return [turn, ("relabel",)]

    def _play(self, *steps: Step) -> None:
        if not self._enough:
            self._run(self.history.play(*steps))

    def _run(self, what: Any) -> None:
        try:
            self.runner.run(what)
        except BaseException:
            self._broken = True
            self.broke.setdefault(self._luck, self.begun[self._luck])
            raise
