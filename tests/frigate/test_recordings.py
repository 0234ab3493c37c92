"""The simulator against what real Frigates 0.16, 0.17 and 0.18 answered."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import quote, unquote

import aiohttp
import pytest
from yarl import URL

from reactor.demo.frigate import SimulatedFrigate

from .captures import LONGEST, TIME, Pair, captures
from .faces import ALICE, CAROL, draw, jpeg, nobody

VERSIONS = {"0.16": "0.16.4-rig", "0.17": "0.17.2-3d4dd3a", "0.18": "0.18.0-e3fa701"}
TLS_PORTS = (8971, 9071, 9171)
PASSWORDS = {"admin": "the admin's", "viewer": "the viewer's"}
TRAIN_FILE = "1700000000.123456-abcdef-1700000001.5-unknown-0.5.webp"
WARMING = "No face was recognized."


@dataclass(kw_only=True)
class Replay:
    """Send recorded requests and compare; files are told apart by all but their times."""

    internal: SimulatedFrigate
    external: SimulatedFrigate
    session: aiohttp.ClientSession
    tokens: dict[str, str] = field(default_factory=dict)
    passed: int = 0

    async def run(self, pairs: list[Pair]) -> None:
        for before, pair in zip([None, *pairs], pairs, strict=False):
            if "plain http to the TLS port" in pair.title:
                continue  # the simulator has no TLS
            self._prepare(before, pair)
            await self._compare(pair)
            self.passed += 1

    def _prepare(self, before: Pair | None, pair: Pair) -> None:
        """Do what the recording did outside of HTTP."""
        self.external.faults.login_limited = "rate limit" in pair.title
        if "train" in pair.title and before is not None and TRAIN_FILE in pair.body and TRAIN_FILE not in before.body:
            train = self.internal.folder / "train"
            train.mkdir(exist_ok=True)
            oldest = min(self.internal.folder.glob("*/*.webp"), key=lambda one: one.stat().st_mtime_ns)
            (train / TRAIN_FILE).write_bytes(oldest.read_bytes())

    async def _compare(self, pair: Pair) -> None:
        status, headers, body = await self._answer(pair)
        warming = WARMING in pair.body
        if warming and status == 200 and "score" in body:
            return  # how many questions the classifier needs is a race there and here
        assert (status, self._normal(body)) == (pair.status, self._normal(pair.body)) or (
            status == pair.status and not self._is_comparable(pair)
        ), f"{pair.title}: {status} {body[:300]} instead of {pair.status} {pair.body[:300]}"
        for name in ("content-type", "cache-control", "x-cache-status"):
            assert headers.get(name) == pair.answer_headers.get(name), f"{pair.title}: {name}"

    async def _answer(self, pair: Pair) -> tuple[int, dict[str, str], str]:
        """Ask once, or, where the recording has an answer of the classifier, until there is one."""
        for _ in range(100):
            status, headers, body = await self._ask(pair)
            if pair.status != 200 or not self._is_warming(pair, body):
                break
            await asyncio.sleep(0.02)
        return status, headers, body

    def _is_warming(self, pair: Pair, body: str) -> bool:
        if body == "[]" and "again" in pair.title:  # 0.16 does not say what came of it, but renames the file
            return (self.internal.folder / "train" / TRAIN_FILE).exists()
        return WARMING in body or "Model is still training" in body

    async def _ask(self, pair: Pair) -> tuple[int, dict[str, str], str]:
        server = self.external if pair.port in TLS_PORTS else self.internal
        url = URL(server.url + self._path(pair), encoded=True)
        headers = {name: value for name, value in pair.headers.items() if name != "authorization"}
        role = "viewer" if "viewer" in pair.title else "admin"
        if "authorization" in pair.headers:
            headers["Authorization"] = "Bearer " + ("junk" if "bad" in pair.title else self.tokens[role])
        if pair.title == "profile cookie":
            headers["Cookie"] = f"frigate_token={self.tokens['admin']}"
        async with self.session.request(
            pair.method, url, headers=headers, json=self._sent(pair), data=_form(pair)
        ) as response:
            cookies = SimpleCookie(response.headers.get("Set-Cookie", ""))
            if "frigate_token" in cookies:
                self.tokens[role] = cookies["frigate_token"].value
            body = (await response.read()).decode(errors="replace").replace("\r\n", "\n").strip("\n")
            answered = {name.lower(): value for name, value in response.headers.items()}
        return response.status, answered, body

    def _path(self, pair: Pair) -> str:
        if not pair.path.startswith("/clips/"):
            return pair.path
        folder, _, file = pair.path.rpartition("/")
        return f"{folder}/{quote(self._ours(unquote(file)))}"

    def _sent(self, pair: Pair) -> object:
        if isinstance(pair.sent, dict) and pair.sent.get("password") == "<password>":
            return pair.sent | {"password": PASSWORDS["viewer" if "viewer" in pair.title else "admin"]}
        if not isinstance(pair.sent, dict):
            return pair.sent
        return {
            key: [self._ours(one) for one in value] if isinstance(value, list) else self._ours(str(value))
            for key, value in pair.sent.items()
        }

    def _ours(self, file: str) -> str:
        """Return the simulator's file that has a recorded file's name but for the time."""
        pattern = TIME.sub("<time>", file)
        found = [one.name for one in self.internal.folder.glob("*/*") if TIME.sub("<time>", one.name) == pattern]
        return found[0] if TIME.search(file) and found else file

    def _normal(self, body: str) -> object:
        """Compare JSON by value, lists of files without order of folders, times and pictures not at all."""
        text = TIME.sub("<time>", body)
        try:
            return json.loads(text)
        except ValueError:
            return text

    def _is_comparable(self, pair: Pair) -> bool:
        return not pair.path.startswith("/clips/") and len(pair.body) < LONGEST


def _form(pair: Pair) -> aiohttp.FormData | None:
    if pair.upload is None:
        return None
    part, name, size = pair.upload
    form = aiohttp.FormData()
    form.add_field(part, io.BytesIO(_picture(name, size)), filename=name)
    return form


def _picture(name: str, size: int) -> bytes:
    """Return a picture that stands for a recorded one."""
    match name, size:
        case "a.jpg", _:
            return bytes(size)
        case "coco_000000559707.jpg", _:
            return jpeg(nobody())
        case (("coco_000000005001.jpg" | "lenna.jpg"), _):
            return jpeg(draw(CAROL))
        case _, 56289:
            return jpeg(draw(CAROL))
    return jpeg(draw(ALICE))


@asynccontextmanager
async def replay(version: str) -> AsyncIterator[Replay]:
    admin, viewer = (("admin", PASSWORDS["admin"]), ("viewer", PASSWORDS["viewer"]))
    async with (
        SimulatedFrigate(version=VERSIONS[version], camera_fps=200) as internal,
        SimulatedFrigate(version=VERSIONS[version], camera_fps=200, auth=admin, viewer=viewer) as external,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        yield Replay(internal=internal, external=external, session=session)


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_library_answers_like_the_real_one(version: str) -> None:
    pairs = captures(f"faces-{version}.http")
    async with replay(version) as running:
        await running.run(pairs)
        assert running.passed == len(pairs) - 1


async def test_names_are_taken_and_cleaned_like_by_the_real_one() -> None:
    pairs = captures("names-0.18.http")
    async with replay("0.18") as running:
        await running.run(pairs)
        kept = sorted(name for name, files in json.loads(pairs[-1].body).items() if files)
        assert sorted(folder.name for folder in running.internal.folder.iterdir()) == kept


async def test_a_stale_build_hides_new_people_like_on_the_real_one() -> None:
    async with replay("0.18") as running:
        await running.run(captures("stale-0.18.http"))
