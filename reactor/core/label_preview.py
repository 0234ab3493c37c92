"""What a category would match in the stored library, before anybody commits to it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from reactor.core.calibration import SHARES, Calibration
from reactor.core.categories import Category
from reactor.core.gates import OPEN_GATES, GateFacts, Verdict, passes
from reactor.core.ids import AccountId, AssetId
from reactor.core.label_examples import Learned, learned
from reactor.core.orders import Example
from reactor.core.scoring import NEVER, Vectors, reached

BINS = 40
SHOWN = 24
STEPS = tuple(round(0.5 + step * 0.05, 2) for step in range(13))
"""Shares of the way at which a preview counts: .5 to 1.1, with the levels among them."""


@dataclass(frozen=True, kw_only=True)
class Bin:
    """How many photos score from ``low`` to ``high`` (cosine)."""

    low: float
    high: float
    photos: int


@dataclass(frozen=True, kw_only=True)
class AtThreshold:
    """How many photos reach a cosine; ``strictness`` is its name, or its share of the way, "" where there is none."""

    cosine: float
    strictness: str
    photos: int


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A photo with its score; ``fits`` where it would be tagged, ``tagged`` where it carries the tag by us now."""

    asset: AssetId
    score: float
    fits: bool
    tagged: bool


@dataclass(frozen=True, kw_only=True)
class LabelPreview:
    """What a category would match among the stored photos of an account.

    ``fits`` reach the threshold and pass the gates; of ``waits`` a gate is not known yet, ``shut`` are held by one, and
    ``vetoed`` by a negative prompt. ``gains`` would be tagged anew, ``loses`` are tagged by us and would not be.
    ``histogram`` and ``counts`` are of scores alone. ``threshold`` is None while the model is not calibrated.
    """

    account: AccountId
    category: str
    model: str
    photos: int
    threshold: float | None
    calibration: Calibration | None
    fits: int = 0
    waits: int = 0
    shut: int = 0
    vetoed: int = 0
    gains: int = 0
    loses: int = 0
    counts: tuple[AtThreshold, ...] = ()
    histogram: tuple[Bin, ...] = ()
    top: tuple[Seen, ...] = ()
    borderline: tuple[Seen, ...] = ()
    learned: Learned | None = None
    made_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Library:
    """The stored photos of an account, and what is known of them: ``facts`` at least of those that a gate is asked of.

    ``scores`` [N] are the category's, minus infinity where a negative prompt vetoes; ``tagged`` are by us.
    """

    account: AccountId
    model: str
    assets: Sequence[AssetId]
    scores: Vectors
    facts: Mapping[AssetId, GateFacts]
    tagged: Collection[AssetId]


def preview(
    category: Category, library: Library, calibration: Calibration | None, examples: Sequence[Example], note: str = ""
) -> LabelPreview:
    """Return what the category would match; ``note`` says what of the examples could not be asked for."""
    threshold = category.threshold(calibration)
    scores = library.scores
    seen = scores[np.isfinite(scores)]
    places = np.flatnonzero(reached(scores, threshold)) if threshold is not None else np.empty(0, dtype=np.intp)
    verdicts = {int(at): _verdict(category, library, int(at)) for at in places}
    fits = {library.assets[at] for at, verdict in verdicts.items() if verdict is Verdict.OPEN}
    waits = {library.assets[at] for at, verdict in verdicts.items() if verdict is Verdict.WAITS}
    tagged = set(library.tagged)
    return LabelPreview(
        account=library.account,
        category=category.name,
        model=library.model,
        photos=len(library.assets),
        threshold=threshold,
        calibration=calibration,
        fits=len(fits),
        waits=len(waits),
        shut=len(places) - len(fits) - len(waits),
        vetoed=int(np.count_nonzero(scores == NEVER)),
        gains=len(fits - tagged),
        # Of what cannot be decided nothing is taken back (core/labelling.py).
        loses=len(tagged - fits - waits - _in_zone(category, library, threshold)) if threshold is not None else 0,
        counts=_counts(seen, threshold, calibration),
        histogram=_histogram(seen),
        top=_shown(np.argsort(-scores, kind="stable")[:SHOWN], library, fits),
        borderline=_shown(_nearest(scores, threshold), library, fits),
        learned=learned(library.assets, library.scores, examples, threshold, calibration, note),
    )


def _in_zone(category: Category, library: Library, threshold: float) -> set[AssetId]:
    """Return the photos in the grey zone, which keep the tag that they have (core/labelling.py)."""
    if not category.review:
        return set()
    near = reached(library.scores, threshold - category.review) & ~reached(library.scores, threshold)
    return {library.assets[at] for at in np.flatnonzero(near).tolist()}


def needs_facts(category: Category, scores: Vectors, calibration: Calibration | None) -> NDArray[np.intp]:
    """Return the places of the photos of which a preview asks the gates."""
    threshold = category.threshold(calibration)
    if threshold is None or category.gates == OPEN_GATES:
        return np.empty(0, dtype=np.intp)
    return np.flatnonzero(reached(scores, threshold))


def _verdict(category: Category, library: Library, at: int) -> Verdict:
    return passes(category.gates, library.facts.get(library.assets[at], GateFacts()))


def _counts(scores: Vectors, threshold: float | None, calibration: Calibration | None) -> tuple[AtThreshold, ...]:
    ordered = np.sort(scores)
    asked: dict[float, str] = {}
    if calibration is not None:
        names = {share: name for name, share in SHARES.items()}
        asked = {calibration.threshold(share): names.get(share, f"{share:.2f}") for share in STEPS}
    if threshold is not None:
        asked.setdefault(threshold, "")
    return tuple(
        AtThreshold(
            cosine=cosine, strictness=asked[cosine], photos=len(ordered) - int(np.searchsorted(ordered, cosine))
        )
        for cosine in sorted(asked)
    )


def _histogram(scores: Vectors) -> tuple[Bin, ...]:
    if not len(scores):
        return ()
    # Scores of copies of one photo may lie closer together than their precision has room for bins.
    counts, edges = np.histogram(scores.astype(np.float64), bins=BINS)
    return tuple(
        Bin(low=float(low), high=float(high), photos=int(count))
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    )


def _nearest(scores: Vectors, threshold: float | None) -> NDArray[np.intp]:
    """Return the photos nearest to the threshold, best first."""
    if threshold is None:
        return np.empty(0, dtype=np.intp)
    near = np.argsort(np.abs(scores - threshold), kind="stable")[:SHOWN]
    near = near[np.isfinite(scores[near])]
    return near[np.argsort(-scores[near], kind="stable")]


def _shown(places: NDArray[np.intp], library: Library, fits: Collection[AssetId]) -> tuple[Seen, ...]:
    return tuple(
        Seen(
            asset=(asset := library.assets[at]),
            score=float(library.scores[at]),
            fits=asset in fits,
            tagged=asset in library.tagged,
        )
        for at in places.tolist()
        if np.isfinite(library.scores[at])
    )
