"""Immich's JSON of faces, read leniently, as the values of the core."""

from pydantic import Field

from reactor.adapters.immich.bounds import LARGEST_SIDE, Id, Place
from reactor.adapters.immich.models import Model
from reactor.core.ids import FaceId, PersonId
from reactor.core.library import Face


class PersonOfFaceJson(Model):
    id: Id
    name: str | None = None
    is_hidden: bool | None = None


class FaceJson(Model):
    """A face's box, in pixels of a frame (section 9)."""

    id: Id
    bounding_box_x1: Place = Field(alias="boundingBoxX1")
    bounding_box_y1: Place = Field(alias="boundingBoxY1")
    bounding_box_x2: Place = Field(alias="boundingBoxX2")
    bounding_box_y2: Place = Field(alias="boundingBoxY2")
    image_width: int = Field(gt=0, le=LARGEST_SIDE)
    image_height: int = Field(gt=0, le=LARGEST_SIDE)
    person: PersonOfFaceJson | None = None

    def to_core(self) -> Face:
        return Face(
            id=FaceId(self.id),
            box=(self.bounding_box_x1, self.bounding_box_y1, self.bounding_box_x2, self.bounding_box_y2),
            frame=(self.image_width, self.image_height),
            person=PersonId(self.person.id) if self.person else None,
            person_name=(self.person.name or "").strip() if self.person else "",
            person_hidden=bool(self.person and self.person.is_hidden),
        )
