"""A person was named, or seen again: teach Frigate some good faces, one at a time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from reactor.core.changes import AddPortrait, Reason
from reactor.core.errors import Gone, NotReady
from reactor.core.events import Event, PersonGainedFaces, PersonNamed, PersonRenamed
from reactor.core.frigate_names import frigate_name
from reactor.core.ids import AccountId, FaceId, PersonId
from reactor.core.journal import EntryState
from reactor.core.library import Asset, Face
from reactor.core.portraits import FaceCandidate, choose_portraits, objection_to
from reactor.core.vetoes import vetoed_subjects
from reactor.ports import Services
from reactor.routing import Outcome, Router

router = Router()

LOOKED_AT = 5
"""Newest photos looked at for each portrait that the policy allows; more would cost a download each."""


PREVIEW_PATIENCE = timedelta(minutes=10)
"""How long a preview is waited for; no further event may come to look at the photo again."""

# A face whose answer is not known takes its place as one that was given does.
UNKNOWN = frozenset({EntryState.OPEN, EntryState.PARKED})


@router.on(PersonNamed, PersonRenamed, PersonGainedFaces, name="faces", lane=lambda _: "frigate", batch=True)
async def faces(events: Sequence[Event], services: Services) -> Outcome:
    """Wish for the portraits that Frigate still lacks of these people."""
    names: dict[tuple[AccountId, PersonId], str] = {}
    for event in events:
        if isinstance(event, PersonNamed | PersonRenamed | PersonGainedFaces):
            names[event.account, event.person] = event.name
    changes: list[AddPortrait] = []
    for (account, person), name in names.items():
        changes += await _portraits(account, person, name, services)
    return Outcome(changes=tuple(changes))


async def _portraits(account: AccountId, person: PersonId, name: str, services: Services) -> list[AddPortrait]:
    known_as = frigate_name(name)
    already, refused = await _given(account, person, services)
    policy = services.portrait_policy
    if known_as is None or len(already) >= policy.maximum:
        return []
    candidates: list[FaceCandidate] = []
    for photo in await services.library(account).photos_of(person, limit=policy.maximum * LOOKED_AT):
        found = await _candidates(account, photo, person, already, services)
        candidates += [one for one in found if one.face not in refused]
    return [
        AddPortrait(
            account=account,
            person=person,
            name=known_as,
            asset=choice.candidate.asset,
            face=choice.candidate.face,
            box=choice.candidate.box,
            frame=choice.candidate.frame,
            reason=Reason(
                rule=choice.reason, scores=(("sharpness", round(choice.candidate.sharpness, 1)),), sure=choice.sure
            ),
        )
        for choice in sorted(choose_portraits(candidates, already, policy), key=lambda choice: not choice.sure)
        if choice.chosen
    ]


async def _given(
    account: AccountId, person: PersonId, services: Services
) -> tuple[frozenset[FaceId], frozenset[FaceId]]:
    """Return the faces that Frigate was given, and those that it is never given.

    A plan is wished for again, so that it is carried out once the mode allows it. What was taken back, or deleted in
    Frigate, may come again once nobody is against it any more. What vanished together keeps its place until a person
    has said whether it is to be put back.
    """
    before = await services.journal.portraits(account, person)
    past = await services.journal.past(account, "faces", tuple(before))
    lost = vetoed_subjects([veto for veto in past.vetoes if veto.state == "lost"], "portrait")
    vetoed = vetoed_subjects(past.vetoes, "portrait") - lost
    stands = {face for face, entry in past.newest.items() if isinstance(entry.change, AddPortrait)}
    already = {face for face, state in before.items() if state in UNKNOWN or face in stands}
    refused = {face for face, state in before.items() if state is EntryState.FAILED or face in vetoed}
    return frozenset(already - vetoed) | {FaceId(face) for face in lost}, frozenset(refused)


async def _candidates(
    account: AccountId, photo: Asset, person: PersonId, already: frozenset[FaceId], services: Services
) -> list[FaceCandidate]:
    """Return the person's faces on a photo; one that fails the cheap gates is not downloaded to be measured."""
    library = services.library(account)
    try:
        found = await library.faces(photo.id)
        candidates = [_candidate(photo, face, found) for face in found if face.person == person]
        hopeful = [one for one in candidates if one.face in already or not objection_to(one, services.portrait_policy)]
        if all(one.face in already for one in hopeful):
            return hopeful
        # Boxes are in the coordinates of the edited picture (facts/immich-api.md section 4).
        picture = await library.preview(photo.id, edited=True)
    except Gone:
        return []
    except NotReady:
        if services.now() - photo.created_at < PREVIEW_PATIENCE:
            raise
        return []  # no picture will ever come of it
    return [
        replace(one, sharpness=await services.portraits.sharpness(picture.data, one.box, one.frame)) for one in hopeful
    ]


def _candidate(photo: Asset, face: Face, all_faces: Sequence[Face]) -> FaceCandidate:
    return FaceCandidate(
        asset=photo.id,
        face=face.id,
        box=face.box,
        frame=face.frame,
        taken_at=photo.taken_at,
        sharpness=float("inf"),  # not measured yet
        other_faces=tuple(other.box for other in all_faces if other.id != face.id),
    )
