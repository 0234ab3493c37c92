"""Everything that the renderer draws, labelled, as the demo model sees it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from models.training.label_set import write
from reactor.evaluate.label_scores import LabelledVectors
from reactor.evaluate.labels import embedded
from reactor.ports import Embedder
from reactor.wiring.models import demo_model, open_model


@pytest_asyncio.fixture(scope="session")
async def model() -> AsyncIterator[Embedder]:
    async with open_model(demo_model()) as embedder:
        yield embedder


@pytest.fixture(scope="session")
def folder_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labels")
    write(folder, per_kind=12)
    return folder


@pytest_asyncio.fixture(scope="session")
async def drawn(folder_of_all: Path, model: Embedder) -> LabelledVectors:
    return await embedded(folder_of_all, model)
