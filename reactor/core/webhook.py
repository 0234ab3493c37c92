"""Webhooks: bytes in, events out. No I/O happens here.

Two forms are understood: what Immich's workflows send (facts/immich-api.md section 8), and a small one of ours for
scripts, n8n or Home Assistant: ``{"event": "asset.uploaded", "asset_id": "..."}``, or ``asset_ids`` for several.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reactor.core.errors import BadWebhook
from reactor.core.events import AssetUploaded, Event, MetadataExtracted
from reactor.core.ids import AccountId, AssetId

MAX_TIME = 64
MAX_BURST_ID = 200
MAX_WORD = 64
MAX_ASSETS = 1000
SHORTEST_SECRET = 16
UNSEEN = frozenset({"hidden", "locked"})
"""Visibilities that are none of our business: parts of motion photos, and what the user has locked away."""

TRIGGERS = ("AssetCreate", "AssetMetadataExtraction")
# There is none for metadata: its version is Immich's own time of the extraction, and the burst id stands in Immich
# alone, whose own webhook carries both. A script could only make them up.
EVENTS = ("asset.uploaded",)

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


class NotJson(BadWebhook):
    """Say that the body is declared to be something else than JSON in UTF-8."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a request tells: events, or none where it is none of our business.

    ``unknown`` is a trigger of Immich's that we do nothing with: a later version's.
    """

    events: tuple[Event, ...] = ()
    unknown: str | None = None


def parse_webhook(account: AccountId, content_type: str, body: bytes) -> Told:
    """Return what the request tells; raises BadWebhook (NotJson for the content type) naming the field at fault."""
    _require_json(content_type)
    envelope = _object(_decode(body), "the body")
    if "trigger" not in envelope and "type" not in envelope:
        return Told(events=_of_script(account, envelope))
    _text(envelope, "type", "type", MAX_WORD)
    trigger = _text(envelope, "trigger", "trigger", MAX_WORD)
    if trigger not in TRIGGERS:
        return Told(unknown=trigger)
    data = _object(envelope.get("data"), "data")
    return Told(events=_of_immich(account, trigger, _object(data.get("asset"), "data.asset")))


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
    # Every pair is compared, found or not, and an account without a secret costs as much as one that has one, so that
    # the time tells nothing about them.
    found = [
        hmac.compare_digest(_digest(secret), candidate) and bool(secret)
        for secret in expected or ("",)
        for candidate in candidates
    ]
    return any(found)


def is_weak(secret: str) -> bool:
    """Say whether a secret is so short that it could be found by trying."""
    return len(secret) < SHORTEST_SECRET


def _of_script(account: AccountId, envelope: dict[str, Any]) -> tuple[Event, ...]:
    if "event" not in envelope:
        raise BadWebhook(f"event is missing; it is one of: {', '.join(EVENTS)}")
    if _text(envelope, "event", "event", MAX_WORD) not in EVENTS:
        raise BadWebhook(f"event is not known; it is one of: {', '.join(EVENTS)}")
    if ("asset_id" in envelope) == ("asset_ids" in envelope):
        raise BadWebhook("asset_id or asset_ids must be given, and not both")
    if "asset_id" in envelope:
        ids = [parse_uuid(envelope["asset_id"], "asset_id")]
    else:
        listed = envelope["asset_ids"]
        if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_ASSETS:
            raise BadWebhook(f"asset_ids must be a list of 1 to {MAX_ASSETS} UUIDs")
        ids = [parse_uuid(one, f"asset_ids[{place}]") for place, one in enumerate(listed)]
    return tuple(AssetUploaded(account=account, asset=AssetId(asset)) for asset in dict.fromkeys(ids))


def _of_immich(account: AccountId, trigger: str, asset: dict[str, Any]) -> tuple[Event, ...]:
    """Return the event of a photo; a metadata refresh of an old one is no upload."""
    asset_id = AssetId(parse_uuid(asset.get("id"), "data.asset.id"))
    visibility = _optional_text(asset, "visibility", "data.asset.visibility", MAX_WORD)
    deleted_at = _optional_text(asset, "deletedAt", "data.asset.deletedAt", MAX_TIME)
    if visibility in UNSEEN or deleted_at is not None:
        return ()
    if trigger == "AssetCreate":
        return (AssetUploaded(account=account, asset=asset_id),)
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
