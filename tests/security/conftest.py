"""A provider on the embedded default for every security test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from config.state import StateStore
from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from tests.doubles.idp_site import Site, open_site

Ground = tuple[AsyncEngine, StateStore]


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    """What the provider stands on, for tests that start a second process on it."""
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'idp.db'}")
    yield engine, MemoryStateStore()
    await engine.dispose()


@pytest.fixture
async def site(ground: Ground) -> AsyncIterator[Site]:
    """The provider with one clerk."""
    async with open_site(*ground) as started:
        await started.account()
        yield started
