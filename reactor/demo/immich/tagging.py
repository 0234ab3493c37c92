"""Tags as rows: hierarchy, links, and what re-extraction makes of the values in a file."""

from collections.abc import Iterable

from reactor.demo.immich.state import Asset, State, Tag


def parts_of(value: str) -> list[str]:
    """Split a hierarchical value; empty parts are dropped, spaces kept (cap:302, 328)."""
    return [part for part in value.split("/") if part]


def find_tag(state: State, owner_id: str, value: str) -> Tag | None:
    return next((tag for tag in state.tags.values() if tag.owner_id == owner_id and tag.value == value), None)


def add_tag(state: State, owner_id: str, value: str, parent_id: str | None) -> Tag:
    now = state.now()
    tag = Tag(id=state.new_id(), owner_id=owner_id, value=value, parent_id=parent_id, created_at=now, updated_at=now)
    state.tags[tag.id] = tag
    return tag


def upsert_tag(state: State, owner_id: str, value: str) -> tuple[Tag | None, list[Tag]]:
    """Make the tag and its parents where missing; return the leaf and what is new.

    An existing tag on the way gets a new updatedAt each time (cap:302, 303).
    """
    leaf: Tag | None = None
    made: list[Tag] = []
    path = ""
    for part in parts_of(value):
        path = f"{path}/{part}" if path else part
        tag = find_tag(state, owner_id, path)
        if tag is None:
            tag = add_tag(state, owner_id, path, leaf.id if leaf else None)
            made.append(tag)
        else:
            tag.updated_at = state.now()
        leaf = tag
    return leaf, made


def descendants(state: State, tag_id: str) -> set[str]:
    """Collect the tag and everything below it by parent."""
    found = {tag_id}
    grown = True
    while grown:
        below = {tag.id for tag in state.tags.values() if tag.parent_id in found}
        grown = not below <= found
        found |= below
    return found


def remove_tags(state: State, tag_ids: set[str]) -> None:
    """Delete tags and their links; the XMP files keep the values (facts/immich-api.md section 5)."""
    for tag_id in tag_ids:
        del state.tags[tag_id]
    for asset in state.assets.values():
        if tag_ids.intersection(asset.tag_ids):
            asset.tag_ids = [tag_id for tag_id in asset.tag_ids if tag_id not in tag_ids]


def values_of(state: State, asset: Asset) -> tuple[str, ...]:
    return tuple(state.tags[tag_id].value for tag_id in asset.tag_ids)


def replace_asset_tags(state: State, asset: Asset, values: Iterable[str]) -> None:
    """Rewrite the asset's tags from values in a file, making tags anew where they were deleted (cap:323-325)."""
    leaves = (upsert_tag(state, asset.owner_id, value)[0] for value in values)
    asset.tag_ids = list(dict.fromkeys(tag.id for tag in leaves if tag))
