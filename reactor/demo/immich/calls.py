"""One request on its way through a handler, and the table of routes that handlers enter themselves in."""

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from reactor.demo.immich.errors import ApiError, no_access
from reactor.demo.immich.state import Account, ApiKey, Asset, Write
from reactor.demo.immich.validation import uuid4
from reactor.demo.immich.world import World

OPEN = "(no key)"
ANY_KEY = "(any key)"
# Above 10 MB of JSON the server breaks with a 500 (facts/immich-api.md section 2, cap:1303).
JSON_LIMIT = 10 * 1024 * 1024


@dataclass(kw_only=True)
class Call:
    """A request with its authenticated key; effects are noted with `changed` as they happen."""

    world: World
    request: web.Request
    key: ApiKey | None
    on_write: Callable[[Write], None]
    writes: list[Write] = field(default_factory=list)
    parsed: Any = None

    @property
    def account(self) -> Account:
        assert self.key is not None, "an open route has no account"
        return self.world.state.accounts[self.key.owner_id]

    @property
    def query(self) -> dict[str, str]:
        return dict(self.request.query)

    def path_id(self, name: str = "id") -> str:
        return uuid4(self.request.match_info[name], name)

    async def body(self) -> dict[str, Any]:
        """Read the JSON object of the request; none at all counts as an empty object (cap:803)."""
        raw = await self.request.read()
        if len(raw) > JSON_LIMIT:
            raise ApiError(500, "Internal server error")
        try:
            self.parsed = json.loads(raw) if raw else {}
        except ValueError as error:
            raise ApiError(400, f"Unexpected token in JSON: {error}") from error
        if not isinstance(self.parsed, dict):
            raise ApiError(400, "Validation failed")
        return self.parsed

    def changed(self, kind: str, changes: Iterable[str]) -> None:
        """Note what the request altered; without changes it is not an effective write."""
        details = tuple(changes)
        if details:
            now = self.world.state.now()
            write = Write(
                kind=kind,
                method=self.request.method,
                path=self.request.path,
                body=self.parsed,
                at=now,
                changes=details,
                key=self.key.name if self.key else "",
            )
            self.writes.append(write)
            self.on_write(write)

    def readable(self, asset_id: str, permission: str = "asset.read") -> Asset:
        asset = self.world.state.assets.get(asset_id)
        if asset is None or not self.world.state.can_read(self.account, asset):
            raise no_access(permission)
        return asset

    def updatable(self, asset_ids: Iterable[str], permission: str = "asset.update") -> list[Asset]:
        """Return the assets, or fail for all when one is missing or foreign (cap:603, 721, 722)."""
        found = [self.world.state.assets.get(asset_id) for asset_id in asset_ids]
        owned = [asset for asset in found if asset and self.world.state.can_update(self.account, asset)]
        if len(owned) != len(found):
            raise no_access(permission)
        return owned


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    method: str
    path: str
    need: str
    handler: Handler


class Routes(list[Route]):
    """The routes of one module."""

    def on(self, methods: str, path: str, *, need: str) -> Callable[[Handler], Handler]:
        """Enter a handler under `path` below /api; `need` is a permission, ANY_KEY or OPEN."""

        def enter(handler: Handler) -> Handler:
            self.extend(Route(method=method, path=path, need=need, handler=handler) for method in methods.split("|"))
            return handler

        return enter


def reply(body: object, status: int = 200) -> web.Response:
    return web.json_response(body, status=status, dumps=lambda value: json.dumps(value, separators=(",", ":")))


def no_content() -> web.Response:
    return web.Response(status=204)
