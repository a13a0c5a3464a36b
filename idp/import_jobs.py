"""Imports asked for on a page: the file is kept for a quarter of an hour, then imported beside the web app.

Progress and result are in the state store, so any process can show them; the import runs in the process that was
asked. Should that process end, the rest is imported by giving the same file again: nothing comes in twice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import token_urlsafe
from typing import Final, Protocol

from config.clock import Clock
from config.logs import get
from idp.account_import import AccountImport, Preview
from idp.protocol.account import Account
from idp.protocol.account_csv import Fault
from idp.protocol.audit import AuditUnavailable

_log = get("onewindow.idp")
FILE_LIVES: Final = timedelta(minutes=15)
RESULT_LIVES: Final = timedelta(hours=12)
STALLED_AFTER: Final = timedelta(minutes=2)
_AT_ONCE: Final = 1
_PAUSE_SECONDS: Final = 0.01  # between batches: people's requests go first
FAULTS_KEPT: Final = 200


class JobState(StrEnum):
    """Where an import stands."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"  # a fault ended it; what was imported stays


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An import. `faults` are the first of `fault_count`."""

    id: str
    by: str
    state: JobState
    began_at: datetime
    moved_at: datetime
    total: int
    done: int = 0
    created: int = 0
    existing: int = 0
    fault_count: int = 0
    faults: tuple[Fault, ...] = ()

    def seen(self, at: datetime) -> "Job":
        """Return the job as it is shown: one nobody moved for a while has stopped."""
        stalled = self.state is JobState.RUNNING and at - self.moved_at > STALLED_AFTER
        return replace(self, state=JobState.STOPPED) if stalled else self


class ImportJobStore(Protocol):
    """Files that wait and jobs that run, each known to one person."""

    async def keep_file(self, file_id: str, by: str, content: bytes, ttl: timedelta) -> None:
        """Keep an uploaded file, sealed."""

    async def file(self, file_id: str, by: str) -> bytes | None:
        """Return one's own file."""

    async def take_file(self, file_id: str, by: str) -> bytes | None:
        """Return one's own file and forget it, in one atomic step."""

    async def put(self, job: Job, ttl: timedelta) -> None:
        """Keep a job."""

    async def get(self, job_id: str, by: str) -> Job | None:
        """Return one's own job."""


@dataclass(slots=True, kw_only=True)
class ImportJobs:
    """One per process."""

    imports: AccountImport
    store: ImportJobStore
    clock: Clock
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def look_through(self, actor: Account, content: bytes) -> tuple[str, Preview]:
        """Keep a file and tell what importing it would do."""
        preview = await self.imports.preview(content, region=actor.region)
        file_id = token_urlsafe(16)
        await self.store.keep_file(file_id, actor.sub, content, FILE_LIVES)
        return file_id, preview

    async def begin(self, actor: Account, file_id: str) -> Job | None:
        """Begin importing a file that was looked through; None when it is gone, or was begun before."""
        content = await self.store.take_file(file_id, actor.sub)
        if content is None:
            return None
        at = self.clock()
        preview = await self.imports.preview(content, region=actor.region)
        job = Job(
            id=file_id, by=actor.sub, state=JobState.RUNNING, began_at=at, moved_at=at, total=len(preview.fresh),
            existing=len(preview.sheet.people) - len(preview.fresh), fault_count=preview.sheet.fault_count,
            faults=preview.sheet.faults[:FAULTS_KEPT],
        )  # fmt: skip
        await self.store.put(job, RESULT_LIVES)
        task = asyncio.ensure_future(self._run(job, preview))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return job

    async def aclose(self) -> None:
        """Stop what runs; its job says so."""
        for task in list(self._running):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self, job: Job, preview: Preview) -> None:
        try:
            async with self._turn:
                async for progress in self.imports.run(preview.fresh, batch=job.id, by=job.by, at=job.began_at):
                    job = replace(job, done=progress.done, created=progress.created, moved_at=self.clock())
                    await self.store.put(job, RESULT_LIVES)
                    await self.pause(_PAUSE_SECONDS)
            await self.store.put(replace(job, state=JobState.DONE, moved_at=self.clock()), RESULT_LIVES)
            _log.info("accounts_imported", by=job.by, created=job.created)
        except AuditUnavailable:
            await self.store.put(replace(job, state=JobState.STOPPED, moved_at=self.clock()), RESULT_LIVES)
        except Exception as error:  # noqa: BLE001 - nobody awaits this task: its page must tell
            _log.error("account_import_fault", error=type(error).__name__)
            await self.store.put(replace(job, state=JobState.STOPPED, moved_at=self.clock()), RESULT_LIVES)
