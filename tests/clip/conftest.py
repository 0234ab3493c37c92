from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from reactor.adapters.clip.encoder import ClipEncoder

from .models import make_model

Open = Callable[..., Awaitable[ClipEncoder]]


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    """Open models that are closed after the test."""
    async with AsyncExitStack() as stack:

        async def open_one(folder: Path, **options: Any) -> ClipEncoder:
            encoder = await ClipEncoder.open(folder, **options)
            stack.push_async_callback(encoder.aclose)
            return encoder

        yield open_one


@pytest.fixture(scope="session")
def demo() -> Path:
    """Return the folder of the model that comes with the project."""
    return Path(__file__).parents[2] / "models" / "demo" / "ViT-Tiny-Demo"


@pytest.fixture(scope="session")
def plain_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a random fp32 model whose batch axis is open."""
    return make_model(tmp_path_factory.mktemp("models") / "ViT-Random")


@pytest.fixture(scope="session")
def single_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same model as Immich exports it: one picture at a time."""
    return make_model(tmp_path_factory.mktemp("models") / "ViT-Random", batch=1)
