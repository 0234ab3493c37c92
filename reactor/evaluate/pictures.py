"""The pictures of a labelled folder, seen as the reactor sees previews."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from reactor.core.errors import Permanent, StartError
from reactor.ports import Embedder, ImageFeatures

AT_ONCE = 4


async def look_at(folder: Path, files: Sequence[str], embedder: Embedder) -> tuple[ImageFeatures, ...]:
    """Return the features of files in ``images/``, in their order; raises StartError for what is no picture."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def look(path: Path) -> ImageFeatures:
        async with slots:
            try:
                return await embedder.image(await asyncio.to_thread(path.read_bytes))
            except (OSError, Permanent) as error:
                raise StartError(f"{path} cannot be looked at: {error}") from error

    seen = await asyncio.gather(*(look(folder / "images" / file) for file in files), return_exceptions=True)
    for one in seen:
        if isinstance(one, BaseException):
            raise one
    return tuple(one for one in seen if isinstance(one, ImageFeatures))
