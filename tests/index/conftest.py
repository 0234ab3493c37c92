import asyncpg
import pytest

from .rig import Shelf


@pytest.fixture
def shelf(pool: asyncpg.Pool) -> Shelf:
    return Shelf(pool)
