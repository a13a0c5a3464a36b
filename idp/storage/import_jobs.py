"""Imports in the state store: files sealed, for they name people; jobs as JSON."""

from datetime import timedelta

from config.lazy_adapter import LazyAdapter
from config.state import StateStore
from idp.import_jobs import Job
from idp.storage.sealing import Seal

_JOB = LazyAdapter(Job)


class StateImportJobStore:
    """`idp.import_jobs.ImportJobStore`."""

    def __init__(self, state: StateStore, seal: Seal) -> None:
        self._state = state
        self._seal = seal

    async def keep_file(self, file_id: str, by: str, content: bytes, ttl: timedelta) -> None:
        name = _file_key(file_id, by)
        await self._state.put(name, self._seal.close(content, name=name), ttl)

    async def file(self, file_id: str, by: str) -> bytes | None:
        name = _file_key(file_id, by)
        sealed = await self._state.get(name)
        return None if sealed is None else self._seal.open(sealed, name=name)

    async def take_file(self, file_id: str, by: str) -> bytes | None:
        name = _file_key(file_id, by)
        sealed = await self._state.take(name)
        return None if sealed is None else self._seal.open(sealed, name=name)

    async def put(self, job: Job, ttl: timedelta) -> None:
        await self._state.put(_job_key(job.id, job.by), _JOB.dump_json(job), ttl)

    async def get(self, job_id: str, by: str) -> Job | None:
        kept = await self._state.get(_job_key(job_id, by))
        return None if kept is None else _JOB.validate_json(kept)


def _file_key(file_id: str, by: str) -> str:
    return f"import-file:{by}:{file_id}"


def _job_key(job_id: str, by: str) -> str:
    return f"import-job:{by}:{job_id}"
