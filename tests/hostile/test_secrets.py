"""A noisy run of the whole reactor beside servers that repeat every secret: nothing that it writes holds one.

Secrets of the settings: test_settings_files.py and tests/settings. Single errors: test_immichs_answers.py.
"""

import asyncio
import io
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog

from reactor.cli.base import setup_logging
from reactor.config import FixedSettings
from reactor.core.errors import StartError
from reactor.demo.labels import CLASSIFICATION
from reactor.demo.phone import Shot
from reactor.demo.pictures.library import sample_library
from reactor.wiring.database import open_database
from reactor.wiring.reactor import open_reactor

from ..household import START, Household, a_household, a_picture, eventually
from .echo import MOODS, Echo, an_echo, forms_of
from .noise import everything_kept, pages, said_by, webhooks

WEBHOOK = "WebhookSecret/Nobody+Knows=Zq7"
OLD_WEBHOOK = "FormerSecret-of-the-webhook-Xw3"
# Of letters that may stand in a version.
FRIGATE = "FrigatePassword.With+Odd~Letters-Qd8"
WEB = "WebToken.that-opens_the~page-Kp9"
MQTT = "MqttPassword:of#the+broker-Lm2"
DATABASE = "DatabasePassword-Vb5-of-nobody"


@pytest.fixture
async def home() -> AsyncIterator[Household]:
    async with a_household() as opened:
        yield opened


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Catch all that is logged, down to the last word of every library."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    root = logging.getLogger()
    level = root.level
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", out)
        setup_logging("DEBUG")
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.getLogger("asyncpg").setLevel(logging.DEBUG)
    yield out
    root.removeHandler(handler)
    root.setLevel(level)
    structlog.reset_defaults()


def settings_of(immich: Echo, frigate: Echo, home: Household, database: str, folder: Path) -> FixedSettings:
    said: dict[str, Any] = {
        "accounts": {"me": {"api_key": home.key, "url": immich.url, "webhook_secrets": [WEBHOOK, OLD_WEBHOOK]}},
        "mode": "apply",
        "host": "127.0.0.1",
        "port": 0,
        "web_token": WEB,
        "data_dir": str(folder),
        "database_url": with_password(database),
        "classification": CLASSIFICATION.model_dump(mode="json"),
        "stacks": {"quiet_seconds": 0.1, "patience_seconds": 0.5},
        "frigate": {"url": frigate.url, "user": "reactor", "password": FRIGATE, "unanswered_seconds": 0.5},
        "mqtt": {"host": "127.0.0.1", "port": 1, "user": "reactor", "password": MQTT},
        "poll_seconds": 0.3,
        "people_seconds": 0.3,
        "changes_seconds": 0.3,
    }
    return FixedSettings(**said)


def with_password(dsn: str) -> str:
    """Return the address with a password, which a server that trusts its machine does not ask for."""
    scheme, _, rest = dsn.partition("://")
    user, at, place = rest.rpartition("@")
    assert at, dsn
    return f"{scheme}://{user.partition(':')[0]}:{DATABASE}@{place}"


async def test_nothing_that_a_noisy_run_writes_holds_a_secret(
    home: Household, database: str, written: io.StringIO, tmp_path: Path, demo_model: Path
) -> None:
    found: list[str] = []
    async with an_echo(home.key, behind=home.immich.url) as immich, an_echo(FRIGATE) as frigate:
        settings = settings_of(immich, frigate, home, database, tmp_path / "data")
        found += [repr(settings), str(settings), settings.model_dump_json()]
        photo = await home.photo(0)
        frigate.mood = "odd"

        async def kept(words: str, table: str) -> bool:
            found.extend(await pages(reactor.url, photo, WEB))
            return words in "".join(await everything_kept(database, table))

        async with open_reactor(settings, model_folder=demo_model) as reactor:
            await a_portrait(home)
            await eventually(lambda: kept("AddPortrait", "journal"), "a face is given to Frigate", seconds=60)
            await home.phone.tell_reactor(f"{reactor.url}/webhook/me", WEBHOOK)
            for number, mood in enumerate(MOODS, 1):
                immich.mood = frigate.mood = mood
                await home.phone.upload(Shot(file_name=f"{number}.jpg", data=a_picture(number), taken_at=START))
                found += await webhooks(reactor.url, photo, WEBHOOK)
                async with asyncio.timeout(10):
                    while not (immich.asked.get(mood) and frigate.asked.get(mood)):
                        found += await pages(reactor.url, photo, WEB)
            found += await commands(settings, immich, tmp_path)
            immich.mood, frigate.mood = "fine", "odd"
            last = await home.photo(len(MOODS) + 1)
            await eventually(lambda: kept(last, "photos"), "a photo is looked at after all", seconds=60)
        found += await everything_kept(database)
    log = written.getvalue()
    assert all(words in log for words in ("refuses the API key", "where the key does not go", "redirected to"))
    assert leaks([*found, log], home.key, WEBHOOK, OLD_WEBHOOK, FRIGATE, WEB, MQTT, DATABASE) == []
    assert odd_characters(log) == set()


async def a_portrait(home: Household) -> None:
    """Upload a photo of somebody with a name."""
    portrait = next(one for one in sample_library(seed=5, photos=9, start=START) if len(one.faces) == 1)
    photo = await home.phone.upload(Shot(file_name="anna.jpg", data=portrait.jpeg, taken_at=START))
    await home.rest()
    left, top, right, bottom = map(int, portrait.faces[0].box)
    person = home.immich.recognise(photo, box=(left, top, right, bottom), image_size=portrait.size)
    async with (
        aiohttp.ClientSession(headers={"x-api-key": home.key}) as session,
        session.put(f"{home.immich.url}/api/people/{person}", json={"name": "Anna"}) as answer,
    ):
        assert answer.status == 200


async def commands(settings: FixedSettings, immich: Echo, place: Path) -> list[str]:
    """Return what commands say beside a running reactor."""
    assert settings.database_url is not None
    environment = {
        "REACTOR_DATA_DIR": str(place / "data"),
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "IMMICH_URL": immich.url,
        "IMMICH_API_KEY": immich.secrets[0],
        "REACTOR_WEBHOOK_SECRET": WEBHOOK,
        "LOG_LEVEL": "DEBUG",
    }
    immich.mood = "400"
    said = await asyncio.gather(
        said_by(["deadletters"], place, environment),
        said_by(["setup", "webhook", "--url", "http://127.0.0.1:9"], place, environment),
    )
    return list(said)


@pytest.mark.parametrize(
    "place", ["127.0.0.1:1/x", "[127.0.0.1:1/x", f"127.0.0.1:{DATABASE}/x", f"nowhere/?port={DATABASE}"]
)
async def test_a_database_that_cannot_be_reached_is_named_without_its_password(
    place: str, written: io.StringIO, tmp_path: Path
) -> None:
    url = f"postgresql://reactor:{DATABASE}@{place}"
    settings = FixedSettings.model_validate({"database_url": url, "data_dir": str(tmp_path / "data")})
    with pytest.raises(StartError) as caught:
        async with open_database(settings):
            pass
    assert leaks([str(caught.value), repr(caught.value.__cause__), written.getvalue()], DATABASE) == []


def odd_characters(log: str) -> set[str]:
    """Return what a terminal that shows the log would take for commands."""
    return {letter for letter in log if not letter.isprintable()} - {"\n"}


def leaks(texts: list[str], *secrets: str) -> list[str]:
    """Return where a secret stands, and what stands around it."""
    found = []
    for text in (text.lower() for text in texts):
        for secret in secrets:
            for form, words in forms_of(secret).items():
                if (at := text.find(words)) >= 0:
                    found.append(f"{secret[:6]} {form}: {text[max(0, at - 200) : at + 100]!r}")
    return found
