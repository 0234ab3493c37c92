"""How the API starts a run."""

from reactor.core.run_view import run_view
from reactor.core.runs import RunRequest, check
from reactor.server.api.answers import Started
from reactor.server.api.table import Answer
from reactor.server.desk import Desk


async def start(desk: Desk, request: RunRequest) -> Answer:
    """Check a request, write the run down and answer with it; raises BadRequest."""
    check_here(desk, request)
    run = await desk.runs.start(request)
    return 202, Started(run=run_view(run), joined=run.joined)


def check_here(desk: Desk, request: RunRequest) -> None:
    """Raise BadRequest where this reactor could not do what is asked."""
    accounts = [status.account for status in desk.facts().accounts]
    check(request, accounts=accounts, handlers=desk.handlers)
