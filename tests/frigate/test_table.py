"""The table of what may be sent to Frigate: each line works on a server held to it, and nothing else gets out."""

import asyncio
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reactor.adapters.frigate import open_transport
from reactor.adapters.frigate.routes import ForbiddenCall, allows
from reactor.adapters.frigate.transport import Request
from reactor.demo.frigate import SimulatedFrigate
from reactor.demo.watch import FORM
from tests.frigate.conftest import Client, connect
from tests.frigate.faces import ALICE, draw, jpeg

FACE = jpeg(draw(ALICE))
NAMES = ["Jane", "Zoë O'Neill", "Żółć 3", "train-driver", "a:b", "Train", "recognize"]


def held(method: str, path: str, body: object) -> bool:
    return allows(method, path, None if body == FORM else body, picture=body == FORM)


async def test_every_line_works_on_a_server_that_is_held_to_the_table() -> None:
    async with SimulatedFrigate(camera_fps=200, auth=("admin", "secret")) as frigate:
        frigate.hold_to(held)
        async with connect(frigate.url, user="admin", password="secret") as client:
            await client.faces.version()
            for name in ("Jane", "Zoë O'Neill"):
                await client.writer.register(name, FACE)
            await client.writer.settle(FACE)
            files = await client.faces.faces()
            (file,) = files["Zoë O'Neill"]
            assert len(await client.faces.picture("Zoë O'Neill", file)) > 100
            await client.writer.delete("Zoë O'Neill", [file])
            assert set(await client.faces.faces()) - {"train"} == {"Jane"}
    assert frigate.violations == []
    found = {(one.method, one.path) for one in frigate.received if one.status == 200}
    assert found == {
        ("POST", "/api/login"),
        ("GET", "/api/version"),
        ("GET", "/api/stats"),
        ("GET", "/api/faces"),
        ("GET", f"/clips/faces/Zoë O'Neill/{file}"),
        ("POST", "/api/faces/recognize"),
        ("POST", "/api/faces/Jane/register"),
        ("POST", "/api/faces/Zoë O'Neill/register"),
        ("POST", "/api/faces/Zoë O'Neill/delete"),
        ("POST", "/api/faces/train/delete"),
    }
    assert [one.body for one in frigate.received if one.path.endswith("/delete")] == [{"ids": []}, {"ids": [file]}]
    assert [one.body for one in frigate.received if one.path.endswith("/register")] == [FORM, FORM]
    assert {one.key for one in frigate.received} == {"", "admin"}


FORBIDDEN: list[tuple[str, str, object, bool]] = [
    ("POST", "/api/faces/train/delete", {"ids": ["x.webp"]}, False),
    ("POST", "/api/faces/train/delete", {}, False),
    ("POST", "/api/faces/train/delete", None, False),
    ("POST", "/api/faces/tr%61in/delete", {"ids": ["x.webp"]}, False),
    ("POST", "/api/faces/%2e/train/delete", {"ids": ["x.webp"]}, False),
    ("POST", "/api/faces/x%2F..%2Ftrain/delete", {"ids": ["x.webp"]}, False),
    ("POST", "/api/faces/Jane/delete", {"ids": []}, False),
    ("POST", "/api/faces/Jane/delete", {"ids": ["../x.webp"]}, False),
    ("POST", "/api/faces/Jane/delete", {"ids": ["x.webp"], "all": True}, False),
    ("POST", "/api/faces/Jane/delete", {"ids": "x.webp"}, False),
    ("POST", "/api/faces/Jane/delete\n", {"ids": ["x.webp"]}, False),
    ("POST", "/api/faces/Jane/delete?x=1", {"ids": ["x.webp"]}, False),
    ("POST", "/api/faces/train/register", None, True),
    ("POST", "/api/faces/Jane/register", None, False),
    ("POST", "/api/faces/Jane/register", {"x": 1}, True),
    ("POST", "/api/faces/Jane/create", None, False),
    ("PUT", "/api/faces/Jane/rename", {"new_name": "Joan"}, False),
    ("POST", "/api/faces/train/Jane/classify", {"training_file": "x.webp"}, False),
    ("POST", "/api/restart", None, False),
    ("DELETE", "/api/faces/Jane", None, False),
    ("GET", "/api/config", None, False),
    ("GET", "/api/faces", {"x": 1}, False),
    ("GET", "/api/faces/", None, False),
    ("GET", "/clips/faces/../x", None, False),
    ("GET", "/clips/faces/Jane/%2E%2E", None, False),
    ("GET", "/clips/faces/a/b/c", None, False),
    ("get", "/api/faces", None, False),
]


@pytest.mark.parametrize(("method", "path", "body", "picture"), FORBIDDEN)
async def test_what_is_not_in_the_table_is_never_sent(
    method: str, path: str, body: object, picture: bool, frigate: SimulatedFrigate
) -> None:
    request = Request(method=method, path=path, body=body, picture=FACE if picture else None)
    async with open_transport(frigate.url) as transport:
        with pytest.raises(ForbiddenCall, match="nothing was sent"):
            await transport.call(request)
    assert not frigate.requests


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as opened:
        yield opened


PATHS = ["/api/faces", "/api/stats", "/api/faces/train/delete", "/api/faces/Jane/delete", "/api/faces/Jane/register"]
ODD = ["/", "/..", "/.", "\n", "?x=1", "#x", "%2F", "%2e", "%00", " ", "\\", "é", "//"]


@st.composite
def near_misses(pick: st.DrawFn) -> str:
    """Put something into a path of the table that no name and no path of it has."""
    path = pick(st.sampled_from(PATHS))
    at = pick(st.integers(0, len(path)))
    return path[:at] + pick(st.sampled_from(ODD)) + path[at:]


def test_nothing_outside_the_table_gets_out(runner: asyncio.Runner) -> None:
    frigate = SimulatedFrigate(camera_fps=200)
    runner.run(frigate.start())
    context = open_transport(frigate.url)
    transport = runner.run(context.__aenter__())

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(("GET", "POST", "PUT", "DELETE")), near_misses(), st.sampled_from(([], ["x.webp"], None)))
    @example("POST", "/api/faces/./train/delete", ["x.webp"])
    def refused(method: str, path: str, files: list[str] | None) -> None:
        body = None if files is None else {"ids": files}
        with pytest.raises(ForbiddenCall):
            runner.run(transport.call(Request(method=method, path=path, body=body)))

    try:
        refused()
        assert not frigate.requests
    finally:
        runner.run(context.__aexit__(None, None, None))
        runner.run(frigate.stop())


@pytest.mark.parametrize("name", NAMES)
def test_any_name_can_be_written_and_taken_back(name: str) -> None:
    path = f"/api/faces/{quote(name, safe='')}"
    assert allows("POST", f"{path}/register", None, picture=True)
    assert allows("POST", f"{path}/delete", {"ids": [f"{name}_1.webp"]})
    assert allows("GET", f"/clips/faces/{quote(name, safe='')}/{quote(name, safe='')}_1.webp", None)


async def test_the_server_fails_what_its_table_does_not_hold(frigate: SimulatedFrigate, client: Client) -> None:
    await client.writer.register("Jane", FACE)
    before = await client.faces.faces()
    frigate.hold_to(lambda method, *_: method == "GET")
    with pytest.raises(Exception, match="held to a table"):
        await client.writer.delete("Jane", before["Jane"])
    assert await client.faces.faces() == before
    assert [(one.method, one.path, one.status) for one in frigate.violations] == [
        ("POST", "/api/faces/Jane/delete", 500)
    ]


async def test_a_test_may_look_before_a_request_is_handled(frigate: SimulatedFrigate, client: Client) -> None:
    seen: list[tuple[str, str, object, str, int]] = []

    async def look(method: str, path: str, body: object, user: str) -> None:
        seen.append((method, path, body, user, len(frigate.effective_writes)))

    frigate.on_request = look
    await client.writer.register("Jane", FACE)
    assert seen == [("GET", "/api/stats", None, "", 0), ("POST", "/api/faces/Jane/register", FORM, "", 0)]
    assert len(frigate.effective_writes) == 1
