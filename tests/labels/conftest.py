"""What the renderer draws, as the demo model sees it; and rigs whose categories stand in a file or are edited."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from models.training.label_set import write
from reactor.evaluate.label_scores import LabelledVectors
from reactor.evaluate.labels import embedded
from reactor.ports import Embedder
from reactor.wiring.models import demo_model, open_model

from ..stages.house import House
from .rig import LabelRig, Managed


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


@pytest.fixture
def rig(house: House) -> LabelRig:
    return LabelRig(house=house)


@pytest.fixture(params=["file", "reactor"])
def either(house: House, request: pytest.FixtureRequest) -> LabelRig:
    managed: Managed = request.param
    return LabelRig(house=house, managed=managed)
