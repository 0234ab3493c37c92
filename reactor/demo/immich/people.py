"""People over HTTP (facts/immich-api.md section 9)."""

import difflib
import re
from collections import Counter
from typing import Any

from aiohttp import web

from reactor.demo.immich.calls import Call, Routes, no_content, reply
from reactor.demo.immich.errors import ApiError, invalid, no_access
from reactor.demo.immich.jobs import write_person_thumbnail
from reactor.demo.immich.pictures import send_bytes
from reactor.demo.immich.state import Person, State
from reactor.demo.immich.validation import flag, query_whole, text, uuid4, uuids
from reactor.demo.immich.wire import person_json

routes = Routes()
NAME_SIMILARITY = 0.5


def add_person(state: State, owner_id: str, name: str = "") -> Person:
    person = Person(id=state.new_id(), owner_id=owner_id, name=name, updated_at=state.now())
    state.people[person.id] = person
    return person


@routes.on("GET", "/people", need="person.read")
async def list_people(call: Call) -> web.Response:
    """List who has a face on a visible timeline photo and is named or has enough faces (cap:806, 818, 841).

    `total` counts those with too few faces and the hidden ones too, so it does not match the list.
    """
    page = query_whole(call.query, "page", high=None, default=1)
    size = query_whole(call.query, "size", high=1000, default=500)
    counts = _visible_faces(call)
    people = [call.world.state.people[person_id] for person_id in counts]
    listed = [person for person in people if person.name or counts[person.id] >= call.account.minimum_faces]
    if call.query.get("withHidden") != "true":
        listed = [person for person in listed if not person.is_hidden]
    listed.sort(key=lambda one: (one.is_hidden, not one.is_favorite, not one.name, -counts[one.id], one.name, one.id))
    shown = listed[(page - 1) * size : page * size]
    body = {"people": [person_json(person) for person in shown], "hasNextPage": len(listed) > page * size}
    return reply(body | {"total": len(people), "hidden": sum(person.is_hidden for person in people)})


@routes.on("POST", "/people", need="person.create")
async def create_person(call: Call) -> web.Response:
    """Make a person, named or not; names are not unique (cap:802-805)."""
    body = await call.body()
    person = add_person(call.world.state, call.account.id)
    _apply(person, body)
    call.changed("person.create", [person.id])
    return reply(person_json(person), 201)


@routes.on("PUT", "/people", need="person.update")
async def update_people(call: Call) -> web.Response:
    """Change many; answer for each id (cap:830)."""
    answers, changes = [], []
    for item in (await call.body()).get("people") or []:
        person_id = uuid4(item.get("id"), "id")
        person = call.world.state.people.get(person_id)
        if person is None or person.owner_id != call.account.id:
            answers.append({"id": person_id, "success": False, "error": "no_permission"})
            continue
        changes += _update(call, person, item)
        answers.append({"id": person_id, "success": True})
    call.changed("person.update", changes)
    return reply(answers)


@routes.on("GET", "/people/{id}", need="person.read")
async def get_person(call: Call) -> web.Response:
    return reply(person_json(own_person(call, call.path_id(), "person.read")))


@routes.on("PUT|PATCH", "/people/{id}", need="person.update")
async def update_person(call: Call) -> web.Response:
    body = await call.body()
    person = own_person(call, call.path_id(), "person.update")
    changes = _update(call, person, body)
    call.changed("person.update", changes)
    return reply(person_json(person))


@routes.on("DELETE", "/people/{id}", need="person.delete")
async def delete_person(call: Call) -> web.Response:
    """Delete the person; the faces stay, with nobody (cap:852-855)."""
    person = own_person(call, call.path_id(), "person.delete")
    state = call.world.state
    del state.people[person.id]
    for face in state.faces.values():
        if face.person_id == person.id:
            face.person_id = None
    call.changed("person.delete", [person.id])
    return no_content()


@routes.on("GET", "/people/{id}/statistics", need="person.statistics")
async def person_statistics(call: Call) -> web.Response:
    """Count timeline photos only (cap:812, 842)."""
    person = own_person(call, call.path_id(), "person.read")
    state = call.world.state
    seen = {face.asset_id for face in state.faces.values() if face.person_id == person.id}
    return reply({"assets": sum(_on_timeline(state, asset_id) for asset_id in seen)})


@routes.on("GET", "/people/{id}/thumbnail", need="person.read")
async def person_thumbnail(call: Call) -> web.Response:
    """Send 250x250 JPEG; 404 where there is none, and where the person is gone (cap:808, 811, 845)."""
    person = call.world.state.people.get(call.path_id())
    if person is None or person.owner_id != call.account.id or not person.thumbnail or not person.thumbnail_at:
        raise ApiError(404, "Not Found")
    return send_bytes(
        call.request,
        person.thumbnail,
        "image/jpeg",
        modified=person.thumbnail_at,
        cache="private, no-cache, no-transform",
    )


@routes.on("POST", "/people/{id}/merge", need="person.merge")
async def merge_people(call: Call) -> web.Response:
    """Give the faces of others to this person and drop them; no event, no bump of its updatedAt (cap:843-847)."""
    ids = uuids(await call.body(), "ids")
    keep = own_person(call, call.path_id(), "person.update")
    if keep.id in ids:
        raise ApiError(400, "Cannot merge a person into themselves")
    state, answers, merged = call.world.state, [], []
    for person_id in ids:
        person = state.people.get(person_id)
        if person is None or person.owner_id != call.account.id:
            answers.append({"id": person_id, "success": False, "error": "no_permission"})
            continue
        for face in state.faces.values():
            if face.person_id == person_id:
                face.person_id = keep.id
        keep.name = keep.name or person.name
        keep.birth_date = keep.birth_date or person.birth_date
        del state.people[person_id]
        merged.append(f"{person_id}>{keep.id}")
        answers.append({"id": person_id, "success": True})
    call.changed("person.merge", merged)
    return reply(answers)


@routes.on("GET", "/search/person", need="person.read")
async def search_person(call: Call) -> web.Response:
    """Search names by likeness, never exactly; persons without faces too (cap:835)."""
    name = call.query.get("name", "").lower()
    hidden = call.query.get("withHidden") == "true"
    mine = [person for person in call.world.state.people.values() if person.owner_id == call.account.id]
    found = [person for person in mine if (hidden or not person.is_hidden) and _alike(name, person.name.lower())]
    return reply([person_json(person) for person in found])


def own_person(call: Call, person_id: str, permission: str) -> Person:
    person = call.world.state.people.get(person_id)
    if person is None or person.owner_id != call.account.id:
        raise no_access(permission)
    return person


def _visible_faces(call: Call) -> Counter[str]:
    state, owner = call.world.state, call.account.id
    return Counter(
        face.person_id
        for face in state.faces.values()
        if face.person_id and state.people[face.person_id].owner_id == owner and _on_timeline(state, face.asset_id)
    )


def _on_timeline(state: State, asset_id: str) -> bool:
    asset = state.assets[asset_id]
    return asset.visibility == "timeline" and asset.deleted_at is None


def _update(call: Call, person: Person, body: dict[str, Any]) -> list[str]:
    before = person_json(person)
    if "featureFaceAssetId" in body:
        _set_feature_face(call, person, uuid4(body["featureFaceAssetId"], "featureFaceAssetId"))
    _apply(person, body)
    changes = [f"{person.id}:{name}" for name in body if name in before and before[name] != person_json(person)[name]]
    person.updated_at = call.world.state.now()
    return changes


def _apply(person: Person, body: dict[str, Any]) -> None:
    person.name = text(body, "name") or ("" if "name" in body else person.name)
    if "birthDate" in body:
        if body["birthDate"] is not None and not re.fullmatch(r"\d{4}-\d\d-\d\d", str(body["birthDate"])):
            raise invalid("birthDate", "Invalid ISO date", code="invalid_format", format="date")
        person.birth_date = body["birthDate"]
    hidden, favourite = flag(body, "isHidden"), flag(body, "isFavorite")
    person.is_hidden = person.is_hidden if hidden is None else hidden
    person.is_favorite = person.is_favorite if favourite is None else favourite
    person.color = body.get("color", person.color)


def _set_feature_face(call: Call, person: Person, asset_id: str) -> None:
    faces = [face for face in call.world.state.faces_of(asset_id) if face.person_id == person.id]
    if not faces:
        raise ApiError(400, "Invalid assetId for feature face or asset is offline")
    person.feature_face_id = faces[0].id
    call.world.background.spawn(write_person_thumbnail(call.world, person.id))


def _alike(part: str, name: str) -> bool:
    """Stand in for Postgres' word similarity: a run of letters of `name` that is like `part`."""
    if not part or not name:
        return False
    match = difflib.SequenceMatcher(None, part, name).find_longest_match()
    return match.size / len(part) >= NAME_SIMILARITY
