"""Fixtures of the journeys."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from tests.conftest import Backend
from tests.doubles.clerk_house import House, house


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An empty database of the test's own on the embedded default, `onewindow.db` in its directory."""
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'onewindow.db'}")
    yield engine
    await engine.dispose()


@pytest.fixture
async def one(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    """A whole OneWindow in this process, on SQLite and memory."""
    async with house(embedded, MemoryStateStore(), tmp_path) as opened:
        yield opened


@pytest.fixture
async def open_house(backend: Backend, tmp_path: Path) -> AsyncIterator[House]:
    """A whole OneWindow in this process: once on SQLite and memory, once on PostgreSQL and Redis."""
    async with house(backend.engine, backend.state, tmp_path) as opened:
        yield opened
