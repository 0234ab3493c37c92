"""What becomes of a delivery: one decision for every outcome."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from reactor.core.errors import Gone, Held, NotReady, Permanent, Retryable


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and how patiently a delivery is tried.

    ``attempts`` bounds tries after errors, ``patience`` tries while something is not there yet; a kill of the process
    counts as a try, since the claim raises the count.
    """

    attempts: int = 8
    patience: int = 14
    first_s: float = 1.0
    longest_s: float = 600.0
    soon_s: float = 0.25
    soon_longest_s: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Again:
    """Try again after a while."""

    wait: timedelta
    why: str
    counted: bool = True


@dataclass(frozen=True, kw_only=True)
class Dead:
    """Keep the delivery with its error, for a person to look at."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Moot:
    """Nothing is left to do: what it was about is gone."""

    why: str


Verdict: TypeAlias = Again | Dead | Moot


def judge(error: Exception, attempts: int, policy: RetryPolicy, *, jitter: float) -> Verdict:
    """Decide what a failed try means; ``jitter`` in 0..1 spreads the waits over 75 to 125 per cent."""
    why = f"{type(error).__name__}: {error}" if not isinstance(error, Retryable | Permanent) else str(error)
    match error:
        case Held():
            return Again(wait=timedelta(seconds=error.after or policy.longest_s), why=why, counted=False)
        case Gone():
            return Moot(why=why)
        case Permanent():
            return Dead(why=why)
        case NotReady():
            if attempts >= policy.patience:
                return Dead(why=f"{why} (waited {attempts} times)")
            seconds = error.after or _backoff(policy.soon_s, policy.soon_longest_s, attempts)
        case _:
            # An error that no border translated is a fault of ours; it is kept after as many tries as any other.
            if attempts >= policy.attempts:
                return Dead(why=f"{why} (tried {attempts} times)")
            seconds = _backoff(policy.first_s, policy.longest_s, attempts)
            if isinstance(error, Retryable) and error.after is not None:
                seconds = max(error.after, 0.0)
    return Again(wait=timedelta(seconds=seconds * (0.75 + 0.5 * jitter)), why=why)


def _backoff(first_s: float, longest_s: float, attempts: int) -> float:
    return float(min(longest_s, first_s * 2.0 ** min(attempts - 1, 30)))
