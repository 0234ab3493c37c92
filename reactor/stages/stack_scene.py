"""The photos that bear on some new ones, and the groups that they make together."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from datetime import timedelta
from itertools import chain, islice
from typing import Protocol

from reactor.core.bursts import Family, dated, families, near, reach
from reactor.core.growing import Group, order
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import FEW, EmbeddedPhoto, Lookalikes, LookalikesWanted, Surroundings
from reactor.core.likeness import likeness
from reactor.core.past import Past
from reactor.core.regrouping import companions, crowded, touched
from reactor.core.stack_policy import StackPolicy
from reactor.core.vetoes import apart

SEVERAL_HUNDRED = 300
"""Of more photos the partition takes long enough to hold everything else up, so it is made in a thread."""
NEIGHBOURS = 5000
"""At most so many photos are looked at together; the vectors of more would not be worth their memory."""
COPIES = 16
"""Of a picture that was saved more often the likest are found; the others find them when it is their turn, and no
stack of it is dissolved any more: whom it is likest to nobody can tell."""
AT_ONCE = timedelta(seconds=30)
"""So much farther than a photo reaches is looked around it: what lies around frames that are as near is then seen."""
ROUNDING = 0.002
"""A cosine of the index may lie so far from that of the stored vectors."""


class Stored(Protocol):
    """Find what is stored of photos, by id and by time; as ports.Photos."""

    async def embedded(
        self, account: AccountId, assets: Sequence[AssetId], model: str
    ) -> tuple[EmbeddedPhoto, ...]: ...

    async def around(
        self, account: AccountId, assets: Sequence[AssetId], margin: timedelta, model: str, *, limit: int
    ) -> Surroundings: ...


class Alike(Protocol):
    """Find what looks alike, at any time; as ports.Similar."""

    async def lookalikes(self, wanted: LookalikesWanted) -> Lookalikes: ...


class Scene:
    """New photos of one account and all that may stand in a group with them; grows as more is asked about."""

    def __init__(
        self,
        account: AccountId,
        stored: Stored,
        similar: Alike,
        model: str,
        policy: StackPolicy,
        random_pair_cosine: float | None,
        *,
        met: Callable[[Collection[AssetId], Collection[AssetId]], Awaitable[None]],
    ) -> None:
        """Be empty; ``met`` is told who lies near in time, and who is untouched, while the index looks for copies."""
        self.photos: dict[AssetId, EmbeddedPhoto] = {}
        self.is_cut = False
        """Whether photos near in time were left out for want of room."""
        # Of a blank page, or one app's screen, there are thousands, and all of them copies of copies: where one stack
        # could not hold them, they are not followed further; as many as are looked for always are.
        self._room = max(policy.maximum_size, COPIES)
        self.disturbed: set[AssetId] = set()
        """Photos whose times the new ones show not to be trusted; where they belong is asked as well."""
        self._is_crowded = False
        self._account = account
        self._stored = stored
        self._similar = similar
        self._model = model
        self._policy = policy
        self._floor = random_pair_cosine
        self._like = likeness(policy, random_pair_cosine)
        self._beside: dict[AssetId, EmbeddedPhoto] = {}
        self._met = met
        self._new: set[AssetId] = set()
        self._surrounded: set[AssetId] = set()
        self._searched: set[AssetId] = set()
        self._untouched: set[AssetId] = set()
        self._sought: set[AssetId] = set()

    @property
    def is_whole(self) -> bool:
        """Say whether nothing was left out for want of room; else nothing that stands may be called wrong."""
        return not self.is_cut and not self._is_crowded

    async def begin(self, batch: Sequence[AssetId]) -> list[EmbeddedPhoto]:
        """Take new photos in, as ``add``, and return them; those that are not embedded are passed over."""
        around, names = await self._around(batch), set(batch)
        fresh = [photo for photo in around if photo.asset in names]
        if len(fresh) < len(names):
            # Not embedded yet, or cut off with what lies around.
            fresh = list(await self._stored.embedded(self._account, batch, self._model))
        if not fresh:
            return []
        self._new |= {photo.asset for photo in fresh}
        # Each may have copies of its own.
        self._room += COPIES * (len(fresh) - 1)
        self._surrounded |= {photo.asset for photo in fresh}
        self.photos |= {photo.asset: photo for photo in fresh}
        disturbed = self._stand(fresh, around)
        self.disturbed |= {photo.asset for photo in disturbed}
        frames = self._frames(fresh)
        self._surrounded |= {frame.asset for frame in frames}
        await self.add([*fresh, *disturbed, *frames])
        return fresh

    async def add(self, photos: Sequence[EmbeddedPhoto]) -> None:
        """Take photos in, with all that lie near in time and all copies, theirs as well."""
        while fresh := [photo for photo in photos if photo.asset not in self._searched]:
            self._searched |= {photo.asset for photo in fresh}
            self.photos |= {photo.asset: photo for photo in fresh}
            # Begun together: the one waits for the database, the other for the index.
            surrounding = asyncio.create_task(self._meet(fresh))
            try:
                copies = await self._copies(fresh)
            finally:
                disturbed = await surrounding
            self.disturbed |= {photo.asset for photo in disturbed}
            photos = [*copies, *disturbed]

    async def fetch(self, assets: Collection[AssetId]) -> bool:
        """Take photos in by their ids; return whether any was there to take."""
        is_near = near((self.photos[asset] for asset in self._searched), self._policy)
        there = {asset for asset in assets if asset in self.photos and is_near(self.photos[asset])}
        unknown = sorted(set(assets) - there - self._sought)
        self._sought.update(unknown)
        found = await self._stored.embedded(self._account, unknown, self._model) if unknown else ()
        await self.add(found)
        return bool(found)

    async def seek(self, assets: Collection[AssetId]) -> bool:
        """Look for the copies of photos that were taken in; return whether any of them was not looked for before."""
        fresh = self.photos.keys() & set(assets) - self._searched
        await self.add(sorted((self.photos[asset] for asset in fresh), key=order))
        return bool(fresh)

    async def grouped(
        self, asked: Collection[AssetId], out: Collection[AssetId], past: Past, policy: StackPolicy
    ) -> tuple[tuple[Family, ...], tuple[Family, ...]]:
        """Return the families that the asked photos may have changed, made without those that are ``out``.

        And those of their copies in which somebody may seem to stand who found no room. Groups on which no photo bears
        that was taken in are left out: of those not all members need be known.
        """
        inside = [photo for asset, photo in self.photos.items() if asset not in out]
        beside = list(self._beside.values())
        pairs = apart(past.vetoes)
        if len(inside) <= SEVERAL_HUNDRED:
            made = families(inside, policy, self._floor, pairs, beside)
        else:
            made = await asyncio.to_thread(families, inside, policy, self._floor, pairs, beside)
        is_near = near((self.photos[asset] for asset in self._searched), self._policy)

        def known(found: Sequence[Family]) -> tuple[Family, ...]:
            rows = (tuple(group for group in family if any(map(is_near, self._of(group)))) for family in found)
            return tuple(row for row in rows if row)

        copies = crowded(touched(made, self._searched, past), policy.maximum_size)
        return known(touched(made, asked, past)), known(copies)

    def _of(self, group: Group) -> Iterator[EmbeddedPhoto]:
        return (self.photos[name] for name in group.members)

    def parts(self, members: Collection[AssetId], policy: StackPolicy) -> bool:
        """Say whether other photos part the members, which would be one group today without those that are new."""
        themselves = [self.photos[member] for member in sorted(members)]
        beside = [*self._beside.values(), *self.photos.values()]
        before = [photo for photo in beside if photo.asset not in self._new]
        return any(
            len(family) == 1 and len(family[0].members) == len(themselves)
            for others in ([], beside, before)
            for family in families(themselves, policy, self._floor, frozenset(), others)
        )

    async def _meet(self, photos: Sequence[EmbeddedPhoto]) -> list[EmbeddedPhoto]:
        """Surround the photos, and tell of those that were met."""
        fresh = [photo for photo in photos if photo.asset not in self._surrounded]
        names = {photo.asset for photo in photos}
        self._surrounded |= names
        disturbed = self._stand(fresh, await self._around([photo.asset for photo in fresh])) if fresh else []
        await self._met(self.photos.keys() if len(self.photos) <= FEW else names, self._untouched)
        return disturbed

    async def _around(self, assets: Sequence[AssetId]) -> Sequence[EmbeddedPhoto]:
        margin = reach(self._policy) + AT_ONCE
        around = await self._stored.around(self._account, assets, margin, self._model, limit=NEIGHBOURS)
        self._untouched |= around.untouched
        self.is_cut |= len(around.photos) >= NEIGHBOURS
        return around.photos

    def _stand(self, photos: Sequence[EmbeddedPhoto], around: Sequence[EmbeddedPhoto]) -> list[EmbeddedPhoto]:
        """Take in what lies near in time; return those whose times are not to be trusted any more for the photos."""
        if self._policy.rule == "auto-stacker":
            is_of_the_day = near(photos, self._policy)
            self.photos |= {photo.asset: photo for photo in around if is_of_the_day(photo)}
            return []
        cameras = {photo.camera for photo in photos}
        self._beside |= {photo.asset: photo for photo in around if photo.camera in cameras}
        in_time = dated([*self._beside.values(), *self.photos.values()], self._policy)
        self.photos |= {photo.asset: photo for photo in around if photo.asset in in_time and photo.camera in cameras}
        new = {photo.asset for photo in photos}
        before = dated([photo for photo in self._beside.values() if photo.asset not in new], self._policy)
        return [photo for photo in around if photo.asset in before - in_time]

    async def _copies(self, photos: Sequence[EmbeddedPhoto]) -> list[EmbeddedPhoto]:
        """Return what is all but the same picture as one of the photos and was not known yet."""
        least = self._like.copy
        if least is None or self._room < 0 or self._policy.rule == "auto-stacker":
            return []
        wanted = LookalikesWanted(
            account=self._account,
            model=self._model,
            photos=photos,
            known=self.photos,
            limit=COPIES,
            least=least - ROUNDING,
            bits=self._policy.copy_phash,
        )
        found = await self._similar.lookalikes(wanted)
        known = self.photos | {photo.asset: photo for photo in found.read}
        likely = {asset for asset, _ in chain(*found.near.values())} & known.keys() - self._searched
        others = sorted((known[asset] for asset in likely), key=order)
        copies = [one for one in others if any(self._like.is_copy(photo, one) for photo in photos)]
        self._room -= sum(any(self._is_file(photo, one) for photo in photos) for one in copies)
        self._is_crowded |= self._room < 0 or any(
            sum(self._is_file(photo, known[name]) for name, _ in alike if name in known) >= COPIES
            for photo in photos
            if len(alike := found.near.get(photo.asset, ())) >= COPIES
        )
        return copies if self._room >= 0 else []

    def _frames(self, fresh: Sequence[EmbeddedPhoto]) -> list[EmbeddedPhoto]:
        """Return some frames of the photos' bursts, whose copies are looked for in the same breath.

        They are few, and so many at most that there is room for all their copies; of others the index tells.
        """
        if self.is_cut or len(fresh) * len(self.photos) > SEVERAL_HUNDRED:
            return []
        frames = (
            one
            for one in self.photos.values()
            if one.asset not in self._surrounded and any(self._is_frame(photo, one) for photo in fresh)
        )
        return list(islice(frames, max(0, self._room // COPIES - len(fresh))))

    def _is_frame(self, photo: EmbeddedPhoto, other: EmbeddedPhoto) -> bool:
        """Say whether one camera took the two at once, and they are all but the same picture."""
        is_asked = self._policy.rule != "auto-stacker" and bool(photo.camera) and photo.camera == other.camera
        at_once = abs(photo.taken_at - other.taken_at) <= AT_ONCE
        return is_asked and at_once and self._like.is_copy(photo, other)

    def _is_file(self, photo: EmbeddedPhoto, other: EmbeddedPhoto) -> bool:
        """Say whether the other is a copy, and no frame that a camera took in a row with the photo."""
        return not (photo.camera and other.camera) and self._like.is_copy(photo, other)


def all_companions(found: Sequence[Family], past: Past) -> frozenset[AssetId]:
    """Return all photos with which we left a member of one of the families in a stack."""
    return frozenset[AssetId]().union(*(companions(family, past) for family in found))
