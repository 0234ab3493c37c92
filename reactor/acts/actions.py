"""The hands that make favourites and put photos into albums, and take that back."""

import re

from reactor.acts.hands import Libraries, Looking, Untouched, Writers
from reactor.core.changes import (
    AddToAlbum,
    AlbumState,
    FavouriteAsset,
    FavouriteState,
    RemoveFromAlbum,
    State,
    UnfavouriteAsset,
)
from reactor.core.errors import Gone, Permanent, Stale
from reactor.core.ids import AlbumId
from reactor.core.library import Album
from reactor.ports import Library

IS_ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch


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


class AlbumHand(Looking[AddToAlbum]):
    """Put a photo into an album; the first one makes it, where a name says which.

    Whoever calls keeps the albums of an account in one lane, since Immich takes a name twice.
    """

    def __init__(self, libraries: Libraries, writers: Writers) -> None:
        self._libraries = libraries
        self._writers = writers

    async def read(self, change: AddToAlbum) -> State:
        library = self._libraries(change.account)
        asset = await library.asset(change.asset)
        found = await _seen(library, change, await _named(library, change.album))
        if not asset.is_open and found.album not in found.ids:
            raise Gone(f"{asset.id} is in the trash, locked, hidden or not ours; it is put into no album")
        return found

    async def look(self, change: AddToAlbum) -> State:
        library = self._libraries(change.account)
        await library.asset(change.asset)
        # Of several with the name, one that holds the photo: which of them was ours is not asked any more.
        inside = {album for album, _ in await library.albums_of(change.asset)}
        named = [album for album in await library.albums() if change.album in (album.id, album.name)]
        found = sorted(named, key=lambda album: (album.id not in inside, not album.mine, album.id))
        return await _seen(library, change, found[0] if found else None)

    async def call(self, change: AddToAlbum, before: State) -> State:
        assert isinstance(before, AlbumState)
        writer = self._writers(change.account)
        if before.album is None:
            await writer.make_album(change.album, change.asset)
        else:
            try:
                await writer.put_into_album(before.album, change.asset)
            except Gone as error:
                why = f"the album {change.album} is gone, or only shown to the account; decided anew"
                raise Untouched(Stale(why, after=1.0)) from error
        return await self.read(change)


class LeaveAlbumHand(Looking[RemoveFromAlbum]):
    """Take a photo out of an album; one in the trash too, which would come back with it."""

    def __init__(self, libraries: Libraries, writers: Writers) -> None:
        self._libraries = libraries
        self._writers = writers

    async def read(self, change: RemoveFromAlbum) -> State:
        library = self._libraries(change.account)
        asset = await library.asset(change.asset)
        if not asset.mine:
            raise Gone(f"{asset.id} is not ours")
        albums = await library.albums_of(change.asset)
        return AlbumState(albums=albums, album=change.album, name=dict(albums).get(change.album, change.named))

    async def call(self, change: RemoveFromAlbum, before: State) -> State:
        try:
            await self._writers(change.account).take_out_of_album(change.album, change.asset)
        except Gone as error:
            raise Untouched(Stale("the album is gone; looked at anew", after=1.0)) from error
        return await self.read(change)


async def _seen(library: Library, change: AddToAlbum, album: Album | None) -> AlbumState:
    albums = await library.albums_of(change.asset)
    if album is None:
        return AlbumState(albums=albums, name=change.album)
    return AlbumState(albums=albums, album=album.id, name=album.name)


async def _named(library: Library, wanted: str) -> Album | None:
    """Return the album that a category names: any by its id, one of the account's own by its name.

    None where none has the name; raises Permanent where there is none of the id, or several have the name.
    """
    if IS_ID(wanted):
        try:
            return await library.album(AlbumId(wanted))
        except Gone as error:
            raise Permanent(f"there is no album {wanted}; one that is named by its name would be made") from error
    named = [album for album in await library.albums() if album.mine and album.name == wanted]
    if len(named) > 1:
        ids = ", ".join(sorted(album.id for album in named)[:10])
        raise Permanent(f"several albums are named {wanted!r}: let the category give the id of one: {ids}")
    return named[0] if named else None
