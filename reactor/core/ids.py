"""Names for the identifiers that travel through the reactor."""

from typing import NewType

AccountId = NewType("AccountId", str)
AssetId = NewType("AssetId", str)
PersonId = NewType("PersonId", str)
FaceId = NewType("FaceId", str)
StackId = NewType("StackId", str)
TagId = NewType("TagId", str)
RunId = NewType("RunId", str)

LIVE = RunId("live")
"""The run of everything that is heard as it happens."""
