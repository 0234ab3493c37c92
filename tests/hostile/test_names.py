"""Names of people with path parts, control characters and look-alikes, on their way to the log and to Frigate.

What a legal name is and what becomes of odd ones: tests/frigate/test_names.py. Names on the page: test_pages.py.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import aiohttp
import asyncpg
import pytest
from pydantic import SecretStr

from reactor.adapters.frigate.faces import segment
from reactor.adapters.immich.reading import LONGEST_NAME, ImmichLibrary, usable_name
from reactor.adapters.immich.transport import ImmichTransport
from reactor.adapters.postgres.bookmarks import PostgresBookmarks
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.wake import Wake
from reactor.core.errors import Permanent
from reactor.core.frigate_names import frigate_name
from reactor.core.ids import AccountId
from reactor.routing import Router
from reactor.sources.people import PeoplePoll

from ..immich_client.oddities import Odd, odd_server

ME = AccountId("me")
TRICKS = {
    "path parts": "../../../etc/passwd",
    "a folder": "anna/../../train",
    "a drive": "C:\\Windows\\system32",
    "NUL": "An\0na",
    "half a pair": "An\ud800na",
    "control characters": "An\x1b[31mna\r\nX-Header: y\x07",
    "words turned around": "\u202egnp.annA\u202c",
    "isolated words": "\u2066Anna\u2069",
    "a space that nobody sees": "An\u200bna\ufeff",
    "a flood of marks": "A" + "\u0301\u0489\u20dd" * 3000,
    "ten thousand letters": "x" * 10_000,
    "ten thousand capital sharp s": "ẞ" * 10_000,
    "markup": "<script>alert(1)</script>",
    "a template": "{{7*7}}${7*7}<%= 7*7 %>",
    "SQL": "'; DROP TABLE events; --",
    "a line of its own": "Anna\u2028Bert\u2029",
    "Frigate's own folder": "train",
    "Frigate's own folder in disguise": "tr\u200bain",
    "tags of a language": "An\U000e0061na\U000e007f",
    "blank letters": "\u3164An\u115f\u1160na\uffa0",
    "a shell": "$(reboot)`reboot`",
    "percent": "%2e%2e%2f%00",
    "dots": "..",
}


@pytest.mark.parametrize("name", TRICKS.values(), ids=TRICKS)
def test_what_frigate_is_given_is_one_harmless_part_of_a_path(name: str) -> None:
    mapped = frigate_name(name)
    if mapped is None:
        return
    assert set('/\\.:*?"<>|{}$%`\0\x1b\r\n').isdisjoint(mapped)
    assert mapped.isprintable()
    assert mapped.casefold() not in ("train", "unknown", "none")
    assert "/" not in segment(mapped)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "../x"])
def test_a_part_of_a_path_is_never_a_path(name: str) -> None:
    with pytest.raises(Permanent, match="cannot be a name"):
        segment(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna", "Аnnа"),  # Cyrillic А and а
        ("Anna", "Αnna"),  # Greek Alpha
        ("Anna", "Ａｎｎａ"),  # full width
        ("Anna", "anna"),
        ("Anna", "Ánna"),
        ("Ilse", "lIse"),
        ("fi", "ﬁ"),
    ],
)
def test_people_who_only_look_alike_keep_folders_of_their_own(one: str, other: str) -> None:
    assert len({frigate_name(one), frigate_name(other)} - {None}) == 2


@pytest.mark.parametrize(
    "same", ["An\u200bna", "\u202eAnna", "Anna\ufeff", "Anna\u2060", " Anna ", "Anna\0", "\u2067Anna\u2069"]
)
def test_a_name_that_differs_by_what_nobody_sees_is_the_same(same: str) -> None:
    assert frigate_name(same) == "Anna"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (" Anna\t", "Anna"),
        ("An\u00adna\u200e\u200f\u061c\u180e\u2061\ufff9\U0001d173\U000e0041", "Anna"),  # format characters
        ("\u3164Anna\u115f\u1160\uffa0", "Anna"),  # letters that are blank
        ("\u3164\u200b", ""),
        ("نمی\u200cدانم", "نمی\u200cدانم"),  # Persian
        ("ක්\u200dෂ", "ක්\u200dෂ"),  # Sinhala
        ("한국 金 Ågot Ó'Brian-Łoś", "한국 金 Ågot Ó'Brian-Łoś"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("x" * 500, "x" * LONGEST_NAME),
    ],
)
def test_a_name_holds_nothing_that_nobody_sees(given: str, shown: str) -> None:
    assert usable_name(given) == shown


def person(number: int, name: str) -> dict[str, Any]:
    return {
        "id": f"{number:08x}-0000-4000-8000-000000000000",
        "name": name,
        "isHidden": False,
        "updatedAt": "2026-11-20T20:53:30.842Z",
    }


@pytest.fixture
async def odd() -> AsyncIterator[Odd]:
    """Serve people whose names are all tricks, and one whose name is none."""
    listed = [person(number, name) for number, name in enumerate(TRICKS.values())] + [person(999, "Ida")]

    async def answer(request: aiohttp.web.Request) -> aiohttp.web.Response:
        match request.path.split("/")[2:]:
            case ["people"]:
                return aiohttp.web.json_response({"people": listed, "hasNextPage": False, "total": len(listed)})
            case ["users", "me"]:
                return aiohttp.web.json_response({"id": "u", "name": "Me"})
            case ["search", "metadata"]:
                return aiohttp.web.json_response({"assets": {"items": [], "nextPage": None}})
            case ["people", *_]:
                return aiohttp.web.json_response({"assets": 3})
        return aiohttp.web.json_response({}, headers={"Date": "Sat, 21 Nov 2026 10:00:00 GMT"})

    async with odd_server(answer) as server:
        yield server


async def test_no_name_stops_the_poll_or_is_refused_by_the_log(odd: Odd, pool: asyncpg.Pool) -> None:
    async with aiohttp.ClientSession() as session:
        transport = ImmichTransport(odd.url, SecretStr("key"), ME, session=session)
        async with aclosing(Wake(pool)) as wake:
            log = PostgresEventLog(pool, Router(), wake)
            poll = PeoplePoll(ME, ImmichLibrary(transport), log, PostgresBookmarks(pool))
            told = await poll.once()
            assert await poll.once() == 0, "nothing is told twice: what is stored is what is read"
    names = {row["name"] for row in await pool.fetch("SELECT payload->>'name' AS name FROM events")}
    assert "Ida" in names
    assert told == len(TRICKS) + 1
    assert all(name and len(name) <= LONGEST_NAME for name in names)
    unseen = set("\0\x1b\r\n\x07\u202e\u202c\u2066\u2069\u200b\ufeff\u3164\u115f\u1160\uffa0\U000e0061\U000e007f")
    assert unseen.isdisjoint("".join(names))
