"""Histories that once broke by what the categories ask for, as short as they became."""

from collections.abc import Mapping

from .story import Step

BOTH = ("Away", "Receipts")

LABELS: Mapping[str, tuple[Step, ...]] = {
    # That its tag had been taken off nobody had noticed, so the photo passed for one that is wanted in the archive.
    **{
        f"photo {number} loses its tag before its stack is archived again": (
            ("upload", 0, "early", 1, ("Best", "Away")),
            ("burst", 0, "early", [3], ("Best", "Away")),
            ("burst", 0, "late", [1, 3], ("Best", "Away")),
            ("burst", 0, "early", [1], ("Best", "Away")),
            ("untag", number),
            ("category", "Away", "strict", True),
            ("category", "Away", "there", False),
            ("category", "Away", "there", True),
            ("relabel",),
        )
        for number in (0, 2, 6, 8)
    },
    # Who had left the stack came back with it, though still wanted in the archive.
    "a member of a stack is wanted in the archive no more, and others left it": (
        ("burst", 2, "early", [1, 1, 1], ("Away",)),
        ("unstack", 0),
        ("category", "Away", "strict", True),
    ),
    # What was archived once passed for decided for ever, though the rules themselves had brought it back.
    "a category that archived only tags, and archives again": (
        ("burst", 2, "early", [1], ("Away",)),
        ("category", "Away", "there", False),
        ("category", "Away", "archives", False),
        ("category", "Away", "there", True),
        ("relabel",),
        ("category", "Away", "archives", True),
        ("relabel",),
    ),
    # A replay told of the archive as of old.
    "a photo that was wanted in the archive once is heard of again": (
        ("burst", 2, "late", [1, 1], ("Away",)),
        ("category", "Away", "strict", True),
        ("replay",),
    ),
    # What the rules took back they spoke over the user's own word, which nobody had noticed yet.
    "one of two was brought back by hand, then all by the rules": (
        ("burst", 2, "late", [1, 1], ("Away",)),
        ("unarchive", 0, False),
        ("category", "Away", "there", False),
        ("category", "Away", "there", True),
        ("relabel",),
    ),
    "one of two tags was taken off by hand, then both by the rules": (
        ("burst", 2, "early", [1], BOTH),
        ("untag", 0),
        ("switch", "observe"),
        ("category", "Away", "there", False),
        ("switch", "apply"),
        ("category", "Receipts", "there", False),
        ("category", "Away", "there", True),
        ("relabel",),
    ),
    # The plan was carried out though a category asked for the tag again.
    "what was planned to be taken off is asked for again": (
        ("burst", 2, "late", [1, 1], ("Away",)),
        ("switch", "observe"),
        ("category", "Away", "strict", True),
        ("switch", "apply"),
        ("category", "Away", "strict", False),
        ("apply_all",),
    ),
    # The plan was carried out though the category had become too strict for the photo.
    **{
        f"what was planned for {category} is asked for no more": (
            ("switch", "observe"),
            ("burst", 1, "early", [1, 2], (category,)),
            ("category", category, "strict", True),
            ("switch", "apply"),
            ("apply_all",),
        )
        for category in ("Receipts", "Away", "Best")
    },
    # The reference took what had been vetoed once for vetoed still.
    **{
        f"a photo may be archived with its stack again once a veto of its tag is revoked ({number}, {veto})": (
            ("upload", 2, "early", 1, ("Away",)),
            ("burst", 2, "early", [3, 1], ("Away",)),
            ("upload", 2, "late", 1, ("Away",)),
            ("burst", 2, "late", [3, 2], ("Away",)),
            ("undo_event", number),
            ("poll",),
            ("category", "Away", "strict", True),
            ("burst", 2, "late", [1], ("Away",)),
            ("category", "Away", "strict", False),
            ("relabel",),
            ("revoke", veto),
            ("burst", 2, "bridge", [1], ("Away",)),
        )
        for number, veto in ((2, 1), (8, 2))
    },
}
