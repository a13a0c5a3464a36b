"""The two ways to run, for the parts that need no processes: SQLite with memory, and PostgreSQL with Redis."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from config.state import StateStore
from config.storage.memory_state import MemoryStateStore
from config.storage.redis_state import RedisStateStore
from config.storage.sql import create_engine
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

EMBEDDED: Final = "SQLite and memory"
FULL: Final = "PostgreSQL and Redis"
WAYS: Final = ((EMBEDDED, False), (FULL, True))
"""Their names in every table, and whether it is the full one."""
TENDED_EVERY_SECONDS: Final = 2
"""A database in operation has its statistics within the minute; here days go by in minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A database and a state store of its own, and a directory that goes with it."""

    name: str
    engine: AsyncEngine
    state: StateStore
    directory: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to run; `database_url` and `redis_url` are empty for the embedded one."""

    name: str
    database_url: str = ""
    redis_url: str = ""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Ground]:
        """Open database and state store until the block ends."""
        with tempfile.TemporaryDirectory(prefix="ow-faults-") as directory:
            engine = create_engine(self.database_url or f"sqlite+aiosqlite:///{directory}/onewindow.db")
            state: StateStore = RedisStateStore(self.redis_url) if self.redis_url else MemoryStateStore()
            try:
                yield Ground(name=self.name, engine=engine, state=state, directory=Path(directory))
            finally:
                await state.aclose()
                await engine.dispose()


@contextmanager
def ways() -> Iterator[tuple[Way, ...]]:
    """Start the servers of the full one and give both; the servers end with the block."""
    postgres = Postgres.start(tended_every_seconds=TENDED_EVERY_SECONDS)
    try:
        valkey = Valkey.start()
        try:
            yield (
                Way(name=EMBEDDED),
                Way(name=FULL, database_url=postgres.new_database(), redis_url=valkey.url),
            )
        finally:
            valkey.stop()
    finally:
        postgres.stop()
