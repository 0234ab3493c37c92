"""The workflows by which Immich tells of new photos (facts/immich-api.md section 8): found, judged, made, removed.

Only the setup command speaks this; the running reactor's table of requests knows none of it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from reactor.adapters.immich.errors import Garbled, clean
from reactor.adapters.immich.models import rows
from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.routes import UUID, Body, Kind, Route
from reactor.adapters.immich.transport import ImmichTransport

METHOD = "immich-plugin-core#webhook"
# A workflow has one trigger, and there is no other place than its name by which to know ours again.
NAMES: Mapping[str, str] = {
    "AssetCreate": "Immich Reactor: new photos",
    "AssetMetadataExtraction": "Immich Reactor: metadata",
}
ABOUT = "Tells the reactor of photos. Made by `reactor setup webhook`, which also repairs and removes it."

What: TypeAlias = Literal["create", "update", "delete"]


def _route(kind: Kind, method: str, path: str, body: Body = "none") -> Route:
    return Route(method=method, path=re.compile(path), kind=kind, body=body)


SETUP_ROUTES: tuple[Route, ...] = (
    _route("read", "GET", "/server/version"),
    _route("read", "GET", "/api-keys/me"),
    _route("read", "GET", "/workflows"),
    _route("write", "POST", "/workflows", "any"),
    _route("write", "PUT", f"/workflows/{UUID}", "any"),
    _route("write", "DELETE", f"/workflows/{UUID}"),
)


class _Json(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class StepJson(_Json):
    """One step; ``config`` may hold a secret."""

    method: str
    config: Mapping[str, Any] | None = None
    enabled: bool = True


class WorkflowJson(_Json):
    """A workflow as GET shows it; the answer to its creation shows no steps (captures 404, 406)."""

    id: str
    name: str | None = None
    trigger: str
    enabled: bool = True
    steps: tuple[StepJson, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Hook:
    """Where Immich posts to, and what it carries to be let in."""

    url: str
    secret: SecretStr = field(repr=False)

    def config(self) -> dict[str, str]:
        """Return the webhook step's settings; they hold the secret."""
        return {
            "url": self.url,
            "method": "POST",
            "headerName": "Authorization",
            "headerValue": f"Bearer {self.secret.get_secret_value()}",
        }


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change to Immich's workflows; ``why`` tells in words what was wrong."""

    what: What
    name: str
    trigger: str
    id: str = ""
    why: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be changed, which of ours are right, and whose else post to the same address."""

    changes: tuple[Change, ...] = ()
    right: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def plan(found: Sequence[WorkflowJson], hook: Hook) -> Plan:
    """Decide what makes the workflows right: the best of each name is kept and mended, its doubles go."""
    changes: list[Change] = []
    right: list[str] = []
    for trigger, name in NAMES.items():
        same = sorted((one for one in found if one.name == name), key=lambda one: len(faults(one, trigger, hook)))
        if not same:
            changes.append(Change(what="create", name=name, trigger=trigger))
        elif why := faults(same[0], trigger, hook):
            changes.append(Change(what="update", name=name, trigger=trigger, id=same[0].id, why=why))
        else:
            right.append(name)
        changes += [_gone(one, "it was there twice") for one in same[1:]]
    others = [one for one in found if one.name not in NAMES.values() and hook.url in addresses(one)]
    return Plan(
        changes=tuple(changes),
        right=tuple(right),
        others=tuple(clean(one.name or "without a name") for one in others),
    )


def removal(found: Sequence[WorkflowJson]) -> Plan:
    """Decide what takes our workflows away."""
    return Plan(changes=tuple(_gone(one) for one in found if one.name in NAMES.values()))


def faults(workflow: WorkflowJson, trigger: str, hook: Hook) -> tuple[str, ...]:
    """Say in words what keeps a workflow from telling us, nothing where it is right. No secret is told."""
    wrong: list[str] = []
    if not workflow.enabled:
        wrong.append("it was switched off")
    if workflow.trigger != trigger:
        wrong.append("its trigger was another")
    if [(step.method, step.enabled) for step in workflow.steps] != [(METHOD, True)]:
        return (*wrong, "its steps were others")
    config = workflow.steps[0].config or {}
    words = {"url": "address", "method": "method", "headerName": "header", "headerValue": "secret"}
    wanted = hook.config()
    return (*wrong, *(f"its {word} was another" for key, word in words.items() if config.get(key) != wanted[key]))


def addresses(workflow: WorkflowJson) -> tuple[str, ...]:
    """Return where a workflow posts to."""
    urls = [(step.config or {}).get("url") for step in workflow.steps if step.method == METHOD]
    return tuple(url for url in urls if isinstance(url, str))


def read_workflows(listed: Sequence[object], call: str) -> tuple[WorkflowJson, ...]:
    """Return the workflows of a list; Garbled where one of ours has a form that we do not know.

    An odd one of the user's is left out: it is none of our business.
    """
    found = []
    for one in listed:
        try:
            found.append(WorkflowJson.model_validate(one))
        except ValidationError:
            if isinstance(one, dict) and one.get("name") in NAMES.values():
                raise Garbled(f"{call}: “{one['name']}” has a form that this version does not know") from None
    return tuple(found)


def _gone(workflow: WorkflowJson, *why: str) -> Change:
    return Change(what="delete", name=workflow.name or "", trigger=workflow.trigger, id=workflow.id, why=why)


class ImmichWorkflows:
    """Read and change the workflows of one account, over a transport that knows ``SETUP_ROUTES``."""

    def __init__(self, transport: ImmichTransport) -> None:
        self._transport = transport
        self._library = ImmichLibrary(transport)

    async def version(self) -> tuple[int, int, int]:
        """Return Immich's version."""
        return await self._library.version()

    async def permissions(self) -> frozenset[str]:
        """Return what the key may do."""
        return await self._library.permissions()

    async def all(self) -> tuple[WorkflowJson, ...]:
        """Return the account's own workflows."""
        call = "GET /workflows"
        return read_workflows(rows(await self._transport.json("GET", "/workflows"), call), call)

    async def carry_out(self, change: Change, hook: Hook | None) -> None:
        """Make a change. Immich takes any settings without a look (capture 409): read back afterwards."""
        if change.what == "delete":
            await self._transport.json("DELETE", f"/workflows/{change.id}")
            return
        assert hook is not None, "only a removal needs no address"
        body = {
            "trigger": change.trigger,
            "name": change.name,
            "description": ABOUT,
            "enabled": True,
            "steps": [{"method": METHOD, "config": hook.config(), "enabled": True}],
        }
        if change.what == "create":
            await self._transport.json("POST", "/workflows", body=body)
        else:
            await self._transport.json("PUT", f"/workflows/{change.id}", body=body)
