"""Folders outside pytest's own (which only root may enter), with and without a database in them."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from structlog.typing import FilteringBoundLogger

from .servers import Holder, open_home


@pytest.fixture
def log() -> FilteringBoundLogger:
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


@pytest.fixture
def home() -> Iterator[Path]:
    with open_home() as folder:
        yield folder


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """Make a database once, for the tests that do not look at its making."""
    with open_home() as folder:
        holder = Holder(folder / "data")
        holder.wait_until_up()
        assert holder.end() == 0
        holder.clear()
        yield folder / "data"


@pytest.fixture
def data(home: Path, template: Path) -> Path:
    """Give a test a stopped database of its own."""
    subprocess.run(["cp", "-a", str(template), str(home / "data")], check=True)
    return home / "data"


@pytest.fixture(scope="module")
def shared(template: Path) -> Iterator[Path]:
    """Lend a stopped database to the tests of one module that leave it usable."""
    with open_home() as folder:
        subprocess.run(["cp", "-a", str(template), str(folder / "data")], check=True)
        yield folder / "data"


@pytest.fixture
def hold() -> Iterator[Callable[..., Holder]]:
    """Start holders; end those that are still there."""
    started: list[Holder] = []

    def start(data_dir: Path, *arguments: str) -> Holder:
        started.append(Holder(data_dir, *arguments))
        return started[-1]

    yield start
    for holder in started:
        holder.clear()
