"""The encoder as the stages ask for it (ports.Embedder)."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reactor.adapters.clip.encoder import ClipEncoder, ModelInfo
from reactor.adapters.clip.session import Provider, Wish
from reactor.core.portraits import tile_sharpness
from reactor.ports import ImageFeatures


@dataclass(frozen=True, kw_only=True)
class EmbedderOptions:
    """How a model is run; see ``ClipEncoder.open``."""

    provider: Wish = "auto"
    threads: int = 2
    batch: int | None = None
    fast_decode: bool = False


class ClipEmbedder:
    """Turn pictures and prompts into unit vectors of one model."""

    def __init__(self, encoder: ClipEncoder) -> None:
        self._encoder = encoder

    @property
    def model(self) -> str:
        """Return the hash that names the model's vectors."""
        return self._encoder.model.hash

    @property
    def info(self) -> ModelInfo:
        """Return the model's name, dimension and measured numbers."""
        return self._encoder.model

    @property
    def provider(self) -> Provider:
        """Return where pictures are embedded now."""
        return self._encoder.provider

    async def image(self, data: bytes) -> ImageFeatures:
        """Return a picture's features; raises Retryable or Permanent."""
        found = await self._encoder.embed_bytes(data)
        return ImageFeatures(
            vector=found.vector,
            phash=found.phash,
            sharpness=await asyncio.to_thread(tile_sharpness, found.gray),
            width=found.width,
            height=found.height,
        )

    async def texts(self, prompts: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """Return the vector [D] of each prompt; raises Retryable or Permanent."""
        return dict(zip(prompts, await self._encoder.text(prompts), strict=True))


@asynccontextmanager
async def open_embedder(folder: Path, options: EmbedderOptions | None = None) -> AsyncIterator[ClipEmbedder]:
    """Open a model folder for the time of the block; raises StartError."""
    wanted = options or EmbedderOptions()
    encoder = await ClipEncoder.open(
        folder,
        provider=wanted.provider,
        threads=wanted.threads,
        batch=wanted.batch,
        fast_decode=wanted.fast_decode,
    )
    try:
        yield ClipEmbedder(encoder)
    finally:
        await encoder.aclose()
