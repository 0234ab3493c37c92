"""The hands that make favourites, and take that back."""

from reactor.acts.hands import Libraries, Looking, Writers
from reactor.core.changes import FavouriteAsset, FavouriteState, State, UnfavouriteAsset
from reactor.core.errors import Gone


class FavouriteHand(Looking[FavouriteAsset]):
    """Make a photo a favourite, by the call that touches no file beside it."""

    def __init__(self, libraries: Libraries, writers: Writers) -> None:
        self._libraries = libraries
        self._writers = writers

    async def read(self, change: FavouriteAsset) -> State:
        asset = await self._libraries(change.account).asset(change.asset)
        if not asset.is_open and not asset.favourite:
            raise Gone(f"{asset.id} is in the trash, locked, hidden or not ours; it is made no favourite")
        return FavouriteState(favourite=asset.favourite)

    async def call(self, change: FavouriteAsset, before: State) -> State:
        await self._writers(change.account).set_favourite(change.asset, favourite=True)
        return await self.read(change)


class UnfavouriteHand(Looking[UnfavouriteAsset]):
    """Take a photo out of the favourites; one in the trash too, which would come back with it."""

    def __init__(self, libraries: Libraries, writers: Writers) -> None:
        self._libraries = libraries
        self._writers = writers

    async def read(self, change: UnfavouriteAsset) -> State:
        asset = await self._libraries(change.account).asset(change.asset)
        if not asset.mine:
            raise Gone(f"{asset.id} is not ours")
        return FavouriteState(favourite=asset.favourite)

    async def call(self, change: UnfavouriteAsset, before: State) -> State:
        await self._writers(change.account).set_favourite(change.asset, favourite=False)
        return await self.read(change)
