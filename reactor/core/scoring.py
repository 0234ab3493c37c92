"""How well photos fit categories: the best prompt counts, and a negative prompt that fits better vetoes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reactor.core.categories import Category

BLOCK = 4096
"""So many photos are multiplied at once: what lies in between stays within a few megabytes."""
NEVER = np.float32(-np.inf)

Vectors = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class _Span:
    begin: int
    prompts: int
    negatives: int


class Scorer:
    """The prompt vectors of some categories, ready for any number of photos."""

    def __init__(self, categories: Sequence[Category], prompts: Mapping[str, Vectors]) -> None:
        """Take categories, each with a prompt or more, and the unit vector [D] of every prompt and negative prompt."""
        self.categories = tuple(categories)
        texts: list[str] = []
        self._spans: list[_Span] = []
        for category in self.categories:
            span = _Span(begin=len(texts), prompts=len(category.prompts), negatives=len(category.negative_prompts))
            self._spans.append(span)
            texts += [*category.prompts, *category.negative_prompts]
        self._texts = texts
        self._matrix = np.stack([prompts[text] for text in texts]) if texts else np.empty((0, 0), dtype=np.float32)

    def scores(self, photos: Vectors) -> Vectors:
        """Return the cosine [N, C] of each photo's best prompt of each category; ``photos`` [N, D] have unit length.

        Minus infinity where a negative prompt fits better than every prompt.
        """
        found = np.empty((len(photos), len(self.categories)), dtype=np.float32)
        if not self.categories:
            return found
        for begin in range(0, len(photos), BLOCK):
            # Prompts in rows: each category's are then neighbours in memory, which makes the maximum cheap.
            cosines = self._matrix @ photos[begin : begin + BLOCK].T
            for column, span in enumerate(self._spans):
                found[begin : begin + BLOCK, column] = _best(cosines, span)
        return found

    def score(self, photo: Vectors) -> tuple[tuple[float, str], ...]:
        """Return for one photo [D] each category's (score, best prompt)."""
        cosines = self._matrix @ photo if self.categories else np.empty(0, dtype=np.float32)
        return tuple(
            (float(_best(cosines[:, None], span)[0]), self._texts[span.begin + _argmax(cosines, span)])
            for span in self._spans
        )


def reached(scores: Vectors, threshold: float) -> NDArray[np.bool_]:
    """Return which scores reach a threshold, as a photo alone is decided.

    A threshold that is rounded to the precision of the scores could lie on the other side of one.
    """
    return scores >= np.float64(threshold)


def _best(cosines: Vectors, span: _Span) -> Vectors:
    middle = span.begin + span.prompts
    best: Vectors = cosines[span.begin : middle].max(axis=0)
    if span.negatives:
        best = vetoed(best, cosines[middle : middle + span.negatives].max(axis=0))
    return best


def vetoed(best: Vectors, against: Vectors) -> Vectors:
    """Return the best prompts' cosines [N], minus infinity where the best negative prompt's [N] is higher."""
    return np.where(against > best, NEVER, best)


def _argmax(cosines: Vectors, span: _Span) -> int:
    return int(cosines[span.begin : span.begin + span.prompts].argmax())
