"""Fetching a model from a hub on loopback, in a process of its own: the library reads its host when it is imported."""

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from reactor.adapters.clip.folder import read_folder

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PULL = """
import asyncio, sys
from pathlib import Path
from reactor.adapters.clip.pull import pull
from reactor.core.errors import StartError
try:
    print(asyncio.run(pull(sys.argv[1], Path(sys.argv[2]))))
except StartError as error:
    sys.exit(str(error))
"""


class Hub:
    """One repository, spoken as the hub does; keeps what was asked for."""

    def __init__(self, repository: str, files: dict[str, bytes]) -> None:
        self._repository = repository
        self._files = files
        self.fetched: list[str] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/api/models/{owner}/{name}/revision/{revision}", self._info)
        app.router.add_get("/api/models/{owner}/{name}/tree/{revision}", self._tree)
        app.router.add_get("/{owner}/{name}/resolve/{revision}/{file:.+}", self._file)
        return app

    def _known(self, request: web.Request) -> bool:
        return f"{request.match_info['owner']}/{request.match_info['name']}" == self._repository

    async def _info(self, request: web.Request) -> web.Response:
        if not self._known(request):
            return web.json_response({"error": "x"}, status=404, headers={"X-Error-Code": "RepoNotFound"})
        siblings = [{"rfilename": file} for file in self._files]
        return web.json_response({"id": self._repository, "sha": COMMIT, "siblings": siblings, "tags": []})

    async def _tree(self, request: web.Request) -> web.Response:
        entries = [
            {"type": "file", "path": file, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
            for file, data in self._files.items()
        ]
        return web.json_response(entries)

    async def _file(self, request: web.Request) -> web.Response:
        file = request.match_info["file"]
        data = self._files[file]
        if request.method == "GET":
            self.fetched.append(file)
        etag = f'"{hashlib.sha1(data).hexdigest()}"'
        return web.Response(body=data, headers={"ETag": etag, "X-Repo-Commit": COMMIT})


@pytest.fixture
async def hub(plain_model: Path) -> AsyncIterator[tuple[Hub, str]]:
    files = {
        str(file.relative_to(plain_model)): file.read_bytes() for file in plain_model.rglob("*") if file.is_file()
    } | {"visual/fp16.armnn": b"x", "textual/rknpu/model.rknn": b"x"}
    served = Hub("immich-app/ViT-Pulled__openai", files)
    async with TestServer(served.app()) as server:
        yield served, str(server.make_url("")).rstrip("/")


async def run_pull(name: str, root: Path, endpoint: str) -> tuple[int, str]:
    """Return the exit code and what was said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PULL, name, str(root),
        env=os.environ
        | {"HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(root / "home"), "HF_HUB_OFFLINE": "0"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, (out or err).decode().strip()


async def test_pull(hub: tuple[Hub, str], tmp_path: Path) -> None:
    served, endpoint = hub
    code, said = await run_pull("ViT-Pulled::openai", tmp_path, endpoint)
    folder = tmp_path / "ViT-Pulled__openai"
    assert (code, said) == (0, str(folder))
    assert read_folder(folder).name == "ViT-Pulled__openai"
    assert sorted(served.fetched) == [
        "config.json",
        "textual/model.onnx",
        "textual/tokenizer.json",
        "textual/tokenizer_config.json",
        "visual/model.onnx",
        "visual/preprocess_cfg.json",
    ]
    (folder / "config.json").unlink()
    served.fetched.clear()
    assert (await run_pull("ViT-Pulled__openai", tmp_path, endpoint))[0] == 0
    assert served.fetched == ["config.json"]


async def test_pull_of_an_unknown_model(hub: tuple[Hub, str], tmp_path: Path) -> None:
    code, said = await run_pull("ViT-Unheard-Of", tmp_path, hub[1])
    assert code == 1
    assert said.endswith("there is no model immich-app/ViT-Unheard-Of; is the name right?")


async def test_pull_without_a_network(tmp_path: Path, unused_tcp_port: int) -> None:
    code, said = await run_pull("ViT-Pulled__openai", tmp_path, f"http://127.0.0.1:{unused_tcp_port}")
    assert code == 1
    assert said.endswith("cannot be fetched: its host cannot be reached from here")
