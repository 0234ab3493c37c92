"""A small library with a journal, spoken to through the ports that the stack and archive stages use."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from reactor.core.categories import Category
from reactor.core.changes import ArchiveAssets, Change, Feature, StackAssets, StackState, State, VisibilityState
from reactor.core.errors import Gone
from reactor.core.ids import LIVE, AccountId, AssetId, StackId
from reactor.core.journal import Cause, Entry, EntryState
from reactor.core.library import FEW, Asset, EmbeddedPhoto, Face, Lookalikes, LookalikesWanted, StackNow, Surroundings
from reactor.core.past import Past
from reactor.core.portraits import PortraitPolicy
from reactor.core.stack_policy import StackPolicy
from reactor.core.vetoes import FEATURE_OF, Veto
from reactor.evaluate.library import lookalikes
from reactor.ports import Services

from ..rules import NamedRules

ME = AccountId("me")
MODEL = "model"
RANDOM_PAIR = 0.4
RECEIPTS = Category(name="Receipts", prompts=("a receipt",), similarity=-1.0, action="tag_and_archive")
# Not a whole minute: a photo taken at one is taken for dated by an import.
NOON = datetime(2026, 6, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def looking(degrees: float) -> NDArray[np.float32]:
    """Return a unit vector; the cosine of two is that of the angle between them."""
    angle = np.radians(degrees)
    return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)


def photo(asset: str, /, at: float = 0.0, view: float = 0.0, phash: int = 0, **facts: Any) -> EmbeddedPhoto:
    """Return a photo taken ``at`` seconds after noon; ``view`` in degrees, 25 of them a cosine of .91."""
    known: dict[str, Any] = {"camera": "cam", "sharpness": 1.0, "width": 40, "height": 30, "checksum": ""}
    return EmbeddedPhoto(
        account=ME,
        asset=AssetId(asset),
        taken_at=NOON + timedelta(seconds=at),
        phash=phash,
        vector=looking(view),
        **(known | facts),
    )


def ids(names: str) -> tuple[AssetId, ...]:
    return tuple(AssetId(name) for name in names.split())


def stack_of(names: str, number: str = "s") -> StackNow:
    """Return a stack; the first name is its cover."""
    members = ids(names)
    return StackNow(id=StackId(number), primary=members[0], members=frozenset(members))


def asset_of(found: EmbeddedPhoto, **facts: Any) -> Asset:
    known: dict[str, Any] = {"owner": "u", "kind": found.kind, "visibility": "timeline", "trashed": False}
    times = dict.fromkeys(("taken_at", "created_at", "updated_at"), found.taken_at)
    return Asset(id=found.asset, **(known | times | facts))


def entry_of(change: Change, after: State) -> Entry:
    cause = Cause(handler="stack", event=1, run=LIVE)
    return Entry(
        id=1, change=change, cause=cause, state=EntryState.DONE, before=StackState(stacks=()), after=after, note="",
        written_at=NOON, settled_at=NOON,
    )  # fmt: skip


class World:
    """What Immich shows, what is stored, what our journal says and what is still to be done."""

    model = MODEL

    def __init__(self, *photos: EmbeddedPhoto) -> None:
        self.stored = {found.asset: found for found in photos}
        self.assets = {found.asset: asset_of(found) for found in photos}
        self.stacks: dict[StackId, StackNow] = {}
        self.done: dict[tuple[str, str], Entry] = {}
        self.waiting: set[str] = set()
        self.forgotten: list[AssetId] = []
        self.wanted_before: set[str] = set()
        self.vetoes: list[Veto] = []
        self.faces_on: dict[str, tuple[Face, ...]] = {}
        self.no_faces: Exception | None = None
        self.asked_for_faces: list[str] = []
        self.policy = StackPolicy()
        self.categories = [RECEIPTS]

    def change(self, name: str, **facts: Any) -> None:
        """Let Immich show the photo otherwise."""
        self.assets[AssetId(name)] = replace(self.assets[AssetId(name)], **facts)

    def stand(self, stack: StackNow) -> None:
        """Let the stack be there, its members taken from wherever they stood."""
        self.stacks[stack.id] = stack
        for member in stack.members:
            self.change(member, stack=stack.id, stack_primary=stack.primary)

    def carry_out(self, change: StackAssets) -> None:
        """Do as acts do, and write it down."""
        self.stand(stack_of(" ".join(change.members), f"stack of {change.cover} {len(change.members)}"))
        self.remember(change)

    def remember(self, change: StackAssets) -> None:
        after = StackState(stacks=((change.cover, frozenset(change.members)),))
        self.done |= {("stacks", member): entry_of(change, after) for member in change.members}

    def remember_archived(self, change: ArchiveAssets) -> None:
        after = VisibilityState(visibility=tuple((asset, "archive") for asset in sorted(change.assets)))
        self.done |= {("archive", asset): entry_of(change, after) for asset in change.assets}

    async def asset(self, asset: AssetId) -> Asset:
        if asset not in self.assets:
            raise Gone(f"no {asset}")
        return self.assets[asset]

    async def stack(self, stack: StackId) -> StackNow:
        if stack not in self.stacks:
            raise Gone(f"no {stack}")
        return self.stacks[stack]

    async def faces(self, asset: AssetId) -> tuple[Face, ...]:
        self.asked_for_faces.append(asset)
        if asset not in self.assets:
            raise Gone(f"no {asset}")
        if self.no_faces is not None:
            raise self.no_faces
        return self.faces_on.get(asset, ())

    async def texts(self, prompts: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        return dict.fromkeys(prompts, looking(0.0))

    async def embedded(self, account: AccountId, assets: Sequence[AssetId], model: str) -> tuple[EmbeddedPhoto, ...]:
        return tuple(self.stored[asset] for asset in assets if asset in self.stored)

    async def around(
        self, account: AccountId, assets: Sequence[AssetId], margin: timedelta, model: str, *, limit: int
    ) -> Surroundings:
        times = [self.stored[asset].taken_at for asset in assets if asset in self.stored]
        near = (found for found in self.stored.values() if any(abs(found.taken_at - time) <= margin for time in times))
        found = tuple(sorted(near, key=lambda found: (found.taken_at, found.asset))[:limit])
        touched = {subject for feature, subject in self.done if feature == "stacks"}.union(
            *(veto.subjects for veto in self.vetoes)
        )
        names = frozenset(one.asset for one in found[:FEW])
        return Surroundings(photos=found, untouched=names - touched)

    async def lookalikes(self, wanted: LookalikesWanted) -> Lookalikes:
        return lookalikes(wanted, self.stored)

    async def drop(self, account: AccountId, assets: Sequence[AssetId]) -> None:
        for asset in assets:
            del self.stored[asset]

    async def forget(self, account: AccountId, assets: Sequence[AssetId]) -> None:
        self.forgotten += assets

    async def set_burst(self, account: AccountId, asset: AssetId, burst_id: str) -> None:
        if asset in self.stored:
            self.stored[asset] = replace(self.stored[asset], burst_id=burst_id)

    async def left(self, account: AccountId, asset: AssetId) -> tuple[dict[str, Entry], Entry | None]:
        return {}, None

    async def accepted(self, account: AccountId, asset: AssetId) -> frozenset[str]:
        return frozenset()

    async def past(self, account: AccountId, feature: Feature, subjects: Sequence[str]) -> Past:
        newest = {subject: self.done[feature, subject] for subject in subjects if (feature, subject) in self.done}
        about = tuple(
            veto
            for veto in self.vetoes
            if FEATURE_OF[veto.kind] == feature and not set(subjects).isdisjoint(veto.subjects)
        )
        return Past(newest=newest, vetoes=about)

    async def pending(self, account: AccountId, subject: str, handler: str) -> bool:
        return subject in self.waiting and handler == "stack"

    async def heard(self, account: AccountId, subjects: Sequence[str], kind: str) -> frozenset[str]:
        return frozenset(self.wanted_before.intersection(subjects))

    async def random_pair_cosine(self) -> float | None:
        return RANDOM_PAIR

    def services(self) -> Services:
        me = cast("Any", self)
        return Services(
            library=lambda _: me,
            embedder=me,
            photos=me,
            similar=me,
            backlog=me,
            journal=me,
            vetoes=me,
            rules=NamedRules(self.categories),
            labels=self,
            portraits=me,
            random_pair_cosine=self.random_pair_cosine,
            tag_external=True,
            stack_policy=self.policy,
            portrait_policy=PortraitPolicy(),
            now=lambda: NOON,
        )
