"""What the setup command refuses before it changes anything, and what its requests may be."""

import asyncio
import os
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from reactor.adapters.immich.errors import ForbiddenCall, Garbled
from reactor.adapters.immich.routes import ALLOWED, Route
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.immich.workflows import SETUP_ROUTES, read_workflows
from reactor.core.errors import StartError
from reactor.core.ids import AccountId
from reactor.wiring.setup import reactor_address

from ..cli import warm
from .conftest import PHOTOS, SECRET, URL, House

ID = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("has", "named"),
    [
        ((), "workflow.read, workflow.create, workflow.update, workflow.delete"),
        (("workflow.read",), "workflow.create"),
        (("workflow.create", "workflow.update"), "workflow.read, workflow.delete"),
    ],
)
async def test_missing_permissions_are_named(house: House, has: tuple[str, ...], named: str) -> None:
    house.add("anna", permissions=("asset.read", *has))
    assert await house.run(url=URL) == 1
    (said,) = [line for line in house.said if line.startswith("anna")]
    assert f"the API key lacks permissions; add {named} to it" in said
    assert len(await house.workflows()) == 2


async def test_a_repair_and_a_removal_need_their_own_permissions(house: House) -> None:
    assert await house.run(url=URL) == 0
    await house.ask("PUT", f"/workflows/{(await house.workflow(PHOTOS))['id']}", {"enabled": False})
    all_of_them, user = house.keys["me"], (await house.ask("GET", "/users/me"))["id"]
    house.keys["me"] = house.immich.add_key(user, ("workflow.read", "workflow.create"))
    assert await house.run(url=URL) == 1
    assert "add workflow.update to it" in house.said[0]
    assert await house.run(remove=True) == 1
    assert "add workflow.delete to it" in house.said[0]
    house.keys["me"] = house.immich.add_key(user, ("workflow.read", "workflow.update", "workflow.delete"))
    assert await house.run(url=URL) == 0
    assert await house.run(remove=True) == 0
    house.keys["me"] = all_of_them
    assert await house.workflows() == []


async def test_without_a_secret_nothing_is_done(house: House) -> None:
    house.add("anna")
    house.secrets["anna"] = [""]
    with pytest.raises(StartError, match=r"account anna: no webhook secret is set.*openssl rand -hex 32"):
        await house.run(url=URL)
    assert await house.run(url=URL, account="me") == 0
    house.secrets["me"] = ["", "second"]
    assert await house.run(url=URL, account="me") == 0
    assert (await house.workflow(PHOTOS))["steps"][0]["config"]["headerValue"] == "Bearer second"


@pytest.mark.parametrize("secret", [" padded", "two\nlines", "schlüssel"])
async def test_a_secret_that_no_header_can_carry_is_refused(house: House, secret: str) -> None:
    house.secrets["me"] = [secret]
    with pytest.raises(StartError, match="cannot stand in a header") as refused:
        await house.run(url=URL)
    assert secret not in str(refused.value)


async def test_an_unknown_account(house: House) -> None:
    with pytest.raises(StartError, match="there is no account 'anna'; there are: me"):
        await house.run(url=URL, account="anna")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "reactor:8080",
        "ftp://reactor",
        "http://",
        "http://user:hunter2@reactor:8080",
        "http://reactor:8080/?x=1",
        "http://reactor:8080/#x",
        "http://reactor:8080/webhook/me",
        "http://[",
    ],
)
async def test_addresses_that_no_webhook_can_have(house: House, address: str) -> None:
    with pytest.raises(StartError, match="--url") as refused:
        await house.run(url=address)
    assert "hunter2" not in str(refused.value)
    assert not house.immich.requests


def test_addresses() -> None:
    assert reactor_address(" http://reactor:8080/ ") == "http://reactor:8080"
    assert reactor_address("https://photos.example.org/reactor") == "https://photos.example.org/reactor"
    assert reactor_address("http://[fd00::7]:8080") == "http://[fd00::7]:8080"


async def test_each_table_of_requests_knows_its_own_alone() -> None:
    assert not any("workflows" in route.path.pattern for route in ALLOWED)
    async with aiohttp.ClientSession() as session:

        def transport(routes: tuple[Route, ...] = ALLOWED) -> ImmichTransport:
            url, key = "http://127.0.0.1:1", SecretStr("key")
            return ImmichTransport(url, key, AccountId("me"), session=session, routes=routes)

        running, setting_up = transport(), transport(SETUP_ROUTES)
        for method, path in (("DELETE", f"/workflows/{ID}"), ("GET", "/workflows"), ("DELETE", f"/assets/{ID}")):
            with pytest.raises(ForbiddenCall):
                await running.json(method, path)
        for method, path in (
            ("DELETE", f"/assets/{ID}"),
            ("DELETE", "/assets"),
            ("PUT", "/assets"),
            ("DELETE", "/workflows"),
            ("DELETE", f"/workflows/{ID}/../../assets/{ID}"),
            ("GET", f"/assets/{ID}"),
        ):
            with pytest.raises(ForbiddenCall):
                await setting_up.json(method, path)


def test_odd_workflows() -> None:
    """One of the user's is left out; one of ours is named."""
    ours = {"id": ID, "name": PHOTOS, "trigger": "AssetCreate", "enabled": True, "steps": [], "more": 1}
    odd = {"id": ID, "name": "mine", "trigger": "AssetCreate", "steps": {"a": "graph"}}
    assert [one.name for one in read_workflows([odd, 7, None, ours], "GET /workflows")] == [PHOTOS]
    with pytest.raises(Garbled, match=PHOTOS):
        read_workflows([ours | {"steps": {"a": "graph"}}], "GET /workflows")


async def command(house: House, folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run the command line as a process of its own."""
    surroundings = {
        "IMMICH_URL": house.immich.url,
        "IMMICH_API_KEY": house.keys["me"],
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "REACTOR_WEBHOOK_SECRET": SECRET,
    } | environment
    done = await asyncio.to_thread(warm.command, folder, surroundings, "setup", "webhook", *arguments)
    return done.returncode, done.stdout, done.stderr


async def test_the_command_line_and_its_exit_codes(house: House, tmp_path: Path) -> None:
    code, _, error = await command(house, tmp_path)
    assert (code, "--url http://reactor:8080" in error) == (2, True)
    code, _, error = await command(house, tmp_path, "--url", URL, REACTOR_WEBHOOK_SECRET="")
    assert (code, "no webhook secret is set" in error) == (2, True)
    code, out, error = await command(house, tmp_path, "--url", URL, "--dry-run")
    assert (code, "would be made" in out, house.writes()) == (0, True, [])
    code, out, error = await command(house, tmp_path, "--url", URL, "--account", "default")
    assert (code, out.splitlines()[0]) == (0, f"default: “{PHOTOS}” made; it posts to {URL}/webhook/default")
    assert SECRET not in out + error
    code, out, _ = await command(house, tmp_path, IMMICH_API_KEY="revoked")
    assert (code, "nothing was done" in out) == (1, True)
    code, out, _ = await command(house, tmp_path, "--remove")
    assert (code, out.count("removed"), await house.workflows()) == (0, 2, [])
