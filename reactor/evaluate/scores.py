"""How stacks compare with labelled bursts."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from reactor.core.ids import AssetId
from reactor.evaluate.truth import Row


@dataclass(frozen=True, kw_only=True)
class RuleScore:
    """How the stacks of one rule compare with the bursts labelled; precision, recall and f1 over all pairs of photos.

    ``exact_bursts`` were reproduced to the photo; ``wrong_singles`` counts by kind the photos of no burst that ended in
    a stack.
    """

    precision: float
    recall: float
    f1: float
    exact_bursts: int
    wrong_singles: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class StackReport:
    """How the reactor's stacks and those of other rules compare with the bursts labelled.

    ``bursts`` are there to be found; ``others`` scores by name what else could be asked of the same photos;
    ``seconds`` is the time for the reactor's own, embedding included.
    """

    images: int
    bursts: int
    score: RuleScore
    others: Mapping[str, RuleScore]
    seconds: float


def bursts_of(rows: Sequence[Row]) -> frozenset[frozenset[AssetId]]:
    """Return the labelled bursts of two photos or more."""
    labelled: dict[str, set[AssetId]] = {}
    for row in rows:
        if row.burst is not None:
            labelled.setdefault(row.burst, set()).add(AssetId(row.file))
    return frozenset(frozenset(members) for members in labelled.values() if len(members) > 1)


def compare(rows: Sequence[Row], stacks: Collection[frozenset[AssetId]]) -> RuleScore:
    """Score stacks against the labels; of no pair made, precision is 1, of no pair labelled, recall is 1."""
    bursts = bursts_of(rows)
    true, made = _pairs(bursts), _pairs(stacks)
    right = len(true & made)
    stacked = frozenset[AssetId]().union(*stacks)
    wrong = Counter(row.kind for row in rows if row.burst is None and row.file in stacked)
    return RuleScore(
        precision=right / len(made) if made else 1.0,
        recall=right / len(true) if true else 1.0,
        f1=2 * right / (len(made) + len(true)) if made or true else 1.0,
        exact_bursts=sum(burst in stacks for burst in bursts),
        wrong_singles=dict(sorted(wrong.items())),
    )


def _pairs(groups: Iterable[frozenset[AssetId]]) -> frozenset[tuple[AssetId, AssetId]]:
    return frozenset(pair for group in groups for pair in combinations(sorted(group), 2))
