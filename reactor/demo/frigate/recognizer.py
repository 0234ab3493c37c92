"""Say whose face a crop shows: the nearest mean of simple colour thumbnails, built lazily in a thread."""

import math
import queue
import threading
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reactor.demo.frigate.detector import Picture
from reactor.demo.frigate.folders import FaceFolders

SIDE = 16
UNKNOWN_SCORE = 0.8
# Drawn faces: two shots of one person are mostly above this cosine, of two people mostly below 0.66.
MIDDLE = 0.75
STEEPNESS = 40.0
# Skin is common to all faces: what tells people apart is how they differ from it.
SKIN = np.array([205.0, 160.0, 130.0])


class Recognizer:
    """Keep the class means, with Frigate's stale build bug (facts/frigate-api.md section 5).

    ``clear`` empties the means but not the queue of a build that runs or is not yet read, so the next question may
    be answered from a build that is older than the last picture.
    """

    def __init__(self, folders: FaceFolders, *, build_seconds: float) -> None:
        self._folders = folders
        self._build_seconds = build_seconds
        self._means: dict[str, NDArray[np.float64]] = {}
        self._building: queue.Queue[dict[str, NDArray[np.float64]]] | None = None

    def clear(self) -> None:
        self._means = {}

    def classify(self, crop: Picture) -> tuple[str, float] | None:
        """Return the best name and its score 0..1, or None while nobody is known."""
        if not self._means:
            self._take_or_start_build()
        if not self._means:
            return None
        vector = embed(crop)
        name = max(self._means, key=lambda one: float(vector @ self._means[one]))
        cosine = float(vector @ self._means[name])
        return name, round(1.0 / (1.0 + math.exp(-STEEPNESS * (cosine - MIDDLE))), 2)

    def _take_or_start_build(self) -> None:
        if self._building is None:
            self._building = queue.Queue()
            threading.Thread(target=self._build, args=(self._building,), daemon=True).start()
            return
        try:
            self._means = self._building.get_nowait()
        except queue.Empty:
            return
        self._building = None

    def _build(self, out: "queue.Queue[dict[str, NDArray[np.float64]]]") -> None:
        means = {}
        for name in self._folders.people():
            vectors = [embed(picture) for picture in self._pictures(name)]
            if vectors:
                mean = np.mean(vectors, axis=0)
                means[name] = mean / max(float(np.linalg.norm(mean)), 1e-9)
        time.sleep(self._build_seconds)
        out.put(means)

    def _pictures(self, name: str) -> list[Picture]:
        """Read a person's pictures; one that is deleted or unreadable meanwhile is passed over."""
        pictures = []
        for file in self._folders.files(name):
            try:
                pictures.append(read(self._folders.root / name / file))
            except OSError:
                continue
        return pictures


def read(path: Path) -> Picture:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def embed(crop: Picture) -> NDArray[np.float64]:
    """Return a unit vector of a face crop: its 16 x 16 pattern, and its mean colour against skin."""
    small = Image.fromarray(crop).resize((SIDE, SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.float64)
    mean = pixels.mean(axis=(0, 1))
    vector = np.concatenate([(pixels - mean).ravel(), (mean - SKIN) * (SIDE / 2)])
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9))
