"""The web application: every route, and what all of them share."""

from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import SecretStr
from structlog.typing import FilteringBoundLogger

from reactor.core.ids import AccountId
from reactor.ports import EventSink
from reactor.server.api.border import explained
from reactor.server.api.follow import Follow
from reactor.server.api.rows import make_api
from reactor.server.category_page import CategoryPage
from reactor.server.desk import Activity, Desk
from reactor.server.feed import Feed
from reactor.server.guard import Access, add_security_headers, guard
from reactor.server.health import HealthRoutes, Readiness
from reactor.server.overview import Overview
from reactor.server.pages import HERE, Pages, Thumbnail, make_environment, make_renderer
from reactor.server.webhook import MAX_BODY, Heard, WebhookAccount, WebhookRoute


def make_app(
    *,
    sink: EventSink,
    accounts: Mapping[AccountId, WebhookAccount],
    activity: Activity,
    thumbnail: Thumbnail,
    log: FilteringBoundLogger,
    desk: Desk | None = None,
    readiness: Callable[[], Awaitable[Readiness]] | None = None,
    heard: Heard | None = None,
    web_token: SecretStr | None = None,
) -> web.Application:
    """Return the application; without a ``desk`` it has no API, and its page shows photos alone.

    ``readiness`` is made of what the desk tells, unless it is given. ``heard`` is told of every webhook. With a
    ``web_token`` page and API answer to whoever carries it, else to this machine alone.
    """
    access = Access(web_token, log=log)
    middlewares = [_explain(log), guard(access), explained(log)]
    app = web.Application(middlewares=middlewares, client_max_size=MAX_BODY)
    app.on_response_prepare.append(add_security_headers)
    overview = Overview(activity, desk)
    health = HealthRoutes(readiness or overview.readiness, may_know=access.allows)
    webhook = WebhookRoute(sink=sink, accounts=accounts, log=log, heard=heard)
    app.add_routes(
        [
            # Immich's webhook step knows POST and PUT (facts/immich-api.md section 8).
            web.post("/webhook/{account}", webhook.handle),
            web.put("/webhook/{account}", webhook.handle),
            web.get("/healthz", health.alive),
            web.get("/readyz", health.ready),
            *_pages(app, overview, thumbnail, desk, log),
            *(_api(app, overview, desk, log) if desk is not None else ()),
        ]
    )
    app.on_cleanup.append(overview.aclose)
    return app


def _pages(
    app: web.Application, overview: Overview, thumbnail: Thumbnail, desk: Desk | None, log: FilteringBoundLogger
) -> list[web.AbstractRouteDef]:
    environment = make_environment()
    feed = Feed(overview, make_renderer(environment), log=log)
    app.on_shutdown.append(feed.aclose)
    pages = Pages(overview, environment, thumbnail, labels=desk is not None, log=log)
    categories = [web.get("/categories", CategoryPage(desk, overview, environment, log=log).index)] if desk else []
    return [
        web.get("/", pages.index),
        *categories,
        web.get("/feed", feed.handle),
        web.get("/thumb/{account}/{asset}", pages.thumb),
        web.static("/static", HERE / "static"),
    ]


def _api(app: web.Application, overview: Overview, desk: Desk, log: FilteringBoundLogger) -> list[web.AbstractRouteDef]:
    follow = Follow(desk.history, overview, log=log)
    app.on_shutdown.append(follow.aclose)
    return [*make_api(desk, overview, follow, version=version("immich-reactor"))]


def _explain(log: FilteringBoundLogger) -> Middleware:
    """Return the middleware that answers what nobody foresaw: without details outside, with all of them in the log."""

    @web.middleware
    async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except Exception:  # the border: what nobody foresaw is logged whole and answered without details
            log.exception("a request failed", method=request.method, path=request.path)
            return web.json_response({"message": "something went wrong here; the log tells more"}, status=500)

    return explain
