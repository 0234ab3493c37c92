"""Which of many stored photos carry other labels than the rules of now ask for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reactor.core.calibration import Calibration
from reactor.core.categories import Catalogue
from reactor.core.gates import GateFacts, Verdict, passes
from reactor.core.ids import AccountId, AssetId
from reactor.core.scoring import Scorer, Vectors
from reactor.core.tag_names import TAG_PREFIX


@dataclass(frozen=True, kw_only=True)
class LabelledPage:
    """Stored photos in the order of their ids, and what labels of ours they carry.

    ``archiving_decided`` says that it was decided before to archive the photo, whatever came of that. ``vectors``
    [K, D] has a row for each photo that is ``known``, in order. ``last`` is the id to go on behind, ``full`` says that
    there may be more.
    """

    assets: tuple[AssetId, ...]
    checksums: tuple[str, ...]
    vectors: Vectors
    known: tuple[bool, ...]
    facts: Sequence[GateFacts]
    external: tuple[bool, ...]
    ours: tuple[frozenset[str], ...]
    archiving_decided: tuple[bool, ...]
    last: str
    full: bool = False


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What labels are decided by: all categories, and what the model was measured at."""

    catalogue: Catalogue
    calibration: Calibration | None


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A photo whose labels are not what the rules ask for: tags that are missing, and tags of ours to take off.

    ``unsure`` are tags of ours of which a gate decides that is not known yet. ``asks`` says that there is more to be
    decided: a gate has to be asked, or a category archives what it tagged before.
    """

    asset: AssetId
    checksum: str
    missing: frozenset[str] = frozenset()
    stale: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    asks: bool = False


def differences(page: LabelledPage, account: AccountId, rules: Rules, scorer: Scorer) -> tuple[Difference, ...]:
    """Return the photos of a page that differ from what the rules ask for; vetoes are no matter here.

    ``scorer`` holds the categories of the account that are ``scorable``.
    """
    if not rules.catalogue.enabled:
        return ()
    categories = rules.catalogue.of(account)
    held = _Held(
        scorer=scorer,
        undecided=frozenset(
            one.tag for one in categories if not one.enabled or one.threshold(rules.calibration) is None
        ),
        asked_for=frozenset(one.tag for one in categories),
    )
    # In the precision of the threshold: rounded, it could lie on the other side of a score (core/labelling.py).
    thresholds = np.array([one.threshold(rules.calibration) for one in scorer.categories], dtype=np.float64)
    zones = np.array([one.review for one in scorer.categories], dtype=np.float64)
    scores = scorer.scores(page.vectors)
    sure, near = scores >= thresholds, scores >= thresholds - zones
    rows = np.cumsum(page.known) - 1
    found = []
    for at in np.flatnonzero(_looked_at(page, near)):
        row = rows[at]
        known = page.known[at]
        columns = np.flatnonzero(near[row]).tolist() if known else []
        reached = frozenset(np.flatnonzero(sure[row]).tolist()) if known else frozenset()
        if (difference := held.difference(page, int(at), columns, reached)) is not None:
            found.append(difference)
    return tuple(found)


def _looked_at(page: LabelledPage, near: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which photos of the page carry a label of ours or may fit one: few, mostly."""
    known = np.array(page.known, dtype=np.bool_)
    looked_at = np.array([bool(ours) for ours in page.ours], dtype=np.bool_)
    if near.size:
        looked_at[known] |= near.any(axis=1)
    return looked_at


@dataclass(frozen=True, kw_only=True)
class _Held:
    """What photos of one account are held against; ``undecided`` are tags of which nothing is said now."""

    scorer: Scorer
    undecided: frozenset[str]
    asked_for: frozenset[str]

    def difference(
        self, page: LabelledPage, at: int, columns: Collection[int], sure: Collection[int]
    ) -> Difference | None:
        """Return how a photo differs, from the categories that it may fit, and that it surely fits but for gates."""
        tags = {column: self.scorer.categories[column].tag for column in columns}
        verdicts = {column: passes(self.scorer.categories[column].gates, page.facts[at]) for column in columns}
        fits = {tags[column] for column in columns if verdicts[column] is Verdict.OPEN and column in sure}
        kept = {tags[column] for column in columns if verdicts[column] is not Verdict.SHUT} | self.undecided
        ours = {tag for tag in page.ours[at] if tag.startswith(TAG_PREFIX)}
        # Of a photo without a vector only what no category at all asks for is known to be stale.
        stale = ours - kept if page.known[at] else ours - self.asked_for
        waits = {tags[column] for column in columns if verdicts[column] is Verdict.WAITS}
        asks = not waits <= ours
        if not page.archiving_decided[at] and not page.external[at]:
            asks = asks or any(
                verdicts[column] is Verdict.OPEN and column in sure and self.scorer.categories[column].archives
                for column in columns
            )
        missing = frozenset[str]() if page.external[at] else frozenset(fits - ours)
        unsure = frozenset(waits & ours)
        if not (stale or missing or unsure or asks):
            return None
        return Difference(
            asset=page.assets[at],
            checksum=page.checksums[at],
            missing=missing,
            stale=frozenset(stale),
            unsure=unsure,
            asks=asks,
        )
