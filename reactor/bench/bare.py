"""The bare decode-and-model loop, and what a stretch of work costs this process."""

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reactor.adapters.clip.folder import read_folder
from reactor.adapters.clip.session import open_session
from reactor.core.images import centre_crop_box, normalise, resized_size


@dataclass(kw_only=True)
class Spent:
    """CPU seconds of this process and seconds by the clock, over one stretch of work or several."""

    cpu_s: float = 0.0
    wall_s: float = 0.0
    photos: int = 0
    _began: tuple[float, float] = (0.0, 0.0)

    def begin(self) -> None:
        self._began = time.process_time(), time.perf_counter()

    def end(self, photos: int) -> None:
        self.cpu_s += time.process_time() - self._began[0]
        self.wall_s += time.perf_counter() - self._began[1]
        self.photos += photos

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds for each photo."""
        return round(self.cpu_s / self.photos * 1000, 2)


class BareLoop:
    """Decode, resize, crop, normalise, run: what Immich's machine learning does with a preview, and nothing else."""

    def __init__(self, model: Path, threads: int) -> None:
        folder = read_folder(model)
        self._session = open_session(folder.visual, threads=threads)
        self._preprocessing = folder.preprocessing
        self.spent = Spent()

    @property
    def provider(self) -> str:
        return self._session.provider

    def run(self, previews: Sequence[bytes]) -> None:
        """Take one after the other, and count what that costs."""
        self.spent.begin()
        for data in previews:
            self.vector(data)
        self.spent.end(len(previews))

    def vector(self, data: bytes) -> NDArray[np.float32]:
        """Return the vector [D] of a preview."""
        size = self._preprocessing.size
        image: Image.Image = Image.open(io.BytesIO(data))
        image.load()
        image = image if image.mode == "RGB" else image.convert("RGB")
        target = resized_size(image.width, image.height, size)
        cropped = image.resize(target, Image.Resampling.BICUBIC).crop(centre_crop_box(*target, size))
        tensor = normalise(np.asarray(cropped), self._preprocessing.mean, self._preprocessing.std)
        found: NDArray[np.float32] = self._session.run({"image": tensor[None]})[0]
        return found
