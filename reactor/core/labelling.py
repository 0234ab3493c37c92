"""What a photo is labelled, and which labels of ours it should not carry any more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reactor.core.calibration import Calibration
from reactor.core.categories import Catalogue, Category
from reactor.core.gates import GateFacts, Verdict, passes
from reactor.core.ids import AccountId
from reactor.core.scoring import Scorer, Vectors
from reactor.core.tag_names import TAG_PREFIX


@dataclass(frozen=True, kw_only=True)
class Match:
    """A category that a photo fits: the cosine of its best prompt, and the threshold that it was held against."""

    category: Category
    score: float
    prompt: str
    threshold: float

    @property
    def sure(self) -> bool:
        return self.score >= self.threshold


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The decision about one photo, best match first.

    ``fits`` reach their threshold, or the grey zone below it; ``waits`` would, but for a gate of which the photo's
    facts are not known yet. ``open`` are the names of enabled categories of which nothing can be said yet: not that
    they do not fit.
    """

    fits: tuple[Match, ...] = ()
    waits: tuple[Match, ...] = ()
    open: frozenset[str] = frozenset()

    @property
    def sure(self) -> tuple[Match, ...]:
        return tuple(match for match in self.fits if match.sure)

    @property
    def unsure(self) -> tuple[Match, ...]:
        return tuple(match for match in self.fits if not match.sure)


def scorable(categories: Sequence[Category], calibration: Calibration | None) -> tuple[Category, ...]:
    """Return the enabled categories that can be decided now: those whose threshold is known."""
    return tuple(one for one in categories if one.enabled and one.threshold(calibration) is not None)


def label(
    photo: Vectors,
    facts: GateFacts,
    categories: Sequence[Category],
    scorer: Scorer,
    calibration: Calibration | None,
) -> Labels:
    """Decide what a photo of unit vector [D] fits; ``scorer`` holds the ``scorable`` ones of the categories."""
    fits: list[Match] = []
    waits: list[Match] = []
    unknown = {one.name for one in categories if one.enabled and one.threshold(calibration) is None}
    for category, (score, prompt) in zip(scorer.categories, scorer.score(photo), strict=True):
        threshold = category.threshold(calibration)
        assert threshold is not None
        if score < threshold - category.review or (verdict := passes(category.gates, facts)) is Verdict.SHUT:
            continue
        match = Match(category=category, score=score, prompt=prompt, threshold=threshold)
        (fits if verdict is Verdict.OPEN else waits).append(match)
    return Labels(fits=_best_first(fits), waits=_best_first(waits), open=frozenset(unknown))


def stale_tags(
    ours: Collection[str], labels: Labels, catalogue: Catalogue, account: AccountId, accepted: Collection[str] = ()
) -> tuple[str, ...]:
    """Return those of our tags on a photo that no category asks for any more.

    What a person ``accepted`` stays, whatever its score; so does the tag of a category that is switched off, or of
    which nothing can be said yet.
    """
    if not catalogue.enabled:
        return ()
    known: Mapping[str, Category] = {one.tag: one for one in catalogue.of(account)}
    kept = {match.category.tag for match in (*labels.fits, *labels.waits)}
    return tuple(
        sorted(
            tag
            for tag in ours
            if tag.startswith(TAG_PREFIX)
            and tag not in kept
            and tag not in accepted
            and ((category := known.get(tag)) is None or (category.enabled and category.name not in labels.open))
        )
    )


def _best_first(matches: list[Match]) -> tuple[Match, ...]:
    return tuple(sorted(matches, key=lambda match: (-match.score, match.category.name)))
