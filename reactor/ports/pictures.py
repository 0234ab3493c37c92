"""What is made of pictures, kept of them and found by it, told from the side of the stages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reactor.core.gates import Faces
from reactor.core.ids import AccountId, AssetId
from reactor.core.library import Asset, EmbeddedPhoto, Lookalikes, LookalikesWanted, Surroundings


@dataclass(frozen=True, kw_only=True)
class ImageFeatures:
    """What the model and the hash say of one picture.

    ``vector`` unit float32 [D]; ``phash`` 64 bits; ``sharpness``, ``thumb`` and ``clipped`` of a small grey picture
    (core/thumbs.py); width, height in pixels.
    """

    vector: NDArray[np.float32]
    phash: int
    sharpness: float
    width: int
    height: int
    thumb: bytes | None = None
    clipped: float | None = None


class Embedder(Protocol):
    """Turn pictures and prompts into unit vectors of one model."""

    @property
    def model(self) -> str:
        """The hash that names the model's vectors."""
        ...

    async def image(self, data: bytes) -> ImageFeatures: ...

    async def texts(self, prompts: Sequence[str]) -> Mapping[str, NDArray[np.float32]]: ...


class Portraits(Protocol):
    """Cut faces out of pictures."""

    async def sharpness(self, picture: bytes, box: tuple[float, float, float, float], frame: tuple[int, int]) -> float:
        """Return the sharpness of a face on its picture; ``box`` is in pixels of ``frame``."""
        ...

    async def crop(self, picture: bytes, box: tuple[float, float, float, float], frame: tuple[int, int]) -> bytes:
        """Return the JPEG that Frigate is given."""
        ...

    async def looks_like(self, crop: bytes, picture: bytes) -> bool:
        """Say whether a picture that Frigate keeps was cut out of our crop."""
        ...


class Photos(Protocol):
    """Keep what embedding found; the truth for every decision about stacks."""

    async def save(self, photo: EmbeddedPhoto, model: str, *, seen: Asset | None = None) -> None:
        """Write what was found; ``seen`` is the photo as Immich showed it, so that later changes can be told."""
        ...

    async def set_burst(self, account: AccountId, asset: AssetId, burst_id: str) -> None: ...

    async def retake(self, account: AccountId, asset: AssetId, taken_at: datetime) -> None:
        """Correct the capture time of a stored photo."""
        ...

    async def set_file(self, account: AccountId, asset: AssetId, name: str, path: str) -> None:
        """Remember the file's name and path of a photo that an earlier release stored without them."""
        ...

    async def set_faces(self, account: AccountId, asset: AssetId, faces: Faces) -> None:
        """Remember who is seen on a photo; decided once."""
        ...

    async def embedded(
        self, account: AccountId, assets: Sequence[AssetId], model: str
    ) -> tuple[EmbeddedPhoto, ...]: ...

    async def around(
        self, account: AccountId, assets: Sequence[AssetId], margin: timedelta, model: str, *, limit: int
    ) -> Surroundings:
        """Return photos with those taken within ``margin`` of one of them, in order of time, the first ``limit``.

        Of the first FEW of them at least it is told who is untouched.
        """
        ...

    async def drop(self, account: AccountId, assets: Sequence[AssetId]) -> None:
        """Forget photos that are gone; one that comes back is embedded again."""
        ...


class Similar(Protocol):
    """Find photos of one account by what the model saw in them, at any distance in time."""

    async def lookalikes(self, wanted: LookalikesWanted) -> Lookalikes:
        """Return who looks like the photos, and take them into the index.

        Raises Unreachable while the index is not ready, or where another process keeps it.
        """
        ...

    async def forget(self, account: AccountId, assets: Sequence[AssetId]) -> None:
        """Leave photos out that are gone."""
        ...
