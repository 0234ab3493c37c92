"""Edits that leave the file as it is: PUT, GET and DELETE /assets/{id}/edits (cap:620-627)."""

from aiohttp import web

from reactor.demo.immich.calls import Call, Routes, no_content, reply
from reactor.demo.immich.errors import invalid
from reactor.demo.immich.realtime import tell_edit
from reactor.demo.immich.state import Asset
from reactor.demo.immich.wire import Json

routes = Routes()
ACTIONS = ("crop", "mirror", "rotate")


@routes.on("PUT", "/assets/{id}/edits", need="asset.edit.create")
async def edit_asset(call: Call) -> web.Response:
    """Keep what was done to the photo, which turns its sides; pictures and face boxes stay as they were here."""
    edits = (await call.body()).get("edits")
    if not isinstance(edits, list) or not edits:
        raise invalid("edits", "Too small: expected array to have >=1 items", code="too_small", minimum=1)
    (asset,) = call.updatable([call.path_id()])
    state = call.world.state
    if any(edit.get("action") not in ACTIONS for edit in edits):
        raise invalid("edits.0.action", "Invalid option", code="invalid_value", values=list(ACTIONS))
    kept = [{"id": state.new_id(), "action": edit["action"], "parameters": dict(edit["parameters"])} for edit in edits]
    await _become(call, asset, kept)
    return reply(_edits_json(asset))


@routes.on("GET", "/assets/{id}/edits", need="asset.edit.get")
async def get_edits(call: Call) -> web.Response:
    return reply(_edits_json(call.readable(call.path_id())))


@routes.on("DELETE", "/assets/{id}/edits", need="asset.edit.delete")
async def remove_edits(call: Call) -> web.Response:
    (asset,) = call.updatable([call.path_id()])
    await _become(call, asset, [])
    return no_content()


async def _become(call: Call, asset: Asset, edits: list[Json]) -> None:
    if _is_turned(asset.edits) != _is_turned(edits):
        asset.width, asset.height = asset.height, asset.width
    asset.edits = edits
    call.world.state.touch(asset)
    call.changed("asset.edit", [f"{asset.id}:{edit['action']}" for edit in edits] or [f"{asset.id}:none"])
    await tell_edit(call.world, asset.id, edits)


def _is_turned(edits: list[Json]) -> bool:
    angle = sum(edit["parameters"].get("angle", 0) for edit in edits if edit["action"] == "rotate")
    return bool(angle % 180 == 90)


def _edits_json(asset: Asset) -> Json:
    return {"assetId": asset.id, "edits": asset.edits}
