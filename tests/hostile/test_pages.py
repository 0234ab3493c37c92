"""Names, file names and errors that are templates or markup, on the pages, in the feed and in the API.

Scripts in every place of the page: tests/server/test_pages.py. What was sent to the API: tests/api/test_border.py.
"""

import json
from dataclasses import replace
from html.parser import HTMLParser

import aiohttp
import pytest

from reactor.core.accounts import AccountStatus, Lack, Owner
from reactor.core.activity import Summary
from reactor.core.categories import Category
from reactor.core.gates import Gates
from reactor.core.ids import AccountId
from reactor.core.runs import RunState, ScanRequest
from reactor.core.status import Hearing, Way

from ..server.conftest import client, world
from ..server.fakes import World, a_letter, a_line, a_run, some_facts
from ..server.page_rig import a_card, looking

__all__ = ["client", "world"]
TRICKS = {
    "a template": "{{1234*4321}}{% include '/etc/passwd' %}{{config}}${1234*4321}#{1234*4321}<%= 1234*4321 %>",
    "a template's own end": "{% endblock %}{# #}{{ self.__init__.__globals__ }}",
    "a script": "</p></script><script>alert(1)</script>",
    "a handler": '"><img src=x onerror=alert(1)>',
    "a handler without brackets": '" onmouseover="alert(1)" x=\'',
    "a link": "javascript:alert(1)",
    "data": "data:text/html,<script>alert(1)</script>",
    "a picture that runs": "<svg/onload=alert(1)>",
    "entities": "&lt;script&gt;&#60;script&#62;&amp;",
    "the end of a line": "x\r\n\r\nevent: board\r\ndata: <script>alert(1)</script>\n\nretry: 1",
    "lines of other kinds": "x\u2028data: evil\u2029\x85\x0b\x0cdata: evil",
    "a comment": "--><script>alert(1)</script><!--",
    "a style": "</style><style>*{display:none}</style>",
    "bytes for terminals": "\x1b[31m\x07\x9b",
}


class Elements(HTMLParser):
    """Count the elements of a page, and every attribute with its value."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def dress(world: World, words: str) -> None:
    """Let these words stand wherever somebody else's words can stand."""
    account = AccountId(words)
    world.board.cards = (a_card(name=words),)
    world.board.counts = Summary(failed=1, shelved=1)
    world.history.letters = [a_letter(1, error=words, account=account), a_letter(2, state="shelved", error=words)]
    world.history.lines = [a_line(1, account=account, kind=words, subject=words)]
    scan = a_run(1, ScanRequest(album=words, accounts=(account,)))
    world.runs.runs = {scan.id: replace(scan, note=words, state=RunState.FAILED)}
    status = AccountStatus(
        account=account,
        standing="refused",
        why=words,
        owner=Owner(id="1", name=words),
        missing=(Lack(feature=words, permissions=(words,)),),
    )
    hearing = Hearing(account=account, ways=(Way(name=words, words=words),), question=words)
    world.facts = some_facts(accounts=(status,), hearing=(hearing,), model=words, provider=words, model_fault=words)
    category = Category(
        name=words,
        prompts=(words,),
        negative_prompts=(words,),
        action="tag_and_archive",
        album=words,
        accounts=frozenset({account}),
        gates=Gates(filename=(words,), folder=(words,), album=(words,)),
    )
    world.labels.categories = (category,)


async def shown(client: aiohttp.ClientSession) -> tuple[str, str, str]:
    """Return the page, what the feed puts into it, and the page of categories."""
    async with client.get("/categories") as answer:
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        categories = await answer.text()
    async with client.get("/") as answer:
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        html = await answer.text()
    async with looking(client) as browser:
        return html, await anext(browser), categories


@pytest.mark.parametrize("words", TRICKS.values(), ids=TRICKS)
async def test_words_of_others_change_no_page(words: str, client: aiohttp.ClientSession, world: World) -> None:
    dress(world, "plain")
    plain = [Elements(html) for html in await shown(client)]
    dress(world, words)
    for before, html in zip(plain, await shown(client), strict=True):
        found = Elements(html)
        assert sorted(found.tags) == sorted(before.tags), "neither more elements nor others"
        assert sorted(name for name, _ in found.attributes) == sorted(name for name, _ in before.attributes)
        addresses = [value for name, value in found.attributes if name in ("href", "src", "action", "data-post")]
        assert addresses
        assert all(value.startswith(("/", "#")) and not value.startswith("//") for value in addresses)
        assert "5332114" not in html, "nothing was reckoned"


@pytest.mark.parametrize("words", TRICKS.values(), ids=TRICKS)
async def test_words_of_others_stay_words_in_the_feed_and_the_api(
    words: str, client: aiohttp.ClientSession, world: World
) -> None:
    dress(world, words)
    async with client.get("/feed") as answer:
        message = await answer.content.readuntil(b"\n\n")
    lines = message.decode().rstrip("\n").split("\n")
    assert lines[0] == "event: board"
    assert all(line.startswith("data: ") for line in lines[1:])
    assert "\r" not in message.decode()
    for path in ("status", "events", "deadletters", "runs"):
        async with client.get(f"/api/{path}") as answer:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.content_type == "application/json"
            text = await answer.text()
        assert json.dumps(words)[1:-1] in json.dumps(json.loads(text))
        assert min(text) >= " ", "no line ends within, and nothing that a terminal obeys"
