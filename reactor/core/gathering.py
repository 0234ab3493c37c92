"""Favourites: how a wish for one stands to the world, and what the user is seen to have undone of them."""

from reactor.core.changes import FavouriteAsset, FavouriteState
from reactor.core.ids import AccountId, AssetId
from reactor.core.journal import EntryState
from reactor.core.past import Past, Refused, was_favourite
from reactor.core.vetoes import Veto, vetoed_subjects


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
