"""All that a simulated system gets to know of the world; made by the host, handed to `create_api(context)`."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2

from config.clock import Clock, utc_now
from demo.faults.switch import Faults
from demo.ground.entry import SystemEntry
from demo.ground.received import ReceivedStore

SecretReader = Callable[[str], bytes]
"""Returns the secret of that name (see `demo.ground.secrets`)."""

Run = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Background:
    """What runs beside the requests: registered while the routes are made, started by the host's lifespan."""

    _runs: list[Run] = field(default_factory=list)

    def __call__(self, run: Run) -> None:
        """Register `run`; it is called once the host is up and cancelled when the host stops."""
        self._runs.append(run)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run everything registered until the block ends."""
        tasks = [asyncio.ensure_future(run()) for run in self._runs]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemContext:
    """One system's world.

    `callback_url` is the full address this system calls back (`{base_url}/callbacks/{id}`), empty for none.
    `speed` divides every latency and every delay of a result; 1 is the real thing. `department_offset` moves
    opening hours only: signatures, tokens and recorded times use the real clock.
    `line` is its broker, front database or file area, empty where it has none; `serves_line` is False where a server
    of its own stands there already. `directory` is for its own files; `scan_now` lets
    a test not wait for the next scan.
    `transport` lets a test answer the callbacks in place of the network.
    """

    entry: SystemEntry
    store: ReceivedStore
    secrets: SecretReader
    callback_url: str = ""
    line: str = ""
    serves_line: bool = True
    speed: float = 1.0
    seed: int = 1
    clock: Clock = utc_now
    department_offset: timedelta = timedelta()
    background: Background = field(default_factory=Background)
    faults: Faults = field(default_factory=Faults)
    directory: Path | None = None
    scan_now: asyncio.Event = field(default_factory=asyncio.Event)
    transport: httpx2.AsyncBaseTransport | None = None

    @property
    def id(self) -> str:
        return self.entry.id

    def department_time(self) -> datetime:
        """Return the time opening hours are read from, aware, in UTC."""
        return self.clock().astimezone(UTC) + self.department_offset

    def dice(self, *words: str) -> random.Random:
        """Return the same dice for the same seed, system and words, so that a case fares alike in every run."""
        return random.Random(":".join((str(self.seed), self.id, *words)))

    def scaled(self, real: timedelta) -> timedelta:
        """Return how long `real` lasts here."""
        return real / self.speed
