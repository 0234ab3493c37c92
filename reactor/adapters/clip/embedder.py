"""The encoder as the stages ask for it (ports.Embedder)."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reactor.adapters.clip.encoder import ClipEncoder, ModelInfo
from reactor.adapters.clip.reopening import SOONEST_S, KeptModel, Patience
from reactor.adapters.clip.session import MEMORY_WAIT, ModelFailed, UnknownFailure, Wish
from reactor.core.errors import Unreachable
from reactor.core.portraits import tile_sharpness
from reactor.core.thumbs import clipped_share, thumb_of
from reactor.ports import ImageFeatures


@dataclass(frozen=True, kw_only=True)
class EmbedderOptions:
    """How a model is run (see ``ClipEncoder.open``), and how it is opened again."""

    provider: Wish = "auto"
    threads: int = 2
    batch: int | None = None
    fast_decode: bool = False
    patience: Patience = field(default_factory=Patience)


class ClipEmbedder:
    """Turn pictures and prompts into unit vectors of one model.

    While the model cannot be loaded, and while it is opened anew after it failed again and again, every call raises
    Unreachable: that costs a delivery no try.
    """

    def __init__(self, name: str, kept: KeptModel) -> None:
        self._name = name
        self._kept = kept

    @property
    def name(self) -> str:
        """Return the model's name, loaded or not."""
        return self._name

    @property
    def model(self) -> str:
        """Return the hash that names the model's vectors; raises Unreachable until the model was loaded once.

        While it is opened anew the hash stays, so that work on stored vectors goes on.
        """
        return self._kept.info.hash

    @property
    def info(self) -> ModelInfo:
        """Return the model's name, dimension and measured numbers; raises Unreachable as ``model`` does."""
        return self._kept.info

    @property
    def ready(self) -> bool:
        """Say whether the model is loaded."""
        return self._kept.is_open

    @property
    def provider(self) -> str:
        """Return where pictures are embedded now, cuda or cpu, or a sentence that says why they are not."""
        return self._kept.state

    async def image(self, data: bytes) -> ImageFeatures:
        """Return a picture's features; raises Retryable or Permanent."""
        encoder = self._kept.encoder
        with self._watched(encoder):
            found = await encoder.embed_bytes(data)
            measured = await asyncio.to_thread(_measured, found.gray)
        if encoder.model.hash != self.model:
            # Whoever asks for ``model`` next would give this vector the wrong name.
            raise Unreachable("the model was replaced while it looked at the picture", after=SOONEST_S)
        sharpness, thumb, clipped = measured
        return ImageFeatures(
            vector=found.vector,
            phash=found.phash,
            sharpness=sharpness,
            width=found.width,
            height=found.height,
            thumb=thumb,
            clipped=clipped,
        )

    async def texts(self, prompts: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """Return the vector [D] of each prompt; raises Retryable or Permanent."""
        encoder = self._kept.encoder
        with self._watched(encoder):
            return dict(zip(prompts, await encoder.text(prompts), strict=True))

    @contextmanager
    def _watched(self, encoder: ClipEncoder) -> Iterator[None]:
        try:
            yield
        except (ModelFailed, UnknownFailure) as error:
            self._kept.failed(encoder, str(error))
            raise
        except MemoryError as error:
            raise Unreachable("there was not enough memory to embed", after=MEMORY_WAIT) from error
        else:
            self._kept.worked(encoder)


def _measured(gray: NDArray[np.float32]) -> tuple[float, bytes, float]:
    return tile_sharpness(gray), thumb_of(gray), clipped_share(gray)


@asynccontextmanager
async def open_embedder(
    folder: Path, options: EmbedderOptions | None = None, *, patient: bool = False
) -> AsyncIterator[ClipEmbedder]:
    """Open a model folder for the time of the block; raises StartError.

    If ``patient``, a model that is there and cannot be loaded now (damaged files, no memory, a card that others hold)
    is no reason not to start: it is tried again by itself until it can be.
    """
    wanted = options or EmbedderOptions()

    async def open_encoder() -> ClipEncoder:
        return await ClipEncoder.open(
            folder,
            provider=wanted.provider,
            threads=wanted.threads,
            batch=wanted.batch,
            fast_decode=wanted.fast_decode,
        )

    kept = KeptModel(folder.name, open_encoder, wanted.patience)
    await kept.start(patient=patient)
    try:
        yield ClipEmbedder(folder.name, kept)
    finally:
        await kept.aclose()
