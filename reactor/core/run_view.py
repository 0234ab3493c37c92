"""A run as it is shown: what was asked for in a line, how far it is, what went wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from reactor.core.activity import shortened
from reactor.core.ids import RunId, is_dry
from reactor.core.orders import ApplyRequest, UndoRequest, title_parts
from reactor.core.relabel_runs import RelabelRequest, relabel_title
from reactor.core.runs import Only, ReplayRequest, Run, RunKind, RunRequest, RunState, ScanRequest

# A run that failed is told of for so long; it stays in the list of runs for ever.
FRESH = timedelta(days=1)
FEATURES_OF: Mapping[Only, str] = {"classify": "tags", "stack": "stacks", "faces": "faces"}


@dataclass(frozen=True, kw_only=True)
class RunView:
    """A run beside the live one; ``dry`` where it only plans.

    ``share`` is how much of it is done, 0 to 1; the counts are of its deliveries. ``asks`` where it is paused because
    its budget of changes is used up, not by a person.
    """

    id: RunId
    kind: RunKind
    dry: bool
    title: str
    state: RunState
    share: float
    asked: int
    done: int
    failed: int
    shelved: int
    cancelled: int
    open: int
    note: str
    created_at: datetime
    finished_at: datetime | None
    request: RunRequest
    asks: bool = False

    @property
    def under_way(self) -> bool:
        """Whether it runs or is paused, and may be steered."""
        return self.state in (RunState.RUNNING, RunState.PAUSED)


def run_view(run: Run) -> RunView:
    """Return a run as it is shown."""
    counts = run.counts
    settled = 1 - counts.open / counts.asked if counts.asked else 0.0
    return RunView(
        id=run.id,
        kind=run.kind,
        dry=is_dry(run.id),
        title=title_of(run.request),
        state=run.state,
        # Photos that were not asked for yet are counted by the share of days or events that were.
        share=1.0 if run.state is RunState.DONE else round(run.share * settled, 4),
        asked=counts.asked,
        done=counts.done,
        failed=counts.failed,
        shelved=counts.shelved,
        cancelled=counts.cancelled,
        open=counts.open,
        note=shortened(run.words),
        created_at=run.created_at,
        finished_at=run.finished_at,
        request=run.request,
        asks=run.asks,
    )


def lately_failed(runs: Iterable[RunView], at: datetime) -> tuple[RunView, ...]:
    """Return the runs that failed within a day."""
    return tuple(run for run in runs if run.state is RunState.FAILED and at - (run.finished_at or at) < FRESH)


def title_of(request: RunRequest) -> str:
    """Say in a line what was asked for."""
    match request:
        case ScanRequest():
            parts = [
                f"{'Dry scan' if request.dry else 'Scan'} of {_listed(request.accounts or (), 'all accounts')}",
                f"album {request.album}" if request.album else "",
                _span(request.since, request.until),
                f"{FEATURES_OF[request.only]} only" if request.only else "",
            ]
        case ReplayRequest():
            parts = [
                f"Replay of {'what failed' if request.failed else _listed(request.kinds, 'events of all kinds')}",
                f"of {request.account}" if request.account else "",
                f"about {request.asset}" if request.asset else "",
                f"for {_listed(request.handlers, '')}" if request.handlers else "",
                _span(request.since, request.until),
            ]
        case RelabelRequest():
            parts = [*relabel_title(request)]
        case UndoRequest():
            parts = [*title_parts(request), _span(request.since, request.until)]
        case ApplyRequest():
            parts = [*title_parts(request)]
    return shortened(", ".join(part for part in parts if part))


def _listed(names: Iterable[str], none: str) -> str:
    return " and ".join(names) or none


def _span(since: date | None, until: date | None) -> str:
    """Return the days, or moments, between which was asked."""
    bounds = (("from", since), ("to", until))
    return " ".join(f"{word} {_moment(bound)}" for word, bound in bounds if bound is not None)


def _moment(bound: date) -> str:
    return f"{bound:%Y-%m-%d %H:%M %Z}" if isinstance(bound, datetime) else bound.isoformat()
