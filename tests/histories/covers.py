"""What the user does to the covers of stacks, and to photos before the reactor may stack them."""

from dataclasses import dataclass

from .acts import UserActs, pick
from .shown import Stack


@dataclass(kw_only=True)
class CoverActs(UserActs):
    """Each act comes minutes after what was before; where there is nothing to act upon, nothing is done."""

    async def extending(self, on: bool) -> None:
        """Start the reactor with another setting from now on: whether it may extend the user's stacks."""
        self.life.extending = on

    async def cover_away(self, number: int, how: str) -> None:
        """Trash, archive or hide the cover of a stack that is seen, after what was brought back was seen to be so."""
        await self.poll()
        found = [stack for stack in self.now.standing if self.now.seen(stack[0])]
        if (stack := pick(sorted(found, key=_named), number)) is None:
            return
        await self._put_away(stack[0], how)
        self.witness.seen["cover away"] += 1

    async def cover_back(self, number: int) -> None:
        """Bring a photo of a stack back that the user put away, wherever it is."""
        away = sorted(
            name
            for _, members in self.now.standing
            for name in members
            if self.reference.photos[name].trashed or self.reference.photos[name].visibility != "timeline"
        )
        if (name := pick(away, number)) is None:
            return
        await self.minutes_pass()
        if self.now.photos[name].trashed:
            await self.servers.ask("POST", "/trash/restore/assets", {"ids": [name]})
            self.reference.change([name], trashed=False)
        if self.reference.photos[name].visibility != "timeline":
            await self._show([name], "timeline")
        await self.look()

    async def own_stack(self, place: int, cover: int) -> None:
        """Stack the photos of a place by hand that stand in no stack and are not put away."""
        stacked = frozenset[str]().union(*(members for _, members in self.now.standing))
        free = sorted(
            asset
            for asset, look in self.assets.items()
            if look is not None and look.place == place and asset not in stacked and self.now.seen(asset)
        )
        if len(free) > 1:
            first = free[cover % len(free)]
            await self.poll()
            await self._act_on_stacks("POST", "/stacks", {"assetIds": [first, *(one for one in free if one != first)]})
            self.witness.seen["own stack"] += 1

    async def _put_away(self, name: str, how: str) -> None:
        if how == "trash":
            await self.minutes_pass()
            await self.servers.ask("DELETE", "/assets", {"ids": [name]})
            self.reference.change([name], trashed=True)
            await self.look()
        else:
            await self._show([name], how)
            self.refused.archive.discard(name)


def _named(stack: Stack) -> tuple[str, ...]:
    return tuple(sorted(stack[1]))
