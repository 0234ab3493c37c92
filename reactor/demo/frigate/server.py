"""The simulated Frigate as a server on loopback."""

import tempfile
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from reactor.demo.frigate.detector import Detector, skin_blobs
from reactor.demo.frigate.embeddings import EmbeddingsLoop
from reactor.demo.frigate.faces_api import FacesApi
from reactor.demo.frigate.folders import FaceFolders
from reactor.demo.frigate.gateway import LARGEST_BODY, Gateway
from reactor.demo.frigate.processor import FaceProcessor
from reactor.demo.frigate.recognizer import Recognizer
from reactor.demo.frigate.sessions import ADMIN, VIEWER, Sessions
from reactor.demo.frigate.system_api import SystemApi
from reactor.demo.frigate.training_api import TrainingApi
from reactor.demo.frigate.world import Faults, World, Write, release_of
from reactor.demo.watch import Allowed, BeforeRequest, Received, Watch


class SimulatedFrigate:
    """Serve the measured wire of Frigate's face library (facts/frigate-api.md).

    ``version`` chooses the behaviour (0.16, 0.17, 0.18); ``folder`` is its clips/faces, a temporary one by default;
    ``auth`` (user, password) makes it the port 8971, without TLS; ``viewer`` is a second login without admin rights;
    ``build_seconds`` is how long the classifier takes.
    """

    def __init__(
        self,
        *,
        version: str = "0.18.0-e3fa701",
        host: str = "127.0.0.1",
        port: int = 0,
        face_recognition: bool = True,
        camera_fps: float = 5.0,
        folder: Path | None = None,
        auth: tuple[str, str] | None = None,
        viewer: tuple[str, str] | None = None,
        detector: Detector = skin_blobs,
        build_seconds: float = 0.05,
        restart_seconds: float = 1.0,
    ) -> None:
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="simulated-frigate-")
        root = folder or Path(self._temporary.name if self._temporary else ".")
        root.mkdir(parents=True, exist_ok=True)
        folders = FaceFolders(root)
        loop = EmbeddingsLoop(camera_fps=camera_fps, shared_socket=release_of(version) >= (0, 18))
        processor = FaceProcessor(folders, Recognizer(folders, build_seconds=build_seconds), detector)
        self._world = World(
            version=version, folders=folders, loop=loop, processor=processor, face_recognition=face_recognition
        )
        self.folder = root
        self._watch = Watch()
        users = {name: (password, role) for (name, password), role in _logins(auth, viewer)}
        self._sessions = Sessions(users, self._world.faults)
        self._gateway = Gateway(self._world, self._sessions if users else None, self._watch)
        self._system = SystemApi(self._world, restart_seconds=restart_seconds)
        self._host, self._port = host, port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The address without a slash at its end; known once started."""
        return f"http://{self._host}:{self._port}"

    @property
    def effective_writes(self) -> list[Write]:
        """Every write that took effect, in order."""
        return self._world.writes

    @property
    def requests(self) -> deque[tuple[str, str, int]]:
        """The last requests as (method, path, status)."""
        return self._watch.requests

    @property
    def received(self) -> deque[Received]:
        """The last requests with their bodies and the names of their users; fewer than ``requests``."""
        return self._watch.received

    @property
    def violations(self) -> list[Received]:
        """Every request outside the table that all clients are held to; none of them was handled."""
        return self._watch.violations

    @property
    def on_request(self) -> BeforeRequest | None:
        """A hook awaited with (method, path, body, user) before a request is handled."""
        return self._watch.on_request

    @on_request.setter
    def on_request(self, hook: BeforeRequest | None) -> None:
        self._watch.on_request = hook

    def hold_to(self, allowed: Allowed) -> None:
        """Hold every client to a table: a request outside is answered 500, changes nothing, and is kept.

        ``allowed`` is asked with (method, path as it was sent, body); the body of an upload is ``watch.FORM``.
        """
        self._watch.tables[""] = allowed

    @property
    def faults(self) -> Faults:
        return self._world.faults

    @property
    def before_answer(self) -> Callable[[Write], Awaitable[None]] | None:
        """Called after a write took effect and before its answer goes out."""
        return self._world.before_answer

    @before_answer.setter
    def before_answer(self, hook: Callable[[Write], Awaitable[None]] | None) -> None:
        self._world.before_answer = hook

    @property
    def camera_fps(self) -> float:
        """Frames per second of the camera; at 0 no face call is answered."""
        return self._world.loop.camera_fps

    @camera_fps.setter
    def camera_fps(self, fps: float) -> None:
        self._world.loop.camera_fps = fps

    @property
    def upload_in_flight(self) -> bool:
        """Whether a face call is being answered or waits for a frame."""
        return self._world.loop.busy

    @property
    def face_recognition(self) -> bool:
        """Whether it is enabled; switched on while running, registers fail until a restart."""
        return self._world.face_recognition

    @face_recognition.setter
    def face_recognition(self, enabled: bool) -> None:
        self._world.face_recognition = enabled

    def expire_sessions(self) -> None:
        self._sessions.expire()

    async def start(self) -> None:
        self._world.processor_started = self._world.face_recognition
        app = web.Application(middlewares=[self._gateway.middleware], client_max_size=LARGEST_BODY)
        app.add_routes([web.post("/api/login", self._sessions.login), *self._system.routes()])
        # Fixed paths before {name}: /api/faces/recognize is not a person.
        app.add_routes([*TrainingApi(self._world).routes(), *FacesApi(self._world).routes()])
        # A client that goes away does not stop Frigate: what it asked for is still carried out (section 0, 6).
        self._runner = web.AppRunner(app, handler_cancellation=False, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop serving; the folder goes too if it was a temporary one."""
        await self._system.close()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._temporary is not None:
            self._temporary.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


def _logins(auth: tuple[str, str] | None, viewer: tuple[str, str] | None) -> list[tuple[tuple[str, str], str]]:
    return [(login, role) for login, role in ((auth, ADMIN), (viewer, VIEWER)) if login is not None]
