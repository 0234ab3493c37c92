"""The numbers by which photos are stacked, and how a stack is shown."""

from dataclasses import dataclass, replace
from typing import Literal

StackRule = Literal["joint", "auto-stacker"]
"""Time, camera and vision looked at together, or the Auto Stacker's: any one likeness within a day is enough."""
CoverRule = Literal["best", "first"]
"""Which photo lies on top: the best of them, or the one that was taken first."""


@dataclass(frozen=True, kw_only=True)
class StackPolicy:
    """The numbers of the stack rule: gaps and spans in seconds, hashes in differing bits of 64.

    Shares are of the way from the median cosine of random pairs (0) to 1, since cosines mean nothing across models.
    """

    gap_s: float = 10.0
    # Frames of a burst mostly lie above .86 of the way; the likest that are none, the halves of a pan, reach .75 (with
    # random pairs of photographs; .83 with those of rendered pictures, which differ more). On the labelled bursts, as
    # they are, mirrored, turned, cropped and inverted, and with both measures, the mean pairwise F1 stays at .98 or
    # more for every share from .60 to .76, so nothing hangs on a digit.
    share: float = 0.74
    # Half the evidence each: where both vision and structure are far beyond chance they count together. Random
    # 64-bit hashes differ in 32 +- 4 bits, so 20 or fewer is three deviations off.
    wide_share: float = 0.55
    wide_phash: int = 20
    # Light alone moves a vector far and a hash hardly: exposure brackets.
    near_phash: int = 6
    bracket_s: float = 2.0
    # Copies are looked for at any distance in time, among all photos of a life: all but the same picture.
    copy_share: float = 0.9
    copy_phash: int = 6
    maximum_size: int = 100
    maximum_span_s: float = 120.0
    # The grey zone below ``share``, in which a stack is only suggested; 0 is none.
    review_share: float = 0.0
    rule: StackRule = "joint"
    # Cosines as they are, where the user names them; they take the place of ``share`` and ``wide_share``.
    high_clip: float | None = None
    low_clip: float | None = None
    cover: CoverRule = "best"
    extend_user_stacks: bool = False

    def loose(self) -> "StackPolicy":
        """Return the rule that reaches down to the end of the grey zone."""
        return replace(self, share=self.share - self.review_share, review_share=0.0)
