"""Which model folder is used, and how to come by one."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from reactor.adapters.clip.embedder import ClipEmbedder, EmbedderOptions, open_embedder
from reactor.adapters.clip.encoder import ModelInfo
from reactor.adapters.clip.folder import clean_name
from reactor.adapters.clip.pull import pull
from reactor.config import Settings, resource
from reactor.core.errors import StartError, Unreachable
from reactor.ports import Embedder, ImageFeatures

DEMO_NAME = "ViT-Tiny-Demo"
# Sizes of the fp32 files of both towers, from the models' parameter counts (facts/clip.md sections 4 and 5).
SIZES_MB = {"ViT-B-32__openai": 606, "ViT-L-14__openai": 1710}


class Model(Embedder, Protocol):
    """A model with its card."""

    @property
    def info(self) -> ModelInfo: ...


class NoModel:
    """The model of a process that opened none: whatever needs one waits for a reactor."""

    @property
    def model(self) -> str:
        self._refuse()

    @property
    def info(self) -> ModelInfo:
        self._refuse()

    async def image(self, data: bytes) -> ImageFeatures:
        self._refuse()

    async def texts(self, prompts: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Unreachable("this command has not loaded the model; a running reactor goes on with it")


def demo_model() -> Path:
    """Return the folder of the model that comes with the project: for the demo and for tests, never for real photos."""
    return resource("models/demo") / DEMO_NAME


def model_root(settings: Settings) -> Path:
    """Return the folder in which model folders lie: Immich's own cache where it is shared, else ours."""
    if settings.model_cache is not None:
        return settings.model_cache / "clip"
    return settings.data_dir / "models" / "clip"


def real_model(settings: Settings) -> Path:
    """Return the folder of the chosen model; raises StartError saying its size and how to get it."""
    name = clean_name(settings.model)
    if name == DEMO_NAME:
        raise StartError(f"{DEMO_NAME} knows rendered pictures only; it is never used on real photos")
    folder = model_root(settings) / name
    if (folder / "visual" / "model.onnx").exists():
        return folder
    size = f" (about {SIZES_MB[name]} MB)" if name in SIZES_MB else ""
    raise StartError(
        f"the model {name}{size} is not in {folder}; get it with `reactor model pull {name}`, "
        "or set REACTOR_MODEL_CACHE to the model cache that Immich's machine learning fills"
    )


async def pull_model(settings: Settings, name: str) -> Path:
    """Download a model into our folder of models."""
    root = model_root(settings)
    root.mkdir(parents=True, exist_ok=True)
    return await pull(name, root)


@asynccontextmanager
async def open_model(folder: Path, options: EmbedderOptions | None = None) -> AsyncIterator[ClipEmbedder]:
    """Open a model and close it again."""
    async with open_embedder(folder, options or EmbedderOptions()) as embedder:
        yield embedder


def embedder_options(settings: Settings) -> EmbedderOptions:
    """Return how the model is run."""
    return EmbedderOptions(
        provider=settings.provider,
        threads=settings.threads,
        batch=settings.batch,
        fast_decode=settings.fast_decode,
    )
