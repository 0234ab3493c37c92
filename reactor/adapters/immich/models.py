"""Immich's JSON, read leniently, as the values of the core; the only place that knows its field names.

Unknown fields and enum values pass (facts/immich-api.md, head). Lists are read item by item, so that one odd item
never fails its page.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Generic, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from reactor.adapters.immich.bounds import (
    LONGEST_CAMERA,
    LONGEST_FILE_NAME,
    LONGEST_PATH,
    Count,
    Id,
    Moment,
    side,
    stars,
    text,
)
from reactor.adapters.immich.errors import Garbled, clean
from reactor.core.ids import AssetId, PersonId, StackId
from reactor.core.library import Asset, Person, Preview, StackNow

log = structlog.get_logger(__name__)

MOST_REMEMBERED = 10_000
SIDEWAYS = ("5", "6", "7", "8")


class Model(BaseModel):
    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, coerce_numbers_to_str=True, frozen=True)


class TagJson(Model):
    id: str = ""
    value: str = ""


class StackOfAssetJson(Model):
    id: Id
    primary_asset_id: Id
    asset_count: int | None = None


class ExifJson(Model):
    make: str | None = None
    model: str | None = None
    exif_image_width: float | None = None
    exif_image_height: float | None = None
    orientation: str | None = None
    date_time_original: object = None
    rating: object = None


class PersonOfAssetJson(Model):
    id: str = ""


class AssetJson(Model):
    """A photo as search and GET /assets/{id} show it; stack and tags only in the latter (section 3)."""

    id: Id
    owner_id: str
    type: str = "OTHER"
    visibility: str | None = None
    is_archived: bool | None = None
    is_trashed: bool | None = None
    is_favorite: bool | None = None
    is_edited: bool | None = None
    file_created_at: Moment
    created_at: Moment
    updated_at: Moment
    original_file_name: str | None = None
    original_path: str | None = None
    width: float | None = None
    height: float | None = None
    checksum: str | None = None
    live_photo_video_id: str | None = None
    library_id: str | None = None
    local_date_time: Moment | None = None
    exif_info: ExifJson | None = None
    people: list[PersonOfAssetJson] | None = None
    tags: list[TagJson] | None = None
    stack: StackOfAssetJson | None = None

    def to_core(self, *, motion_part_of: AssetId | None = None, me: str | None = None) -> Asset:
        exif = self.exif_info or ExifJson()
        width, height = self._size(exif)
        return Asset(
            id=AssetId(self.id),
            owner=self.owner_id,
            kind=self.type,
            visibility=self.visibility or ("archive" if self.is_archived else "timeline"),
            trashed=bool(self.is_trashed),
            favourite=bool(self.is_favorite),
            rating=stars(exif.rating),
            edited=bool(self.is_edited),
            # Upload time at first, the EXIF time after extraction (section 3).
            taken_at=self.file_created_at,
            created_at=self.created_at,
            updated_at=self.updated_at,
            camera=" ".join(part for part in (exif.make, exif.model) if part)[:LONGEST_CAMERA],
            file_name=text(self.original_file_name, LONGEST_FILE_NAME),
            path=text(self.original_path, LONGEST_PATH),
            width=width,
            height=height,
            checksum=self.checksum or "",
            # Null until the extraction is done, whatever the file holds (captures 103 and 104).
            exif_ready=exif.date_time_original is not None,
            motion_part_of=motion_part_of,
            tags=frozenset(tag.value for tag in self.tags or () if tag.value),
            stack=StackId(self.stack.id) if self.stack else None,
            stack_primary=AssetId(self.stack.primary_asset_id) if self.stack else None,
            stack_size=self.stack.asset_count if self.stack else None,
            # The photographer's wall clock, written as if it were UTC (section 3).
            local_day=(self.local_date_time or self.file_created_at).date(),
            external=self.library_id is not None,
            mine=me is None or self.owner_id == me,
            people=frozenset(PersonId(person.id) for person in self.people or () if person.id),
        )

    def _size(self, exif: ExifJson) -> tuple[int, int]:
        """Return the upright size; EXIF tells it as stored, the asset itself as shown (section 4)."""
        if self.width and self.height:
            return side(self.width), side(self.height)
        width, height = side(exif.exif_image_width), side(exif.exif_image_height)
        return (height, width) if exif.orientation in SIDEWAYS else (width, height)


class PersonJson(Model):
    id: Id
    name: str | None = None
    is_hidden: bool | None = None
    updated_at: Moment | None = None

    def to_core(self) -> Person:
        # One spelling for both shapes of time, since it becomes part of an event's identity.
        updated = self.updated_at.isoformat(timespec="milliseconds") if self.updated_at else ""
        return Person(
            id=PersonId(self.id), name=(self.name or "").strip(), hidden=bool(self.is_hidden), updated_at=updated
        )


class MemberJson(Model):
    id: Id
    visibility: str | None = None


class StackJson(Model):
    """A stack; a trashed primary is not among its assets (section 6)."""

    id: Id
    primary_asset_id: Id
    assets: list[MemberJson]

    def to_core(self) -> StackNow:
        return StackNow(
            id=StackId(self.id),
            primary=AssetId(self.primary_asset_id),
            members=frozenset(AssetId(asset.id) for asset in self.assets),
            shown=sum(asset.visibility in (None, "timeline") for asset in self.assets),
        )


class TaggedAssetJson(Model):
    """What taking tags off a photo needs of it: which tags it has, and when it was last written."""

    updated_at: Moment
    tags: list[TagJson] | None = None


class AssetPageJson(Model):
    items: list[object]
    next_page: int | None = None


class SearchJson(Model):
    assets: AssetPageJson


class PeoplePageJson(Model):
    people: list[object]
    has_next_page: bool | None = None


class VersionJson(Model):
    major: int
    minor: int
    patch: int = 0


class UserJson(Model):
    id: Id
    name: str | None = None


class KeyJson(Model):
    permissions: list[str] = []


class CountJson(Model):
    assets: Count


class LinkedTagJson(Model):
    id: str
    value: str


class OutcomeJson(Model):
    """What became of one id of a call about several (capture 314)."""

    id: str
    success: bool
    error: str | None = None


M = TypeVar("M", bound=Model)


def whole(model: type[M], answer: object, call: str) -> M:
    """Return the answer as the model; Garbled where it is something else."""
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        problem = _where(error)
    raise Garbled(f"{call}: not the answer that Immich gives ({problem})")


def rows(answer: object, call: str) -> list[object]:
    """Return the answer as a list; Garbled where it is none."""
    if not isinstance(answer, list):
        raise Garbled(f"{call}: not the list that Immich gives")
    return answer


class Items(Generic[M]):
    """Read lists item by item; an odd one is left out and named in the log once."""

    def __init__(self, model: type[M], *, account: str) -> None:
        self._model = model
        self._account = account
        self._named: set[str] = set()

    def read(self, items: Iterable[object]) -> list[M]:
        found = []
        for item in items:
            try:
                found.append(self._model.model_validate(item))
            except ValidationError as error:
                self._name(item, _where(error))
        return found

    def _name(self, item: object, problem: str) -> None:
        name = clean(str(item.get("id", "without id"))) if isinstance(item, dict) else "not an object"
        if name in self._named or len(self._named) >= MOST_REMEMBERED:
            return
        self._named.add(name)
        log.warning("an odd item of Immich is left out", item=name, problem=problem, account=self._account)


def assets_of(models: Iterable[AssetJson]) -> list[Asset]:
    """Return a page's photos; the film of a live photo is marked where its still is on the same page."""
    models = list(models)
    stills = {model.live_photo_video_id: AssetId(model.id) for model in models if model.live_photo_video_id}
    return [model.to_core(motion_part_of=stills.get(model.id)) for model in models]


def preview_of(data: bytes) -> Preview:
    """Return the picture with its checksum: the first 32 hex digits of its SHA-256."""
    return Preview(data=data, checksum=sha256(data).hexdigest()[:32])


def _where(error: ValidationError) -> str:
    """Name the fields that do not fit, without their content."""
    return clean("; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()[:3]))
