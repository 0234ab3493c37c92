"""Faults on demand: answers that fail, hang or break off."""

import asyncio
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from aiohttp import web

from reactor.demo.immich.calls import reply


@dataclass(kw_only=True, slots=True)
class Fault:
    """What happens to the next `times` requests whose method and path fit the patterns.

    `status` answers with that status; `hang` never answers; `drop` closes the connection. With `after` the request
    takes its effect first, so that only the answer is lost.
    """

    method: str
    path: str
    times: int
    status: int = 500
    message: str = "Internal server error"
    hang: bool = False
    drop: bool = False
    after: bool = False


@dataclass(kw_only=True, slots=True)
class Faults:
    waiting: list[Fault] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, method: str, path: str) -> Fault | None:
        for fault in self.waiting:
            if fnmatchcase(method, fault.method) and fnmatchcase(path, fault.path):
                fault.times -= 1
                if fault.times == 0:
                    self.waiting.remove(fault)
                return fault
        return None

    async def play(self, fault: Fault, request: web.Request) -> web.Response:
        if fault.hang:
            await self.released.wait()
        if fault.hang or fault.drop:
            return break_off(request)
        return reply({"message": fault.message}, fault.status)


def break_off(request: web.Request) -> web.Response:
    """Close the connection under the request; the returned answer reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
