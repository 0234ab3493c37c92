"""The endpoints around the attempts in train/ and around wrong names (facts/frigate-api.md section 1)."""

from aiohttp import web

from reactor.demo.frigate import answers
from reactor.demo.frigate.bodies import json_object
from reactor.demo.frigate.folders import TRAIN
from reactor.demo.frigate.processor import called
from reactor.demo.frigate.world import World, Write

# Where the real one keeps its pictures; it tells so in a 404.
MEDIA = "/media/frigate/clips/faces"


class TrainingApi:
    """Reprocess, classify and reclassify pictures that Frigate has already."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        always = [
            web.post("/api/faces/reprocess", self.reprocess),
            web.post("/api/faces/train/{name}/classify", self.classify),
        ]
        if self._world.release < (0, 18):
            return always
        return [*always, web.post("/api/faces/{name}/reclassify", self.reclassify)]

    async def reprocess(self, request: web.Request) -> web.Response:
        if not self._world.face_recognition:
            return answers.refused_late(answers.NOT_ENABLED, 400)
        file = str((await json_object(request)).get("training_file", ""))
        path = self._world.folders.find(TRAIN, file)
        if path is None:
            return answers.refused(f"Invalid filename or no file exists: {MEDIA}/{TRAIN}/{file}", 404)
        answered = await self._world.loop.call(lambda: self._world.processor.reprocess(path))
        if self._world.release < (0, 17):
            return answers.reply([])
        if answered is None:
            return answers.refused(answers.MISLEADING, 500)
        if answered.value is None:
            return answers.refused_late("Model is still training, please try again in a few moments.", 400)
        name, score = called(answered.value)
        said = f"Successfully reprocessed face. Result: {name} (score: {score:.2f})"
        return answers.reply({"message": said, "success": True, "face_name": name, "score": score})

    async def classify(self, request: web.Request) -> web.Response:
        if not self._world.face_recognition:
            return answers.refused_late(answers.NOT_ENABLED, 400)
        body, name = await json_object(request), request.match_info["name"]
        file, event = str(body.get("training_file", "")), str(body.get("event_id", ""))
        if not file and not event:
            return answers.refused("A training file or event_id must be passed.", 400)
        path = self._world.folders.find(TRAIN, file) if file else None
        if file and path is None:
            return answers.refused(f"Invalid filename or no file exists: {file}", 404)
        if path is None:
            return answers.refused(f"Invalid event_id or no event exists: {event}", 404)
        new = self._world.folders.move(path, name)
        await self._world.clear_classifier()
        await self._world.wrote(Write(kind="classify", name=name, file=new))
        return answers.done(f"Successfully saved {file} as {new}.")

    async def reclassify(self, request: web.Request) -> web.Response:
        if not self._world.face_recognition:
            return answers.refused_late(answers.NOT_ENABLED, 400)
        body = await json_object(request)
        lacking = [name for name in ("id", "new_name") if name not in body]
        if lacking:
            return answers.missing(*lacking, given=body)
        file, new_name = str(body["id"]), str(body["new_name"])
        path = self._world.folders.find(request.match_info["name"], file)
        if path is None:
            return answers.refused(f"Image not found: {file}", 404)
        new = self._world.folders.move(path, new_name)
        await self._world.clear_classifier()
        await self._world.wrote(Write(kind="reclassify", name=new_name, file=new))
        return answers.done("Successfully reclassified face.")
