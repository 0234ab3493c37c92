"""The JSON that the server sends. Shapes and their oddities: facts/immich-api.md sections 2-9."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from reactor.demo.immich.state import Account, ApiKey, Asset, Exif, Face, Person, Stack, State, Tag, Workflow

Json = dict[str, Any]
Stamp = Callable[[datetime], str]


def ms(moment: datetime) -> str:
    """Format as a serialised JS Date: milliseconds, cut, and a Z."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def micro(moment: datetime) -> str:
    """Format as JSON built inside Postgres: microseconds without trailing zeros, and +00:00 (cap:608, 831)."""
    fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}+00:00"


def _micro_or_none(moment: datetime | None) -> str | None:
    return micro(moment) if moment else None


def exif_json(exif: Exif) -> Json:
    return {
        "make": exif.make,
        "model": exif.model,
        "exifImageWidth": exif.width,
        "exifImageHeight": exif.height,
        "fileSizeInByte": exif.file_size,
        "orientation": exif.orientation,
        "dateTimeOriginal": _micro_or_none(exif.taken_at),
        "modifyDate": _micro_or_none(exif.modified_at),
        "timeZone": exif.time_zone,
        "lensModel": exif.lens,
        "fNumber": exif.f_number,
        "focalLength": exif.focal_length,
        "iso": exif.iso,
        "exposureTime": exif.exposure_time,
        "latitude": exif.latitude,
        "longitude": exif.longitude,
        "city": None,
        "state": None,
        "country": None,
        "description": exif.description,
        "projectionType": None,
        "rating": exif.rating,
    }


def asset_base(asset: Asset, stamp: Stamp = ms) -> Json:
    """Write the keys of every asset; searches send just these, without stack, tags and owner (cap:201)."""
    return {
        "id": asset.id,
        "createdAt": stamp(asset.created_at),
        "ownerId": asset.owner_id,
        "libraryId": asset.library_id,
        "type": "VIDEO" if asset.is_video else "IMAGE",
        "originalPath": asset.original_path,
        "originalFileName": asset.file_name,
        "originalMimeType": asset.mime_type,
        "thumbhash": asset.thumbhash,
        "fileCreatedAt": stamp(asset.file_created_at),
        "fileModifiedAt": stamp(asset.file_modified_at),
        "localDateTime": stamp(asset.local_time),
        "updatedAt": stamp(asset.updated_at),
        "isFavorite": asset.is_favorite,
        "isArchived": asset.visibility == "archive",
        "isTrashed": asset.deleted_at is not None,
        "visibility": asset.visibility,
        "duration": asset.duration_ms,
        "livePhotoVideoId": asset.motion_video_id,
        "people": [],
        "checksum": base64.b64encode(asset.checksum).decode(),
        "isOffline": False,
        "hasMetadata": True,
        "duplicateId": asset.duplicate_id,
        "resized": True,
        "width": asset.width,
        "height": asset.height,
        "isEdited": bool(asset.edits),
    }


def asset_full(state: State, asset: Asset) -> Json:
    """Write what GET /assets/{id} sends (cap:104, 701, 831)."""
    return asset_base(asset) | {
        "owner": owner_json(state.accounts[asset.owner_id], micro),
        "exifInfo": exif_json(asset.exif),
        "tags": tags_json(state, asset),
        "people": [person_json(person, micro) for person in state.people_on(asset.id)],
        "stack": stack_summary(state, asset),
    }


def asset_event(state: State, asset: Asset) -> Json:
    """Write the asset of on_upload_success and on_asset_update: no stack, no owner (captures socket-events.jsonl)."""
    return asset_base(asset) | {"exifInfo": exif_json(asset.exif), "tags": tags_json(state, asset)}


def stack_summary(state: State, asset: Asset) -> Json | None:
    """Count trashed but not archived members, unlike GET /stacks (facts/immich-api.md section 6)."""
    if asset.stack_id is None:
        return None
    stack = state.stacks[asset.stack_id]
    count = sum(state.assets[member].visibility == "timeline" for member in stack.member_ids)
    return {"id": stack.id, "primaryAssetId": stack.primary_id, "assetCount": count}


def stack_members(state: State, stack: Stack) -> list[Asset]:
    """Return the members that are listed: neither trashed (cap:724) nor locked or hidden (by its source only)."""
    members = (state.assets[member] for member in stack.member_ids)
    return [asset for asset in members if asset.deleted_at is None and asset.visibility in ("timeline", "archive")]


def stack_json(state: State, stack: Stack, *, with_tags: bool) -> Json:
    """Write a stack, primary first, trashed members left out, the primary too (cap:702, 724)."""
    members = stack_members(state, stack)
    members.sort(key=lambda asset: (asset.id != stack.primary_id, asset.file_created_at, asset.id))
    assets = []
    for asset in members:
        shape = asset_base(asset, micro) | {"exifInfo": exif_json(asset.exif)}
        assets.append(shape | ({"tags": tags_json(state, asset)} if with_tags else {}))
    return {"id": stack.id, "primaryAssetId": stack.primary_id, "assets": assets}


def tags_json(state: State, asset: Asset) -> list[Json]:
    return [tag_json(state.tags[tag_id], micro) for tag_id in asset.tag_ids]


def tag_json(tag: Tag, stamp: Stamp = ms) -> Json:
    parent = {"parentId": tag.parent_id} if tag.parent_id else {}
    color = {"color": tag.color} if tag.color else {}
    times = {"createdAt": stamp(tag.created_at), "updatedAt": stamp(tag.updated_at)}
    return {"id": tag.id} | parent | {"name": tag.name, "value": tag.value} | times | color


def owner_json(account: Account, stamp: Stamp) -> Json:
    return {
        "id": account.id,
        "email": account.email,
        "name": account.name,
        "profileImagePath": "",
        "avatarColor": "purple",
        "profileChangedAt": stamp(account.created_at),
    }


def user_json(account: Account, used_bytes: int) -> Json:
    """Write GET /users/me (cap:025)."""
    return owner_json(account, ms) | {
        "storageLabel": "admin" if account.is_admin else None,
        "shouldChangePassword": account.is_admin,
        "isAdmin": account.is_admin,
        "createdAt": ms(account.created_at),
        "deletedAt": None,
        "updatedAt": ms(account.created_at),
        "oauthId": "",
        "quotaSizeInBytes": None,
        "quotaUsageInBytes": used_bytes,
        "status": "active",
        "license": None,
    }


def key_json(key: ApiKey) -> Json:
    stamp = ms(key.created_at)
    permissions = list(key.permissions)
    return {"id": key.id, "name": key.name, "createdAt": stamp, "updatedAt": stamp, "permissions": permissions}


def person_json(person: Person, stamp: Stamp = ms) -> Json:
    folders = f"{person.owner_id}/{person.id[:2]}/{person.id[2:4]}"
    return {
        "id": person.id,
        "name": person.name,
        "birthDate": person.birth_date,
        "thumbnailPath": f"/data/thumbs/{folders}/{person.id}.jpeg" if person.thumbnail else "",
        "isHidden": person.is_hidden,
        "isFavorite": person.is_favorite,
        "updatedAt": stamp(person.updated_at),
    } | ({"color": person.color} if person.color else {})


def face_json(state: State, face: Face) -> Json:
    """Write one face of GET /faces; the person is nested, hence its microseconds (cap:813)."""
    return {
        "id": face.id,
        "boundingBoxX1": face.x1,
        "boundingBoxY1": face.y1,
        "boundingBoxX2": face.x2,
        "boundingBoxY2": face.y2,
        "imageWidth": face.image_width,
        "imageHeight": face.image_height,
        "sourceType": face.source,
        "person": person_json(state.people[face.person_id], micro) if face.person_id else None,
    }


def workflow_json(workflow: Workflow, *, with_steps: bool = True) -> Json:
    return {
        "id": workflow.id,
        "enabled": workflow.enabled,
        "trigger": workflow.trigger,
        "name": workflow.name,
        "description": workflow.description,
        "createdAt": ms(workflow.created_at),
        "updatedAt": ms(workflow.updated_at),
        "steps": workflow.steps if with_steps else [],
    }
