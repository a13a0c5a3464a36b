"""Fixtures of the journeys."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Backend
from tests.doubles.clerk_house import House, house


@pytest.fixture
async def open_house(backend: Backend, tmp_path: Path) -> AsyncIterator[House]:
    """A whole OneWindow in this process: once on SQLite and memory, once on PostgreSQL and Redis."""
    async with house(backend.engine, backend.state, tmp_path) as opened:
        yield opened
