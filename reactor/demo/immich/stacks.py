"""Stacks over HTTP, with every oddity of facts/immich-api.md section 6."""

import asyncio

from aiohttp import web

from reactor.demo.immich.calls import Call, Routes, no_content, reply
from reactor.demo.immich.errors import ApiError, no_access
from reactor.demo.immich.state import Stack, State
from reactor.demo.immich.validation import uuid4, uuids
from reactor.demo.immich.wire import stack_json, stack_members

routes = Routes()


@routes.on("GET", "/stacks", need="stack.read")
async def list_stacks(call: Call) -> web.Response:
    """List, without tags; `primaryAssetId` finds by primary only (cap:710-712)."""
    state = call.world.state
    primary = uuid4(call.query["primaryAssetId"], "primaryAssetId") if "primaryAssetId" in call.query else None
    mine = [stack for stack in state.stacks.values() if stack.owner_id == call.account.id]
    found = [stack for stack in mine if primary in (None, stack.primary_id)]
    return reply([stack_json(state, stack, with_tags=False) for stack in found])


@routes.on("POST", "/stacks", need="stack.create")
async def create_stack(call: Call) -> web.Response:
    """Make a stack under a new id; assetIds[0] becomes primary (cap:700-709, 718-722).

    A parallel POST that shares an asset with one under way breaks with a 500 (stack_primaryAssetId_uq).
    """
    ids = list(dict.fromkeys(uuids(await call.body(), "assetIds", least=2)))
    world = call.world
    call.updatable(ids)
    if world.stacking.intersection(ids):
        await asyncio.sleep(world.timing.stack_write)
        raise ApiError(500, "Failed to create stack")
    world.stacking.update(ids)
    try:
        await asyncio.sleep(world.timing.stack_write)
        call.updatable(ids)
        stack = merge_into_new(world.state, call.account.id, ids)
    finally:
        world.stacking.difference_update(ids)
    call.changed("stack.create", [f"{stack.id}:{member}" for member in stack.member_ids])
    await world.emit(call.account.id, "on_asset_stack_update")
    return reply(stack_json(world.state, stack, with_tags=False), 201)


@routes.on("DELETE", "/stacks", need="stack.delete")
async def delete_stacks(call: Call) -> web.Response:
    """Delete many; one missing id fails all (cap:729, 730)."""
    stacks = [_own_stack(call, stack_id, "stack.delete") for stack_id in uuids(await call.body(), "ids")]
    return await _delete(call, stacks)


@routes.on("GET", "/stacks/{id}", need="stack.read")
async def get_stack(call: Call) -> web.Response:
    stack = _own_stack(call, call.path_id(), "stack.read")
    return reply(stack_json(call.world.state, stack, with_tags=True))


@routes.on("PUT|PATCH", "/stacks/{id}", need="stack.update")
async def update_stack(call: Call) -> web.Response:
    """Change the primary; this bumps no asset (cap:713, 714, captures _updatedAt-bumps.json)."""
    body = await call.body()
    stack = _own_stack(call, call.path_id(), "stack.update")
    if "primaryAssetId" in body:
        primary = uuid4(body["primaryAssetId"], "primaryAssetId")
        # That it has to be one that is listed is read from Immich's source, not measured.
        if primary not in {asset.id for asset in stack_members(call.world.state, stack)}:
            raise ApiError(400, "Primary asset must be in the stack")
        changed = [] if stack.primary_id == primary else [f"{stack.id}:{primary}"]
        stack.primary_id = primary
        call.changed("stack.update", changed)
    await call.world.emit(call.account.id, "on_asset_stack_update")
    return reply(stack_json(call.world.state, stack, with_tags=True))


@routes.on("DELETE", "/stacks/{id}", need="stack.delete")
async def delete_stack(call: Call) -> web.Response:
    return await _delete(call, [_own_stack(call, call.path_id(), "stack.delete")])


@routes.on("DELETE", "/stacks/{id}/assets/{assetId}", need="stack.update")
async def remove_member(call: Call) -> web.Response:
    """Take one out; never the primary, and a stack of one may stay behind (cap:715-717, 726)."""
    asset_id = call.path_id("assetId")
    stack = _own_stack(call, call.path_id(), "stack.update")
    if asset_id not in stack.member_ids:
        raise ApiError(400, "Asset not in stack")
    if asset_id == stack.primary_id:
        raise ApiError(400, "Cannot remove stack's primary asset")
    leave(call.world.state, asset_id)
    call.changed("stack.remove", [f"{stack.id}:{asset_id}"])
    await call.world.emit(call.account.id, "on_asset_stack_update")
    return no_content()


def merge_into_new(state: State, owner_id: str, ids: list[str]) -> Stack:
    """Build the new stack: listed primaries bring all their members along, other members are stolen alone.

    Those in the trash that are not listed stay behind alone (by Immich's source only).
    """
    taken = [stack for stack in state.stacks.values() if stack.primary_id in ids]
    inside = [member for stack in taken for member in stack.member_ids]
    brought = [member for member in inside if state.assets[member].deleted_at is None]
    for stack in taken:
        del state.stacks[stack.id]
        for member in stack.member_ids:
            state.assets[member].stack_id = None
    members = list(dict.fromkeys(ids + brought))
    new = Stack(id=state.new_id(), owner_id=owner_id, primary_id=ids[0], member_ids=members)
    state.stacks[new.id] = new
    for member in members:
        leave(state, member)
        state.assets[member].stack_id = new.id
        state.touch(state.assets[member])
    return new


def leave(state: State, asset_id: str) -> None:
    asset = state.assets[asset_id]
    if asset.stack_id:
        state.stacks[asset.stack_id].member_ids.remove(asset_id)
        asset.stack_id = None
        state.touch(asset)


def _own_stack(call: Call, stack_id: str, permission: str) -> Stack:
    stack = call.world.state.stacks.get(stack_id)
    if stack is None or stack.owner_id != call.account.id:
        raise no_access(permission)
    return stack


async def _delete(call: Call, stacks: list[Stack]) -> web.Response:
    state = call.world.state
    for stack in stacks:
        for member in list(stack.member_ids):
            leave(state, member)
        del state.stacks[stack.id]
    call.changed("stack.delete", [stack.id for stack in stacks])
    await call.world.emit(call.account.id, "on_asset_stack_update")
    return no_content()
