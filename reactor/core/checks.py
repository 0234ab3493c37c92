"""Each thing that the reactor stands on, in a line of words: what /readyz tells."""

from collections.abc import Iterable

from reactor.core.activity import Summary
from reactor.core.review import lost_words, trip_words
from reactor.core.run_view import lately_failed
from reactor.core.status import FAILED, OK, AccountView, SourceView, Status, missed_words


def checks_of(status: Status) -> dict[str, str]:
    """Return each thing that the service stands on, in words; what fails begins with "failed: "."""
    checks = {"database": status.database, "model": status.model, "provider": status.provider}
    checks |= {f"immich {account.account}": _check(account) for account in status.accounts}
    checks |= {f"sources {source.account}": heard_words(source, status) for source in status.sources}
    if status.counts is not None:
        checks["backlog"] = _backlog(status.counts)
        checks["limits"] = _failed("; ".join(trip_words(trip) for trip in status.trips)) or OK
        checks["asks"] = "; ".join(_questions(status)) or "nothing"
        checks["runs"] = _runs(status)
    return checks | dict(status.others)


def heard_words(source: SourceView, status: Status) -> str:
    """Return in one line how an account hears: "webhook last heard 3 minutes ago; 12 photos missed since ..."."""
    lines = [f"{way.name} {way.words}" for way in source.ways]
    if source.missed:
        lines.append(missed_words(source, status.at))
    if source.question:
        lines.append(f"waits for an answer: {source.question}")
    return "; ".join(lines)


def _check(account: AccountView) -> str:
    if not account.well:
        return _failed(account.words)
    off = [f"{one.feature} (add {', '.join(one.add)})" for one in account.off if not one.optional]
    return f"{OK}, but switched off: {', '.join(off)}" if off else OK


def _backlog(counts: Summary) -> str:
    states = {"waiting": counts.waiting, "dead": counts.failed, "shelved": counts.shelved, "held": counts.held}
    return ", ".join(f"{number} {state}" for state, number in states.items() if number) or "empty"


def _runs(status: Status) -> str:
    lines = [f"{run.id} is {run.state}, {run.share:.0%} done" for run in status.runs if run.under_way]
    failed = [f"{run.id} failed: {run.note}" for run in lately_failed(status.runs, status.at)]
    words = "; ".join([*failed, *lines])
    return _failed(words) if failed else words or "none"


def _questions(status: Status) -> Iterable[str]:
    yield from (lost_words(lost) for lost in status.lost)
    yield from (f"{run.title}: {run.note}" for run in status.runs if run.asks)


def _failed(words: str) -> str:
    return f"{FAILED}{words}" if words else ""
