"""Workflows over HTTP (facts/immich-api.md section 8)."""

from typing import Any

from aiohttp import web

from reactor.demo.immich.calls import ANY_KEY, Call, Handler, Routes, no_content, reply
from reactor.demo.immich.errors import ApiError, invalid, no_access
from reactor.demo.immich.state import Workflow
from reactor.demo.immich.validation import flag, option, received
from reactor.demo.immich.wire import workflow_json

routes = Routes()
# PersonRecognized does not exist (cap:403, 407).
TRIGGERS = ("AssetCreate", "AssetMetadataExtraction")
METHODS = frozenset(
    f"immich-plugin-core#{name}" for name in ("webhook", "assetFileFilter", "assetArchive", "assetAddToAlbums")
)


def since_3(handler: Handler) -> Handler:
    """Answer as an unknown route where the server is 2.x, which has no workflows."""

    async def known(call: Call) -> web.StreamResponse:
        if call.world.version < (3, 0, 0):
            raise ApiError(404, f"Cannot {call.request.method} {call.request.path_qs}")
        return await handler(call)

    return known


@routes.on("GET", "/workflows/triggers", need=ANY_KEY)
@since_3
async def list_triggers(_: Call) -> web.Response:
    return reply([{"trigger": trigger, "types": ["AssetV1"]} for trigger in TRIGGERS])


@routes.on("GET", "/workflows", need="workflow.read")
@since_3
async def list_workflows(call: Call) -> web.Response:
    """List the newest first (cap:406)."""
    mine = [workflow for workflow in call.world.state.workflows.values() if workflow.owner_id == call.account.id]
    return reply([workflow_json(workflow) for workflow in reversed(mine)])


@routes.on("POST", "/workflows", need="workflow.create")
@since_3
async def create_workflow(call: Call) -> web.Response:
    """Make one; the answer shows no steps though there are some, and a step's config is not looked at (cap:404-409)."""
    body = await call.body()
    if option({"trigger": body.get("trigger")}, "trigger", TRIGGERS) is None:
        raise invalid("trigger", "Invalid option", code="invalid_value")
    steps, state = _steps(body), call.world.state
    now = state.now()
    workflow = Workflow(
        id=state.new_id(),
        owner_id=call.account.id,
        trigger=body["trigger"],
        name=body.get("name"),
        description=body.get("description"),
        enabled=flag(body, "enabled") is not False,
        steps=steps,
        created_at=now,
        updated_at=now,
    )
    state.workflows[workflow.id] = workflow
    call.changed("workflow.create", [workflow.id])
    return reply(workflow_json(workflow, with_steps=False), 201)


@routes.on("GET", "/workflows/{id}", need="workflow.read")
@since_3
async def get_workflow(call: Call) -> web.Response:
    return reply(workflow_json(_own_workflow(call, "workflow.read")))


@routes.on("PUT|PATCH", "/workflows/{id}", need="workflow.update")
@since_3
async def update_workflow(call: Call) -> web.Response:
    body = await call.body()
    workflow = _own_workflow(call, "workflow.update")
    before = workflow_json(workflow)
    workflow.trigger = option(body, "trigger", TRIGGERS) or workflow.trigger
    enabled = flag(body, "enabled")
    workflow.enabled = workflow.enabled if enabled is None else enabled
    workflow.name = body.get("name", workflow.name)
    workflow.description = body.get("description", workflow.description)
    workflow.steps = _steps(body) if "steps" in body else workflow.steps
    changed = workflow_json(workflow) != before
    workflow.updated_at = call.world.state.now()
    call.changed("workflow.update", [workflow.id] if changed else [])
    return reply(workflow_json(workflow))


@routes.on("DELETE", "/workflows/{id}", need="workflow.delete")
@since_3
async def delete_workflow(call: Call) -> web.Response:
    workflow = _own_workflow(call, "workflow.delete")
    del call.world.state.workflows[workflow.id]
    call.changed("workflow.delete", [workflow.id])
    return no_content()


def _steps(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Read the steps: their form is checked, then that the method exists; what a config says is not (cap:408, 409)."""
    steps = body.get("steps", [])
    if not isinstance(steps, list):
        message = f"Invalid input: expected array, received {received(steps)}"
        raise invalid("steps", message, expected="array", code="invalid_type")
    for place, step in enumerate(steps):
        for key, kinds, name in (("method", str, "string"), ("config", dict | None, "object")):
            if not isinstance(step, dict) or key not in step or not isinstance(step[key], kinds):
                message = f"Invalid input: expected {name}"
                raise invalid(["steps", place, key], message, expected=name, code="invalid_type")
    for step in steps:
        if step["method"] not in METHODS:
            raise ApiError(400, f"Unknown method {step['method']}")
    return [
        {"method": step["method"], "config": step["config"], "enabled": step.get("enabled", True)} for step in steps
    ]


def _own_workflow(call: Call, permission: str) -> Workflow:
    workflow = call.world.state.workflows.get(call.path_id())
    if workflow is None or workflow.owner_id != call.account.id:
        raise no_access(permission)
    return workflow
