"""A real browser, where this machine has one: driven over its debugging protocol, with a tab of its own."""

import asyncio
import itertools
import json
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Loopback only: the browser must not look for updates, phishing lists or whatever else lives on other machines.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
    # Names of another kind than this machine's own: under http a browser trusts them as little as a name of the LAN.
    "--host-resolver-rules=MAP reactor.test 127.0.0.1 , MAP evil.test 127.0.0.1 , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
    "about:blank",
)


def find_browser() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Tab:
    """One page, and what it says about its own faults."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._password: str | None = None
        self.faults: list[str] = []
        self.asked: list[dict[str, str]] = []
        """The challenges at which the browser would have asked its user for a password."""

    async def sign_in(self, url: str, password: str) -> None:
        """Open a page that asks for a password and give it; the browser knows it afterwards, as after its dialog."""
        self._password = password
        await self._ask("Fetch.enable", handleAuthRequests=True)
        await self.open(url)
        # The feed is asked for as well: left in the middle of that it would wait for a dialog that nobody sees.
        await self.until("(document.getElementById('live') ?? {dataset: {state: 'on'}}).dataset.state === 'on'")
        await self._ask("Fetch.disable")

    async def open(self, url: str) -> None:
        for domain in ("Runtime", "Log", "Page"):
            await self._ask(f"{domain}.enable")
        await self._ask("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def value(self, expression: str) -> Any:
        """Return what a JavaScript expression comes to."""
        answer = await self._ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, expression: str, seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not await self.value(f"Boolean({expression})"):
                await asyncio.sleep(0.05)

    async def _tell(self, method: str, **params: object) -> int:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        return number

    async def _ask(self, method: str, **params: object) -> dict[str, Any]:
        number = await self._tell(method, **params)
        while True:
            said = await self._socket.receive_json()
            if said.get("id") == number:
                assert "error" not in said, said
                result: dict[str, Any] = said["result"]
                return result
            await self._note(said)

    async def _note(self, said: dict[str, Any]) -> None:
        if said.get("method") == "Fetch.requestPaused":
            await self._tell("Fetch.continueRequest", requestId=said["params"]["requestId"])
        elif said.get("method") == "Fetch.authRequired":
            self.asked.append(said["params"]["authChallenge"])
            answer = {"response": "ProvideCredentials", "username": "anybody", "password": self._password}
            await self._tell(
                "Fetch.continueWithAuth", requestId=said["params"]["requestId"], authChallengeResponse=answer
            )
        elif said.get("method") == "Runtime.exceptionThrown":
            self.faults.append(json.dumps(said["params"]["exceptionDetails"])[:500])
        elif said.get("method") == "Log.entryAdded" and said["params"]["entry"]["source"] == "security":
            self.faults.append(said["params"]["entry"]["text"])


@asynccontextmanager
async def a_tab(browser: str) -> AsyncIterator[Tab]:
    """Start the browser with an empty profile, yield a tab of it, and end it."""
    async with AsyncExitStack() as exits:
        profile = Path(exits.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        process = await asyncio.create_subprocess_exec(
            browser,
            *FLAGS[:-1],
            f"--user-data-dir={profile}",
            FLAGS[-1],
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | {"TMPDIR": str(profile)},
        )
        exits.push_async_callback(_end, process)
        session = await exits.enter_async_context(aiohttp.ClientSession())
        port = await _port_of(profile, process)
        async with session.get(f"http://127.0.0.1:{port}/json") as answer:
            address = next(one["webSocketDebuggerUrl"] for one in await answer.json() if one["type"] == "page")
        yield Tab(await exits.enter_async_context(session.ws_connect(address, max_msg_size=0)))


async def _port_of(profile: Path, process: asyncio.subprocess.Process) -> int:
    file = profile / "DevToolsActivePort"
    async with asyncio.timeout(60):
        while not (file.exists() and file.read_text()):
            assert process.returncode is None, "the browser ended before it could be asked anything"
            await asyncio.sleep(0.1)
    return int(file.read_text().splitlines()[0])


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
