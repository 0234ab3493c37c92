"""Alive, and ready: what a container's supervisor and a curious person ask."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

READY_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """Whether the service can do its work, and each thing that it stands on in words."""

    ready: bool
    checks: Mapping[str, str] = field(default_factory=dict)


class HealthRoutes:
    """Answer /healthz while the loop turns, and /readyz by what it stands on.

    Everybody is told whether we are ready, which is all that a supervisor needs. The words name accounts and hosts, so
    they are for those alone who ``may_know``.
    """

    def __init__(
        self, readiness: Callable[[], Awaitable[Readiness]], *, may_know: Callable[[web.Request], bool]
    ) -> None:
        self._readiness = readiness
        self._may_know = may_know

    async def alive(self, _: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def ready(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(READY_SECONDS):
                found = await self._readiness()
        except TimeoutError:
            found = Readiness(ready=False, checks={"reactor": f"did not answer within {READY_SECONDS:.0f} s"})
        body: dict[str, object] = {"ready": found.ready}
        if self._may_know(request):
            body["checks"] = dict(found.checks)
        return web.json_response(body, status=200 if found.ready else 503, headers={"Cache-Control": "no-store"})
