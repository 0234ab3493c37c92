"""Whether the journal holds an open entry about what a request is going to change, at the moment when it is sent."""

from typing import Any

import asyncpg

_HELD = "SELECT EXISTS (SELECT FROM journal WHERE state = 'open' AND kind = ANY($1) AND {condition})"
_ABOUT = _HELD.format(condition="subjects @> $2")
_TAGS = _HELD.format(condition="change -> 'tags' ?& $2")
_NAME = _HELD.format(condition="change ->> 'name' = $2")
_FILES = _HELD.format(condition="change ->> 'file' = ANY($2)")


def is_write(method: str, path: str, body: object) -> bool:
    """Say whether a request may change anything: no reading, no search, no look at a face, no empty delete."""
    if method == "GET" or path.startswith("/api/search/") or path == "/api/faces/recognize":
        return False
    return not (path == "/api/faces/train/delete" and isinstance(body, dict) and not body.get("ids"))


def shape(method: str, path: str) -> str:
    """Return the kind of a request: method and path without the ids and names in it."""
    fixed = {"tags", "assets", "albums", "stacks", "faces", "register", "delete"}
    return " ".join([method, *(part if part in fixed else "*" for part in path.removeprefix("/api/").split("/"))])


async def is_journalled(pool: asyncpg.Pool, method: str, path: str, body: Any) -> bool:
    """Say whether an open entry of the right kind is about these ids; a request of an unknown kind is held by none."""
    match method, path.removeprefix("/api/").split("/"):
        case "PUT", ["tags"]:
            return await _holds(pool, _TAGS, ["TagAsset"], body["tags"])
        case "PUT", ["tags", "assets"]:
            return await _holds(pool, _ABOUT, ["TagAsset"], body["assetIds"])
        case "DELETE", ["tags", _, "assets"]:
            return await _holds(pool, _ABOUT, ["UntagAsset"], body["ids"])
        case "PUT", ["assets"]:
            kind = "ArchiveAssets" if body["visibility"] == "archive" else "UnarchiveAssets"
            return await _holds(pool, _ABOUT, [kind], body["ids"])
        case "PUT", ["assets", asset]:
            return await _holds(pool, _ABOUT, ["FavouriteAsset" if body["isFavorite"] else "UnfavouriteAsset"], [asset])
        case "POST", ["albums"]:
            return await _holds(pool, _ABOUT, ["AddToAlbum"], body["assetIds"])
        case "PUT", ["albums", _, "assets"]:
            return await _holds(pool, _ABOUT, ["AddToAlbum"], body["ids"])
        case "DELETE", ["albums", _, "assets"]:
            return await _holds(pool, _ABOUT, ["RemoveFromAlbum"], body["ids"])
        case "POST", ["stacks"]:
            return await _holds(pool, _ABOUT, ["StackAssets", "RestoreStacks", "ReturnCover"], body["assetIds"])
        case "PUT", ["stacks", _]:
            kinds = ["StackAssets", "RestoreStacks", "MoveCover", "ReturnCover"]
            return await _holds(pool, _ABOUT, kinds, [body["primaryAssetId"]])
        case "DELETE", ["stacks", _]:
            return await _holds(pool, _ABOUT, ["RestoreStacks"], [])
        case "DELETE", ["stacks", _, "assets", asset]:
            return await _holds(pool, _ABOUT, ["RestoreStacks"], [asset])
        case "POST", ["faces", name, "register"]:
            return await _holds(pool, _NAME, ["AddPortrait"], name)
        case "POST", ["faces", _, "delete"]:
            return await _holds(pool, _FILES, ["RemovePortrait"], body["ids"])
    return False


async def _holds(pool: asyncpg.Pool, statement: str, kinds: list[str], about: object) -> bool:
    found: bool = await pool.fetchval(statement, kinds, about)
    return found
