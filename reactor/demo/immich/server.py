"""The simulated Immich: a real HTTP and socket.io server on loopback that behaves as 3.1.0 was measured to."""

import asyncio
import random
import shutil
import tempfile
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from reactor.demo.immich import (
    accounts,
    albums,
    assets,
    edits,
    faces,
    people,
    pictures,
    search,
    stacks,
    tags,
    uploads,
    workflows,
)
from reactor.demo.immich.faces import add_face
from reactor.demo.immich.faults import Fault
from reactor.demo.immich.gate import WORLD, BeforeAnswer, Gate
from reactor.demo.immich.people import add_person
from reactor.demo.immich.realtime import SOCKET_PATH, make_socket
from reactor.demo.immich.state import Account, ApiKey, State, User, Write
from reactor.demo.immich.uploads import import_files
from reactor.demo.immich.world import Timing, World
from reactor.demo.watch import Allowed, BeforeRequest, Received

# The order matters where a fixed path and a pattern compete: aiohttp takes the first that fits.
ROUTES = [
    *accounts.routes,
    *uploads.routes,
    *pictures.routes,
    *assets.routes,
    *edits.routes,
    *search.routes,
    *albums.routes,
    *tags.routes,
    *stacks.routes,
    *people.routes,
    *faces.routes,
    *workflows.routes,
]
UPLOAD_LIMIT = 2 * 1024**3
KEY_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class SimulatedImmich:
    """Serve the measured wire behaviour of Immich; delays in seconds, ids and delays drawn from the seed.

    Use as an async context manager, or `start()` and `stop()`. Users are added with `add_user` at any time.
    `tag_race_s` is how long a sidecar write takes: two tag calls on one asset within it lose the second's tags.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        thumbnail_delay: tuple[float, float] = (0.2, 0.8),
        metadata_delay: tuple[float, float] = (0.1, 0.4),
        tag_race_s: float = 0.1,
        host: str = "127.0.0.1",
        port: int = 0,
        version: tuple[int, int, int] = (3, 1, 0),
    ) -> None:
        self._timing = Timing(thumbnail_delay=thumbnail_delay, metadata_delay=metadata_delay, tag_race=tag_race_s)
        self._rng = random.Random(seed)
        self._host, self._port, self._version = host, port, version
        self._state = State(rng=random.Random(seed))
        self._gate = Gate()
        self._socket = make_socket(self._state.keys, version)
        self._world: World | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    @property
    def url(self) -> str:
        """The base address without /api; known once started, and kept over `pause` and `resume`."""
        return f"http://{self._host}:{self._port}"

    @property
    def effective_writes(self) -> list[Write]:
        """Every request so far that changed something, in the order of its effect."""
        return self._gate.writes

    @property
    def requests(self) -> deque[tuple[str, str, int]]:
        """The last requests as (method, path, status), of the HTTP API only."""
        return self._gate.watch.requests

    @property
    def received(self) -> deque[Received]:
        """The last requests with their bodies and the names of their keys; fewer than `requests`."""
        return self._gate.watch.received

    @property
    def violations(self) -> list[Received]:
        """Every request by a key that was held to a table which has no such request; none of them was handled."""
        return self._gate.watch.violations

    @property
    def on_request(self) -> BeforeRequest | None:
        """A hook awaited with (method, path, body, name of the key) before a request is handled."""
        return self._gate.watch.on_request

    @on_request.setter
    def on_request(self, hook: BeforeRequest | None) -> None:
        self._gate.watch.on_request = hook

    @property
    def before_answer(self) -> BeforeAnswer | None:
        """A hook awaited after a write took effect and before its answer; may raise DropConnectionError."""
        return self._gate.before_answer

    @before_answer.setter
    def before_answer(self, hook: BeforeAnswer | None) -> None:
        self._gate.before_answer = hook

    @property
    def idle(self) -> bool:
        """Whether no job runs or waits: no extraction, preview, sidecar write or webhook."""
        return self._world is None or self._world.background.idle

    def add_user(self, name: str, email: str, *, permissions: tuple[str, ...] = ("all",)) -> User:
        """Add a user with one API key, named "owner"; the first user is the admin."""
        state = self._state
        account = Account(
            id=state.new_id(), name=name, email=email, is_admin=not state.accounts, created_at=state.now()
        )
        state.accounts[account.id] = account
        return User(id=account.id, name=name, api_key=self.add_key(account.id, permissions, name="owner"))

    def add_key(self, user_id: str, permissions: tuple[str, ...] = ("all",), *, name: str = "reactor") -> str:
        """Add an API key to a user and return its secret; `name` tells it from others in `received` and writes."""
        secret = "".join(self._rng.choices(KEY_LETTERS, k=43))
        state = self._state
        key = ApiKey(
            id=state.new_id(),
            secret=secret,
            owner_id=user_id,
            name=name,
            permissions=permissions,
            created_at=state.now(),
        )
        state.keys[secret] = key
        return secret

    def hold_to(self, secret: str, allowed: Allowed) -> None:
        """Hold a key to a table: a request outside is answered 500, changes nothing, and is kept in `violations`.

        `allowed` is asked with (method, path below /api as it was sent, body). The socket is not HTTP and passes.
        """
        self._gate.watch.tables[secret] = allowed

    def remove_key(self, secret: str) -> None:
        """Delete an API key: every later use is 401 "Invalid API key"."""
        del self._state.keys[secret]

    def permit(self, secret: str, permissions: tuple[str, ...]) -> None:
        """Give an API key other permissions, as its owner can on Immich's page of keys."""
        self._state.keys[secret].permissions = permissions

    def share_timeline(self, owner_id: str, viewer_id: str) -> None:
        """Make a partner: the viewer sees the owner's timeline in searches, and may change nothing."""
        self._state.partners.add((owner_id, viewer_id))

    def fail(
        self,
        method: str,
        path: str,
        *,
        status: int = 500,
        message: str = "Internal server error",
        times: int = 1,
        hang: bool = False,
        drop: bool = False,
        after: bool = False,
    ) -> None:
        """Spoil the next `times` requests that fit; `method` and `path` ("/api/stacks/*") are glob patterns.

        The request is answered with `status`, or never (`hang`), or its connection closed (`drop`); with `after`
        only once it took effect.
        """
        fault = Fault(
            method=method, path=path, times=times, status=status, message=message, hang=hang, drop=drop, after=after
        )
        self._gate.faults.waiting.append(fault)

    def heal(self) -> None:
        """Forget all faults that still wait, and let go of hanging requests."""
        self._gate.faults.waiting.clear()
        self._gate.faults.released.set()
        self._gate.faults.released = asyncio.Event()

    async def import_library(self, user_id: str, files: Sequence[tuple[str, bytes]]) -> list[str]:
        """Scan an external library of (name, bytes); all assets get the same createdAt. Returns their ids."""
        return await import_files(self._running(), user_id, files)

    def recognise(
        self,
        asset_id: str,
        *,
        box: tuple[int, int, int, int],
        image_size: tuple[int, int],
        person_id: str | None = None,
    ) -> str:
        """Let machine learning find a face; without `person_id` a new unnamed person. Returns the person's id.

        `box` is x1, y1, x2, y2 in pixels of a preview of `image_size`. Tells nobody but for a first face's thumbnail.
        """
        world = self._running()
        owner = world.state.assets[asset_id].owner_id
        person = person_id or add_person(world.state, owner).id
        add_face(world, asset_id, person, box=box, image_size=image_size, source="machine-learning")
        return person

    async def start(self) -> None:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="simulated-immich-"))
        session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_read=300))
        self._world = World(
            state=self._state,
            timing=self._timing,
            rng=self._rng,
            folder=folder,
            version=self._version,
            emit=self._emit,
            session=session,
        )
        app = web.Application(client_max_size=UPLOAD_LIMIT, middlewares=[self._gate.middleware()])
        app[WORLD] = self._world
        self._socket.attach(app, socketio_path=SOCKET_PATH)
        for route in ROUTES:
            if route.method == "PATCH" and self._version < (3, 0, 0):
                continue
            app.router.add_route(route.method, f"/api{route.path}", self._gate.endpoint(route))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await self.resume()

    async def resume(self) -> None:
        """Listen (again), on the same port as before."""
        assert self._runner is not None, "start() comes first"
        self._site = web.TCPSite(self._runner, self._host, self._port)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    async def pause(self) -> None:
        """Stop listening and cut every connection, sockets too; jobs go on. What a restart looks like from outside."""
        assert self._runner is not None, "start() comes first"
        if self._site:
            await self._site.stop()
            self._site = None
        server = self._runner.server
        for connection in list(server.connections) if server else ():
            if connection.transport:
                connection.transport.abort()

    async def stop(self) -> None:
        """Stop serving, cancel jobs and remove the stored files."""
        world, runner = self._running(), self._runner
        self.heal()
        await self.pause()
        await world.background.cancel()
        if runner:
            await runner.cleanup()
        await world.session.close()
        await asyncio.to_thread(shutil.rmtree, world.folder, ignore_errors=True)
        self._world = self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _running(self) -> World:
        if self._world is None:
            raise RuntimeError("The simulated Immich is not started.")
        return self._world

    async def _emit(self, user_id: str, event: str, *data: object) -> None:
        # A list is one argument to socket.io, a tuple would be several.
        await self._socket.emit(event, *data, room=user_id)
