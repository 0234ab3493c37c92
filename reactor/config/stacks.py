"""The settings of stacks, and the policy that is made of them."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from reactor.config.parts import Part
from reactor.core.stack_policy import CoverRule, StackPolicy, StackRule
from reactor.routing import Quiet

Cosine = Annotated[float, Field(ge=-1.0, le=1.0)]
OfTheWay = Annotated[float, Field(ge=0.0, le=1.0)]
Bits = Annotated[int, Field(ge=0, le=64)]

JOINT = StackPolicy()
# The Auto Stacker's own numbers (facts/peers.md section 1.1).
AUTO_STACKER = StackPolicy(rule="auto-stacker", high_clip=0.94, low_clip=0.90, near_phash=3, wide_phash=5)


class StackSettings(Part):
    """How bursts are waited for, what belongs together, and what lies on top.

    ``high`` and ``low`` are shares of the way from the median cosine of random pairs to 1; ``high_clip`` and
    ``low_clip`` are cosines as they are and take their place; hashes are told in differing bits of 64.
    """

    enabled: bool = True
    quiet_seconds: Annotated[float, Field(ge=0, le=600)] = 5.0
    patience_seconds: Annotated[float, Field(ge=0, le=3600)] = 30.0
    batch: Annotated[int, Field(ge=1, le=1000)] = 200

    rule: StackRule = JOINT.rule
    gap_seconds: Annotated[float, Field(ge=0, le=600)] = JOINT.gap_s
    span_seconds: Annotated[float, Field(ge=1, le=1800)] = JOINT.maximum_span_s
    size: Annotated[int, Field(ge=2, le=1000)] = JOINT.maximum_size
    bracket_seconds: Annotated[float, Field(ge=0, le=60)] = JOINT.bracket_s
    high: OfTheWay = JOINT.share
    low: OfTheWay = JOINT.wide_share
    high_clip: Cosine | None = None
    low_clip: Cosine | None = None
    phash_strict: Bits | None = None
    phash_loose: Bits | None = None
    # Copies are looked for among all photos of a life, where chance finds what is merely alike.
    copy_share: Annotated[float, Field(ge=0.8, le=1)] = JOINT.copy_share
    copy_phash: Annotated[int, Field(ge=0, le=12)] = JOINT.copy_phash
    cover: CoverRule = JOINT.cover
    extend_user_stacks: bool = JOINT.extend_user_stacks

    @model_validator(mode="after")
    def _without_contradiction(self) -> Self:
        policy = self.policy()
        if self.rule == "joint" and self.low > self.high:
            raise ValueError(f"low ({self.low:g}) is above high ({self.high:g}): half the evidence asks for more")
        high, low = policy.high_clip, policy.low_clip
        if high is not None and low is not None and low > high:
            raise ValueError(f"LOW_CLIP ({low:g}) is above HIGH_CLIP ({high:g}): half the evidence asks for more")
        if policy.wide_phash < policy.near_phash:
            raise ValueError(
                f"PHASH_LOOSE ({policy.wide_phash}) is below PHASH_STRICT ({policy.near_phash}): the loose one allows "
                "less"
            )
        if self.span_seconds < self.gap_seconds:
            raise ValueError(
                f"span_seconds ({self.span_seconds:g}) is below gap_seconds ({self.gap_seconds:g}): a stack of two "
                "would last too long"
            )
        return self

    def quiet(self) -> Quiet:
        """Return when the deliveries of a stack lane are claimed."""
        return Quiet(
            quiet=timedelta(seconds=self.quiet_seconds),
            patience=timedelta(seconds=self.patience_seconds),
            size=self.batch,
        )

    def policy(self, *, review_share: float = 0.0, largest: int | None = None) -> StackPolicy:
        """Return the rule by which photos are stacked; ``largest`` is where the limits would stop it."""
        usual = AUTO_STACKER if self.rule == "auto-stacker" else JOINT
        return StackPolicy(
            rule=self.rule,
            gap_s=self.gap_seconds,
            maximum_span_s=self.span_seconds,
            maximum_size=self.size if largest is None else min(self.size, largest),
            bracket_s=self.bracket_seconds,
            share=self.high,
            wide_share=self.low,
            high_clip=usual.high_clip if self.high_clip is None else self.high_clip,
            low_clip=usual.low_clip if self.low_clip is None else self.low_clip,
            near_phash=usual.near_phash if self.phash_strict is None else self.phash_strict,
            wide_phash=usual.wide_phash if self.phash_loose is None else self.phash_loose,
            copy_share=self.copy_share,
            copy_phash=self.copy_phash,
            review_share=review_share,
            cover=self.cover,
            extend_user_stacks=self.extend_user_stacks,
        )
