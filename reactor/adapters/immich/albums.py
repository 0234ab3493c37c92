"""Immich's albums, read leniently; 3.x names their people, 2.x their owner alone (specs, not measured)."""

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from reactor.adapters.immich.errors import Garbled
from reactor.adapters.immich.routes import UUID
from reactor.core.ids import AlbumId
from reactor.core.library import Album


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, frozen=True)


class UserOfAlbumJson(_Model):
    id: str = ""


class AlbumUserJson(_Model):
    role: str = ""
    user: UserOfAlbumJson = UserOfAlbumJson()


class AlbumJson(_Model):
    """An album as GET /albums lists it."""

    id: str = Field(pattern=f"^{UUID}$")
    album_name: str = ""
    owner_id: str | None = None
    album_users: list[AlbumUserJson] | None = None

    def to_core(self, me: str) -> Album:
        owners = {one.user.id for one in self.album_users or () if one.role == "owner"} | {self.owner_id}
        return Album(id=AlbumId(self.id), name=self.album_name, mine=me in owners)


def albums_of(items: list[object], me: str) -> tuple[Album, ...]:
    """Return the albums of a list; an odd one is left out, so that it never hides the others."""
    return tuple(album for item in items if (album := _album(item, me)) is not None)


def album_of(item: object, me: str, call: str) -> Album:
    """Return the one album of an answer; Garbled where it is something else."""
    if (album := _album(item, me)) is None:
        raise Garbled(f"{call}: not the album that Immich gives")
    return album


def _album(item: object, me: str) -> Album | None:
    try:
        return AlbumJson.model_validate(item).to_core(me)
    except ValidationError:
        return None
