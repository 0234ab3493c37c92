"""The page that shows what is happening, and the pictures on it."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from structlog.typing import FilteringBoundLogger

from reactor.core.activity import shortened
from reactor.core.briefly import briefly, photo_of
from reactor.core.category_words import asks_words, gate_words, removal_words
from reactor.core.errors import BadWebhook, Permanent, Retryable
from reactor.core.ids import AccountId, AssetId
from reactor.core.review import lost_words, trip_words, veto_words
from reactor.core.status import ago, many, missed_words
from reactor.core.webhook import parse_uuid
from reactor.server.overview import Board, Overview

HERE = Path(__file__).parent
MAX_THUMBNAIL = 2 * 1024 * 1024
THUMBNAIL_TYPES = frozenset({"image/jpeg", "image/webp", "image/png"})
THUMBNAIL_SECONDS = 10.0
THUMBNAILS_AT_ONCE = 8
_ACCOUNT = re.compile(r"[\w.@+-]{1,100}")

Thumbnail = Callable[[AccountId, AssetId], Awaitable[tuple[bytes, str]]]
"""Fetch a small picture of a photo: its bytes and content type; raises Retryable or Permanent."""


@cache
def make_environment() -> Environment:
    """Return the templates, escaping everything that they are given; they are compiled once a process."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        clock=clock, day=day, stamp=stamp, ago=ago, many=many, missed=missed_words, short=shortened
    )
    environment.filters.update(briefly=briefly, photo=photo_of, tripped=trip_words, lost=lost_words, never=veto_words)
    environment.filters.update(asks=asks_words, gates=gate_words, removal=removal_words)
    return environment


def make_renderer(environment: Environment) -> Callable[[Board], str]:
    """Return the function that turns values into the living part of the page."""
    template = environment.get_template("board.html")

    def render(board: Board) -> str:
        return template.render(board=board, status=board.status, at=board.status.at)

    return render


def clock(moment: datetime) -> str:
    """Return the time of day in UTC; the browser puts its own time zone in its place."""
    return moment.astimezone(UTC).strftime("%H:%M:%S UTC")


def day(moment: datetime) -> str:
    """Return date and time in UTC, likewise."""
    return moment.astimezone(UTC).strftime("%d %b %Y, %H:%M UTC")


def stamp(moment: datetime) -> str:
    """Return the time as machines read it, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


class Pages:
    """Answer the first page and its thumbnails."""

    def __init__(
        self,
        overview: Overview,
        environment: Environment,
        thumbnail: Thumbnail,
        *,
        labels: bool,
        log: FilteringBoundLogger,
    ) -> None:
        """Take ``labels`` to say that there is a page of categories, too."""
        self._overview = overview
        self._page = environment.get_template("page.html")
        self._labels = labels
        self._render = make_renderer(environment)
        self._thumbnail = thumbnail
        self._at_once = asyncio.Semaphore(THUMBNAILS_AT_ONCE)
        self._log = log

    async def index(self, _: web.Request) -> web.Response:
        """Answer GET /: the whole page, readable without JavaScript; with the database away it says so."""
        board = await self._overview.board()
        if board.away:
            self._log.warning("the page is shown without the database", reason=board.status.database)
        html = self._page.render(board=self._render(board), labels=self._labels)
        status = 503 if board.away else 200
        return web.Response(text=html, content_type="text/html", status=status, headers={"Cache-Control": "no-store"})

    async def thumb(self, request: web.Request) -> web.Response:
        """Answer GET /thumb/{account}/{asset}: a small picture, passed on within bounds."""
        account = request.match_info["account"]
        try:
            asset = AssetId(parse_uuid(request.match_info["asset"], "the photo's id"))
        except BadWebhook as error:
            return web.Response(status=400, text=f"{error}\n")
        if not _ACCOUNT.fullmatch(account):
            return web.Response(status=400, text="this is no account's name\n")
        try:
            async with asyncio.timeout(THUMBNAIL_SECONDS), self._at_once:
                data, content_type = await self._thumbnail(AccountId(account), asset)
        except (Retryable, TimeoutError):
            return web.Response(status=404, text="there is no picture yet\n", headers={"Cache-Control": "no-store"})
        except Permanent:
            return web.Response(status=404, text="there is no picture\n", headers={"Cache-Control": "max-age=60"})
        content_type = content_type.partition(";")[0].strip().lower()
        if content_type not in THUMBNAIL_TYPES or len(data) > MAX_THUMBNAIL:
            return web.Response(status=502, text="what came is no small picture\n")
        headers = {"Cache-Control": "private, max-age=86400"}
        return web.Response(body=data, content_type=content_type, headers=headers)
