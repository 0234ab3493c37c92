"""Version, stats, config, restart, profile and the stored pictures (facts/frigate-api.md section 1)."""

import asyncio

from aiohttp import web

from reactor.demo.frigate import answers
from reactor.demo.frigate.sessions import ADMIN, IDENTITY
from reactor.demo.frigate.world import World

# Measured: the old process still answers for 0.3 s, then nginx stands alone (captures/frigate/behaviour-0.18.txt).
RESTART_DELAY = 0.3


class SystemApi:
    """What is not about faces."""

    def __init__(self, world: World, *, restart_seconds: float) -> None:
        self._world = world
        self._restart_seconds = restart_seconds
        self._restarting: asyncio.Task[None] | None = None

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/version", self.version),
            web.get("/api/stats", self.stats),
            web.get("/api/config", self.config),
            web.get("/api/profile", self.profile),
            web.post("/api/restart", self.restart),
            web.get("/clips/faces/{name}/{file}", self.picture),
        ]

    async def version(self, _: web.Request) -> web.Response:
        return web.Response(text=self._world.version)

    async def stats(self, _: web.Request) -> web.Response:
        fps = self._world.loop.camera_fps
        camera = {"camera_fps": fps, "process_fps": fps, "skipped_fps": 0.0, "detection_fps": 0.0}
        return answers.reply(
            {
                "cameras": {"front_door": camera},
                "embeddings": {"face_recognition_speed": 12.5},
                "service": {"version": self._world.version, "uptime": 60},
            }
        )

    async def config(self, _: web.Request) -> web.Response:
        recognition = {
            "enabled": self._world.face_recognition,
            "model_size": "small",
            "unknown_score": 0.8,
            "detection_threshold": 0.7,
            "recognition_threshold": 0.9,
            "min_area": 750,
            "min_faces": 1,
            "save_attempts": 100 if self._world.release < (0, 17) else 200,
        }
        return answers.reply({"face_recognition": recognition, "cameras": {"front_door": {"enabled": True}}})

    async def profile(self, request: web.Request) -> web.Response:
        identity = request.get(IDENTITY)
        user, role = identity or ("anonymous", ADMIN)
        said: dict[str, object] = {"username": user, "role": role}
        if self._world.release >= (0, 17):
            said["allowed_cameras"] = ["front_door"]
        return answers.reply(said)

    async def restart(self, _: web.Request) -> web.Response:
        self._restarting = asyncio.create_task(self._restart())
        return answers.done("Restarting (this can take up to one minute)...")

    async def close(self) -> None:
        if self._restarting is not None:
            self._restarting.cancel()
            await asyncio.gather(self._restarting, return_exceptions=True)

    async def _restart(self) -> None:
        await asyncio.sleep(RESTART_DELAY)
        self._world.faults.starting = True
        await asyncio.sleep(self._restart_seconds)
        self._world.processor.clear()
        self._world.processor_started = self._world.face_recognition
        self._world.faults.starting = False

    async def picture(self, request: web.Request) -> web.Response:
        path = self._world.folders.root / request.match_info["name"] / request.match_info["file"]
        if not path.is_file():
            return answers.nginx_page(404, "Not Found")
        return web.Response(
            body=path.read_bytes(),
            content_type="application/octet-stream",
            headers={"Cache-Control": "max-age=604800, public"},
        )
