"""Favourites and albums: how a wish stands to the world, and what the user is seen to have undone of them."""

from collections.abc import Collection

from reactor.core.changes import AddToAlbum, AlbumState, FavouriteAsset, FavouriteState
from reactor.core.ids import AccountId, AlbumId, AssetId
from reactor.core.journal import EntryState
from reactor.core.past import Past, Refused, was_favourite
from reactor.core.vetoes import Veto, out_of_album, vetoed_subjects


def favourite_admitted(change: FavouriteAsset, now: FavouriteState, past: Past) -> FavouriteAsset | Refused:
    """Return the change, or that the user took the photo out of the favourites before."""
    undone = change.asset in vetoed_subjects(past.vetoes, "favourite") or was_favourite(past.newest.get(change.asset))
    if now.favourite or not undone:
        return change
    why = "you took this out of the favourites before; it stays out"
    return Refused(state=EntryState.VETOED, why=why, noticed=unfavoured(change.account, change.asset, now, past))


def unfavoured(account: AccountId, asset: AssetId, now: FavouriteState, past: Past) -> tuple[Veto, ...]:
    """Return the veto for a photo that we left a favourite and the user did not."""
    entry = past.newest.get(asset)
    if now.favourite or entry is None or not was_favourite(entry) or not past.is_old(entry):
        return ()
    why = "you took it out of the favourites"
    return (Veto(account=account, kind="favourite", subjects=(asset,), why=why, entry=entry.id),)


def in_album(change: AddToAlbum, now: AlbumState, past: Past) -> bool:
    """Say whether the photo is where the change wants it, though the user has given our album another name since."""
    return now.album in now.ids or any(album in now.ids for album in _same_album(change, past))


def album_admitted(change: AddToAlbum, now: AlbumState, past: Past) -> AddToAlbum | Refused:
    """Return the change, or that the user took the photo out of the album before.

    A veto names the album as its category did then, by name or id; today's may name it otherwise.
    """
    if in_album(change, now, past):
        return change
    against = {veto.value for veto in past.vetoes if veto.kind == "album"}
    undone = not against.isdisjoint(filter(None, (change.album, now.album, now.name)))
    left = _same_album(change, past) or (now.album is not None and now.album in past.albums)
    if not undone and not left:
        return change
    why = "you took it out of this album before; it stays out"
    return Refused(state=EntryState.VETOED, why=why, noticed=taken_out(change.account, change.asset, now.ids, past))


def taken_out(account: AccountId, asset: AssetId, now: Collection[AlbumId], past: Past) -> tuple[Veto, ...]:
    """Return the vetoes for the albums into which we put the photo and in which it is not now."""
    why = "you took it out of the album"
    return tuple(
        out_of_album(account, asset, entry.change.album, "user", why, entry.id)
        for album, entry in sorted(past.albums.items())
        if isinstance(entry.change, AddToAlbum) and album not in now and past.is_old(entry)
    )


def _same_album(change: AddToAlbum, past: Past) -> tuple[AlbumId, ...]:
    """Return the albums into which we put the photo under the name that the change says."""
    return tuple(
        album
        for album, entry in past.albums.items()
        if isinstance(entry.change, AddToAlbum) and entry.change.album == change.album
    )
