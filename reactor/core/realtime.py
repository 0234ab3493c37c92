"""Immich's socket: an event's name and arguments in, what they mean out (facts/immich-api.md section 7). No I/O."""

from enum import Enum
from typing import TypeAlias

from reactor.core.errors import BadWebhook
from reactor.core.events import AssetUploaded
from reactor.core.ids import AccountId, AssetId
from reactor.core.webhook import UNSEEN, parse_uuid

EVERYTHING = "all"
"""The one permission that opens the socket; a key with every single one but this is refused (socket-minkey.jsonl)."""


class Hint(Enum):
    """What a message tells besides a new photo."""

    LOGIN = "the server sent its version, which only those who are logged in hear"
    REFUSED = "the server does not let this key listen"
    CHANGE = "something of a photo changed; which fields did, only the photo itself tells"
    PERSON = "a person has a new picture, so faces were found or named"


Meaning: TypeAlias = AssetUploaded | Hint

_HINTS = {
    "on_server_version": Hint.LOGIN,
    "error": Hint.REFUSED,
    "on_asset_update": Hint.CHANGE,
    "on_asset_trash": Hint.CHANGE,
    "on_asset_restore": Hint.CHANGE,
    "on_asset_delete": Hint.CHANGE,
    "on_asset_hidden": Hint.CHANGE,
    "AssetEditReadyV1": Hint.CHANGE,
    "AssetEditReadyV2": Hint.CHANGE,
    "on_person_thumbnail": Hint.PERSON,
}


def parse_realtime(account: AccountId, owner: str, name: str, arguments: tuple[object, ...]) -> Meaning | None:
    """Return what an event tells, None where it is none of our business; ``owner`` is the account's id in Immich.

    The two events of an upload tell the same. Raises BadWebhook with a sentence that names the field.
    """
    match name:
        case "on_upload_success":
            return _uploaded(account, owner, _object(arguments[0] if arguments else None, name), name)
        case "AssetUploadReadyV1" | "AssetUploadReadyV2":
            told = _object(arguments[0] if arguments else None, name)
            return _uploaded(account, owner, _object(told.get("asset"), f"{name}.asset"), f"{name}.asset")
        case _:
            return _HINTS.get(name)


def _uploaded(account: AccountId, owner: str, asset: dict[str, object], where: str) -> AssetUploaded | None:
    """Return the upload, unless it is hidden (the film of a live photo), locked, trashed or somebody else's."""
    asset_id = AssetId(parse_uuid(asset.get("id"), f"{where}.id"))
    if parse_uuid(asset.get("ownerId"), f"{where}.ownerId") != owner.lower():
        return None
    visibility = asset.get("visibility")
    if visibility is not None and not isinstance(visibility, str):
        raise BadWebhook(f"{where}.visibility must be a text")
    # on_upload_success says isTrashed, the other one deletedAt.
    if visibility in UNSEEN or asset.get("isTrashed") is True or asset.get("deletedAt") is not None:
        return None
    return AssetUploaded(account=account, asset=asset_id)


def _object(value: object, field: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise BadWebhook(f"{field} must be an object")
    return value
