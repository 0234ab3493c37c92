"""When the cover of a stack is moved: the timeline shows a stack by its cover only, so one that left it hides the rest.

Immich moves the cover itself only where it is deleted for good (facts/peers.md section 3.1, facts/immich-api.md
section 6).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reactor.core.changes import MoveCover, Reason
from reactor.core.covers import candidates_of, shortlisted
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import Asset, EmbeddedPhoto, StackNow, trashed_in
from reactor.core.moving import held_for, is_shown, moved_by_us, users_part
from reactor.core.past import Past
from reactor.core.stack_policy import CoverRule
from reactor.core.stacking import is_ours, is_the_users
from reactor.core.vetoes import chosen_covers


@dataclass(frozen=True, kw_only=True)
class Company:
    """A stack with what was read of its photos; None for one that Immich does not show: deleted, or locked.

    ``members`` are all that are known to stand in it, those in the trash too; ``others`` is how many are not known.
    ``ours`` says whether we left them so, ``chosen`` is the cover that the user gave to it, if any.
    """

    account: AccountId
    stack: StackNow
    photos: Mapping[AssetId, Asset | None]
    ours: bool
    chosen: AssetId | None
    others: int = 0

    @property
    def members(self) -> tuple[AssetId, ...]:
        inside = {name for name, asset in self.photos.items() if asset is not None and asset.stack == self.stack.id}
        return tuple(sorted(inside | self.stack.members | {self.stack.primary}))

    @property
    def shown(self) -> tuple[AssetId, ...]:
        """The members that the timeline would show, were one of them the cover."""
        return tuple(name for name in self.members if is_shown(self.photos.get(name)))


def company_of(account: AccountId, stack: StackNow, photos: Mapping[AssetId, Asset | None], past: Past) -> Company:
    """Return a stack with its photos, and whose it is by what the journal says of them."""
    found = Company(account=account, stack=stack, photos=photos, ours=False, chosen=None)
    whole = replace(stack, members=frozenset(found.members))
    found = replace(found, others=_unknown(found))
    ours = not found.others and is_ours(whole, past.newest)
    move = moved_by_us(stack.primary, stack.members, past)
    if move is not None:
        return replace(found, ours=ours, chosen=move.chosen)
    theirs = not ours or users_part(whole, past.newest) or is_the_users(whole, past)
    return replace(found, ours=ours, chosen=stack.primary if theirs else None)


def _unknown(company: Company) -> int:
    """Return how many photos stand in the stack in the trash of which nobody told."""
    inside = [asset for name in company.members if (asset := company.photos.get(name)) is not None]
    known = sum(asset.trashed and asset.visibility == "timeline" for asset in inside)
    return max((trashed_in(asset, company.stack) - known for asset in inside), default=0)


def to_move(
    company: Company, stored: Sequence[EmbeddedPhoto], past: Past, rule: CoverRule = "best"
) -> MoveCover | None:
    """Return the wish that lets a stack be seen again, or gives it back the cover that its user chose.

    None where its cover is shown, or where no other is. ``stored`` are the photos that were embedded. Faces are not
    looked at: nothing is waited for while photos are hidden.
    """
    primary, shown = company.stack.primary, company.shown
    if is_shown(company.photos.get(primary)):
        move = held_for(primary, company.stack.members, past)
        back = move.chosen if move is not None else None
        if back is None or back not in shown or chosen_covers(past.vetoes)[:1] == (primary,):
            return None
        return _wish(company, back, Reason(rule="the cover that you had chosen is in the timeline again"))
    if not shown:
        return None
    best, why = _best(company, [photo for photo in stored if photo.asset in shown], past, rule)
    left = "its cover left the timeline, which would show none of it"
    return _wish(company, best, Reason(rule=f"{left}; cover: {why.rule}", scores=why.scores))


def _best(company: Company, stored: Sequence[EmbeddedPhoto], past: Past, rule: CoverRule) -> tuple[AssetId, Reason]:
    assets = {name: asset for name in company.shown if (asset := company.photos.get(name)) is not None}
    if stored:
        # What the user chose for another time is the best for this one too.
        inside = {photo.asset for photo in stored}
        keep = next((one for one in chosen_covers(past.vetoes) if one in inside), None)
        return shortlisted(candidates_of(stored, assets), keep, rule).choose({})
    _, earliest = min((asset.taken_at, name) for name, asset in assets.items())
    return earliest, Reason(rule="the earliest, since none was looked at")


def _wish(company: Company, cover: AssetId, why: Reason) -> MoveCover:
    return MoveCover(
        account=company.account,
        cover=cover,
        members=company.members,
        away=company.stack.primary,
        ours=company.ours,
        chosen=company.chosen,
        others=company.others,
        reason=why,
    )
