"""Why a change is wished, and who has something taken back."""

from dataclasses import dataclass
from typing import Literal

By = Literal["person", "rule"]
"""Who has something taken back: a person, whose word is final, or the rules of now, which may be others tomorrow."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a change is wished: the rule in words and the numbers that it looked at.

    One that is not ``sure`` lies in the grey zone: it waits as a suggestion until a person accepts it.
    """

    rule: str
    scores: tuple[tuple[str, float], ...] = ()
    sure: bool = True
