"""Many accepted cases at once: one real case, taken in through the front door, copied row by row under other numbers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.storage.tables import deliveries, submissions
from matters.storage.tables import cases, events

_AT_ONCE = 1_000


async def copy_case(
    engine: AsyncEngine, number: str, *, times: int, begin: int = 1, at: datetime | None = None
) -> list[str]:
    """Add `times` copies of the case of that number with events, submission and queued delivery; return their numbers.

    `at` is when they were queued; that of the copied one unless given.
    """
    async with engine.connect() as connection:

        async def row(table: Table, column: Any) -> RowMapping:
            return (await connection.execute(select(table).where(column == number))).mappings().one()

        case = await row(cases, cases.c.number)
        submission = await row(submissions, submissions.c.case_number)
        delivery = await row(deliveries, deliveries.c.case_number)
        told = (await connection.execute(select(events).where(events.c.number == number))).mappings().all()
    queued = {**delivery, **_queued(at or delivery["created_at"])}
    numbers = [f"{number[:-6]}{begin + n:06d}" for n in range(1, times + 1)]
    for first in range(0, times, _AT_ONCE):
        some = numbers[first : first + _AT_ONCE]
        ids = [
            (str(UUID(int=2 * (begin + first + n))), str(UUID(int=2 * (begin + first + n) + 1)))
            for n in range(len(some))
        ]
        async with engine.begin() as connection:
            await connection.execute(insert(cases), [{**case, "number": each, "subject_key": None} for each in some])
            await connection.execute(insert(events), [{**event, "number": each} for each in some for event in told])
            await connection.execute(
                insert(submissions),
                [
                    {**submission, "id": ids[n][0], "case_number": each, "content": _of(submission["content"], each)}
                    for n, each in enumerate(some)
                ],
            )
            await connection.execute(
                insert(deliveries),
                [
                    {**queued, "id": ids[n][1], "key": ids[n][1], "submission_id": ids[n][0], "case_number": each}
                    for n, each in enumerate(some)
                ],
            )
    return numbers


def _of(content: Any, number: str) -> Any:
    return {**content, "case": {**content["case"], "number": number}}


def _queued(at: datetime) -> dict[str, Any]:
    return {
        "state": "queued", "created_at": at, "updated_at": at, "next_attempt_at": at, "attempts": 0, "probes": 0,
        "last_sent_at": None, "hold_reason": "", "lease_owner": None, "lease_until": None, "fence": 0,
        "department_number": "", "their_status": "", "status_at": None, "next_poll_at": None, "outcome": "",
        "message": "", "confirmed_at": None,
    }  # fmt: skip
