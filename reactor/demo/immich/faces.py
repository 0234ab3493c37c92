"""Faces over HTTP, and faces as the server's machine learning would find them (facts/immich-api.md section 9)."""

from aiohttp import web

from reactor.demo.immich.calls import Call, Routes, no_content, reply
from reactor.demo.immich.errors import no_access
from reactor.demo.immich.jobs import write_person_thumbnail
from reactor.demo.immich.people import own_person
from reactor.demo.immich.state import Face
from reactor.demo.immich.validation import uuid4, whole
from reactor.demo.immich.wire import face_json, person_json
from reactor.demo.immich.world import World

routes = Routes()


@routes.on("GET", "/faces", need="face.read")
async def list_faces(call: Call) -> web.Response:
    asset = call.readable(uuid4(call.query.get("id"), "id"))
    return reply([face_json(call.world.state, face) for face in call.world.state.faces_of(asset.id)])


@routes.on("POST", "/faces", need="face.create")
async def create_face(call: Call) -> web.Response:
    """Add a face by hand: 201, empty; boxes are not range-checked and no asset is bumped (cap:809, 816)."""
    body = await call.body()
    (asset,) = call.updatable([uuid4(body.get("assetId"), "assetId")])
    person = own_person(call, uuid4(body.get("personId"), "personId"), "person.read")
    numbers = ("imageWidth", "imageHeight", "x", "y", "width", "height")
    least = {"imageWidth": 1, "imageHeight": 1}
    width, height, x, y, w, h = (
        whole(body, name, low=least.get(name, -(2**31)), high=None, default=0) for name in numbers
    )
    face = add_face(
        call.world, asset.id, person.id, box=(x, y, x + w, y + h), image_size=(width, height), source="manual"
    )
    call.changed("face.create", [face.id])
    return web.Response(status=201)


@routes.on("PUT", "/faces/{id}", need="face.update")
async def reassign_face(call: Call) -> web.Response:
    """Give a face to a person: the path names the PERSON, the body the face (cap:837)."""
    body = await call.body()
    person = own_person(call, call.path_id(), "person.update")
    face = call.world.state.faces.get(uuid4(body.get("id"), "id"))
    if face is None or call.world.state.assets[face.asset_id].owner_id != call.account.id:
        raise no_access("person.create")
    changed = [] if face.person_id == person.id else [f"{face.id}:{person.id}"]
    give_face(call.world, face, person.id)
    call.changed("face.update", changed)
    return reply(person_json(person))


@routes.on("PUT", "/people/{id}/reassign", need="person.reassign")
async def reassign_person(call: Call) -> web.Response:
    """Give this person what others show on some photos; answer with the person, once for each face (cap:839)."""
    person = own_person(call, call.path_id(), "person.update")
    state, changed = call.world.state, []
    for item in (await call.body()).get("data") or []:
        asset_id, person_id = uuid4(item.get("assetId"), "assetId"), uuid4(item.get("personId"), "personId")
        for face in state.faces_of(asset_id):
            if face.person_id == person_id and state.assets[asset_id].owner_id == call.account.id:
                give_face(call.world, face, person.id)
                changed.append(f"{face.id}:{person.id}")
    call.changed("face.update", changed)
    return reply([person_json(person) for _ in changed])


@routes.on("DELETE", "/faces/{id}", need="face.delete")
async def delete_face(call: Call) -> web.Response:
    """Delete a face; soft and forced look the same from outside (cap:848, 849)."""
    await call.body()
    state = call.world.state
    face = state.faces.get(call.path_id())
    if face is None or state.assets[face.asset_id].owner_id != call.account.id:
        raise no_access("face.delete")
    del state.faces[face.id]
    call.changed("face.delete", [face.id])
    return no_content()


def add_face(
    world: World,
    asset_id: str,
    person_id: str | None,
    *,
    box: tuple[int, int, int, int],
    image_size: tuple[int, int],
    source: str,
) -> Face:
    """Put a face on a photo; `box` is x1, y1, x2, y2 in pixels of an image of `image_size`."""
    face = Face(
        id=world.state.new_id(),
        asset_id=asset_id,
        person_id=None,
        x1=box[0],
        y1=box[1],
        x2=box[2],
        y2=box[3],
        image_width=image_size[0],
        image_height=image_size[1],
        source=source,
    )
    world.state.faces[face.id] = face
    if person_id:
        give_face(world, face, person_id)
    return face


def give_face(world: World, face: Face, person_id: str) -> None:
    """Assign the face; the first one of a person also becomes the picture of that person."""
    face.person_id = person_id
    person = world.state.people[person_id]
    if person.feature_face_id is None or person.feature_face_id not in world.state.faces:
        person.feature_face_id = face.id
        world.background.spawn(write_person_thumbnail(world, person_id))
