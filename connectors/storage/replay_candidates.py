"""What may be sent anew: the deliveries a choice means, each with everything that decides about it, in seven statements."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.ledger import DeliveryState, DeskReason
from connectors.replay import MOST_AT_ONCE, Candidate, Choice, Group
from connectors.storage import rows
from connectors.storage.tables import attempts, deliveries, desk_tasks, submissions
from matters.case import OPEN, CaseStatus
from matters.storage.tables import cases

_OPEN_CASES: Final = [status.value for status in OPEN]
_ON_DESK: Final = exists().where(
    desk_tasks.c.delivery_id == deliveries.c.id,
    desk_tasks.c.closed_at.is_(None),
    desk_tasks.c.reason.in_([DeskReason.UNKNOWN.value, DeskReason.GAVE_UP.value]),
)
_GROUPS: Final[Mapping[Group, ColumnElement[bool]]] = {
    "invalid": deliveries.c.state == DeliveryState.INVALID.value,
    "refused": deliveries.c.state == DeliveryState.REFUSED.value,
    "desk": and_(deliveries.c.state == DeliveryState.DESK.value, _ON_DESK),
    "auth": and_(deliveries.c.state == DeliveryState.HELD.value, deliveries.c.hold_reason == "auth"),
}


def named(system: str, delivery_ids: Collection[str]) -> Select[Any]:
    """Return the query for these deliveries of a system."""
    ids = list(delivery_ids)[:MOST_AT_ONCE]
    return select(deliveries).where(deliveries.c.id.in_(ids), deliveries.c.system == system).order_by(deliveries.c.id)


def chosen(choice: Choice) -> ColumnElement[bool]:
    """Return the condition that a choice means."""
    which = [deliveries.c.system == choice.system, or_(false(), *(_GROUPS[group] for group in sorted(choice.groups)))]
    if choice.since is not None:
        which.append(deliveries.c.updated_at >= choice.since)
    if choice.until is not None:
        which.append(deliveries.c.updated_at < choice.until)
    if choice.region:
        which.append(deliveries.c.region.startswith(choice.region, autoescape=True))
    if choice.cases:
        which.append(deliveries.c.case_number.in_(choice.cases))
    return and_(*which)


async def gather(connection: AsyncConnection, wanted: Select[Any]) -> list[Candidate]:
    """Return the deliveries chosen by `wanted`, each with everything that decides about it."""
    found = (await connection.execute(wanted)).mappings().all()
    if not found:
        return []
    ids, numbers = [row["id"] for row in found], {row["case_number"] for row in found}
    frozen = await connection.execute(
        select(submissions).where(submissions.c.id.in_({row["submission_id"] for row in found}))
    )
    by_id = {row["id"]: rows.submission(row) for row in frozen.mappings()}
    reasons = await _reasons(connection, ids)
    errors = await _last_errors(connection, ids)
    stands = await _cases(connection, numbers)
    open_again = await _subjects_in_flight(connection, stands)
    of_case = await _of_cases(connection, numbers)
    return [
        Candidate(
            delivery=rows.delivery(row),
            submission=by_id[row["submission_id"]],
            matter_id=row["matter_id"],
            region=row["region"],
            reason=reasons.get(row["id"]),
            last_sent_at=row["last_sent_at"],
            last_error=errors.get(row["id"], ""),
            case_status=CaseStatus(stands[row["case_number"]]["status"]) if row["case_number"] in stands else None,
            applied_again=_is_in_flight(stands.get(row["case_number"]), open_again),
            later=frozenset(state for position, state in of_case[row["case_number"]] if position > row["position"]),
            next_position=max(position for position, _ in of_case[row["case_number"]]) + 1,
        )
        for row in found
    ]


async def _reasons(connection: AsyncConnection, ids: Collection[str]) -> dict[str, DeskReason]:
    found = await connection.execute(
        select(desk_tasks.c.delivery_id, desk_tasks.c.reason)
        .where(desk_tasks.c.delivery_id.in_(ids), desk_tasks.c.closed_at.is_(None))
        .order_by(desk_tasks.c.created_at)
    )
    return {row[0]: DeskReason(row[1]) for row in found}


async def _last_errors(connection: AsyncConnection, ids: Collection[str]) -> dict[str, str]:
    every = attempts.alias("every")
    last = select(func.max(every.c.number)).where(every.c.delivery_id == deliveries.c.id).correlate(deliveries)
    found = await connection.execute(
        select(attempts.c.delivery_id, attempts.c.error)
        .select_from(deliveries)
        .join(attempts, and_(attempts.c.delivery_id == deliveries.c.id, attempts.c.number == last.scalar_subquery()))
        .where(deliveries.c.id.in_(ids))
    )
    return {row[0]: row[1] for row in found}


async def _cases(connection: AsyncConnection, numbers: Collection[str]) -> dict[str, Any]:
    found = await connection.execute(
        select(cases.c.number, cases.c.status, cases.c.subject_key).where(cases.c.number.in_(numbers))
    )
    return {row["number"]: row for row in found.mappings()}


async def _subjects_in_flight(connection: AsyncConnection, stands: Mapping[str, Any]) -> dict[str, str]:
    """Return the open case by subject, of those whose cases are looked at."""
    keys = {row["subject_key"] for row in stands.values() if row["subject_key"]}
    if not keys:
        return {}
    found = await connection.execute(
        select(cases.c.subject_key, cases.c.number).where(
            cases.c.subject_key.in_(keys), cases.c.status.in_(_OPEN_CASES)
        )
    )
    return {row[0]: row[1] for row in found}


def _is_in_flight(case: Any, open_again: Mapping[str, str]) -> bool:
    if case is None or not case["subject_key"]:
        return False
    number: str = case["number"]
    return open_again.get(case["subject_key"], number) != number


async def _of_cases(
    connection: AsyncConnection, numbers: Collection[str]
) -> Mapping[str, list[tuple[int, DeliveryState]]]:
    found = await connection.execute(
        select(deliveries.c.case_number, deliveries.c.position, deliveries.c.state).where(
            deliveries.c.case_number.in_(numbers)
        )
    )
    by_case: dict[str, list[tuple[int, DeliveryState]]] = defaultdict(list)
    for number, position, state in found:
        by_case[number].append((position, DeliveryState(state)))
    return by_case
