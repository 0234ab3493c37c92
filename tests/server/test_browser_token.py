"""The page behind a web token in a real browser, and what a foreign page can do with that browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from reactor.core.activity import Summary
from reactor.core.runs import ScanRequest
from reactor.server.run import serving

from .browser import Tab
from .fakes import ME, PHOTO, WEB_TOKEN, World
from .test_browser import a_photo, button, pytestmark, tab

__all__ = ["pytestmark", "tab"]

# A name of the LAN, where the browser says nothing of the page that asks, and this machine, where it does.
NAMES = ("reactor.test", "127.0.0.1")


@pytest.fixture
def world() -> World:
    return World(web_token=SecretStr(WEB_TOKEN))


def under(name: str, client: aiohttp.ClientSession) -> str:
    assert client._base_url is not None
    return f"http://{name}:{client._base_url.port}"


async def test_the_browser_asks_for_the_token_once_and_the_page_works(
    client: aiohttp.ClientSession, world: World, tab: Tab
) -> None:
    url = under("reactor.test", client)
    await tab.sign_in(f"{url}/", WEB_TOKEN)
    assert tab.asked == [{"source": "Server", "origin": url, "scheme": "basic", "realm": "Immich Reactor"}]
    await tab.until("document.getElementById('live').dataset.state === 'on'")
    world.board.cards, world.board.counts, world.board.number = (a_photo(PHOTO),), Summary(heard=77_777), 2
    await tab.until("document.querySelector('.summary').textContent.includes('77,777')")
    await tab.value("document.querySelector('[name=accounts]').value = 'me'")
    await tab.value(f"{button('Start')}.click()")
    await tab.until("document.getElementById('said').textContent")
    (run,) = world.runs.runs.values()
    assert run.request == ScanRequest(accounts=(ME,), dry=True)
    assert await tab.value(f"fetch('/thumb/me/{PHOTO}').then((answer) => answer.status)") == 200
    assert len(tab.asked) == 1


async def test_a_browser_that_was_given_no_token_sees_nothing(
    client: aiohttp.ClientSession, world: World, tab: Tab
) -> None:
    url = under("reactor.test", client)
    await tab.sign_in(f"{url}/healthz", WEB_TOKEN)
    assert tab.asked == []
    assert await tab.value("fetch('/readyz').then((answer) => answer.json())") == {"ready": True}
    assert await tab.value("fetch('/api/status', {credentials: 'omit'}).then((answer) => answer.status)") == 401
    assert await tab.value("fetch('/static/page.js', {credentials: 'omit'}).then((answer) => answer.status)") == 401


@asynccontextmanager
async def a_foreign_page() -> AsyncIterator[str]:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>evil</title><body></body>", content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/", page)])
    async with serving(app, host="127.0.0.1", port=0) as port:
        yield f"http://evil.test:{port}/"


def fetched(url: str, **options: object) -> str:
    said = str({"credentials": "include", **options})
    return f"fetch('{url}', {said}).then((answer) => answer.type + answer.status, () => 'nothing')"


def loaded(kind: str, url: str) -> str:
    return (
        f"new Promise((done) => {{ const one = document.createElement('{kind}'); one.onload = () => done('loaded'); "
        f"one.onerror = () => done('nothing'); one.src = '{url}'; document.body.append(one); }})"
    )


def heard(url: str) -> str:
    return (
        f"new Promise((done) => {{ const one = new EventSource('{url}', {{withCredentials: true}}); "
        "one.onopen = () => done('open'); one.onerror = () => done('nothing'); })"
    )


@pytest.mark.parametrize("name", NAMES)
async def test_a_foreign_page_gets_nothing_in_a_browser_that_knows_the_token(
    client: aiohttp.ClientSession, world: World, tab: Tab, name: str
) -> None:
    url = under(name, client)
    await tab.sign_in(f"{url}/", WEB_TOKEN)
    await tab.until("document.getElementById('live').dataset.state === 'on'")
    plain, json = {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}
    async with a_foreign_page() as evil:
        await tab.open(evil)
        for attempt in (
            fetched(f"{url}/api/status"),
            fetched(f"{url}/api/status", mode="no-cors"),
            fetched(f"{url}/feed", mode="no-cors"),
            fetched(f"{url}/api/scan", method="POST", body="{}", headers=plain, mode="no-cors"),
            fetched(f"{url}/api/scan", method="POST", body="{}", headers=json),
            heard(f"{url}/feed"),
            heard(f"{url}/api/events/follow"),
            loaded("img", f"{url}/static/icon.svg"),
            loaded("script", f"{url}/static/page.js"),
        ):
            assert await tab.value(attempt) == "nothing", attempt
        await tab.value(
            f"document.body.innerHTML = `<form method=post enctype=text/plain action={url}/api/scan><input></form>`; "
            "document.querySelector('form').submit()"
        )
        await tab.until("document.body.textContent.includes('page of another site')")
    assert world.runs.runs == {}
