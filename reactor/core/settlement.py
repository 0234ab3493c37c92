"""What becomes of a delivery: one decision for every outcome."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from reactor.core.errors import Blocked, Gone, Held, NotReady, Permanent, Retryable, Unreachable


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and how patiently a delivery is tried.

    ``attempts`` bounds tries that failed; a kill of the process counts as one, since the claim raises the count.
    ``patience`` bounds the waiting for something that is not there yet, counted from the first try; what never came is
    shelved. Waiting out an outage, a missing permission or a limit of ours is not bounded and costs no try; where
    ``blocked`` is set, what only a person can mend (a key, a permission) is given up at once, and told in these words.
    """

    attempts: int = 8
    patience: timedelta = timedelta(hours=6)
    first_s: float = 1.0
    # Eight tries span 12 to 20 minutes: Immich answers 500 to everything while its own database is away.
    factor: float = 3.0
    longest_s: float = 600.0
    soon_s: float = 0.25
    soon_longest_s: float = 60.0
    blocked: str | None = None


@dataclass(frozen=True, kw_only=True)
class Again:
    """Try again after a while; ``counted`` if the try counts towards the last one."""

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


@dataclass(frozen=True, kw_only=True)
class Shelved:
    """Put the delivery aside: what it waited for never came; a later event of the same photo takes it up again."""

    why: str


Verdict: TypeAlias = Again | Dead | Moot | Shelved


def judge(error: Exception, *, attempts: int, age: timedelta, policy: RetryPolicy, jitter: float) -> Verdict:
    """Decide what a failed try means; ``age`` since the first try, ``jitter`` in 0..1 spreads the waits.

    Waits that cost no try grow with the age, the others with the tries.
    """
    why = str(error) if isinstance(error, Retryable | Permanent) else f"{type(error).__name__}: {error}"
    match error:
        case Gone():
            return Moot(why=why)
        case Permanent():
            return Dead(why=why)
        case NotReady() if age > policy.patience:
            return Shelved(why=f"{why} (waited for {policy.patience})")
        case Blocked() if policy.blocked is not None:
            return Dead(why=f"{policy.blocked}: {why}")
        case Blocked():
            seconds = min(policy.longest_s, max(policy.first_s, age.total_seconds() / 2))
            counted = False
        case NotReady() | Unreachable() | Held():
            seconds = min(policy.soon_longest_s, max(policy.soon_s, age.total_seconds() / 2))
            counted = False
        case _ if attempts >= policy.attempts:
            # An error that no border translated is a fault of ours; it is kept after as many tries as any other.
            return Dead(why=f"{why} (tried {attempts} times)")
        case _:
            seconds = min(policy.longest_s, policy.first_s * policy.factor ** min(attempts - 1, 30))
            counted = True
    if isinstance(error, Retryable) and error.after is not None:
        seconds = max(error.after, policy.soon_s)
    return Again(wait=timedelta(seconds=seconds * (0.75 + 0.5 * jitter)), why=why, counted=counted)
