"""Immich's workflow webhook: bytes in, events out (facts/immich-api.md section 8). No I/O happens here."""

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from typing import Any

from reactor.core.errors import BadWebhook
from reactor.core.events import AssetUploaded, Event, MetadataExtracted
from reactor.core.ids import AccountId, AssetId

MAX_TIME = 64
MAX_BURST_ID = 200
MAX_WORD = 64
UNSEEN = frozenset({"hidden", "locked"})
"""Visibilities that are none of our business: parts of motion photos, and what the user has locked away."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


class NotJson(BadWebhook):
    """Say that the body is declared to be something else than JSON in UTF-8."""


def parse_webhook(account: AccountId, content_type: str, body: bytes) -> tuple[Event, ...]:
    """Return what the request tells: one event, or none where it is none of our business.

    An AssetMetadataExtraction never counts as an upload, because a metadata refresh of an old photo fires it too.
    Raises BadWebhook (NotJson for the content type) with a sentence that names the field.
    """
    _require_json(content_type)
    envelope = _object(_decode(body), "the body")
    _text(envelope, "type", "type", MAX_WORD)
    trigger = _text(envelope, "trigger", "trigger", MAX_WORD)
    data = _object(envelope.get("data"), "data")
    if trigger not in ("AssetCreate", "AssetMetadataExtraction"):
        return ()
    asset = _object(data.get("asset"), "data.asset")
    asset_id = AssetId(parse_uuid(asset.get("id"), "data.asset.id"))
    visibility = _optional_text(asset, "visibility", "data.asset.visibility", MAX_WORD)
    deleted_at = _optional_text(asset, "deletedAt", "data.asset.deletedAt", MAX_TIME)
    if visibility in UNSEEN or deleted_at is not None:
        return ()
    if trigger == "AssetCreate":
        return (AssetUploaded(account=account, asset=asset_id),)
    return _metadata(account, asset_id, asset)


def parse_uuid(value: object, field: str) -> str:
    """Return the id in lower case, as Immich writes it, so that one photo never has two names."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise BadWebhook(f"{field} must be a UUID")
    return value.lower()


def secret_matches(given: str | None, expected: Sequence[str]) -> bool:
    """Say in constant time whether the header carries one of the secrets, bare or as ``Bearer s``.

    Several secrets are valid at once while one is being replaced; an empty one opens nothing.
    """
    if not given:
        return False
    scheme, _, rest = given.partition(" ")
    candidates = [_digest(given), _digest(rest.strip() if scheme.lower() == "bearer" else given)]
    # Every pair is compared, found or not, so that the time tells nothing about the secrets.
    found = [hmac.compare_digest(_digest(s), candidate) for s in expected if s for candidate in candidates]
    return any(found)


def _metadata(account: AccountId, asset_id: AssetId, asset: dict[str, Any]) -> tuple[Event, ...]:
    if asset.get("exifInfo") is None:
        return ()  # nothing was extracted, and without its time the event has no identity
    exif = _object(asset["exifInfo"], "data.asset.exifInfo")
    updated_at = _text(exif, "updatedAt", "data.asset.exifInfo.updatedAt", MAX_TIME)
    burst_id = _optional_text(exif, "autoStackId", "data.asset.exifInfo.autoStackId", MAX_BURST_ID)
    return (MetadataExtracted(account=account, asset=asset_id, exif_updated_at=updated_at, burst_id=burst_id or None),)


def _require_json(content_type: str) -> None:
    media, _, parameters = content_type.partition(";")
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", parameters, re.IGNORECASE)
    if media.strip().lower() != "application/json":
        raise NotJson("the content type must be application/json")
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise NotJson("the body must be written in UTF-8")


def _decode(body: bytes) -> object:
    try:
        decoded: object = json.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadWebhook("the body is not UTF-8") from error
    except ValueError as error:
        raise BadWebhook("the body is not JSON") from error
    except RecursionError as error:
        raise BadWebhook("the body is nested too deeply") from error
    return decoded


def _object(value: object, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadWebhook(f"{field} must be an object")
    return value


def _optional_text(holder: dict[str, Any], key: str, field: str, limit: int) -> str | None:
    return None if holder.get(key) is None else _text(holder, key, field, limit)


def _text(holder: dict[str, Any], key: str, field: str, limit: int) -> str:
    value = holder.get(key)
    if not isinstance(value, str):
        raise BadWebhook(f"{field} must be a text")
    if len(value) > limit:
        raise BadWebhook(f"{field} is longer than {limit} characters")
    # Also refuses NUL and lone surrogates, which the database cannot store.
    if not value.isprintable():
        raise BadWebhook(f"{field} holds characters that cannot be printed")
    return value


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
