"""Tags over HTTP (facts/immich-api.md section 5)."""

import re
from typing import Any

from aiohttp import web

from reactor.demo.immich.calls import Call, Routes, no_content, reply
from reactor.demo.immich.errors import ApiError, invalid, no_access
from reactor.demo.immich.jobs import queue_sidecar_write
from reactor.demo.immich.state import Asset, Tag
from reactor.demo.immich.tagging import add_tag, descendants, find_tag, remove_tags, upsert_tag
from reactor.demo.immich.validation import text, uuids
from reactor.demo.immich.wire import tag_json

routes = Routes()


@routes.on("GET", "/tags", need="tag.read")
async def list_tags(call: Call) -> web.Response:
    mine = [tag for tag in call.world.state.tags.values() if tag.owner_id == call.account.id]
    return reply([tag_json(tag) for tag in sorted(mine, key=lambda tag: tag.value)])


@routes.on("PUT", "/tags", need="tag.create")
async def upsert_tags(call: Call) -> web.Response:
    """Make hierarchies; answer with the leaf tags, once each (cap:301, 302, 328)."""
    body = await call.body()
    values = body.get("tags")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise invalid("tags", "Invalid input: expected array, received undefined", expected="array")
    leaves: dict[str, Tag] = {}
    made: list[str] = []
    for value in values:
        leaf, new = upsert_tag(call.world.state, call.account.id, value)
        made += [tag.value for tag in new]
        if leaf:
            leaves[leaf.id] = leaf
    call.changed("tag.create", made)
    return reply([tag_json(tag) for tag in leaves.values()])


@routes.on("POST", "/tags", need="tag.create")
async def create_tag(call: Call) -> web.Response:
    """Make one tag; a slash in the name makes no parent (cap:304, 305)."""
    body = await call.body()
    name = text(body, "name", required=True) or ""
    state, owner = call.world.state, call.account.id
    parent = _own_tag(call, body["parentId"], "tag.read") if body.get("parentId") else None
    value = f"{parent.value}/{name}" if parent else name
    if find_tag(state, owner, value):
        raise ApiError(400, "A tag with that name already exists")
    tag = add_tag(state, owner, value, parent.id if parent else None)
    tag.color = body.get("color")
    call.changed("tag.create", [value])
    return reply(tag_json(tag), 201)


@routes.on("PUT", "/tags/assets", need="tag.asset")
async def tag_assets(call: Call) -> web.Response:
    """Link many to many; unknown and foreign ids are skipped without a word, and only new links count (cap:306-310)."""
    body = await call.body()
    tag_ids, asset_ids = uuids(body, "tagIds"), uuids(body, "assetIds")
    state, account = call.world.state, call.account
    tags = [tag for tag_id in tag_ids if (tag := state.tags.get(tag_id)) and tag.owner_id == account.id]
    links: list[str] = []
    for asset_id in dict.fromkeys(asset_ids):
        asset = state.assets.get(asset_id)
        if asset and state.can_update(account, asset):
            links += _link(call, asset, tags)
    call.changed("tag.link", links)
    return reply({"count": len(links)})


@routes.on("GET", "/tags/{id}", need="tag.read")
async def get_tag(call: Call) -> web.Response:
    return reply(tag_json(_own_tag(call, call.path_id(), "tag.read")))


@routes.on("PUT|PATCH", "/tags/{id}", need="tag.update")
async def update_tag(call: Call) -> web.Response:
    """Change the colour; there is no rename, only a 500 (cap:321, 322)."""
    body = await call.body()
    tag = _own_tag(call, call.path_id(), "tag.update")
    if "color" not in body:
        raise ApiError(500, "Failed to update tag")
    if body["color"] is not None and not re.fullmatch(r"#?[0-9A-Fa-f]{3,8}", str(body["color"])):
        raise invalid("color", "Invalid color", code="invalid_format")
    changed = [] if tag.color == body["color"] else [tag.value]
    tag.color, tag.updated_at = body["color"], call.world.state.now()
    call.changed("tag.update", changed)
    return reply(tag_json(tag))


@routes.on("DELETE", "/tags/{id}", need="tag.delete")
async def delete_tag(call: Call) -> web.Response:
    """Delete the tag and those below; no asset is bumped and no XMP touched, so it can come back (cap:323-325)."""
    tag = _own_tag(call, call.path_id(), "tag.delete")
    remove_tags(call.world.state, descendants(call.world.state, tag.id))
    call.changed("tag.delete", [tag.value])
    return no_content()


@routes.on("PUT", "/tags/{id}/assets", need="tag.asset")
async def add_assets(call: Call) -> web.Response:
    """Link one tag; answer for each id: success, duplicate or no_permission (cap:312)."""
    ids = uuids(await call.body(), "ids")
    tag = _own_tag(call, call.path_id(), "tag.asset")
    answers, links = [], []
    for asset_id in ids:
        asset = call.world.state.assets.get(asset_id)
        if asset is None or not call.world.state.can_update(call.account, asset):
            answers.append(_outcome(asset_id, "no_permission"))
            continue
        new = _link(call, asset, [tag])
        links += new
        answers.append(_outcome(asset_id, None if new else "duplicate"))
    call.changed("tag.link", links)
    return reply(answers)


@routes.on("DELETE", "/tags/{id}/assets", need="tag.asset")
async def remove_assets(call: Call) -> web.Response:
    """Unlink one tag; not linked is not_found (cap:314)."""
    ids = uuids(await call.body(), "ids")
    tag = _own_tag(call, call.path_id(), "tag.asset")
    answers, links = [], []
    for asset_id in ids:
        asset = call.world.state.assets.get(asset_id)
        if asset is None or tag.id not in asset.tag_ids:
            answers.append(_outcome(asset_id, "not_found"))
            continue
        asset.tag_ids.remove(tag.id)
        _lock_tags(call, asset)
        links.append(f"{asset_id}:{tag.value}")
        answers.append(_outcome(asset_id, None))
    call.changed("tag.unlink", links)
    return reply(answers)


def _own_tag(call: Call, tag_id: str, permission: str) -> Tag:
    tag = call.world.state.tags.get(tag_id)
    if tag is None or tag.owner_id != call.account.id:
        raise no_access(permission)
    return tag


def _link(call: Call, asset: Asset, tags: list[Tag]) -> list[str]:
    """Add the missing links in one go and queue one sidecar write; name what is new."""
    new = [tag for tag in dict.fromkeys(tag.id for tag in tags) if tag not in asset.tag_ids]
    if not new:
        return []
    asset.tag_ids += new
    _lock_tags(call, asset)
    return [f"{asset.id}:{call.world.state.tags[tag].value}" for tag in new]


def _lock_tags(call: Call, asset: Asset) -> None:
    asset.locked.add("tags")
    queue_sidecar_write(call.world, asset)


def _outcome(asset_id: str, error: str | None) -> dict[str, Any]:
    return {"id": asset_id, "success": error is None} | ({"error": error} if error else {})
