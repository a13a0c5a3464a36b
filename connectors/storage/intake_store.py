"""One commit for a case and its ledger."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.clock import Clock, utc_now
from config.storage.sql import readonly
from connectors.errors import NotWithdrawable
from connectors.intake_ports import Earlier, NewCase
from connectors.ledger import DUE, SUPPLEMENT_TASKS, Delivery, DeliveryState, DeskReason, Submission
from connectors.outcomes import OutcomeClass
from connectors.reflux import Moved
from connectors.storage import holds, rows
from connectors.storage.case_moves import Follow
from connectors.storage.commits import until_uncontested
from connectors.storage.desk import close_tasks, has_task, open_task
from connectors.storage.of_cases import lock_deliveries
from connectors.storage.tables import deliveries, idempotency, submissions
from connectors.submission import sha256_of
from connectors.system import System
from matters.case import Case, CaseStatus, Evidence, may_move, move
from matters.errors import CaseUnknown, DuplicateCase
from matters.storage.cases import (
    add_case,
    append_event,
    find_open_case,
    is_second_open_case,
    load_case,
    next_sequence,
)

_NOT_SENT = frozenset({*DUE, DeliveryState.DESK, DeliveryState.INVALID} - {DeliveryState.UNKNOWN})
"""States in which the department does not have it, unless the last attempt ended in `unknown`."""

_NOTHING_TO_TAKE_BACK = frozenset({DeliveryState.CANCELLED, DeliveryState.REFUSED, DeliveryState.REPLAYED})


class _KeyTaken(Exception):
    """The idempotency key was kept by somebody at the same moment: roll back."""


class SqlIntakeStore:
    """`connectors.intake_ports.IntakeStore` on SQLite and PostgreSQL."""

    def __init__(
        self,
        engine: AsyncEngine,
        systems: Mapping[str, System],
        clock: Clock = utc_now,
        *,
        follow: Follow | None = None,
    ) -> None:
        self._engine = engine
        self._reading = readonly(engine)
        self._systems = systems
        self._clock = clock
        self._follow = follow

    async def earlier(self, actor: str, key: str) -> Earlier | None:
        async with self._reading.connect() as connection:
            found = await connection.execute(
                select(idempotency).where(idempotency.c.actor == actor, idempotency.c.key == key)
            )
            row = found.mappings().first()
            if row is None:
                return None
            case = await load_case(connection, row["case_number"])
            if case is None:
                return None
            return Earlier(
                content_sha256=row["content_sha256"],
                case=case,
                deliveries=await _deliveries_of(connection, case.number, self._clock()),
            )

    async def case(self, number: str) -> Case | None:
        async with self._reading.connect() as connection:
            return await load_case(connection, number)

    async def keep(
        self, new: NewCase, *, actor: str, key: str, content_sha256: str, at: datetime
    ) -> tuple[Case, Sequence[Delivery]] | None:
        try:
            async with self._engine.begin() as connection:
                return await self._keep(connection, new, actor=actor, key=key, content_sha256=content_sha256, at=at)
        except _KeyTaken:
            return None
        except IntegrityError as error:
            if new.subject_key is None or not is_second_open_case(error):
                raise
            # Another window's commit came between our look and our own: that case is the one in flight.
            async with self._reading.connect() as connection:
                same = await find_open_case(connection, new.subject_key)
            raise DuplicateCase(f"{same} is in flight", number=same or "") from None

    async def _keep(
        self, connection: AsyncConnection, new: NewCase, *, actor: str, key: str, content_sha256: str, at: datetime
    ) -> tuple[Case, Sequence[Delivery]]:
        sequence = await next_sequence(connection, region=new.region, day=new.day, short_code=new.short_code)
        case, events, submission, queued = new.build(sequence)
        # The key before anything else: of two equal clicks the second waits here and then finds the first's case.
        taken = await connection.execute(
            rows.insert_new(connection, idempotency).values(
                actor=actor, key=key, content_sha256=content_sha256, case_number=case.number, created_at=at
            )
        )
        if taken.rowcount != 1:
            raise _KeyTaken
        if new.subject_key is not None and (same := await find_open_case(connection, new.subject_key)) is not None:
            raise DuplicateCase(f"{same} is in flight", number=same)
        await add_case(connection, case, events, new.materials)
        await _add_submission(connection, submission)
        await _add_deliveries(connection, queued, case, at=at, due_at=new.due_at)
        if self._follow is not None:
            await self._follow(connection, [Moved(case=case, event=event) for event in events], at=at)
        return case, queued

    async def withdraw(
        self, number: str, *, by: str, evidence: Evidence, reason: str, at: datetime, due_at: datetime
    ) -> tuple[Case, Sequence[Delivery]]:
        async def commit(connection: AsyncConnection) -> tuple[Case, Sequence[Delivery]]:
            return await self._withdraw(
                connection, number, by=by, evidence=evidence, reason=reason, at=at, due_at=due_at
            )

        return await until_uncontested(self._engine, commit)

    async def _withdraw(
        self,
        connection: AsyncConnection,
        number: str,
        *,
        by: str,
        evidence: Evidence,
        reason: str,
        at: datetime,
        due_at: datetime,
    ) -> tuple[Case, Sequence[Delivery]]:
        # Deliveries first, as everywhere: whoever is settling one commits, then we see what it came to.
        held = await lock_deliveries(connection, [number])
        case = await load_case(connection, number)
        if case is None:
            raise CaseUnknown(number)
        if not may_move(case.status, CaseStatus.WITHDRAWN):
            raise NotWithdrawable(number)
        case, event = move(case, CaseStatus.WITHDRAWN, at=at, by=by, evidence=evidence)
        await append_event(connection, case, event)
        for row in held:
            await self._take_back(connection, row, case, reason=reason, by=by, at=at, due_at=due_at, of=len(held))
        return case, await _deliveries_of(connection, number, at)

    async def _take_back(
        self,
        connection: AsyncConnection,
        row: Any,
        case: Case,
        *,
        reason: str,
        by: str,
        at: datetime,
        due_at: datetime,
        of: int,
    ) -> None:
        if row["kind"] != "submit" or DeliveryState(row["state"]) in _NOTHING_TO_TAKE_BACK:
            return
        if DeliveryState(row["state"]) in _NOT_SENT and not await _may_have_arrived(connection, row):
            await connection.execute(
                update(deliveries)
                .where(deliveries.c.id == row["id"])
                .values(state=DeliveryState.CANCELLED.value, next_attempt_at=None, hold_reason="", updated_at=at)
            )
            await close_tasks(connection, row["id"], reasons=tuple(DeskReason), by=by, result="withdrawn", at=at)
            return
        await close_tasks(
            connection, row["id"], reasons=(DeskReason.RESULT, *SUPPLEMENT_TASKS), by=by, result="withdrawn", at=at
        )
        await self._tell(connection, row, case, reason=reason, at=at, due_at=due_at, position=of + row["position"])

    async def _tell(
        self,
        connection: AsyncConnection,
        row: Any,
        case: Case,
        *,
        reason: str,
        at: datetime,
        due_at: datetime,
        position: int,
    ) -> None:
        """Queue a withdrawal to a department that has the case or may have it; by hand where it takes none."""
        found = await connection.execute(select(submissions).where(submissions.c.id == row["submission_id"]))
        before = rows.submission(found.mappings().one())
        content = {**before.content, "reason": reason, "department_number": row["department_number"]}
        submission = Submission(
            id=str(uuid4()), case_number=case.number, created_at=at, content=content, sha256=sha256_of(content)
        )
        known = self._systems.get(row["system"])
        system = known.in_region(row["region"]) if known is not None else None
        is_manual = system is None or system.service == "retired" or system.withdraw is None or system.withdraw.manual
        key = str(uuid4())
        told = Delivery(
            id=key,
            submission_id=submission.id,
            case_number=case.number,
            position=position,
            system=row["system"],
            operation="withdraw",
            kind="withdraw",
            key=key,
            state=DeliveryState.DESK if is_manual else DeliveryState.QUEUED,
            created_at=at,
            next_attempt_at=None if is_manual else at,
            department_number=row["department_number"],
        )
        await _add_submission(connection, submission)
        await _add_deliveries(connection, [told], case, at=at, due_at=due_at, note=reason)


async def _add_submission(connection: AsyncConnection, submission: Submission) -> None:
    await connection.execute(
        insert(submissions).values(
            id=submission.id,
            case_number=submission.case_number,
            created_at=submission.created_at,
            content=dict(submission.content),
            sha256=submission.sha256,
        )
    )


async def _add_deliveries(
    connection: AsyncConnection,
    queued: Sequence[Delivery],
    case: Case,
    *,
    at: datetime,
    due_at: datetime,
    note: str = "",
) -> None:
    kept = [
        {
            "id": each.id,
            "submission_id": each.submission_id,
            "case_number": each.case_number,
            "position": each.position,
            "system": each.system,
            "operation": each.operation,
            "kind": each.kind,
            "key": each.key,
            "matter_id": case.matter_id,
            "unit": case.unit,
            "region": case.region,
            "state": each.state.value,
            "created_at": at,
            "updated_at": at,
            "next_attempt_at": each.next_attempt_at,
            "department_number": each.department_number,
        }
        for each in queued
    ]
    await connection.execute(insert(deliveries), kept)
    for row in kept:
        if row["state"] == DeliveryState.DESK.value:
            await open_task(connection, row, DeskReason.MANUAL, note=note, at=at, due_at=due_at)


async def _deliveries_of(connection: AsyncConnection, number: str, at: datetime) -> Sequence[Delivery]:
    found = await connection.execute(
        select(deliveries).where(deliveries.c.case_number == number).order_by(deliveries.c.position)
    )
    return await holds.shown(connection, [rows.delivery(row) for row in found.mappings()], at)


async def _may_have_arrived(connection: AsyncConnection, row: Any) -> bool:
    """Nobody knows whether they have it: so ended the last attempt, or asking them, until a person was to find out."""
    if row["last_sent_at"] is None:
        return False
    unanswered = row["outcome"] in ("", OutcomeClass.UNKNOWN.value)
    return unanswered or await has_task(connection, row["id"], DeskReason.UNKNOWN)
