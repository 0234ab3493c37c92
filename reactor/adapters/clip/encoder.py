"""A loaded CLIP model: pictures and prompts in, unit vectors out."""

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reactor.adapters.clip.batching import CLOSED, MicroBatcher
from reactor.adapters.clip.folder import ModelFolder, NotLoadable, hash_model, read_folder, state_of
from reactor.adapters.clip.preprocessing import Prepared, prepare
from reactor.adapters.clip.session import Provider, Session, Wish, open_session
from reactor.adapters.clip.single_flight import SingleFlight
from reactor.adapters.clip.tokens import Tokens, load_tokens
from reactor.core.errors import Permanent, Retryable, StartError, Unreachable

Vector = NDArray[np.float32]

CUDA_BATCH = 16
PROMPTS_KEPT = 10_000
UNIT = 0.01


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """Which model makes the vectors.

    ``hash`` names the vectors: equal hashes, comparable vectors. ``random_pair_cosine`` is the median cosine of
    random pairs of photos where the model's card tells it, else None.
    """

    name: str
    hash: str
    dim: int
    random_pair_cosine: float | None


@dataclass(frozen=True, kw_only=True)
class ImageFeatures:
    """What was computed from one picture; the fields are those of ``Prepared``, the vector float32 [D]."""

    vector: Vector
    phash: int
    gray: NDArray[np.float32]
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class _Loaded:
    folder: ModelFolder
    hash: str
    visual: Session
    textual: Session
    tokens: Tokens


class ClipEncoder:
    """Embed pictures and prompts; one thread runs the model, a few more decode pictures."""

    def __init__(self, loaded: _Loaded, *, dim: int, batch: int | None, decoders: int, fast_decode: bool) -> None:
        self.model = ModelInfo(
            name=loaded.folder.name,
            hash=loaded.hash,
            dim=dim,
            random_pair_cosine=loaded.folder.card.random_pair_cosine,
        )
        self._loaded = loaded
        self._closed = False
        self._fast_decode = fast_decode
        self._decoding = asyncio.Semaphore(decoders)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="clip")
        wanted = batch or (CUDA_BATCH if loaded.visual.provider == "cuda" else 1)
        self.batch = wanted if loaded.visual.batches else 1
        self._pictures = MicroBatcher(self._run_pictures, size=self.batch, executor=self._thread)
        self._prompts: SingleFlight[tuple[str, str], Vector] = SingleFlight(limit=PROMPTS_KEPT)

    @classmethod
    async def open(
        cls,
        folder: Path,
        *,
        provider: Wish = "auto",
        threads: int = 2,
        batch: int | None = None,
        decoders: int | None = None,
        fast_decode: bool = False,
    ) -> Self:
        """Load and try a model; raises NotLoadable for what may pass or be repaired, StartError for the rest.

        ``batch`` is the largest number of pictures in one run, by default 1 on the processor and 16 on CUDA; models
        whose graph takes one picture keep to that. ``decoders`` pictures are decoded at once, by default one a core.
        """
        loaded = await asyncio.to_thread(_load, folder, provider, threads)
        dim = await asyncio.to_thread(_try_out, loaded)
        return cls(loaded, dim=dim, batch=batch, decoders=decoders or os.cpu_count() or 2, fast_decode=fast_decode)

    @property
    def provider(self) -> Provider:
        """Return where pictures are embedded now."""
        return self._loaded.visual.provider

    async def embed(self, tensor: NDArray[np.float32]) -> Vector:
        """Return the vector [D] of a prepared picture [3, S, S]; raises Retryable or Permanent."""
        return _checked(await self._pictures.submit(tensor))

    async def embed_bytes(self, data: bytes) -> ImageFeatures:
        """Decode and embed a picture; raises Permanent for what is no picture, and what ``embed`` raises."""
        async with self._decoding:
            prepared = await asyncio.to_thread(self._prepare, data)
        return ImageFeatures(
            vector=await self.embed(prepared.tensor),
            phash=prepared.phash,
            gray=prepared.gray,
            width=prepared.width,
            height=prepared.height,
        )

    async def text(self, prompts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors [n, D] of prompts, each encoded once and remembered; raises Retryable or Permanent."""
        if not prompts:
            return np.empty((0, self.model.dim), dtype=np.float32)
        return np.stack(await asyncio.gather(*(self._prompt(prompt) for prompt in prompts)))

    async def aclose(self) -> None:
        """Turn away who still waits and let the model's present run end."""
        self._closed = True
        await self._prompts.aclose()
        await self._pictures.aclose()
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

    def _prepare(self, data: bytes) -> Prepared:
        return prepare(data, self._loaded.folder.preprocessing, fast_decode=self._fast_decode)

    def _run_pictures(self, tensors: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        return self._loaded.visual.run({"image": np.stack(tensors)})

    async def _prompt(self, prompt: str) -> Vector:
        async def encode() -> Vector:
            if self._closed:
                raise Unreachable(CLOSED)
            loop = asyncio.get_running_loop()
            return _checked(await loop.run_in_executor(self._thread, _run_prompt, self._loaded, prompt))

        return await self._prompts.get((self.model.hash, prompt), encode)


def _load(path: Path, provider: Wish, threads: int) -> _Loaded:
    folder = read_folder(path)
    try:
        before = state_of(folder)
        visual = open_session(folder.visual, wish=provider, threads=threads)
        if visual.inputs != {"image"}:
            raise StartError(
                f"the image tower {folder.visual} wants {sorted(visual.inputs)}, which no model of Immich does"
            )
        textual = open_session(folder.textual, wish=provider, threads=threads)
        tokens = load_tokens(folder, textual.inputs)
        digest = hash_model(folder)
        # The hash must name what was loaded, also while somebody replaces the files.
        if state_of(folder) != before:
            raise NotLoadable(f"the files in {folder.path} changed while they were read")
    except OSError as error:
        raise NotLoadable(f"the files in {folder.path} cannot be read: {error}") from error
    return _Loaded(folder=folder, hash=digest, visual=visual, textual=textual, tokens=tokens)


def _try_out(loaded: _Loaded) -> int:
    """Run both towers once, so that a model that cannot work fails at the start; returns the vectors' dimension."""
    folder = loaded.folder
    plain = BytesIO()
    Image.new("RGB", (folder.preprocessing.size, folder.preprocessing.size), "gray").save(plain, "PNG")
    try:
        picture = loaded.visual.run({"image": prepare(plain.getvalue(), folder.preprocessing).tensor[None]})[0]
        prompt = _run_prompt(loaded, "a photo")
    except Permanent as error:
        raise StartError(f"the model in {folder.path} does not work: {error}") from error
    except Retryable as error:
        raise NotLoadable(str(error)) from error
    if picture.shape != prompt.shape or picture.shape != (folder.config.embed_dim,):
        raise StartError(
            f"the model in {folder.path} is inconsistent: its pictures have {picture.shape[-1]} numbers, "
            f"its prompts {prompt.shape[-1]}, its config.json says {folder.config.embed_dim}"
        )
    if not (np.isfinite(picture).all() and np.isfinite(prompt).all()):
        raise NotLoadable(f"the model in {folder.path} gives no finite numbers; its files may be damaged")
    # Immich's models normalise inside the graph (facts/clip.md section 2); cosines here rely on it.
    if max(abs(np.linalg.norm(picture) - 1), abs(np.linalg.norm(prompt) - 1)) > UNIT:
        raise StartError(f"the model in {folder.path} does not give vectors of length 1, as Immich's models do")
    return int(picture.size)


def _run_prompt(loaded: _Loaded, prompt: str) -> Vector:
    # One at a time, as Immich does: a quantised model's vectors depend on what shares their batch.
    vector: Vector = loaded.textual.run(loaded.tokens.of(prompt))[0]
    return vector


def _checked(vector: Vector) -> Vector:
    if not np.isfinite(vector).all():
        raise Permanent("the model gave no finite vector for this input")
    return vector
