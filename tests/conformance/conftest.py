"""A provider on the embedded default for every conformance test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from tests.doubles.idp_site import Site, open_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """The provider with one clerk."""
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'idp.db'}")
    async with open_site(engine, MemoryStateStore()) as started:
        await started.account()
        yield started
    await engine.dispose()
