"""A webhook secret is replaced without one webhook lost: the new one goes before the old one, then the old one goes."""

import aiohttp
import structlog
from structlog.testing import capture_logs

from reactor.config import AccountSettings
from reactor.core.ids import AccountId
from reactor.server.app import make_app
from reactor.server.run import serving
from reactor.server.webhook import WebhookAccount
from reactor.wiring.immich import open_accounts
from reactor.wiring.outside import warn_of_weak_secrets
from reactor.wiring.session import open_session

from ..server.fakes import World, body
from .conftest import METADATA, PHOTOS, House

OLD, NEW = "the-old-secret-of-last-year", "the-new-secret-of-this-year"


class Stand:
    """The reactor on one port, started anew with the secrets that the settings hold."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.port = 0

    async def with_secrets(self, *secrets: str, setup: bool = False) -> tuple[list[int], set[int]]:
        """Return the answers to the old and the new secret, and those to what Immich's workflows send."""
        self.house.secrets["me"] = list(secrets)
        world = World()
        async with open_session() as session:
            clients = open_accounts(self.house.settings.households(), session)
        app = make_app(
            sink=world.sink,
            accounts={one.id: WebhookAccount(secrets=one.webhook_secrets) for one in clients.values()},
            activity=world.board,
            thumbnail=world.thumbnail,
            log=structlog.get_logger(),
        )
        async with serving(app, host="127.0.0.1", port=self.port) as self.port:
            if setup:
                assert await self.house.run(url=f"http://127.0.0.1:{self.port}") == 0
            told = {
                (await self.house.workflow(name))["steps"][0]["config"]["headerValue"] for name in (PHOTOS, METADATA)
            }
            return [await self.post(f"Bearer {one}") for one in (OLD, NEW)], {await self.post(one) for one in told}

    async def post(self, header: str) -> int:
        url, headers = f"http://127.0.0.1:{self.port}/webhook/me", {"Authorization": header}
        async with aiohttp.ClientSession() as session, session.post(url, json=body(), headers=headers) as answer:
            return answer.status


async def test_a_secret_is_rotated_with_both_valid_for_a_while(house: House) -> None:
    stand = Stand(house)
    assert await stand.with_secrets(OLD, setup=True) == ([202, 401], {202})
    # Both are valid while Immich still sends the old one ...
    assert await stand.with_secrets(NEW, OLD) == ([202, 202], {202})
    # ... and after the first one, which is the new one, was written into its workflows;
    assert await stand.with_secrets(NEW, OLD, setup=True) == ([202, 202], {202})
    assert [line.partition(" repaired ")[2].partition(";")[0] for line in house.said[:2]] == [
        "(its secret was another)"
    ] * 2
    assert OLD not in str(house.said)
    # then the old one is worth nothing.
    assert await stand.with_secrets(NEW) == ([401, 202], {202})


async def test_a_weak_secret_works_and_is_warned_of_without_being_said() -> None:
    secrets = {"well": [NEW, OLD], "none": [], "weak": [NEW, "short-secret-15"], "empty": [""], "just": ["x" * 16]}
    households = {
        name: AccountSettings.model_validate({"api_key": "key", "url": "http://immich", "webhook_secrets": said})
        for name, said in secrets.items()
    }
    async with open_session() as session:
        clients = open_accounts(households, session)
    with capture_logs() as lines:
        warn_of_weak_secrets(clients)
    assert [(line["log_level"], line["account"]) for line in lines] == [
        ("warning", AccountId("weak")),
        ("warning", AccountId("empty")),
    ]
    assert "short-secret-15" not in str(lines)
