"""The face library's endpoints (facts/frigate-api.md section 1; frigate/api/classification.py)."""

import hashlib

from aiohttp import web

from reactor.demo.frigate import answers
from reactor.demo.frigate.bodies import json_object, upload
from reactor.demo.frigate.folders import is_legal_name
from reactor.demo.frigate.processor import called
from reactor.demo.frigate.world import World, Write


class FacesApi:
    """List, register, create, delete, rename and recognise."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/faces", self.listing),
            web.post("/api/faces/recognize", self.recognize),
            web.post("/api/faces/{name}/register", self.register),
            web.post("/api/faces/{name}/create", self.create),
            web.post("/api/faces/{name}/delete", self.delete),
            web.put("/api/faces/{name}/rename", self.rename),
        ]

    async def listing(self, _: web.Request) -> web.Response:
        return answers.reply(self._world.folders.listing())

    async def register(self, request: web.Request) -> web.Response:
        body = await upload(request)
        if body is None:
            return answers.missing("file", given=None)
        unavailable = self._unavailable()
        if unavailable is not None:
            return unavailable
        world, name = self._world, request.match_info["name"]
        if world.faults.failing_registers > 0:
            world.faults.failing_registers -= 1
            return answers.refused(answers.MISLEADING, 500)
        stored = await world.loop.call(lambda: world.processor.register(name, body), late=self._lateness())
        if stored is None:
            return answers.refused(answers.MISLEADING, 500)
        if stored.value is None:
            return answers.refused_late(answers.DETECTED_NONE, 400)
        digest = hashlib.sha256(body).hexdigest()
        await world.wrote(Write(kind="register", name=name, file=stored.value, sha256=digest))
        return answers.reply({"message": answers.REGISTERED, "success": True})

    async def create(self, request: web.Request) -> web.Response:
        if not self._world.face_recognition:
            return answers.refused_late(answers.NOT_ENABLED, 400)
        name = self._world.folders.create(request.match_info["name"])
        await self._world.wrote(Write(kind="create", name=name))
        # success: false is real, in all versions.
        return answers.refused("Successfully created face folder.", 200)

    async def delete(self, request: web.Request) -> web.Response:
        if not self._world.face_recognition:
            return answers.refused_late(answers.NOT_ENABLED, 400)
        body, name = await json_object(request), request.match_info["name"]
        ids = body.get("ids", [] if self._world.release < (0, 17) else None)
        if not isinstance(ids, list):
            return answers.missing("ids", given=body)
        try:
            removed = self._world.folders.delete(name, [str(one) for one in ids])
        except FileNotFoundError:
            return answers.crashed()
        await self._world.clear_classifier()
        for file in removed:
            await self._world.wrote(Write(kind="delete", name=name, file=file))
        return answers.done("Successfully deleted faces.")

    async def rename(self, request: web.Request) -> web.Response:
        if not self._world.face_recognition:
            return answers.refused_late(answers.NOT_ENABLED, 400)
        body, old = await json_object(request), request.match_info["name"]
        if "new_name" not in body:
            return answers.missing("new_name", given=body)
        new = str(body["new_name"])
        if not is_legal_name(new) or not (self._world.folders.root / old).is_dir():
            return answers.refused_late("Error renaming face. Check Frigate logs.", 400)
        try:
            self._world.folders.rename(old, new)
        except OSError:
            return answers.crashed()
        await self._world.clear_classifier()
        await self._world.wrote(Write(kind="rename", name=new))
        return answers.done(f"Successfully renamed face to {new}.")

    async def recognize(self, request: web.Request) -> web.Response:
        body = await upload(request)
        if body is None:
            return answers.missing("file", given=None)
        unavailable = self._unavailable()
        if unavailable is not None:
            return unavailable
        answered = await self._world.loop.call(lambda: self._world.processor.recognize(body))
        if answered is None:
            return answers.refused(answers.MISLEADING, 500)
        if answered.value is None:
            return answers.refused_late(answers.DETECTED_NONE, 400)
        if answered.value.best is None:
            return answers.refused(answers.RECOGNIZED_NONE, 400)
        name, score = called(answered.value.best)
        # From 0.17 on the blur penalty's max(0, score) turns 0.0 into 0 (captures/frigate/faces-0.1{6,7}.http).
        said = score if self._world.release < (0, 17) else max(0, score)
        return answers.reply({"success": True, "score": said, "face_name": name})

    def _unavailable(self) -> web.Response | None:
        """Answer for a processor that is switched off, or was switched on without a restart (section 3, e)."""
        if not self._world.face_recognition:
            return answers.refused_late(answers.NOT_ENABLED, 400)
        return None if self._world.processor_started else answers.refused(answers.MISLEADING, 500)

    def _lateness(self) -> float:
        faults = self._world.faults
        if faults.late_registers == 0:
            return 0.0
        faults.late_registers -= 1
        return faults.late_seconds
