"""What a department received: its own store, one SQLite file, durable before anything is answered."""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from demo.ground import received_sql as sql

T = TypeVar("T")
Payload = Mapping[str, object]


class Repeat(StrEnum):
    """Why a request made no new record."""

    REQUEST_KEY = "request_key"  # the sender's own key was used before
    BUSINESS_KEY = "business_key"  # the department already has this person, period, place


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the department will decide, `after` how long; `facts` go into the result (a reason, an amount)."""

    after: timedelta
    status: str
    facts: Payload = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubmission:
    """A submission that passed the department's checks; `plan` is stored with it in one transaction."""

    number: str
    operation: str
    payload: Payload
    status: str
    name_it: Callable[[int], str]
    request_key: str | None = None
    request_key_lasts: timedelta | None = None
    business_key: str | None = None
    facts: Payload = field(default_factory=dict)
    plan: Sequence[Step] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A submission on record; `status` and `facts` are the latest, `first_status` what was answered at first."""

    row: int
    number: str
    operation: str
    department_number: str
    request_key: str | None
    business_key: str | None
    payload: Payload
    payload_sha256: str
    accepted_at: datetime
    first_status: str
    status: str
    facts: Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """`repeat` is None when this request made the record, else why it did not; `submission` is the one on record."""

    submission: Submission
    repeat: Repeat | None
    same_content: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One line of `GET /received`: `times` counts records made, `seen` requests that named the number."""

    number: str
    times: int
    seen: int
    first_at: datetime
    payload_sha256: str


def canonical(payload: Payload) -> bytes:
    """Return the payload as the JSON its hash is taken of: keys sorted, no spaces, UTF-8."""
    return json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


class ReceivedStore:
    """One system's store; all its statements run on one thread of its own, so the event loop never waits for a disk."""

    def __init__(self, path: Path) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"received-{path.stem}")
        self._connection = self._thread.submit(sql.open_database, path).result()
        self.changes = 0
        self._waiting: set[asyncio.Event] = set()

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def transaction() -> T:
            with sql.transaction(self._connection):
                return work(self._connection)

        # Shielded: a caller that hangs up must not leave half a transaction's outcome unknown to this process.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, transaction))

    def close(self) -> None:
        """Close the file; what was answered is on disk already."""
        self._thread.submit(self._connection.close).result()
        self._thread.shutdown()

    def wake(self) -> None:
        """Tell whoever waits in `wait_for_change` that something new is due."""
        self.changes += 1
        for waiting in self._waiting:
            waiting.set()

    async def wait_for_change(self, *, since: int, at_most: float) -> None:
        """Return when `changes` is no longer `since`, or after `at_most` seconds."""
        if self.changes != since:
            return
        waiting = asyncio.Event()
        self._waiting.add(waiting)
        try:
            await asyncio.wait_for(waiting.wait(), at_most)
        except TimeoutError:
            return
        finally:
            self._waiting.discard(waiting)

    async def seen(self, number: str) -> None:
        """Count a request that named `number`, whatever becomes of it."""
        await self._run(lambda connection: sql.count_seen(connection, number))

    async def received(
        self, number: str, payload: Payload, *, operation: str = "", at: datetime | None = None
    ) -> Submission:
        """Record a submission without keys or plan, for systems that need no more."""
        new = NewSubmission(
            number=number, operation=operation, payload=payload, status="received", name_it=lambda row: f"{row:08d}"
        )
        return (await self.record(new, at=at or datetime.now(UTC))).submission

    async def record(self, new: NewSubmission, *, at: datetime) -> Recorded:
        """Record `new` once, atomically: a known request key, then a known business key, gives the record there is."""
        outcome = await self._run(lambda connection: _record(connection, new, at))
        self.wake()
        return outcome

    async def by_number(self, number: str) -> Submission | None:
        """Return the latest submission of that case number."""
        return await self._one("number = ?", number)

    async def by_request_key(self, key: str) -> Submission | None:
        return await self._one("request_key = ?", key)

    async def by_department_number(self, number: str) -> Submission | None:
        return await self._one("department_number = ?", number)

    async def _one(self, where: str, value: str) -> Submission | None:
        row = await self._run(lambda connection: sql.find(connection, where, (value,)))
        return None if row is None else submission_of(row)

    async def latest(self, limit: int = 20) -> list[Submission]:
        """Return what came in last, newest first, for the system's own page."""
        rows = await self._run(lambda connection: sql.latest(connection, limit))
        return [submission_of(row) for row in rows]

    async def accepted_between(self, begins: datetime, ends: datetime) -> list[Submission]:
        """Return what was taken in from `begins` until before `ends`, oldest first."""
        rows = await self._run(lambda connection: sql.between(connection, begins.timestamp(), ends.timestamp()))
        return [submission_of(row) for row in rows]

    async def payloads(self, number: str) -> list[Submission]:
        """Return every record made under that case number, oldest first."""
        rows = await self._run(lambda connection: sql.all_of(connection, number))
        return [submission_of(row) for row in rows]

    async def receipts(self, number: str | None = None) -> list[Receipt]:
        """Return one line per case number, of one number or of all."""
        rows = await self._run(lambda connection: sql.receipts(connection, number))
        return [
            Receipt(
                number=row["number"],
                times=row["times"],
                seen=row["seen"],
                first_at=_moment(row["first_at"]),
                payload_sha256=row["payload_sha256"],
            )
            for row in rows
        ]

    async def use_nonce(self, nonce: str, *, at: datetime, lasts: timedelta) -> bool:
        """Return True the first time a nonce is used; it is remembered at least as long as `lasts`, over restarts."""
        return await self._run(
            lambda connection: sql.use_nonce(connection, nonce, at.timestamp(), lasts.total_seconds())
        )

    async def amend(self, submission: Submission, *, status: str, facts: Payload) -> None:
        """Set what the department holds of a submission now (a person there corrected it)."""
        written = json.dumps(dict(facts), ensure_ascii=False)
        await self._run(lambda connection: sql.set_status(connection, submission.row, status, written))

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one transaction on the store's thread (for `results` and `callbacks`)."""
        return await self._run(work)


def _record(connection: sqlite3.Connection, new: NewSubmission, at: datetime) -> Recorded:
    content = canonical(new.payload)
    digest = hashlib.sha256(content).hexdigest()
    if (known := _known(connection, new, at)) is not None:
        found, repeat = known
        return Recorded(submission=found, repeat=repeat, same_content=found.payload_sha256 == digest)
    row = sql.insert(
        connection,
        number=new.number,
        operation=new.operation,
        request_key=new.request_key,
        business_key=new.business_key,
        payload=content.decode(),
        payload_sha256=digest,
        accepted_at=at.timestamp(),
        status=new.status,
        facts=json.dumps(dict(new.facts), ensure_ascii=False),
    )
    sql.name(connection, row, new.name_it(row))
    for step in new.plan:
        due = (at + step.after).timestamp()
        sql.plan(connection, row, due, step.status, json.dumps(dict(step.facts), ensure_ascii=False))
    made = sql.find(connection, "row = ?", (row,))
    if made is None:
        raise RuntimeError("a row just written must be readable")
    return Recorded(submission=submission_of(made), repeat=None, same_content=True)


def _known(connection: sqlite3.Connection, new: NewSubmission, at: datetime) -> tuple[Submission, Repeat] | None:
    if new.request_key is not None:
        oldest = 0.0 if new.request_key_lasts is None else (at - new.request_key_lasts).timestamp()
        row = sql.find(connection, "request_key = ? AND accepted_at >= ?", (new.request_key, oldest))
        if row is not None:
            return submission_of(row), Repeat.REQUEST_KEY
    if new.business_key is not None:
        row = sql.find(connection, "business_key = ?", (new.business_key,))
        if row is not None:
            return submission_of(row), Repeat.BUSINESS_KEY
    return None


def submission_of(row: sqlite3.Row) -> Submission:
    """Return the submission a row holds."""
    return Submission(
        row=row["row"],
        number=row["number"],
        operation=row["operation"],
        department_number=row["department_number"],
        request_key=row["request_key"],
        business_key=row["business_key"],
        payload=json.loads(row["payload"]),
        payload_sha256=row["payload_sha256"],
        accepted_at=_moment(row["accepted_at"]),
        first_status=row["first_status"],
        status=row["status"],
        facts=json.loads(row["facts"]),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
