"""The web application: every route, and what all of them share."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from structlog.typing import FilteringBoundLogger

from reactor.core.ids import AccountId
from reactor.ports import EventSink
from reactor.server.feed import Activity, Feed
from reactor.server.guard import add_security_headers, guard
from reactor.server.health import HealthRoutes, Readiness
from reactor.server.pages import HERE, Pages, Thumbnail, make_environment, make_renderer
from reactor.server.webhook import MAX_BODY, WebhookAccount, WebhookRoute


def make_app(
    *,
    sink: EventSink,
    accounts: Mapping[AccountId, WebhookAccount],
    readiness: Callable[[], Awaitable[Readiness]],
    activity: Activity,
    thumbnail: Thumbnail,
    log: FilteringBoundLogger,
    open_web: bool = False,
) -> web.Application:
    """Return the application; with ``open_web`` the pages answer to every machine that reaches them."""
    app = web.Application(middlewares=[_explain(log), guard(open_web=open_web)], client_max_size=MAX_BODY)
    app.on_response_prepare.append(add_security_headers)
    webhook = WebhookRoute(sink=sink, accounts=accounts, log=log)
    health = HealthRoutes(readiness)
    environment = make_environment()
    feed = Feed(activity, make_renderer(environment), log=log)
    app.on_shutdown.append(feed.aclose)
    pages = Pages(feed, environment, thumbnail, log=log)
    app.add_routes(
        [
            # Immich's webhook step knows POST and PUT (facts/immich-api.md section 8).
            web.post("/webhook/{account}", webhook.handle),
            web.put("/webhook/{account}", webhook.handle),
            web.get("/healthz", health.alive),
            web.get("/readyz", health.ready),
            web.get("/", pages.index),
            web.get("/feed", feed.handle),
            web.get("/thumb/{account}/{asset}", pages.thumb),
            web.static("/static", HERE / "static"),
        ]
    )
    return app


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
