"""Names for the identifiers that travel through the reactor."""

from typing import NewType

AccountId = NewType("AccountId", str)
AssetId = NewType("AssetId", str)
PersonId = NewType("PersonId", str)
FaceId = NewType("FaceId", str)
StackId = NewType("StackId", str)
AlbumId = NewType("AlbumId", str)
TagId = NewType("TagId", str)
RunId = NewType("RunId", str)

LIVE = RunId("live")
"""The run of everything that is heard as it happens."""


def is_dry(run: RunId) -> bool:
    """Say whether a run only plans: what it wishes for is written down and not carried out."""
    return run.startswith("dry:")


def is_ordered(run: RunId) -> bool:
    """Say whether a run does what a person asked for, whatever the mode."""
    return run.startswith(("undo:", "apply:"))
