"""What the simulated server remembers, all of it in memory."""

import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A user as the caller of the simulator sees one: enough to talk to the API."""

    id: str
    name: str
    api_key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """One request that changed something: `changes` names each single effect, `at` is aware UTC, `key` who asked."""

    kind: str
    method: str
    path: str
    body: Any
    at: datetime
    changes: tuple[str, ...] = ()
    key: str = ""


@dataclass(kw_only=True, slots=True)
class Account:
    id: str
    name: str
    email: str
    is_admin: bool
    created_at: datetime
    minimum_faces: int = 3


@dataclass(kw_only=True, slots=True)
class ApiKey:
    id: str
    secret: str
    owner_id: str
    name: str
    permissions: tuple[str, ...]
    created_at: datetime

    def allows(self, permission: str) -> bool:
        return "all" in self.permissions or permission in self.permissions


@dataclass(kw_only=True, slots=True)
class Exif:
    """The asset_exif row; dates are aware UTC, sizes are as stored (before orientation)."""

    updated_at: datetime
    file_size: int
    make: str | None = None
    model: str | None = None
    width: int | None = None
    height: int | None = None
    orientation: str | None = None
    taken_at: datetime | None = None
    modified_at: datetime | None = None
    time_zone: str | None = None
    lens: str | None = None
    f_number: float | None = None
    focal_length: float | None = None
    iso: int | None = None
    exposure_time: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    description: str = ""
    rating: int | None = None
    burst_id: str | None = None


@dataclass(kw_only=True, slots=True)
class Sidecar:
    """The .xmp beside the original: None means that the property was never written there."""

    tags: tuple[str, ...] | None = None
    description: str | None = None


@dataclass(kw_only=True, slots=True)
class Asset:
    id: str
    owner_id: str
    library_id: str | None
    is_video: bool
    original_path: str
    file_name: str
    mime_type: str
    checksum: bytes
    created_at: datetime
    updated_at: datetime
    file_created_at: datetime
    file_modified_at: datetime
    local_time: datetime
    exif: Exif
    visibility: str = "timeline"
    is_favorite: bool = False
    deleted_at: datetime | None = None
    duration_ms: int | None = None
    width: int | None = None
    height: int | None = None
    thumbhash: str | None = None
    motion_video_id: str | None = None
    duplicate_id: str | None = None
    upload_burst_id: str | None = None
    stack_id: str | None = None
    media_at: datetime | None = None
    tag_ids: list[str] = field(default_factory=list)
    edits: list[dict[str, Any]] = field(default_factory=list)
    sidecar: Sidecar = field(default_factory=Sidecar)
    locked: set[str] = field(default_factory=set)
    metadata: dict[str, tuple[Any, datetime]] = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class Tag:
    id: str
    owner_id: str
    value: str
    parent_id: str | None
    created_at: datetime
    updated_at: datetime
    color: str | None = None

    @property
    def name(self) -> str:
        return self.value.rsplit("/", 1)[-1]


@dataclass(kw_only=True, slots=True)
class Stack:
    id: str
    owner_id: str
    primary_id: str
    member_ids: list[str]


@dataclass(kw_only=True, slots=True)
class Person:
    id: str
    owner_id: str
    name: str
    updated_at: datetime
    birth_date: str | None = None
    is_hidden: bool = False
    is_favorite: bool = False
    color: str | None = None
    feature_face_id: str | None = None
    thumbnail: bytes | None = None
    thumbnail_at: datetime | None = None


@dataclass(kw_only=True, slots=True)
class Face:
    """A box in the pixels of an image of `image_width` x `image_height`."""

    id: str
    asset_id: str
    person_id: str | None
    x1: int
    y1: int
    x2: int
    y2: int
    image_width: int
    image_height: int
    source: str


@dataclass(kw_only=True, slots=True)
class Workflow:
    id: str
    owner_id: str
    trigger: str
    name: str | None
    description: str | None
    enabled: bool
    steps: list[dict[str, Any]]
    created_at: datetime
    updated_at: datetime


@dataclass(kw_only=True, slots=True)
class State:
    """Every table, the clock that stamps rows, and the source of ids.

    Ids come from the seed; times are real, in microseconds and never the same twice, except where one statement
    inserts many rows (facts/immich-api.md section 3: a library scan).
    """

    rng: random.Random
    accounts: dict[str, Account] = field(default_factory=dict)
    keys: dict[str, ApiKey] = field(default_factory=dict)
    assets: dict[str, Asset] = field(default_factory=dict)
    tags: dict[str, Tag] = field(default_factory=dict)
    stacks: dict[str, Stack] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    faces: dict[str, Face] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    partners: set[tuple[str, str]] = field(default_factory=set)
    checksums: dict[tuple[str, bytes], str] = field(default_factory=dict)
    last: datetime = EPOCH

    def now(self) -> datetime:
        self.last = max(datetime.now(UTC), self.last + timedelta(microseconds=1))
        return self.last

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def touch(self, asset: Asset) -> None:
        asset.updated_at = self.now()

    def faces_of(self, asset_id: str) -> list[Face]:
        return [face for face in self.faces.values() if face.asset_id == asset_id]

    def people_on(self, asset_id: str) -> list[Person]:
        ids = dict.fromkeys(face.person_id for face in self.faces_of(asset_id) if face.person_id)
        return [self.people[person_id] for person_id in ids]

    def can_read(self, account: Account, asset: Asset) -> bool:
        if asset.visibility == "locked":
            return False
        return asset.owner_id == account.id or (asset.owner_id, account.id) in self.partners

    def can_update(self, account: Account, asset: Asset) -> bool:
        return asset.visibility != "locked" and asset.owner_id == account.id
