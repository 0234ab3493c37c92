"""How the user's mind about the categories changes, and what the reactor makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reactor.core.categories import Category
from reactor.core.relabel_runs import RelabelRequest
from reactor.core.runs import Run

from .covers import CoverActs
from .vision import CATEGORIES, LOOSE, STRICT
from .wishes import Word


def spelled(words: Mapping[str, Word]) -> tuple[Category, ...]:
    """Return the categories as the reactor is told of them."""
    return tuple(
        replace(
            one,
            similarity=STRICT if word.strict else LOOSE,
            action="tag_and_archive" if word.archives else "tag",
            enabled=word.on,
        )
        for one in CATEGORIES
        if (word := words[one.name]).there
    )


@dataclass(kw_only=True)
class Rulings(CoverActs):
    """Each change comes minutes after what was before, and the reactor acts on it at once."""

    async def category(self, name: str, word: str, to: bool) -> None:
        """Remove a category or bring it back, make it strict or loose, switch it, or have it archive or only tag."""
        self.wishes.change(name, **{word: to})
        await self._ruled()

    async def labelling(self, on: bool) -> None:
        """Switch labelling as a whole."""
        self.wishes.labelling = on
        await self._ruled()

    async def relabel(self) -> None:
        """Have all photos held against the categories of now, what is missing set, too."""
        await self.decide(RelabelRequest(add=True))

    async def _ruled(self) -> None:
        await self.minutes_pass()
        self.life.rules.now = spelled(self.wishes.words)
        self.life.rules.enabled = self.wishes.labelling
        run: Run | None = await self.life.reconsider()
        if run is not None:
            await self.decide(run)
