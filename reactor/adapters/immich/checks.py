"""Look at an Immich and a key before work begins, and say in words what does not fit."""

from collections.abc import Mapping
from dataclasses import dataclass

from reactor.adapters.immich.errors import Garbled, KeyRefused, MissingPermission, NotImmich, clean
from reactor.adapters.immich.reading import ImmichLibrary
from reactor.core.errors import Blocked, Permanent, StartError

OLDEST = (2, 5)
EVERYTHING = "all"

# facts/immich-api.md section 2; undo dissolves stacks by stack.delete and takes photos out of them by stack.update, and
# only "all" opens the socket (section 7).
NEEDED: Mapping[str, tuple[str, ...]] = {
    "reading": ("user.read", "asset.read", "asset.view"),
    "tags": ("tag.create", "tag.asset", "asset.update"),
    "noticing deleted tags": ("tag.read",),
    "removing empty tags": ("tag.delete",),
    "archive": ("asset.update",),
    "favourites": ("asset.update",),
    "stacks": ("stack.read", "stack.create", "stack.update", "stack.delete", "asset.update"),
    "faces": ("person.read", "face.read"),
    "new faces of known people": ("person.statistics",),
    "realtime": (EVERYTHING,),
    "albums": ("album.read",),
    "filling albums": ("album.create", "albumAsset.create", "albumAsset.delete"),
    "webhook setup": ("workflow.read", "workflow.create", "workflow.update", "workflow.delete"),
}
# What a household can well do without: nothing of it is needed for what the reactor does by itself.
OPTIONAL = frozenset({"realtime", "albums", "filling albums", "webhook setup", "removing empty tags"})


class RefusedKey(StartError):
    """Say that Immich does not know the key."""


@dataclass(frozen=True, kw_only=True)
class Introspection:
    """What Immich and the key are.

    ``user`` is (id, name), or None where the key may not ask; ``missing`` names for each feature that lacks something
    the permissions to add to the key.
    """

    version: tuple[int, int, int]
    user: tuple[str, str] | None
    permissions: frozenset[str]
    missing: Mapping[str, tuple[str, ...]]


def missing_permissions(permissions: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """Return for each feature the permissions that the key lacks; a feature that lacks none is left out."""
    if EVERYTHING in permissions:
        return {}
    lacks = {
        feature: tuple(permission for permission in needed if permission not in permissions)
        for feature, needed in NEEDED.items()
    }
    return {feature: permissions for feature, permissions in lacks.items() if permissions}


async def introspect(library: ImmichLibrary) -> Introspection:
    """Ask version, user and permissions.

    StartError says that the address, the key or the version does not fit; Retryable, that Immich cannot be reached now.
    """
    version = await _version(library)
    if version[:2] < OLDEST:
        raise StartError(f"Immich {'.'.join(map(str, version))} is too old: the reactor needs 2.5 or newer")
    try:
        permissions = await library.permissions()
        user = await _user(library)
    except KeyRefused as error:
        raise RefusedKey(str(error)) from None
    return Introspection(version=version, user=user, permissions=permissions, missing=missing_permissions(permissions))


async def _user(library: ImmichLibrary) -> tuple[str, str] | None:
    try:
        user, name = await library.whoami()
    except MissingPermission:
        return None
    return clean(user), clean(name)


async def _version(library: ImmichLibrary) -> tuple[int, int, int]:
    try:
        return await library.version()
    except (Garbled, NotImmich, Blocked, Permanent) as error:
        raise StartError(f"no Immich answers at this address: {error}") from None
